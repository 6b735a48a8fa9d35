//! The estimate under other assumptions: what the tornado of the quality report shows.

use super::super::capture::{Counts, Table, fit_all};
use super::super::coverage::{
    Corrected, Form, History, Plan, Saturated, Stratified, StratumTable, Transition,
};
use super::super::method_error::MethodError;
use super::sets::sum;

/// Name of the assumption, and the estimate of children at both ends.
pub type Swing = (String, f64, f64);

/// All swings about the estimate. `left` is the number of children for a pair.
///
/// # Errors
/// Whatever makes an estimator fail.
pub(super) fn of(
    strata: &[StratumTable],
    plan: &Plan,
    t: &Transition,
    pairs: f64,
    left: f64,
) -> Result<Vec<Swing>, MethodError> {
    let found = Stratified::with(strata, plan, &[t])?;
    let observed = sum(strata);
    let swing = |name: &str, a: f64, b: f64| (name.to_owned(), a.min(b) * left, a.max(b) * left);
    let three_way = |delta: f64| found.counted() + found.unseen() * f64::exp(-delta);
    let mut out = vec![swing(
        "A dependence of all three lists at once, which no data tell, of -0.5 to 0.5",
        three_way(0.5),
        three_way(-0.5),
    )];
    let corrected = t.correct(&observed, "all strata").0;
    let one = Saturated::estimate(&corrected, Form::SmallSample)?;
    let plain = Stratified::with(strata, plan, &[&Transition::identity()])?;
    out.push(swing("Every statement is right", plain.population(), pairs));
    out.push(swing(
        "One coverage for everybody, without strata",
        one.population(),
        pairs,
    ));
    if let Some(two) = two_lists(&corrected) {
        out.push(swing(
            "Children's services find children whatever prisons and probation know",
            two,
            pairs,
        ));
    }
    if let Some((low, high)) = models(&corrected) {
        out.push(swing("All log-linear models of the three lists", low, high));
    }
    out.push(swing(
        "No child beyond those whom a list speaks of",
        found.counted(),
        pairs,
    ));
    Ok(out)
}

/// Prisons and probation as one list against children's services, after Chapman.
fn two_lists(numbers: &Corrected) -> Option<f64> {
    let holds = |stated: bool, services: bool| -> f64 {
        let of = History::all()
            .into_iter()
            .filter(|h| (h.holds(0) || h.holds(1)) == stated && h.holds(2) == services);
        of.map(|h| numbers.of(h)).sum()
    };
    let (both, stated, services) = (holds(true, true), holds(true, false), holds(false, true));
    let population = (both + stated + 1.0) * (both + services + 1.0) / (both + 1.0) - 1.0;
    (both > 0.0).then_some(population)
}

/// The least and the greatest estimate of all hierarchical models that have one.
fn models(numbers: &Corrected) -> Option<(f64, f64)> {
    let lists = ["custody", "probation", "services"].map(str::to_owned);
    let mut counts = vec![0_u64];
    counts.extend(numbers.numbers().iter().map(|n| whole(*n)));
    let table = Table::new(lists.to_vec(), counts).ok()?;
    let fitted = fit_all(&Counts::of(&table), 2);
    let there = fitted.fits.iter().filter(|f| f.admissibility.admissible());
    let totals: Vec<f64> = there.map(|f| f.total()).collect();
    let low = totals.iter().copied().reduce(f64::min)?;
    Some((low, totals.iter().copied().fold(low, f64::max)))
}

/// The nearest whole number.
fn whole(x: f64) -> u64 {
    // Counts are small; the text form is exact and needs no cast.
    format!("{:.0}", x.clamp(0.0, 1e15)).parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::coverage::Observed;
    use super::*;

    #[test]
    fn two_lists_by_hand() {
        let observed = Observed::new([40.0, 30.0, 20.0, 10.0, 4.0, 3.0, 3.0]).expect("numbers");
        let corrected = Transition::identity().correct(&observed, "").0;
        // 10 in both, 90 stated alone, 10 known alone.
        let expected = 101.0 * 21.0 / 11.0 - 1.0;
        assert!((two_lists(&corrected).expect("n") - expected).abs() < 1e-9);
        let (low, high) = models(&corrected).expect("models");
        assert!(low <= high && low >= 110.0);
        assert_eq!(whole(12.6), 13);
    }
}
