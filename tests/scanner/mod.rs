//! Looks for identifiers in everything that a run leaves behind: every byte of every file, every
//! page of every Parquet file decompressed, every decoded value; as they stand and in other case,
//! as plain hashes (MD5, SHA-1, SHA-256), as base64, and as Soundex codes.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use arrow::array::{Array, Date32Array, StringArray};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use kinlink::columnar::TableReader;
use md5::Md5;
use parquet::file::reader::{FileReader, SerializedFileReader};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// So many bytes of a pattern are looked up at every place.
const HEAD: usize = 6;

/// What is looked for.
pub struct Scanner {
    /// One bit for each of 2^22 classes of heads, so that most places cost one look.
    gate: Vec<u64>,
    /// Found anywhere, in any bytes.
    patterns: HashMap<[u8; HEAD], Vec<(Vec<u8>, &'static str)>>,
    /// Found as whole words.
    words: HashSet<Vec<u8>>,
    /// Four characters, found as whole words of texts: in binary data they would occur by chance.
    codes: HashSet<Vec<u8>>,
    /// Found as decoded dates: days since 1970-01-01.
    days: HashSet<i32>,
}

impl Scanner {
    pub fn new() -> Self {
        Scanner {
            gate: vec![0; 1 << 16],
            patterns: HashMap::new(),
            words: HashSet::new(),
            codes: HashSet::new(),
            days: HashSet::new(),
        }
    }

    /// Looks for a text anywhere, as it stands and in other case, and for its hashes.
    pub fn value(&mut self, text: &str) {
        for form in forms(text) {
            self.pattern(form.clone().into_bytes(), "the value");
            self.hashes(form.as_bytes());
        }
    }

    /// Looks for a value as a whole word, and for its hashes anywhere.
    pub fn word(&mut self, word: &[u8]) {
        assert!(word.len() >= HEAD, "too short to be no accident");
        for form in [word.to_vec(), word.to_ascii_uppercase()] {
            self.hashes(&form);
            self.words.insert(form);
        }
    }

    /// Looks for a Soundex code, as a word of a text and as a value of a Parquet page.
    pub fn code(&mut self, code: &str) {
        self.codes.insert(code.as_bytes().to_vec());
        self.codes.insert(code.to_lowercase().into_bytes());
        self.pattern(format!("\"{code}\"").into_bytes(), "a Soundex code");
        let length = [4_u8, 0, 0, 0];
        self.pattern([&length, code.as_bytes()].concat(), "a Soundex code");
        self.hashes(code.as_bytes());
    }

    /// Looks for a date as a value of a column.
    pub fn day(&mut self, days_since_1970: i32) {
        self.days.insert(days_since_1970);
    }

    /// Looks for plain hashes of some bytes, and for their base64. Of each the beginning suffices:
    /// it is what would be left of a hash that was cut.
    pub fn hashes(&mut self, bytes: &[u8]) {
        self.base64(bytes, "base64");
        for (name, hash) in [
            ("MD5", Md5::digest(bytes).to_vec()),
            ("SHA-1", Sha1::digest(bytes).to_vec()),
            ("SHA-256", Sha256::digest(bytes).to_vec()),
        ] {
            let digits: String = hash[..10].iter().map(|b| format!("{b:02x}")).collect();
            self.pattern(digits.to_uppercase().into_bytes(), name);
            self.pattern(digits.into_bytes(), name);
            self.base64(&hash[..15], name);
            self.pattern(hash[..12].to_vec(), name);
        }
    }

    fn base64(&mut self, bytes: &[u8], what: &'static str) {
        // Whole groups of three bytes: they read the same whatever stands after them.
        let whole = &bytes[..bytes.len() / 3 * 3];
        if whole.len() >= 6 {
            self.pattern(STANDARD_NO_PAD.encode(whole).into_bytes(), what);
            self.pattern(URL_SAFE_NO_PAD.encode(whole).into_bytes(), what);
        }
    }

    fn pattern(&mut self, pattern: Vec<u8>, what: &'static str) {
        let head: [u8; HEAD] = pattern[..HEAD].try_into().expect("long enough");
        let class = class(head);
        self.gate[class / 64] |= 1 << (class % 64);
        let list = self.patterns.entry(head).or_default();
        if !list.iter().any(|(p, _)| *p == pattern) {
            list.push((pattern, what));
        }
    }

    /// What is found in some bytes. It says what kind of thing and where, not which.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (place, window) in bytes.windows(HEAD).enumerate() {
            let head: [u8; HEAD] = window.try_into().expect("of that length");
            let class = class(head);
            if self.gate[class / 64] & (1 << (class % 64)) == 0 {
                continue;
            }
            for (pattern, what) in self.patterns.get(&head).into_iter().flatten() {
                if bytes[place..].starts_with(pattern) {
                    found.push(format!("{what} at byte {place}"));
                }
            }
        }
        if !self.words.is_empty() {
            let with_space = |b: &u8| b.is_ascii_alphanumeric() || b"/-' ".contains(b);
            let without = |b: &u8| b.is_ascii_alphanumeric() || b"/-'".contains(b);
            found.extend(self.words_of(bytes, &with_space, &self.words));
            found.extend(self.words_of(bytes, &without, &self.words));
        }
        found
    }

    /// The same for a text, in which short codes are no accident either.
    pub fn text(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = self.bytes(bytes);
        found.extend(self.words_of(bytes, &u8::is_ascii_alphanumeric, &self.codes));
        found
    }

    fn words_of(
        &self,
        bytes: &[u8],
        inside: &dyn Fn(&u8) -> bool,
        wanted: &HashSet<Vec<u8>>,
    ) -> Vec<String> {
        let words = bytes.split(|b| !inside(b)).filter(|w| wanted.contains(*w));
        words
            .map(|w| format!("a word of {} characters", w.len()))
            .collect()
    }

    /// What is found in a file.
    pub fn file(&self, path: &Path) -> Vec<String> {
        let bytes = std::fs::read(path).expect("a file");
        let parquet = bytes.starts_with(b"PAR1");
        let mut found = if parquet {
            self.bytes(&bytes)
        } else {
            self.text(&bytes)
        };
        if parquet {
            found.extend(self.pages(path));
            found.extend(self.values(path));
        }
        found
    }

    /// Everything of a Parquet file that is not plain in its bytes: pages and dictionaries
    /// decompressed, statistics, metadata.
    fn pages(&self, path: &Path) -> Vec<String> {
        let file = std::fs::File::open(path).expect("a file");
        let reader = SerializedFileReader::new(file).expect("a Parquet file");
        let metadata = reader.metadata();
        let mut found = Vec::new();
        for pair in metadata
            .file_metadata()
            .key_value_metadata()
            .into_iter()
            .flatten()
        {
            found.extend(self.text(pair.key.as_bytes()));
            found.extend(self.text(pair.value.as_deref().unwrap_or_default().as_bytes()));
        }
        for group in 0..metadata.num_row_groups() {
            let of_group = reader.get_row_group(group).expect("a row group");
            for column in 0..metadata.row_group(group).num_columns() {
                if let Some(statistics) = metadata.row_group(group).column(column).statistics() {
                    found.extend(self.text(statistics.min_bytes_opt().unwrap_or_default()));
                    found.extend(self.text(statistics.max_bytes_opt().unwrap_or_default()));
                }
                let pages = of_group.get_column_page_reader(column).expect("pages");
                for page in pages {
                    found.extend(self.bytes(page.expect("a page").buffer()));
                }
            }
        }
        found
    }

    /// Every value of a Parquet file, decoded.
    fn values(&self, path: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for batch in TableReader::open(path, None).expect("a table") {
            let batch = batch.expect("a batch");
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                let mut dates = 0;
                if let Some(texts) = column.as_any().downcast_ref::<StringArray>() {
                    // Equal texts are common, and one look at each is enough.
                    let distinct: BTreeSet<&str> = texts.iter().flatten().collect();
                    for text in distinct {
                        found.extend(self.text(text.as_bytes()));
                        if self.words.contains(text.as_bytes()) {
                            found.push(format!("a value of column {}", field.name()));
                        }
                    }
                } else if let Some(days) = column.as_any().downcast_ref::<Date32Array>() {
                    dates = days
                        .iter()
                        .flatten()
                        .filter(|d| self.days.contains(d))
                        .count();
                }
                if dates > 0 {
                    found.push(format!("{dates} dates in column {}", field.name()));
                }
            }
        }
        found
    }

    /// Fails if anything is found in a file below a folder; gives the number of files.
    pub fn folder_is_clean(&self, folder: &Path, skip: &dyn Fn(&Path) -> bool) -> usize {
        let files: Vec<_> = crate::world::files(folder)
            .into_iter()
            .filter(|path| !skip(path))
            .collect();
        for path in &files {
            let name = path.display().to_string();
            let found = [self.file(path), self.text(name.as_bytes())].concat();
            assert!(found.is_empty(), "{name}: {found:?}");
        }
        files.len()
    }

    /// Fails if anything is found in what a program printed.
    pub fn output_is_clean(&self, output: &std::process::Output) {
        for stream in [&output.stdout, &output.stderr] {
            let found = self.text(stream);
            assert!(
                found.is_empty(),
                "{found:?} in\n{}",
                crate::world::text(stream)
            );
        }
    }
}

fn class(head: [u8; HEAD]) -> usize {
    let [a, b, c, d, e, f] = head;
    let number = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
    usize::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 42).expect("22 bits")
}

/// A text as it stands, in capitals, in small letters, and each of them without spaces.
fn forms(text: &str) -> BTreeSet<String> {
    let cases = [text.to_owned(), text.to_uppercase(), text.to_lowercase()];
    let joined = cases.clone().map(|c| c.replace(' ', ""));
    cases.into_iter().chain(joined).collect()
}
