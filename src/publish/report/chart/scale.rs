//! A linear scale from values to pixels, with ticks at round numbers.

/// From values to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
    pixel_from: f64,
    pixel_to: f64,
    step: f64,
}

/// About so many ticks an axis.
const TICKS: f64 = 5.0;

impl Scale {
    /// From zero, or from below where a value is below, to a round number at or above the
    /// greatest value.
    pub fn of(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for value in values.filter(|v| v.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        Scale::between(low, high, pixels)
    }

    /// Around the values, without zero: for positions, never for lengths.
    pub fn around(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|v| v.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        Scale::between(low, high, pixels)
    }

    /// Between two values, both widened to round numbers.
    pub fn between(low: f64, high: f64, (pixel_from, pixel_to): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = nice((high - low) / TICKS);
        Scale {
            from: (low / step).floor() * step,
            to: (high / step - 1e-9).ceil() * step,
            pixel_from,
            pixel_to,
            step,
        }
    }

    /// The pixel of a value.
    pub fn at(&self, value: f64) -> f64 {
        let share = (value - self.from) / (self.to - self.from);
        self.pixel_from + share * (self.pixel_to - self.pixel_from)
    }

    /// Where a bar begins: at zero, or at the end that is nearest to it.
    pub fn base(&self) -> f64 {
        self.at(0.0_f64.clamp(self.from.min(self.to), self.to.max(self.from)))
    }

    /// The values of the ticks.
    pub fn ticks(&self) -> Vec<f64> {
        let mut out = Vec::new();
        let mut tick = self.from;
        while tick <= self.to + self.step * 1e-6 && out.len() < 20 {
            // Steps are added up, so that zero may come out as a hair beside it.
            let clean = (tick / self.step).round() * self.step;
            out.push(if clean == 0.0 { 0.0 } else { clean });
            tick += self.step;
        }
        out
    }

    /// Decimals that tell its ticks apart.
    pub fn decimals(&self) -> usize {
        (0..6)
            .find(|d| {
                let factor = 10_f64.powi(*d);
                ((self.step * factor).round() - self.step * factor).abs() < 1e-6
            })
            .and_then(|d| usize::try_from(d).ok())
            .unwrap_or(6)
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below.
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let most = step / power;
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|f| *f >= most - 1e-9)
        .unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        let s = Scale::of([192_912.0, 312_000.0].into_iter(), (0.0, 100.0));
        assert_eq!(s.ticks(), [0.0, 100_000.0, 200_000.0, 300_000.0, 400_000.0]);
        assert_eq!((s.at(0.0), s.at(400_000.0)), (0.0, 100.0));
        let s = Scale::of([-3.0, 4.0].into_iter(), (0.0, 100.0));
        assert_eq!(s.ticks(), [-4.0, -2.0, 0.0, 2.0, 4.0]);
        assert_eq!(s.base(), 50.0);
    }

    proptest! {
        #[test]
        fn every_value_lies_on_the_scale(values in prop::collection::vec(-1e7..1e9_f64, 1..20)) {
            let s = Scale::of(values.iter().copied(), (10.0, 500.0));
            for v in values {
                prop_assert!((10.0 - 1e-6..=500.0 + 1e-6).contains(&s.at(v)));
            }
            prop_assert!((2..=12).contains(&s.ticks().len()));
        }
    }
}
