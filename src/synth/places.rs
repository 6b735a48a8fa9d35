//! Local authorities: how many children and prisoners' families each has, and its postcodes.
//!
//! Postcodes have a valid form and the letters of a real area, but districts from 60 upwards,
//! which the Royal Mail hardly uses: they are invented.

use super::dice::{Dice, count, real};
use super::numbers::mix;
use super::parameters::Parameters;
use crate::schema::codes::{LocalAuthority, WALES, local_authorities};

/// Unit postcodes in a district: ten sectors of 20 × 20 units.
const UNITS_OF_DISTRICT: u64 = 4_000;
const FIRST_DISTRICT: u64 = 60;
const LAST_DISTRICT: u64 = 99;

/// One local authority of the synthetic country.
pub(super) struct Area {
    /// The real one it stands for.
    pub la: &'static LocalAuthority,
    /// Is the next area of the list in the same region? Some households live there.
    pub has_neighbour: bool,
    /// Does it hold carers?
    pub holds_carers: bool,
    /// Children under 18 aimed at.
    pub children: u64,
    /// Families with a person in prison in the year; their index person is a man or a woman.
    pub prison_men: u64,
    /// The same for women.
    pub prison_women: u64,
    /// People on probation who were not in prison in the year.
    pub probation: u64,
    /// All other families with children.
    pub background: u64,
    /// The number of this area's first family among all of that kind in the country.
    pub first_justice: u64,
    /// The same for families of the background.
    pub first_background: u64,
    /// Unit postcodes.
    pub units: u64,
    /// Its postcode districts, `LS91`.
    pub districts: Vec<String>,
}

impl Area {
    /// Is it in Wales?
    pub(super) fn welsh(&self) -> bool {
        self.la.country_code == WALES
    }

    /// Families with somebody in the prison or probation system.
    pub(super) fn justice(&self) -> u64 {
        self.prison_men + self.prison_women + self.probation
    }

    /// All families.
    pub(super) fn families(&self) -> u64 {
        self.justice() + self.background
    }

    /// The unit postcode of a number below [`Area::units`].
    pub(super) fn postcode(&self, unit: u64) -> String {
        const INWARD: &[u8; 20] = b"ABDEFGHJLNPQRSTUWXYZ";
        let district = usize::try_from(unit / UNITS_OF_DISTRICT)
            .ok()
            .and_then(|d| self.districts.get(d))
            .map_or("ZZ99", String::as_str);
        // 1,409 and 4,000 have no common divisor, so neighbours in number are not in the street.
        let at = unit % UNITS_OF_DISTRICT * 1_409 % UNITS_OF_DISTRICT;
        let letter = |n: u64| {
            usize::try_from(n % 20)
                .ok()
                .and_then(|i| INWARD.get(i))
                .map_or('A', |b| char::from(*b))
        };
        format!("{district} {}{}{}", at / 400, letter(at / 20), letter(at))
    }
}

/// How many people of each kind there are in the whole country at this scale.
pub(super) struct Quota {
    men: f64,
    women: f64,
    probation: f64,
    /// Children in families of the prison and probation systems.
    children_of_justice: f64,
}

/// What the parameters say of the country at this scale.
pub(super) fn quota(p: &Parameters, scale: f64) -> Quota {
    let people = real(*p.prison.people_in_year) * scale;
    let total: f64 = p.prison.classes.iter().sum();
    let share_of_women: f64 = p
        .prison
        .classes
        .iter()
        .zip(p.prison.women.iter())
        .map(|(c, w)| c * w / total)
        .sum();
    let women = people * share_of_women;
    // Men who come with the family of an imprisoned mother are not drawn a second time.
    let couples = women * **p.parents.women * **p.parents.co_parent_of_mother;
    let men = people - women - couples;
    // A share of the caseload are those who were in prison in the year and are out again.
    let of_prisoners = people * **p.probation.of_prisoners * 0.45;
    let probation = (real(*p.probation.caseload) * scale - of_prisoners).max(0.0);
    let children = men * **p.parents.men + women * **p.parents.women + probation * 0.5;
    Quota {
        men,
        women,
        probation,
        children_of_justice: children * 2.05,
    }
}

/// The areas with what each of them has. `scale` is the part of the country to write.
pub(super) fn areas(p: &Parameters, key: &[u8; 32], scale: f64) -> Vec<Area> {
    let quota = quota(p, scale);
    let list = local_authorities();
    let weights = child_weights(p, list);
    let prison = prison_weights(p, list, &weights);
    let per_family = mean_family(p);
    let mut districts = Districts::default();
    let (mut first_justice, mut first_background) = (0, 0);
    let mut out: Vec<Area> = Vec::with_capacity(list.len());
    for (i, la) in list.iter().enumerate() {
        // One stream for each area, beyond those of the families.
        let mut dice = Dice::new(key, u64::MAX - u64::try_from(i).unwrap_or(0));
        let w = weights.get(i).copied().unwrap_or(0.0);
        let v = prison.get(i).copied().unwrap_or(0.0);
        let children = real(*p.population.children) * scale * w;
        let others = (children - quota.children_of_justice * v).max(0.0);
        let units = (count(children) / p.population.children_per_postcode.value.max(1)).max(12);
        let area = Area {
            la,
            has_neighbour: list
                .get(i + 1)
                .is_some_and(|n| n.region_code == la.region_code),
            holds_carers: code_hash(&la.code, 3) < **p.services.holds_carers,
            children: count(children),
            prison_men: dice.round(quota.men * v),
            prison_women: dice.round(quota.women * v),
            probation: dice.round(quota.probation * v),
            background: dice.round(others / per_family),
            first_justice,
            first_background,
            units,
            districts: districts.take(&la.region_code, units.div_ceil(UNITS_OF_DISTRICT)),
        };
        first_justice += area.justice();
        first_background += area.background;
        out.push(area);
    }
    out
}

/// Children under 18 in a family of the background, on average. Ages run over 19 years (to 18),
/// of which 18 are under 18.
fn mean_family(p: &Parameters) -> f64 {
    let shape = &p.population.children_per_family;
    let total: f64 = shape.iter().sum();
    let mean: f64 = shape
        .iter()
        .zip(1..)
        .map(|(w, n)| w * f64::from(n) / total)
        .sum();
    mean * 18.0 / 19.0
}

fn child_weights(p: &Parameters, list: &[LocalAuthority]) -> Vec<f64> {
    let q = &p.population;
    let raw: Vec<f64> = list
        .iter()
        .map(|la| {
            let kind = match la.code.get(..3) {
                Some("E10") => *q.county_weight,
                Some("E08") => *q.metropolitan_weight,
                _ => 1.0,
            };
            let own = q.small_areas.get(&la.code).copied();
            own.unwrap_or_else(|| kind * (*q.size_spread * code_normal(&la.code, 1)).exp())
        })
        .collect();
    within_regions(list, &raw, &q.region_children)
}

fn prison_weights(p: &Parameters, list: &[LocalAuthority], children: &[f64]) -> Vec<f64> {
    let raw: Vec<f64> = list
        .iter()
        .zip(children)
        .map(|(la, w)| w * (*p.population.deprivation_effect * code_normal(&la.code, 2)).exp())
        .collect();
    within_regions(list, &raw, &p.population.region_prison)
}

/// Scales raw weights so that every region has its share of the whole; the sum is 1.
fn within_regions(
    list: &[LocalAuthority],
    raw: &[f64],
    shares: &std::collections::BTreeMap<String, f64>,
) -> Vec<f64> {
    let total: f64 = shares.values().sum();
    let region_sum = |code: &str| -> f64 {
        list.iter()
            .zip(raw)
            .filter(|(la, _)| la.region_code == code)
            .map(|(_, w)| w)
            .sum()
    };
    list.iter()
        .zip(raw)
        .map(|(la, w)| {
            let share = shares.get(&la.region_code).copied().unwrap_or(0.0) / total;
            share * w / region_sum(&la.region_code)
        })
        .collect()
}

/// A number in [0, 1) that belongs to a code: places are the same under every seed.
fn code_hash(code: &str, purpose: u64) -> f64 {
    let h = code
        .bytes()
        .fold(mix(purpose), |h, b| mix(h ^ u64::from(b)));
    real(h >> 11) / real(1 << 53)
}

/// A standard normal number that belongs to a code, cut at two standard deviations.
fn code_normal(code: &str, purpose: u64) -> f64 {
    let radius = (-2.0 * (1.0 - code_hash(code, purpose)).ln()).sqrt();
    let x = radius * (std::f64::consts::TAU * code_hash(code, purpose + 100)).cos();
    x.clamp(-2.0, 2.0)
}

/// Hands out districts of a region's postcode areas, each once.
#[derive(Default)]
struct Districts(std::collections::BTreeMap<String, u64>);

impl Districts {
    fn take(&mut self, region: &str, how_many: u64) -> Vec<String> {
        let letters: Vec<&str> = postcode_areas(region).split(' ').collect();
        let per_letter = LAST_DISTRICT - FIRST_DISTRICT + 1;
        let next = self.0.entry(region.to_owned()).or_default();
        (0..how_many)
            .map(|_| {
                let n = *next;
                *next += 1;
                let area = usize::try_from(n / per_letter).unwrap_or(0) % letters.len().max(1);
                let area = letters.get(area).copied().unwrap_or("ZZ");
                format!("{area}{}", FIRST_DISTRICT + n % per_letter)
            })
            .collect()
    }
}

/// Postcode areas of a region, each area in one region only.
fn postcode_areas(region: &str) -> &'static str {
    match region {
        "E12000001" => "NE DH SR TS DL",
        "E12000002" => "M L BL OL WN WA PR FY BB LA CA SK CW CH",
        "E12000003" => "LS BD HX HD WF S DN HU YO HG",
        "E12000004" => "NG LE DE NN LN PE",
        "E12000005" => "B CV DY WS WV ST WR HR TF",
        "E12000006" => "CB NR IP CO CM SS SG AL LU",
        "E12000007" => "N E SE SW W NW EC WC BR CR EN HA IG KT RM SM TW UB",
        "E12000008" => "BN GU RG OX MK SL PO SO RH TN ME CT DA HP",
        "E12000009" => "BS BA BH DT EX GL PL SN SP TA TQ TR",
        _ => "CF SA NP LL LD SY",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::dice::key;

    #[test]
    fn postcodes_and_districts_are_unique() {
        let p = Parameters::built_in().expect("parameters");
        let all = areas(&p, &key(1), 1.0);
        let mut districts: Vec<&String> = all.iter().flat_map(|a| &a.districts).collect();
        let n = districts.len();
        districts.sort();
        districts.dedup();
        assert_eq!(districts.len(), n);
        let mut units: Vec<String> = (0..all[0].units).map(|u| all[0].postcode(u)).collect();
        let n = units.len();
        units.sort();
        units.dedup();
        assert_eq!(units.len(), n);
    }

    #[test]
    fn the_country_adds_up() {
        let p = Parameters::built_in().expect("parameters");
        let all = areas(&p, &key(1), 1.0);
        let children: u64 = all.iter().map(|a| a.children).sum();
        assert!(children.abs_diff(12_600_000) < 200, "{children}");
        let people: u64 = all.iter().map(|a| a.prison_men + a.prison_women).sum();
        assert!((140_000..150_000).contains(&people), "{people}");
    }
}
