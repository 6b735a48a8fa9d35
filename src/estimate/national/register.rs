//! The register of prisoners of the reference date, calibrated to the published prison population.
//!
//! Prisoners may be missing from the extracts, or stand in them for a day too many. Before any child
//! is counted their weights are raked to published totals, so that a woman missing from the register
//! is made up for by women and not by men.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::calibration::{
    Calibrated, Design, Margin, rake_within_bounds, residual_variance,
};
use super::super::error::EstimateError;
use super::super::family::{Sex, Window};
use super::super::method_error::MethodError;
use super::super::people::People;
use super::super::read::Entity;

/// The margins that a file of totals may have.
const MARGINS: [&str; 3] = ["sex", "legal_status", "sentence_band"];

/// Published totals of the prison population, by margin and category.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals(BTreeMap<String, BTreeMap<String, f64>>);

impl Totals {
    /// Reads `margin,category,population`: margins `sex` (`female`, `male`), `legal_status`,
    /// `sentence_band`, each adding up to the same total.
    ///
    /// # Errors
    /// [`EstimateError::PrisonPopulation`] with the row.
    pub fn read(path: &Path) -> Result<Self, EstimateError> {
        let bad = |row: u64| EstimateError::PrisonPopulation {
            path: path.to_path_buf(),
            row,
        };
        let mut reader = csv::Reader::from_path(path).map_err(|_| bad(1))?;
        let header = reader.headers().map_err(|_| bad(1))?;
        if header.iter().collect::<Vec<_>>() != ["margin", "category", "population"] {
            return Err(bad(1));
        }
        let mut out: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
        for (record, row) in reader.records().zip(2..) {
            let record = record.map_err(|_| bad(row))?;
            let text = |at: usize| record.get(at).unwrap_or_default().trim();
            let number: Option<u32> = text(2).parse().ok();
            let (true, Some(number)) = (MARGINS.contains(&text(0)), number) else {
                return Err(bad(row));
            };
            let margin = out.entry(text(0).to_owned()).or_default();
            if margin
                .insert(text(1).to_owned(), f64::from(number))
                .is_some()
            {
                return Err(bad(row));
            }
        }
        match out.is_empty() {
            true => Err(bad(2)),
            false => Ok(Totals(out)),
        }
    }
}

/// The prisoners of the reference date with their weights.
#[derive(Debug, Clone, Default)]
pub struct Register {
    places: BTreeMap<Entity, usize>,
    calibrated: Option<(Design, Calibrated)>,
}

impl Register {
    /// Calibrates the prisoners of the reference date; every weight is one where no totals are given.
    ///
    /// # Errors
    /// If weights within 1/4 and 4 cannot meet the totals, or a category of the register or of the
    /// totals is missing from the other.
    pub fn of(
        people: &People,
        window: Window,
        totals: Option<&Totals>,
    ) -> Result<Self, MethodError> {
        let Some(Totals(totals)) = totals else {
            return Ok(Register::default());
        };
        let mut places = BTreeMap::new();
        let mut words: Vec<[String; 3]> = Vec::new();
        for (adult, stays) in &people.stays {
            let inside = stays.iter().find(|s| s.period.contains(window.reference));
            let Some(stay) = inside else { continue };
            let sex = match people.adults.get(adult).map_or(Sex::Unknown, |a| a.sex()) {
                Sex::Female => "female",
                Sex::Male | Sex::Unknown => "male",
            };
            places.insert(*adult, words.len());
            words.push([
                sex.to_owned(),
                stay.legal_status.clone(),
                stay.sentence_band.clone(),
            ]);
        }
        let mut margins = Vec::new();
        for (name, at) in MARGINS.iter().zip(0_usize..) {
            let Some(categories) = totals.get(*name) else {
                continue;
            };
            let list: Vec<(String, f64)> = categories.clone().into_iter().collect();
            let place = |own: &[String; 3]| {
                let word = own.get(at)?;
                list.iter().position(|(category, _)| category == word)
            };
            let of: Option<Vec<usize>> = words.iter().map(place).collect();
            let of = of.ok_or_else(|| MethodError::Infeasible {
                what: format!("the register has a category of {name} without a published total"),
            })?;
            margins.push(Margin {
                name: (*name).to_owned(),
                totals: list.clone(),
                of,
            });
        }
        let design = Design::of_margins(&margins)?;
        let calibrated = rake_within_bounds(&vec![1.0; words.len()], &design)?;
        Ok(Register {
            places,
            calibrated: Some((design, calibrated)),
        })
    }

    /// The weight of a prisoner.
    pub fn weight(&self, adult: &Entity) -> f64 {
        let found = self.calibrated.as_ref().and_then(|(_, calibrated)| {
            let place = self.places.get(adult)?;
            calibrated.weights.get(*place).copied()
        });
        found.unwrap_or(1.0)
    }

    /// The variance of a total that comes from who is missing: Σ w (w − 1) e², e being what a
    /// prisoner adds to the total beyond what the margins tell.
    ///
    /// # Errors
    /// As [`residual_variance`].
    pub fn variance(&self, adds: &[(Entity, f64)]) -> Result<f64, MethodError> {
        let Some((design, calibrated)) = &self.calibrated else {
            return Ok(0.0);
        };
        let mut y = vec![0.0; self.places.len()];
        for (adult, value) in adds {
            let slot = self.places.get(adult).and_then(|at| y.get_mut(*at));
            if let Some(slot) = slot {
                *slot = *value;
            }
        }
        residual_variance(&vec![1.0; y.len()], calibrated, &y, design)
    }

    /// The least and the greatest weight.
    pub fn factors(&self) -> Option<[f64; 2]> {
        self.calibrated.as_ref().map(|(_, c)| c.factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(text: &str) -> Result<Totals, EstimateError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        Totals::read(file.path())
    }

    #[test]
    fn totals_are_read_and_bad_ones_refused_with_their_row() {
        let good = "margin,category,population\nsex,female,10\nsex,male,90\n";
        assert_eq!(totals(good).expect("totals").0["sex"]["male"], 90.0);
        for (bad, row) in [
            ("margin,population\nsex,1\n", 1),
            ("margin,category,population\nheight,tall,10\n", 2),
            (
                "margin,category,population\nsex,female,10\nsex,female,9\n",
                3,
            ),
            ("margin,category,population\nsex,female,many\n", 2),
            ("margin,category,population\n", 2),
        ] {
            match totals(bad) {
                Err(EstimateError::PrisonPopulation { row: found, .. }) => assert_eq!(found, row),
                other => panic!("{bad}: {other:?}"),
            }
        }
    }

    #[test]
    fn without_totals_everybody_weighs_one() {
        let register = Register::default();
        assert_eq!(register.weight(&[7; 16]), 1.0);
        assert_eq!(register.variance(&[([7; 16], 3.0)]).expect("none"), 0.0);
        assert!(register.factors().is_none());
    }
}
