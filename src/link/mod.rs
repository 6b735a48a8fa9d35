//! Link: rows to people, on encodings only.
