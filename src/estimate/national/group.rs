//! Figures of groups: which parent is in prison, why, and how old the children are.
//!
//! What is known of the parent is known of all children of the family. What is known of the child
//! alone (age, ethnic group) is known of those who are named: `unnamed` has these groups.
//!
//! Whom a list holds may depend on what the parent is in prison for. For the groups of parents the
//! estimator is therefore used on the groups as strata, and their figures are brought to the headline's
//! total. Small strata are joined, and a group that is not nearly all of what it was joined to has no
//! figure to be told: its weights are those of others.
//!
//! A child of two prisoners is one pair of each. For the groups of [`PARENT_SEX`] these children are
//! taken out of both sides and stand as a group of their own; in every other group they count with
//! both parents, as half a child each.

use super::super::coverage::Transition;
use super::super::interval::{Components, Total};
use super::super::method_error::MethodError;
use super::super::number::size;
use super::attributes::Standing;
use super::division::{Division, audited};
use super::numbers::Numbers;
use super::population::{Family, Population};
use super::sets::OfDimension;
use super::statements::Ratio;
use super::unnamed::{Group, OF_CHILDREN, Unnamed};
use crate::schema::canonical::{LEGAL_STATUSES, OFFENCE_GROUPS, SENTENCE_BANDS};

/// The dimension of which parent is in prison.
pub const PARENT_SEX: &str = "parent_sex";

/// The code of [`PARENT_SEX`] for children of two prisoners.
pub const BOTH: &str = "both";

/// What is estimated of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFigure {
    /// The dimension of the tables.
    pub dimension: &'static str,
    /// The group's code in it.
    pub code: &'static str,
    /// The figure.
    pub total: Total,
    /// Is it sure enough to be told? A group that is too small for weights of its own is not.
    pub stands: bool,
}

/// What of a parent's stay.
#[derive(Clone, Copy)]
struct OfParent {
    dimension: &'static str,
    codes: &'static [&'static str],
    code: fn(&Standing) -> &'static str,
}

const OF_PARENTS: [OfParent; 3] = [
    OfParent {
        dimension: "legal_status",
        codes: &LEGAL_STATUSES,
        code: |stay| stay.legal_status,
    },
    OfParent {
        dimension: "sentence_band",
        codes: &SENTENCE_BANDS,
        code: |stay| stay.sentence_band,
    },
    OfParent {
        dimension: "offence_group",
        codes: &OFFENCE_GROUPS,
        code: |stay| stay.offence_group,
    },
];

/// The sets by the categories of each dimension of parents: whom a list holds may depend on them more
/// than on the strata of the headline.
pub(super) struct ByDimension {
    sex: OfDimension,
    of_parents: Vec<OfDimension>,
}

impl ByDimension {
    pub(super) fn of(
        population: &Population,
        numbers: &Numbers,
        t: &Transition,
    ) -> Result<Self, MethodError> {
        let of =
            |what: &OfParent| OfDimension::of(population, numbers, t, |f| (what.code)(&f.standing));
        Ok(ByDimension {
            sex: OfDimension::of(population, numbers, t, |f| f.stratum[0])?,
            of_parents: OF_PARENTS.iter().map(of).collect::<Result<_, _>>()?,
        })
    }
}

/// Children of each group.
pub(super) fn children(
    of: &Division<'_>,
    by: &ByDimension,
) -> Result<Vec<GroupFigure>, MethodError> {
    let mut out = which_parent(&of.by(&by.sex.sets), &by.sex)?;
    let once = |_: &Family| 1.0;
    let unnamed = Unnamed::of(of, &once);
    for what in OF_CHILDREN {
        for code in what.codes {
            let group = Group::new(of, (what, code), &once, &unnamed);
            let total = of.children(&|f, n| group.of(f, n), group.variance)?;
            out.push(figure((what.dimension, code), total, true));
        }
    }
    for (what, by) in OF_PARENTS.iter().zip(&by.of_parents) {
        let of = of.by(&by.sets);
        for code in what.codes {
            let there = |f: &Family| (what.code)(&f.standing) == *code;
            let total = of.children(&|f, n| if there(f) { f64::from(n) } else { 0.0 }, 0.0)?;
            out.push(figure((what.dimension, code), total, by.stands(code)));
        }
    }
    Ok(out)
}

/// Entries of a parent into prison, counted for each child, of each group. Every entry is of one
/// parent.
pub(super) fn entries(
    of: &Division<'_>,
    by: &ByDimension,
    ratio: Ratio,
) -> Result<Vec<GroupFigure>, MethodError> {
    let times = |f: &Family| size(f.entered.len());
    let mut out = Vec::new();
    let mut add = |dimension, code, total: Total, stands| {
        let total = audited(&total, ratio)?;
        out.push(figure((dimension, code), total, stands));
        Ok::<(), MethodError>(())
    };
    let of_sex = of.by(&by.sex.sets);
    for (code, mothers) in [("mother", true), ("father", false)] {
        let value = |f: &Family, n: u32| match f.is_mothers() == mothers {
            true => f64::from(n) * times(f),
            false => 0.0,
        };
        add(
            PARENT_SEX,
            code,
            of_sex.entries(&value, 0.0)?,
            by.sex.stands(code),
        )?;
    }
    let unnamed = Unnamed::of(of, &times);
    for what in OF_CHILDREN {
        // Of an infant most entries of the year are before its birth, of a child who turned 18 some
        // are after; the groups' shares of entries are brought to make the whole.
        let groups: Vec<Group> = what
            .codes
            .iter()
            .map(|code| Group::new(of, (what, code), &times, &unnamed).while_a_child(of))
            .collect();
        let all = of.pairs_of(&|f, n| f64::from(n) * times(f))?.value;
        let mut sum = 0.0;
        for group in &groups {
            sum += of.pairs_of(&|f, n| group.of(f, n) * times(f))?.value;
        }
        let to_all = if sum > 0.0 { all / sum } else { 1.0 };
        for group in &groups {
            let value = |f: &Family, n: u32| group.of(f, n) * times(f) * to_all;
            let total = of.entries(&value, group.variance * to_all * to_all)?;
            add(what.dimension, group.code, total, true)?;
        }
    }
    for (what, by) in OF_PARENTS.iter().zip(&by.of_parents) {
        let of = of.by(&by.sets);
        for code in what.codes {
            let entered = |f: &Family| {
                let those = f.entered.iter().filter(|s| (what.code)(s) == *code);
                size(those.count())
            };
            let value = |f: &Family, n: u32| f64::from(n) * entered(f);
            add(
                what.dimension,
                *code,
                of.entries(&value, 0.0)?,
                by.stands(code),
            )?;
        }
    }
    Ok(out)
}

fn figure(what: (&'static str, &'static str), total: Total, stands: bool) -> GroupFigure {
    let (dimension, code) = what;
    GroupFigure {
        dimension,
        code,
        total,
        stands,
    }
}

/// Children of a mother alone, of a father alone, and of both.
fn which_parent(of: &Division<'_>, by: &OfDimension) -> Result<Vec<GroupFigure>, MethodError> {
    let whole = of.whole;
    let two = of.of_two.children.min(whole.value());
    let mut out = Vec::new();
    for (code, mothers) in [("mother", true), ("father", false)] {
        let part = of.pairs_of(&|f, n| match f.is_mothers() == mothers {
            true => f64::from(n),
            false => 0.0,
        })?;
        let alone = (part.value - two).max(0.0);
        let mut components = part.components(of, 1.0);
        components.families += of.of_two.variance;
        // As many as of all pairs of the sex; at most so, since a child of two is counted more often.
        let seen = alone * part.counted / part.value.max(f64::MIN_POSITIVE);
        let seen = seen.min(alone);
        let numbers = [seen, alone - seen];
        let total = Total::with_other_error(numbers, components, of.of_two.variance, whole.level)?;
        out.push(figure((PARENT_SEX, code), total, by.stands(code)));
    }
    let found = size(usize::try_from(of.population.of_two.found).unwrap_or(usize::MAX)).min(two);
    let components = Components {
        families: of.of_two.variance,
        linkage_error: 0.0,
        imputation: 0.0,
        calibration: 0.0,
        noise: whole.components.noise,
    };
    let both = Total::with_other_error([found, two - found], components, 0.0, whole.level)?;
    out.push(figure(
        (PARENT_SEX, BOTH),
        both,
        by.stands("mother") && by.stands("father"),
    ));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::draw::Draws;
    use super::super::super::family::AGE_BANDS;
    use super::super::super::people::Home;
    use super::super::attributes::Named;
    use super::super::estimate::{Estimate, Settings, estimate};
    use super::super::numbers::Numbers;
    use super::super::of_two::{Links, OfTwo};
    use super::super::population::Population;
    use super::super::register::Register;
    use super::super::statements::Statements;
    use super::*;

    /// Children of a world and their parents' entries, by dimension and code.
    type Truth = BTreeMap<(&'static str, &'static str), [f64; 2]>;

    /// The mothers of a world: of how many parents, and how much more often the first list holds them.
    #[derive(Clone, Copy)]
    struct Mothers {
        share: f64,
        more: f64,
    }

    const MANY: Mothers = Mothers {
        share: 0.3,
        more: 0.2,
    };

    /// As few as there are in prisons, and held less.
    const FEW: Mothers = Mothers {
        share: 0.05,
        more: -0.15,
    };

    /// 9,000 parents of one to four children each; three lists hold each with a chance of its own, and
    /// the first names half of the children of whom it speaks. Who has older children enters more often.
    fn world(seed: u64, mothers: Mothers) -> (Population, Numbers, Truth) {
        let mut draws = Draws::new(seed, 0, 0);
        let mut truth = Truth::new();
        let mut families = Vec::new();
        let mut numbers = Vec::new();
        for at in 0..9_000_u32 {
            let mother = draws.chance(mothers.share);
            let recall = draws.chance(if mother { 0.2 } else { 0.5 });
            let children = 1 + draws.below(4);
            let entries = draws.below(3);
            // The first list holds the recalled less often, and mothers more or less: strata of the
            // headline do not know of the one.
            let more = if mother { mothers.more } else { 0.0 };
            let first = 0.45 + more - if recall { 0.15 } else { 0.0 };
            let held = [first, 0.4, 0.3].map(|p| draws.chance(p));
            let standing = Standing {
                legal_status: if recall { "recall" } else { "sentenced" },
                sentence_band: "1_to_4y",
                offence_group: "violent",
            };
            let mut named = Vec::new();
            for _ in 0..children {
                let young = if mother { 0.7 } else { 0.4 } - 0.15 * size(entries);
                let age = if draws.chance(young) { 1 } else { 3 };
                let child = Named {
                    home: Home::default(),
                    age_band: AGE_BANDS[age],
                    ethnicity: "white",
                };
                let sex = if mother { "mother" } else { "father" };
                for (dimension, code) in [
                    (PARENT_SEX, sex),
                    ("age_band", child.age_band),
                    ("legal_status", standing.legal_status),
                ] {
                    let [of_children, of_entries] = truth.entry((dimension, code)).or_default();
                    *of_children += 1.0;
                    *of_entries += size(entries);
                }
                if held[2] || (held[0] && draws.chance(0.5)) {
                    named.push(child);
                }
            }
            if held == [false; 3] {
                continue;
            }
            families.push(Family {
                prisoner: [at.to_le_bytes(); 4].concat().try_into().expect("16 bytes"),
                weight: 1.0,
                stratum: [if mother { "mother" } else { "father" }, "90 to 364 days"],
                custody: held[0],
                probation: held[1],
                stated: Some(u32::try_from(children).expect("few")),
                known: if held[2] { named.len() } else { 0 },
                named: if held[0] { named.len() } else { 0 },
                children: named,
                home: Home::default(),
                standing,
                entered: vec![standing; entries],
            });
            numbers.push(u32::try_from(children).expect("few"));
        }
        let population = Population {
            families,
            of_two: OfTwo::default(),
            entry_share: 1.0,
            ..Population::default()
        };
        let numbers = Numbers {
            sets: vec![numbers.clone(), numbers],
            imputed: 0,
            cautions: Vec::new(),
        };
        (population, numbers, truth)
    }

    fn found(seed: u64, mothers: Mothers) -> (Estimate, Truth) {
        let (population, numbers, truth) = world(seed, mothers);
        let settings = Settings {
            statements: Statements::CERTAIN,
            replicates: 2,
            seed,
            rounding: 10,
            links: Links::CERTAIN,
        };
        let found = estimate(&population, &numbers, &Register::default(), &settings);
        (found.expect("an estimate"), truth)
    }

    #[test]
    fn the_groups_of_a_dimension_make_the_whole() {
        let (estimate, _) = found(1, MANY);
        for (figures, whole) in [
            (&estimate.groups, &estimate.children),
            (&estimate.groups_of_entries, &estimate.entries),
        ] {
            let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
            for figure in figures {
                *sums.entry(figure.dimension).or_default() += figure.total.value();
                let interval = figure.total.interval;
                assert!(interval.holds(figure.total.value()) && interval.upper.is_finite());
            }
            assert_eq!(sums.len(), 6);
            let whole = whole[0].total.value();
            for (dimension, sum) in sums {
                assert!(
                    (sum / whole - 1.0).abs() < 1e-9,
                    "{dimension}: {sum} of {whole}"
                );
            }
        }
    }

    #[test]
    fn a_group_that_takes_the_weights_of_others_is_not_told() {
        let (mut population, mut numbers, _) = world(2, MANY);
        let mut mothers = 0;
        let kept: Vec<bool> = population
            .families
            .iter()
            .map(|f| {
                mothers += u32::from(f.is_mothers());
                !f.is_mothers() || mothers <= 40
            })
            .collect();
        let mut keep = kept.iter();
        population
            .families
            .retain(|_| *keep.next().expect("a family"));
        for set in &mut numbers.sets {
            let mut keep = kept.iter();
            set.retain(|_| *keep.next().expect("a family"));
        }
        let settings = Settings {
            statements: Statements::CERTAIN,
            replicates: 2,
            seed: 2,
            rounding: 10,
            links: Links::CERTAIN,
        };
        let found = estimate(&population, &numbers, &Register::default(), &settings);
        let found = found.expect("an estimate").groups;
        let stands = |dimension, code| {
            let mut figures = found.iter();
            let figure = figures.find(|f| (f.dimension, f.code) == (dimension, code));
            figure.expect("a figure").stands
        };
        assert!(!stands(PARENT_SEX, "mother") && !stands(PARENT_SEX, BOTH));
        assert!(stands(PARENT_SEX, "father"), "nearly all of both");
        assert!(stands("legal_status", "recall") && stands("age_band", "1-4"));
        assert!(!stands("legal_status", "untried"), "nobody");
    }

    #[test]
    fn of_a_group_as_many_are_counted_as_the_lists_hold() {
        let (population, numbers, _) = world(3, FEW);
        let families = population.families.iter().zip(&numbers.sets[0]);
        let held: u32 = families
            .filter(|(f, _)| f.is_mothers())
            .map(|(_, n)| n)
            .sum();
        let (estimate, _) = found(3, FEW);
        let mothers = &estimate.groups[0];
        assert_eq!((mothers.dimension, mothers.code), (PARENT_SEX, "mother"));
        assert!((mothers.total.counted - f64::from(held)).abs() < 1e-6);
    }

    fn intervals_hold_the_truth(mothers: Mothers) {
        const WORLDS: u32 = 40;
        let mut held: BTreeMap<(&str, &str, usize), u32> = BTreeMap::new();
        let mut errors: BTreeMap<(&str, &str, usize), [f64; 2]> = BTreeMap::new();
        for seed in 0..WORLDS {
            let (estimate, truth) = found(100 + u64::from(seed), mothers);
            for (concept, groups) in [&estimate.groups, &estimate.groups_of_entries]
                .into_iter()
                .enumerate()
            {
                for figure in groups {
                    let Some(truth) = truth.get(&(figure.dimension, figure.code)) else {
                        continue;
                    };
                    let truth = truth[concept];
                    let key = (figure.dimension, figure.code, concept);
                    *held.entry(key).or_default() += u32::from(figure.total.interval.holds(truth));
                    let [error, standard_error] = errors.entry(key).or_default();
                    *error += figure.total.value() / truth - 1.0;
                    *standard_error += figure.total.standard_error() / truth;
                }
            }
        }
        assert_eq!(held.len(), 12);
        for (group, held) in held {
            let [error, standard_error] = errors[&group].map(|sum| sum / f64::from(WORLDS));
            // Few mothers: the mean of so many worlds has a chance of its own.
            let bound = f64::max(0.015, 3.0 * standard_error / f64::from(WORLDS).sqrt());
            assert!(error.abs() < bound, "{group:?}: {error}");
            // 95 of 100 are 38 of 40; one in a thousand such tests finds fewer than 33.
            assert!(held >= 33, "{group:?}: {held} of {WORLDS}");
        }
    }

    #[test]
    fn intervals_of_groups_hold_the_truth() {
        intervals_hold_the_truth(MANY);
    }

    #[test]
    fn intervals_of_a_small_group_that_lists_hold_less_hold_the_truth() {
        intervals_hold_the_truth(FEW);
    }
}
