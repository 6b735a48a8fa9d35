//! How a stage tells how far it is, without knowing whether anybody looks.

/// A sink for progress. The command line draws a bar on a terminal and writes plain lines elsewhere.
pub trait Progress: Sync {
    /// A step begins: what is counted (`rows of school_census`), and how many there are if known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// So many more units are done. May be called from any thread, often; it must be cheap.
    fn advance(&self, units: u64);
    /// The step is done.
    fn end(&self);
    /// A sentence for the log and for those who watch. Never a value from the data.
    fn note(&self, text: &str);
}

/// Progress that nobody watches: tests and benches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn note(&self, _: &str) {}
}
