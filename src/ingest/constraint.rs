//! The constraints of a field: allowed words, lengths, least and greatest values.

use super::{convert, standardise};
use crate::schema::table_schema::{FieldSchema, FieldType};

/// Checks a value that is there; on failure the name of the constraint.
pub fn constrained(field: &FieldSchema, raw: &str) -> Result<(), &'static str> {
    let c = &field.constraints;
    if c.allowed
        .as_ref()
        .is_some_and(|a| !a.iter().any(|v| v == raw))
    {
        return Err("enum");
    }
    if c.min_length.is_some() || c.max_length.is_some() {
        let length = raw.chars().count();
        if c.min_length.is_some_and(|l| length < l) {
            return Err("minLength");
        }
        if c.max_length.is_some_and(|l| length > l) {
            return Err("maxLength");
        }
    }
    if c.minimum.is_some() || c.maximum.is_some() {
        let value = comparable(field, raw).ok_or("type")?;
        let bound = |b: &Option<String>| b.as_ref().and_then(|b| bound_of(field, b));
        if bound(&c.minimum).is_some_and(|b| value < b) {
            return Err("minimum");
        }
        if bound(&c.maximum).is_some_and(|b| value > b) {
            return Err("maximum");
        }
    }
    Ok(())
}

/// A number or a day as something that has an order.
fn comparable(field: &FieldSchema, raw: &str) -> Option<f64> {
    if field.kind == FieldType::Date {
        let format = field.format.as_deref().unwrap_or("%Y-%m-%d");
        standardise::date(raw, format)
            .ok()
            .map(|d| f64::from(convert::days(d)))
    } else {
        raw.parse().ok()
    }
}

fn bound_of(field: &FieldSchema, bound: &str) -> Option<f64> {
    if field.kind == FieldType::Date {
        let date = standardise::date(bound, "%Y-%m-%d").ok()?;
        Some(f64::from(convert::days(date)))
    } else {
        bound.parse().ok()
    }
}
