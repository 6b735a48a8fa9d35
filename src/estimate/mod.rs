//! Estimate: people to counts.
