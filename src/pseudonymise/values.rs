//! The values of a person's parts, and the messages that recipes and blocking rules make of them.
//!
//! A value is taken once a person, whatever the number of recipes that use it. A part without a
//! value leaves no message at all; a part with several (any of the surnames) gives a message for
//! each combination. Every value has its length in front, so that no two lists of values give one
//! message.

use std::ops::Range;

use zeroize::Zeroize;

use super::key::{Messages, push_field};
use super::part::{Identity, Part};

/// The values of some parts for one person: room that is reused from person to person.
#[derive(Default)]
pub(super) struct Values {
    /// Values, each with its length in front.
    bytes: Vec<u8>,
    /// Where each value lies.
    values: Vec<Range<usize>>,
    /// Of each part its values.
    parts: Vec<Range<usize>>,
}

impl Values {
    /// Takes the values of the parts.
    pub(super) fn take(&mut self, parts: &[Part], who: &Identity<'_>) {
        self.bytes.clear();
        self.values.clear();
        self.parts.clear();
        for part in parts {
            let start = self.values.len();
            part.values(who, |value| {
                let from = self.bytes.len();
                push_field(&mut self.bytes, value);
                self.values.push(from..self.bytes.len());
            });
            self.parts.push(start..self.values.len());
        }
    }

    /// How many messages the parts at some places make.
    pub(super) fn combinations(&self, places: &[usize]) -> usize {
        if places.is_empty() {
            return 0;
        }
        places
            .iter()
            .map(|place| self.of_part(*place).len())
            .product()
    }

    fn of_part(&self, place: usize) -> Range<usize> {
        self.parts.get(place).cloned().unwrap_or_default()
    }

    /// Message `index` of [`combinations`](Self::combinations), field by field.
    pub(super) fn message(
        &self,
        places: &[usize],
        mut index: usize,
    ) -> impl Iterator<Item = &[u8]> {
        places.iter().map(move |place| {
            let part = self.of_part(*place);
            let value = part.start + index % part.len().max(1);
            index /= part.len().max(1);
            let at = self.values.get(value).cloned().unwrap_or_default();
            self.bytes.get(at).unwrap_or_default()
        })
    }

    /// Appends all messages of the parts at some places; gives how many.
    pub(super) fn messages(&self, places: &[usize], out: &mut Messages) -> usize {
        let count = self.combinations(places);
        for index in 0..count {
            for field in self.message(places, index) {
                out.push(field);
            }
            out.end();
        }
        count
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// The places of some parts among all that are taken of a person; new ones are added.
pub(super) fn places(all: &mut Vec<Part>, parts: &[Part]) -> Vec<usize> {
    let place = |part: &Part| {
        let known = all.iter().position(|p| p == part);
        known.unwrap_or_else(|| {
            all.push(part.clone());
            all.len() - 1
        })
    };
    parts.iter().map(place).collect()
}
