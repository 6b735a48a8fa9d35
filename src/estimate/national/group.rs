//! Figures of groups: which parent is in prison, why, and how old the children are.
//!
//! What is known of the parent is known of all children of the family. What is known of the child
//! alone (age, ethnic group) is known of those who are named; of the others it is taken to be as
//! among the named children of parents of the same sex. Three things make that unsure, and each adds
//! a variance: which families there are beyond those held, which of the unnamed children fall into
//! the group (p (1 − p) of each), and how well p is known from so many families that name a child.
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
use super::super::family::AGE_BANDS;
use super::super::interval::{Components, Total};
use super::super::method_error::MethodError;
use super::super::number::size;
use super::attributes::{Named, Standing};
use super::division::{Division, audited};
use super::estimate::mean;
use super::numbers::Numbers;
use super::population::{Family, Population};
use super::sets::OfDimension;
use super::statements::Ratio;
use crate::schema::canonical::{ETHNICITIES, LEGAL_STATUSES, OFFENCE_GROUPS, SENTENCE_BANDS};

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

/// What of a child.
#[derive(Clone, Copy)]
struct OfChild {
    dimension: &'static str,
    codes: &'static [&'static str],
    code: fn(&Named) -> &'static str,
}

const OF_CHILDREN: [OfChild; 2] = [
    OfChild {
        dimension: "age_band",
        codes: &AGE_BANDS,
        code: |child| child.age_band,
    },
    OfChild {
        dimension: "ethnicity",
        codes: &ETHNICITIES,
        code: |child| child.ethnicity,
    },
];

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
    let unnamed = Unnamed::of(of, &|_| 1.0);
    for what in OF_CHILDREN {
        for code in what.codes {
            let group = Group::new(of, what, code, &unnamed);
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
            .map(|code| Group::new(of, what, code, &unnamed).while_a_child(of))
            .collect();
        let all = of.part(&|f, n| f64::from(n) * times(f))?.share;
        let mut sum = 0.0;
        for group in &groups {
            sum += of.part(&|f, n| group.of(f, n) * times(f))?.share;
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
        let part = of.part(&|f, n| match f.is_mothers() == mothers {
            true => f64::from(n),
            false => 0.0,
        })?;
        let alone = (part.pairs - two).max(0.0);
        let mut components = part.components(of, 1.0);
        components.families += of.of_two.variance;
        let seen = match whole.value() > 0.0 {
            true => whole.counted * alone / whole.value(),
            false => 0.0,
        };
        let total = Total::new(seen, alone - seen, components, whole.level)?;
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
    let both = Total::new(found, two - found, components, whole.level)?;
    out.push(figure(
        (PARENT_SEX, BOTH),
        both,
        by.stands("mother") && by.stands("father"),
    ));
    Ok(out)
}

/// A group of children, by what is known of the child alone.
struct Group {
    what: OfChild,
    code: &'static str,
    /// The share of unnamed children who are in it: of mothers, of fathers.
    shares: [f64; 2],
    /// What not to know who of the unnamed is in it adds to the variance.
    variance: f64,
    /// How often a child of the group counts, beside the mean of all.
    times: f64,
}

impl Group {
    fn new(of: &Division<'_>, what: OfChild, code: &'static str, unnamed: &Unnamed) -> Self {
        let mut shares = [0.0; 2];
        let mut variance = 0.0;
        let sexes = [true, false].into_iter().zip(&unnamed.0);
        for ((mothers, [all, squares]), share) in sexes.zip(&mut shares) {
            let those = |f: &&Family| f.is_mothers() == mothers;
            let naming = of.population.families.iter().filter(those);
            let naming = naming.filter(|f| !f.children.is_empty());
            let (mut named, mut there, mut families) = (0.0, 0.0, 0_usize);
            for family in naming {
                families += 1;
                named += family.weight * size(family.children.len());
                there +=
                    family.weight * family.counted(u32::MAX, |child| (what.code)(child) == code);
            }
            *share = if named > 0.0 { there / named } else { 0.0 };
            let doubt = *share * (1.0 - *share);
            variance += doubt * (squares + all * all / size(families.max(1)));
        }
        Group {
            what,
            code,
            shares,
            variance,
            times: 1.0,
        }
    }

    /// The same group in entries, of which those count on a day when the child is born and under 18.
    fn while_a_child(mut self, of: &Division<'_>) -> Self {
        let all = of.population.entry_share;
        if let (Some(own), true) = (of.population.entry_shares.get(self.code), all > 0.0) {
            self.times = own / all;
            self.variance *= self.times * self.times;
        }
        self
    }

    /// Children of a family who are in it, of so many.
    fn of(&self, family: &Family, number: u32) -> f64 {
        let [of_mothers, of_fathers] = self.shares;
        let share = if family.is_mothers() {
            of_mothers
        } else {
            of_fathers
        };
        let named = family.counted(number, |child| (self.what.code)(child) == self.code);
        (named + family.unnamed(number) * share) * self.times
    }
}

/// Σ w x and Σ w² x over the unnamed children x of mothers, and of fathers, each counted so many
/// times: the mean over the imputed sets.
struct Unnamed([[f64; 2]; 2]);

impl Unnamed {
    fn of(of: &Division<'_>, times: &dyn Fn(&Family) -> f64) -> Self {
        let sets = || of.sets.iter().zip(&of.numbers.sets);
        Unnamed([true, false].map(|mothers| {
            let unnamed = |f: &Family, n: u32| match f.is_mothers() == mothers {
                true => f.unnamed(n),
                false => 0.0,
            };
            let all =
                sets().map(|(set, numbers)| of.sum(set, numbers, |f, n| unnamed(f, n) * times(f)));
            let squares = sets().map(|(set, numbers)| -> f64 {
                let families = of.population.families.iter().zip(numbers);
                families
                    .zip(&set.weights)
                    .map(|((f, n), w)| unnamed(f, *n) * (w * f.weight * times(f)).powi(2))
                    .sum()
            });
            [mean(all), mean(squares)]
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::draw::Draws;
    use super::super::super::family::AGE_BANDS;
    use super::super::super::people::Home;
    use super::super::estimate::{Estimate, Settings, estimate};
    use super::super::numbers::Numbers;
    use super::super::of_two::OfTwo;
    use super::super::population::Population;
    use super::super::register::Register;
    use super::super::statements::Statements;
    use super::*;

    /// Children of a world, by dimension and code.
    type Truth = BTreeMap<(&'static str, &'static str), f64>;

    /// 9,000 parents of one to four children each; three lists hold each with a chance of its own, and
    /// the first names half of the children of whom it speaks.
    fn world(seed: u64) -> (Population, Numbers, Truth) {
        let mut draws = Draws::new(seed, 0, 0);
        let mut truth = Truth::new();
        let mut families = Vec::new();
        let mut numbers = Vec::new();
        for at in 0..9_000_u32 {
            let mother = draws.chance(0.3);
            let recall = draws.chance(if mother { 0.2 } else { 0.5 });
            let children = 1 + draws.below(4);
            // The first list holds the recalled less often, and mothers more: strata of the headline
            // do not know of the one.
            let first = 0.45 + if mother { 0.2 } else { 0.0 } - if recall { 0.15 } else { 0.0 };
            let held = [first, 0.4, 0.3].map(|p| draws.chance(p));
            let standing = Standing {
                legal_status: if recall { "recall" } else { "sentenced" },
                sentence_band: "1_to_4y",
                offence_group: "violent",
            };
            let mut named = Vec::new();
            for _ in 0..children {
                let age = if draws.chance(if mother { 0.7 } else { 0.3 }) {
                    1
                } else {
                    3
                };
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
                    *truth.entry((dimension, code)).or_default() += 1.0;
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
                entered: vec![standing],
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

    fn found(seed: u64) -> (Estimate, Truth) {
        let (population, numbers, truth) = world(seed);
        let settings = Settings {
            statements: Statements::CERTAIN,
            replicates: 2,
            seed,
            rounding: 10,
        };
        let found = estimate(&population, &numbers, &Register::default(), &settings);
        (found.expect("an estimate"), truth)
    }

    #[test]
    fn the_groups_of_a_dimension_make_the_whole() {
        let (estimate, _) = found(1);
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
        let (mut population, mut numbers, _) = world(2);
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
    fn intervals_of_groups_hold_the_truth() {
        const WORLDS: u32 = 40;
        let mut held: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        let mut errors: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for seed in 0..WORLDS {
            let (estimate, truth) = found(100 + u64::from(seed));
            for figure in &estimate.groups {
                let key = (figure.dimension, figure.code);
                let Some(truth) = truth.get(&key) else {
                    continue;
                };
                *held.entry(key).or_default() += u32::from(figure.total.interval.holds(*truth));
                *errors.entry(key).or_default() += figure.total.value() / truth - 1.0;
            }
        }
        assert_eq!(held.len(), 6);
        for (group, held) in held {
            let error = errors[&group] / f64::from(WORLDS);
            assert!(error.abs() < 0.015, "{group:?}: {error}");
            // 95 of 100 are 38 of 40; one in a thousand such tests finds fewer than 33.
            assert!(held >= 33, "{group:?}: {held} of {WORLDS}");
        }
    }
}
