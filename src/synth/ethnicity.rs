//! Ethnic groups: one table with the codes of schools, children's services and prisons.

use super::dice::Dice;
use super::names::Culture;
use super::parameters::ByCode;

/// One ethnic group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ethnic {
    /// The code of the school census, SSDA903 and the CIN census.
    pub school: &'static str,
    /// The code of the prison and probation systems.
    pub justice: &'static str,
    /// The major group, as the canonical model names it.
    pub major: &'static str,
    cultures: [Culture; 2],
}

use Culture::{African, Arab, British, Caribbean, Chinese, Eastern, Indian, Irish, Muslim, Welsh};

const fn group(
    school: &'static str,
    justice: &'static str,
    major: &'static str,
    cultures: [Culture; 2],
) -> Ethnic {
    Ethnic {
        school,
        justice,
        major,
        cultures,
    }
}

/// The groups that invented people have.
pub(super) const GROUPS: [Ethnic; 18] = [
    group("WBRI", "W1", "white", [British, British]),
    group("WIRI", "W2", "white", [Irish, Irish]),
    group("WIRT", "W3", "white", [Irish, British]),
    group("WROM", "W5", "white", [Eastern, British]),
    group("WOTH", "W9", "white", [Eastern, Eastern]),
    group("MWBC", "M1", "mixed", [British, Caribbean]),
    group("MWBA", "M2", "mixed", [British, African]),
    group("MWAS", "M3", "mixed", [British, Muslim]),
    group("MOTH", "M9", "mixed", [British, Arab]),
    group("AIND", "A1", "asian", [Indian, Indian]),
    group("APKN", "A2", "asian", [Muslim, Muslim]),
    group("ABAN", "A3", "asian", [Muslim, Muslim]),
    group("AOTH", "A9", "asian", [Indian, Muslim]),
    group("BCRB", "B1", "black", [Caribbean, Caribbean]),
    group("BAFR", "B2", "black", [African, African]),
    group("BOTH", "B9", "black", [African, Caribbean]),
    group("CHNE", "A4", "asian", [Chinese, Chinese]),
    group("OOTH", "O9", "other", [Arab, Arab]),
];

/// An ethnic group by its position in [`GROUPS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group(usize);

impl Group {
    /// Draws one by weights of school codes.
    pub(super) fn draw(dice: &mut Dice, weights: &ByCode) -> Self {
        let mut listed = [0.0; GROUPS.len()];
        for (slot, g) in listed.iter_mut().zip(GROUPS) {
            *slot = weights.get(g.school).copied().unwrap_or(0.0);
        }
        Group(dice.weighted(&listed))
    }

    /// Its codes.
    pub(super) fn codes(self) -> Ethnic {
        GROUPS.get(self.0).copied().unwrap_or(GROUPS[0])
    }

    /// The names it uses; in Wales nearly half of the British have Welsh ones.
    pub(super) fn culture(self, dice: &mut Dice, welsh: bool) -> Culture {
        let one = dice
            .pick(&self.codes().cultures)
            .copied()
            .unwrap_or(British);
        if one == British && dice.chance(if welsh { 0.45 } else { 0.015 }) {
            Welsh
        } else {
            one
        }
    }

    /// The group of a child of two parents.
    pub(super) fn of_child(self, other: Group) -> Group {
        if self == other {
            return self;
        }
        let pair = [self.codes(), other.codes()];
        let has = |school: &str| pair.iter().any(|g| g.school == school);
        let white = pair.iter().any(|g| g.major == "white");
        let asian = pair.iter().any(|g| g.major == "asian");
        let school = match (white, asian) {
            _ if pair.iter().all(|g| g.major == "white") => "WOTH",
            (true, true) => "MWAS",
            (true, _) if has("BCRB") => "MWBC",
            (true, _) if has("BAFR") => "MWBA",
            _ => "MOTH",
        };
        Group(GROUPS.iter().position(|g| g.school == school).unwrap_or(0))
    }
}
