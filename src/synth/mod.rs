//! Synthetic extracts with a known truth.
