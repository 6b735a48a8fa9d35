//! Protect: counts to safe tables.
