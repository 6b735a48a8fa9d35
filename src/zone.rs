//! The four zones, as types.
//!
//! A value is wrapped in the zone it belongs to and can only be unwrapped by a room that may see
//! that zone. [`Clear`] values have no `Debug` and no `Display`, so that a name cannot slip into a
//! message; there is no conversion from one zone to another but the work of a stage.

use zeroize::Zeroize;

/// A clear identifier: a name, a date of birth, a postcode, a system number.
///
/// It has no `Debug`, no `Display` and no `Serialize`:
///
/// ```compile_fail
/// let name = kinlink::zone::Clear::new(String::from("a name"));
/// println!("{name:?}");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clear<T>(T);

impl<T> Clear<T> {
    /// Marks a value as clear. Anybody may: it only takes liberties away.
    pub fn new(value: T) -> Self {
        Clear(value)
    }

    /// Opens it. For the rooms of the clear zone (`ingest`, `pseudonymise`) and for the generator
    /// of synthetic people.
    pub(crate) fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Zeroize for Clear<T> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}
