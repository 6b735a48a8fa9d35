//! The people that the adversary holds in the clear.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;

use crate::pseudonymise::{Identity, Pseudonym};

type Text = Option<Box<str>>;

/// One person as the adversary knows him. It holds clear values, so it has no `Debug`.
#[derive(Clone)]
pub struct Known {
    /// Forename, middle names, surname, former surname, sex, postcode.
    texts: [Text; 6],
    /// Prison number, PNC, CRO, case reference, pupil number, local number.
    numbers: [Text; 6],
    date: Option<(i16, u8, u8)>,
    /// The pseudonym of the record in the run, for knowing whether a guess is right.
    pub record: Pseudonym,
    /// The name of the row in the run.
    pub name: Pseudonym,
}

impl Known {
    /// A copy of a person.
    pub fn of(who: &Identity<'_>, record: Pseudonym, name: Pseudonym) -> Self {
        let own = |text: Option<&str>| text.map(Box::from);
        Known {
            texts: [
                own(who.forename),
                own(who.middle_names),
                own(who.surname),
                own(who.former_surname),
                own(who.sex),
                own(who.postcode),
            ],
            numbers: [
                own(who.noms),
                own(who.pnc),
                own(who.cro),
                own(who.crn),
                own(who.upn),
                own(who.local_id),
            ],
            date: match (who.year, who.month, who.day) {
                (Some(y), Some(m), Some(d)) => Some((y, m, d)),
                _ => None,
            },
            record,
            name,
        }
    }

    /// The forename.
    pub(super) fn forename(&self) -> Option<&str> {
        self.texts.first()?.as_deref()
    }

    /// The person as an encoder wants him.
    pub fn identity(&self) -> Identity<'_> {
        let [forename, middle, surname, former, sex, postcode] = &self.texts;
        let [noms, pnc, cro, crn, upn, local] = &self.numbers;
        Identity {
            forename: forename.as_deref(),
            middle_names: middle.as_deref(),
            surname: surname.as_deref(),
            former_surname: former.as_deref(),
            year: self.date.map(|d| d.0),
            month: self.date.map(|d| d.1),
            day: self.date.map(|d| d.2),
            sex: sex.as_deref(),
            postcode: postcode.as_deref(),
            noms: noms.as_deref(),
            pnc: pnc.as_deref(),
            cro: cro.as_deref(),
            crn: crn.as_deref(),
            upn: upn.as_deref(),
            local_id: local.as_deref(),
            other: &[],
        }
    }
}

/// People that are taken up at most.
const MOST: usize = 50_000;

/// The people of one kind in one source, in an order of the adversary's own.
pub struct Population {
    people: Vec<Known>,
}

impl Population {
    /// The people, in the order of a seeded shuffle: at most fifty thousand of them, so that the
    /// attacks end in minutes.
    pub fn new(mut people: Vec<Known>, seed: u64) -> Self {
        people.sort_by_key(|p| p.name);
        people.shuffle(&mut ChaCha20Rng::seed_from_u64(seed));
        people.truncate(MOST);
        Population { people }
    }

    /// All of them.
    pub fn all(&self) -> &[Known] {
        &self.people
    }

    /// The people whose encodings are attacked, and the people whom the adversary holds: `n` of
    /// each, of whom a share of `overlap` are the same.
    pub fn sample(&self, n: usize, overlap: Overlap) -> (&[Known], &[Known]) {
        let n = n.min(match overlap {
            Overlap::Full => self.people.len(),
            Overlap::Half => self.people.len() * 2 / 3,
        });
        let shift = match overlap {
            Overlap::Full => 0,
            Overlap::Half => n / 2,
        };
        (
            self.people.get(..n).unwrap_or_default(),
            self.people.get(shift..shift + n).unwrap_or_default(),
        )
    }
}

/// How many of the people attacked the adversary holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// All.
    Full,
    /// Every second one, and as many strangers.
    Half,
}

impl Overlap {
    /// The share, for people.
    pub fn word(self) -> &'static str {
        match self {
            Overlap::Full => "full",
            Overlap::Half => "half",
        }
    }
}
