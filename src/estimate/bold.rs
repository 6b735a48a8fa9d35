//! The multiplier method of "Estimates of children with a parent in prison" (Ministry of Justice,
//! Official Statistics in Development, 18 July 2024): prisoners with children recorded, times an
//! adjustment for undercount, times the average number of dependent children in a family.
//!
//! It counts prisoners, not children: a child of two prisoners counts twice, and there is no
//! interval. It is here to be reproduced and compared.

/// Its published inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// People with any time in prison in the year.
    pub people_in_prison: u64,
    /// Of these, people with children recorded in any source.
    pub with_children_recorded: u64,
    /// The same after adjustment.
    pub with_children_adjusted: u64,
    /// Children in a family, in hundredths.
    pub children_per_family_hundredths: u64,
}

/// Its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Share of the people with children recorded.
    pub recorded_share: f64,
    /// The adjustment factor, unrounded.
    pub adjustment: f64,
    /// Share of the people with children after adjustment.
    pub adjusted_share: f64,
    /// Children, rounded half up: the figure.
    pub children: u64,
    /// Children for each person in prison in the year.
    pub children_per_person: f64,
}

/// The figure and the steps to it. Whole-number arithmetic for the figure; the ratios are for
/// reading only.
///
/// ```
/// use kinlink::estimate::bold::{Inputs, replay};
/// let steps = replay(Inputs {
///     people_in_prison: 139_562,
///     with_children_recorded: 74_275,
///     with_children_adjusted: 108_990,
///     children_per_family_hundredths: 177,
/// });
/// assert_eq!(steps.children, 192_912);
/// ```
pub fn replay(inputs: Inputs) -> Steps {
    let ratio = |a: u64, b: u64| {
        if b == 0 { 0.0 } else { real(a) / real(b) }
    };
    let hundredths = inputs.with_children_adjusted * inputs.children_per_family_hundredths;
    let children = (hundredths + 50) / 100;
    Steps {
        recorded_share: ratio(inputs.with_children_recorded, inputs.people_in_prison),
        adjustment: ratio(inputs.with_children_adjusted, inputs.with_children_recorded),
        adjusted_share: ratio(inputs.with_children_adjusted, inputs.people_in_prison),
        children,
        children_per_person: ratio(children, inputs.people_in_prison),
    }
}

/// A count as a real number; exact below 2^32, and counts of people are.
fn real(n: u64) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_ratios() {
        let steps = replay(Inputs {
            people_in_prison: 139_562,
            with_children_recorded: 74_275,
            with_children_adjusted: 108_990,
            children_per_family_hundredths: 177,
        });
        assert_eq!(steps.children, 192_912);
        assert!((steps.recorded_share - 0.532).abs() < 5e-4);
        assert!((steps.adjusted_share - 0.781).abs() < 5e-4);
        assert!((steps.adjustment - 1.467_38).abs() < 5e-5);
        assert!((steps.children_per_person - 1.38).abs() < 5e-3);
    }
}
