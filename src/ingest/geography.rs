//! Where a postcode lies: the postcode directory, packed for two million postcodes.

use std::path::Path;

use hashbrown::HashMap;

use super::error::{HeaderFault, Problem};
use super::standardise;
use crate::schema::codes;

/// Postcodes and their local authorities.
#[derive(Default)]
pub struct Geography {
    index: HashMap<u64, u16>,
}

impl Geography {
    /// Reads `postcode,local_authority` (further columns are allowed).
    ///
    /// # Errors
    /// A file that cannot be read or has not these two columns. Rows with another country's
    /// postcode or authority are left out.
    pub fn read(path: &Path) -> Result<Self, Vec<Problem>> {
        let unreadable = |kind| {
            vec![Problem::Unreadable {
                file: path.to_path_buf(),
                kind,
            }]
        };
        let file = std::fs::File::open(path).map_err(|e| unreadable(e.kind()))?;
        let mut reader = csv::ReaderBuilder::new()
            .buffer_capacity(1 << 18)
            .from_reader(file);
        let broken = |_: csv::Error| unreadable(std::io::ErrorKind::InvalidData);
        let headers = reader.headers().map_err(broken)?;
        let expected = ["postcode", "local_authority"];
        let at = |name: &str| {
            let found = headers
                .iter()
                .position(|h| h.trim_start_matches('\u{feff}').trim() == name);
            found.ok_or_else(|| {
                vec![Problem::Header {
                    file: path.to_path_buf(),
                    line: 1,
                    faults: vec![HeaderFault::Missing(name.to_owned())],
                    expected: expected.map(str::to_owned).to_vec(),
                }]
            })
        };
        let (postcode, authority) = (at("postcode")?, at("local_authority")?);
        let mut index = HashMap::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(broken)? {
            let code = record.get(postcode).and_then(standardise::postcode);
            let la = record.get(authority).and_then(authority_index);
            if let (Some(key), Some(la)) = (code.as_deref().and_then(pack), la) {
                index.insert(key, la);
            }
        }
        index.shrink_to_fit();
        Ok(Geography { index })
    }

    /// The nine-character code of the authority of a standardised postcode.
    pub fn authority(&self, postcode: &str) -> Option<&'static str> {
        let la = self.index.get(&pack(postcode)?)?;
        codes::local_authorities()
            .get(usize::from(*la))
            .map(|la| la.code.as_str())
    }
}

fn authority_index(code: &str) -> Option<u16> {
    codes::local_authorities()
        .binary_search_by(|la| la.code.as_str().cmp(code.trim()))
        .ok()
        .and_then(|i| u16::try_from(i).ok())
}

/// A postcode has at most eight characters, so it fits a word of eight bytes.
fn pack(postcode: &str) -> Option<u64> {
    (postcode.len() <= 8).then(|| {
        postcode
            .bytes()
            .fold(0, |word: u64, byte| (word << 8) | u64::from(byte))
    })
}
