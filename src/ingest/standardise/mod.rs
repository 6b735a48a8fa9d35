//! Standardised forms of names, dates, postcodes and system numbers, so that equal things are
//! written equally before they are encoded.
