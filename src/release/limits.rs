//! What a site lets out: kinds of files, and how large they may be.

/// Limits of a site. The defaults are those of OpenSAFELY's output checking (16 MB, 5,000 rows),
/// with rows enough for a table of every local authority by concept and measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a file.
    pub bytes: u64,
    /// The most rows of a table.
    pub rows: u64,
    /// The least count that may be shown, other than 0.
    pub least_count: u64,
    /// The least base that counts are rounded to.
    pub least_base: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 16_000_000,
            rows: 5_000,
            least_count: 6,
            least_base: 5,
        }
    }
}

/// Endings of files that may be released. Drawings stand inside the report; a file of a drawing
/// alone carries its data without its context, and is not let out.
pub(crate) const KINDS: [&str; 9] = [
    "parquet", "csv", "json", "jsonl", "jsonld", "txt", "html", "ods", "xlsx",
];
