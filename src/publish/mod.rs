//! Publish: safe tables to files that people read.
