//! What was estimated and linked, as figures of the quality report. Restricted: exact.

use std::collections::BTreeMap;

use super::coverage::History;
use super::interval::{Source, Total};
use super::national::National;
use super::national::area::{Area, Figure};
use super::national::estimate::Estimate;
use super::national::group::{BOTH, GroupFigure, PARENT_SEX};
use super::number::{real, size};
use super::people::{Country, Home, People};
use crate::schema::published::Concept;
use crate::schema::quality::{
    EstimateRow, GroupRow, HistoryRow, LinkRow, LinkageQuality, LossRow, Quality, SensitivityRow,
    ShareRow,
};

/// Children of two who are in prison at the same time.
const BOTH_CONCURRENT: &str = "both_concurrent";

fn status(total: &Total) -> String {
    let word = match total.status() {
        "u" => "u",
        _ => "observed",
    };
    word.to_owned()
}

/// Figures that are being gathered.
#[derive(Debug, Default)]
pub struct Gathered(pub Quality);

impl Gathered {
    /// Adds what was estimated. `linked` gives the count of a concept and an area.
    pub fn add(&mut self, national: &National, linked: &impl Fn(Concept, &str) -> Option<f64>) {
        for (concept, found) in [
            (Concept::Stock, &national.stock),
            (Concept::YearUnique, &national.year),
        ] {
            let told = self
                .0
                .cautions
                .entry(concept.word().to_owned())
                .or_default();
            match found {
                Ok(estimate) => {
                    told.extend(estimate.cautions.iter().map(ToString::to_string));
                    self.add_concept(concept, estimate, linked);
                }
                Err(why) => told.push(format!("no estimate: {why}")),
            }
        }
        if let Ok(year) = &national.year {
            self.add_figures(Concept::Incidence, &year.entries, linked);
            self.add_groups(Concept::Incidence, &year.groups_of_entries);
        }
    }

    fn add_concept(
        &mut self,
        concept: Concept,
        estimate: &Estimate,
        linked: &impl Fn(Concept, &str) -> Option<f64>,
    ) {
        self.add_figures(concept, &estimate.children, linked);
        self.add_figures(concept, &estimate.local_authorities, linked);
        self.add_groups(concept, &estimate.groups);
        let Some(whole) = estimate.children.first() else {
            return;
        };
        let shares = whole.total.components.shares();
        self.0
            .variance_shares
            .extend(
                Source::ALL
                    .iter()
                    .zip(shares)
                    .map(|(source, share)| ShareRow {
                        concept,
                        source: source.word().to_owned(),
                        share: share.share,
                    }),
            );
        let numbers = History::all().into_iter().zip(estimate.observed.numbers());
        self.0
            .histories
            .extend(numbers.map(|(lists, pairs)| HistoryRow {
                concept,
                custody: lists.holds(0),
                probation: lists.holds(1),
                services: lists.holds(2),
                pairs: *pairs,
            }));
        let central = whole.total.value();
        let rows = estimate.sensitivity.iter();
        self.0
            .sensitivity
            .extend(rows.map(|(assumption, low, high)| SensitivityRow {
                concept,
                assumption: assumption.clone(),
                low: *low,
                high: *high,
                central,
            }));
    }

    fn add_figures(
        &mut self,
        concept: Concept,
        figures: &[Figure],
        linked: &impl Fn(Concept, &str) -> Option<f64>,
    ) {
        for figure in figures {
            let area = figure.area.code();
            let list = match figure.area {
                Area::Whole | Area::Country(_) => &mut self.0.estimates,
                Area::Region(_) | Area::LocalAuthority(_) => &mut self.0.areas,
            };
            list.push(EstimateRow {
                concept,
                area: area.to_owned(),
                linked: linked(concept, area),
                estimate: figure.total.value(),
                lower: figure.total.interval.lower,
                upper: figure.total.interval.upper,
                standard_error: figure.total.standard_error(),
                status: status(&figure.total),
            });
        }
    }

    fn add_groups(&mut self, concept: Concept, figures: &[GroupFigure]) {
        let row = |figure: &GroupFigure, code: &str| GroupRow {
            concept,
            dimension: figure.dimension.to_owned(),
            code: code.to_owned(),
            estimate: figure.total.value(),
            lower: figure.total.interval.lower,
            upper: figure.total.interval.upper,
            standard_error: figure.total.standard_error(),
            status: match figure.stands {
                true => status(&figure.total),
                false => "u".to_owned(),
            },
        };
        for figure in figures {
            self.0.groups.push(row(figure, figure.code));
            let both = (figure.dimension, figure.code) == (PARENT_SEX, BOTH);
            if both && concept == Concept::Stock {
                // Two who are in prison on one day are there at the same time.
                self.0.groups.push(row(figure, BOTH_CONCURRENT));
            }
        }
    }

    /// Adds the steps from record to estimate, and who is linked.
    pub fn add_records(
        &mut self,
        people: &People,
        national: &National,
        losses: &[(&'static str, u64)],
    ) {
        let mut step = |step: &str, records: f64| {
            self.0.losses.push(LossRow {
                step: step.to_owned(),
                records,
            });
        };
        step("Prisoners of the year", size(people.stays.len()));
        for (words, n) in losses {
            step(words, real(*n));
        }
        let frames = ["on the reference date", "in the year"];
        for (frame, [families, pairs, imputed]) in frames.iter().zip(national.sizes) {
            step(
                &format!("Prisoners with children by some list, {frame}"),
                size(families),
            );
            step(
                &format!("their named children who count, {frame}"),
                size(pairs),
            );
            step(
                &format!("prisoners whose number of children was imputed, {frame}"),
                size(imputed),
            );
        }
        let mut groups: BTreeMap<(&str, String), [f64; 2]> = BTreeMap::new();
        for child in people.children.values().filter(|c| c.eligible.is_some()) {
            let linked = if child.systems.len() > 1 { 1.0 } else { 0.0 };
            let known = |x: &Option<String>| x.clone().unwrap_or_else(|| "unknown".to_owned());
            let country = Country::of_local_authority(child.local_authority.as_deref());
            let region = Home::of(child.local_authority.as_deref()).region();
            let age = child.age.map_or("unknown", super::family::age_band);
            for (group, code) in [
                ("all", "all".to_owned()),
                ("sex", known(&child.sex)),
                ("age", age.to_owned()),
                ("ethnicity", known(&child.ethnicity)),
                ("country", country.code().to_owned()),
                ("region", region.unwrap_or("unknown").to_owned()),
            ] {
                let [n, yes] = groups.entry((group, code)).or_default();
                *n += 1.0;
                *yes += linked;
            }
        }
        self.0
            .linkage
            .extend(groups.into_iter().map(|((group, code), [n, yes])| LinkRow {
                link: "Named children found in another system".to_owned(),
                group: group.to_owned(),
                code,
                records: n,
                match_rate: yes / n.max(1.0),
                precision: None,
                recall: None,
                method: None,
            }));
    }

    /// Adds how well a kind of people is linked, as the stage that linked them has it.
    pub fn add_linkage(&mut self, of: &LinkageQuality) {
        let rows = of.groups.iter().map(|g| LinkRow {
            link: format!("Records, {}", of.kind),
            group: g.group.clone(),
            code: g.code.clone(),
            records: real(g.records),
            match_rate: real(g.linked) / real(g.records).max(1.0),
            precision: g.precision,
            recall: g.recall,
            method: Some(of.method.clone()),
        });
        self.0.linkage.extend(rows);
    }
}
