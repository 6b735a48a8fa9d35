//! Parquet modular encryption: with which key a file is written, and whether one is encrypted.
//!
//! One key of 256 bits encrypts the footer and every column (AES-GCM, `AES_GCM_V1`), so that neither
//! rows nor schema, descriptions or number of rows can be read without it, and no part can be
//! changed or moved within its file. What remains in the clear is that the file is encrypted, how
//! long its parts are, and a name of the key. One key for all is the form that pyarrow and DuckDB
//! both read from a key alone. There is no prefix of authenticated data, which would tie a
//! file to its name: not every reader can be told one.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use parquet::encryption::encrypt::FileEncryptionProperties;

/// The last bytes of a file whose footer is encrypted.
const MAGIC: &[u8; 4] = b"PARE";

/// How files are encrypted. The copy of the key in it belongs to the crate `parquet`, which neither
/// locks nor wipes it: make it late and drop it early.
pub struct Encryption(Arc<FileEncryptionProperties>);

impl Encryption {
    /// Encryption with a key; `name` is public and stands in the file in the clear, as the metadata
    /// of the footer's key. None if the crate refuses the key, which it does not for its length.
    pub fn new(key: &[u8; 32], name: &str) -> Option<Self> {
        FileEncryptionProperties::builder(key.to_vec())
            .with_footer_key_metadata(name.as_bytes().to_vec())
            .build()
            .ok()
            .map(Encryption)
    }

    pub(super) fn properties(&self) -> &Arc<FileEncryptionProperties> {
        &self.0
    }
}

/// Does the file end as one with an encrypted footer does?
pub(super) fn has_encrypted_footer(path: &Path) -> bool {
    let last = || -> std::io::Result<[u8; 4]> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-4))?;
        let mut bytes = [0_u8; 4];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    };
    last().is_ok_and(|bytes| &bytes == MAGIC)
}
