//! Pipeline file, plan, run directory, receipts, resume and verify.
