//! People with several names, several numbers and several records that are one person.

use hashbrown::{HashMap, HashSet};

use super::names::Name;
use super::{Find, Found};
use crate::columnar::ColumnarError;
use crate::ingest::chunk::{Landed, Row};
use crate::ingest::convert::{Cell, Grade, Kind, Setting, convert, days};
use crate::ingest::geography::Geography;
use crate::ingest::landing::{address, identifier, person as p};
use crate::ingest::ledger::Ledger;
use crate::ingest::output::CanonicalWriter;
use crate::ingest::rows::Quality;
use crate::schema::canonical::kind;

/// The word of `kind` for somebody whose kind the contacts say.
const CONTACT: &str = "contact";

/// A child who died a year before the reference date or earlier is in no figure.
const YEAR: i32 = 365;

/// How good an address is: primary, not ended, begun late.
type Rank = (bool, bool, Option<i32>);

#[derive(Default)]
struct Person<'a> {
    rows: Vec<Row<'a>>,
    contact: bool,
    child: bool,
    gone: bool,
}

/// The people of one system.
pub struct People<'a> {
    index: HashMap<&'a str, usize>,
    records: Vec<&'a str>,
    people: Vec<Person<'a>>,
    /// For each person, the one with the smallest record among those that are the same.
    same: Vec<usize>,
    /// Numbers by the name they belong to: type, standard form, row.
    numbers: HashMap<&'a str, Vec<(&'a str, String)>>,
}

impl<'a> People<'a> {
    /// Reads the people and the numbers that join them.
    pub fn read(landed: &'a Landed, ledger: &mut Ledger, setting: &Setting) -> Self {
        let long_ago = days(setting.reference) - YEAR;
        let mut people = People {
            index: HashMap::new(),
            records: Vec::new(),
            people: Vec::new(),
            same: Vec::new(),
            numbers: HashMap::new(),
        };
        let mut by_name: HashMap<&'a str, usize> = HashMap::new();
        let mut by_noms: HashMap<&'a str, usize> = HashMap::new();
        for row in landed.rows(p::TABLE) {
            let record = row.text(p::RECORD).unwrap_or_default();
            let at = *people.index.entry(record).or_insert_with(|| {
                people.records.push(record);
                people.people.push(Person::default());
                people.people.len() - 1
            });
            let person = &mut people.people[at];
            person.contact |= row.text(p::KIND) == Some(CONTACT);
            person.gone |= row.flag(p::DELETED) == Some(true)
                || row
                    .date(p::DATE_OF_DEATH)
                    .is_some_and(|d| d <= long_ago && row.text(p::KIND) != Some(kind::ADULT));
            person.rows.push(row);
            for id in [row.text(p::NAME_ID), row.text(p::PERSON_ID)]
                .into_iter()
                .flatten()
            {
                by_name.entry(id).or_insert(at);
            }
            if let Some(noms) = row.text(p::NOMS) {
                by_noms.entry(noms).or_insert(at);
            }
        }
        people.same = (0..people.people.len()).collect();
        people.read_numbers(landed, &by_name, &by_noms, setting, ledger);
        people.settle();
        people
    }

    fn read_numbers(
        &mut self,
        landed: &'a Landed,
        by_name: &HashMap<&'a str, usize>,
        by_noms: &HashMap<&'a str, usize>,
        setting: &Setting,
        ledger: &mut Ledger,
    ) {
        for row in landed.rows(identifier::TABLE) {
            let name = row.text(identifier::NAME_ID).unwrap_or_default();
            let Some(&person) = by_name.get(name) else {
                ledger.dangling(row, "name_id");
                continue;
            };
            let kind = row.text(identifier::TYPE).unwrap_or_default();
            let (number, grade) = standard_number(
                kind,
                row.text(identifier::VALUE).unwrap_or_default(),
                setting,
            );
            let mut quality = Quality::default();
            quality.count(Some(grade));
            let source = ledger.source_of(row.unit());
            ledger.quality(source, &format!("value ({kind})"), quality);
            let Some(number) = number else { continue };
            if kind == "merged"
                && let Some(&other) = by_noms.get(number.as_str())
            {
                self.join(person, other);
                continue;
            }
            // A number whose own row is gone is still a number of this person.
            let kind = if kind == "merged" { "noms" } else { kind };
            let numbers = self.numbers.entry(name).or_default();
            if numbers.iter().any(|(k, n)| *k == kind && *n == number) {
                ledger.merged(row);
            } else {
                numbers.push((kind, number));
            }
        }
    }

    fn root(&self, mut at: usize) -> usize {
        while self.same[at] != at {
            at = self.same[at];
        }
        at
    }

    /// Two records are one person; the smaller record stands for both.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        // `offender:99` comes before `offender:100`.
        let order = |i: usize| (self.records[i].len(), self.records[i]);
        let (small, large) = if order(a) <= order(b) { (a, b) } else { (b, a) };
        self.same[large] = small;
    }

    /// Every person points at once to the one who stands for them, who gets all rows.
    fn settle(&mut self) {
        for at in 0..self.same.len() {
            let root = self.root(at);
            self.same[at] = root;
            if root != at {
                let rows = std::mem::take(&mut self.people[at].rows);
                self.people[root].rows.extend(rows);
                let gone = self.people[at].gone;
                self.people[root].gone |= gone;
            }
        }
    }

    /// Who that is; the record lives as long as the landed rows.
    pub fn owner(&self, record: &str) -> Found<'a> {
        let Some(&at) = self.index.get(record) else {
            return Found::Nobody;
        };
        let root = self.same[at];
        if self.people[root].gone {
            Found::OutOfScope
        } else {
            Found::Person(self.records[root])
        }
    }

    /// The records of those who stand for themselves, in the order of reading.
    pub fn records(&self) -> impl Iterator<Item = &'a str> {
        self.records
            .iter()
            .enumerate()
            .filter(|(at, _)| self.same.get(*at) == Some(at))
            .map(|(_, record)| *record)
    }

    /// The day on which the person died, if it is known.
    pub fn died(&self, record: &str) -> Option<i32> {
        let at = *self.index.get(record)?;
        let root = self.same[at];
        self.people[root]
            .rows
            .iter()
            .filter_map(|row| row.date(p::DATE_OF_DEATH))
            .min()
    }

    /// Somebody says that this person is a child.
    pub fn is_child(&mut self, record: &str) {
        if let Some(&at) = self.index.get(record) {
            self.people[self.same[at]].child = true;
        }
    }

    /// Writes the people in the order in which they were read.
    pub fn write(
        &self,
        landed: &'a Landed,
        geography: &Geography,
        writer: &mut CanonicalWriter,
        ledger: &mut Ledger,
    ) -> Result<(), ColumnarError> {
        let postcodes = self.postcodes(landed, ledger);
        for (at, person) in self.people.iter().enumerate() {
            if person.gone || (person.contact && !person.child) {
                for row in &person.rows {
                    ledger.out_of_scope(*row);
                }
                continue;
            }
            let postcode = postcodes.get(&at).map(|(_, row)| *row);
            let postcode = postcode.and_then(|row| row.text(address::POSTCODE));
            self.write_person(at, postcode, geography, writer, ledger)?;
        }
        Ok(())
    }

    fn write_person<'s>(
        &'s self,
        at: usize,
        postcode: Option<&'a str>,
        geography: &Geography,
        writer: &mut CanonicalWriter,
        ledger: &mut Ledger,
    ) -> Result<(), ColumnarError> {
        let person = &self.people[at];
        let record = self.records[at];
        let mut rows = person.rows.clone();
        // The main name of the smallest record first, then as read.
        rows.sort_by_key(|row| (!is_main(*row), row.text(p::RECORD) != Some(record)));
        let all: Vec<(&str, &str)> = {
            let mut all: Vec<(&str, &str)> = Vec::new();
            for row in &rows {
                for (kind, number) in self.numbers_of(*row) {
                    if !all.contains(&(kind, number)) {
                        all.push((kind, number));
                    }
                }
            }
            all
        };
        let mut seen: HashSet<Name<'_>> = HashSet::new();
        let mut used: HashSet<(&str, &str)> = HashSet::new();
        let mut alias = 0;
        for row in &rows {
            let mut name = Name::of(*row);
            if person.contact {
                name.kind = kind::CHILD;
            }
            name.postcode = name.postcode.or(postcode);
            let own: Vec<(&str, &str)> = self.numbers_of(*row).collect();
            let first = |kind: &str| {
                let of = |list: &[(&'s str, &'s str)]| -> Option<&'s str> {
                    list.iter().find(|(k, _)| *k == kind).map(|(_, n)| *n)
                };
                of(&own).or_else(|| of(&all))
            };
            name.noms = name.noms.or_else(|| first("noms"));
            name.pnc = name.pnc.or_else(|| first("pnc"));
            name.cro = name.cro.or_else(|| first("cro"));
            name.crn = name.crn.or_else(|| first("crn"));
            used.extend(name.noms.map(|n| ("noms", n)));
            used.extend(name.pnc.map(|n| ("pnc", n)));
            used.extend(name.cro.map(|n| ("cro", n)));
            used.extend(name.crn.map(|n| ("crn", n)));
            if !seen.insert(name.clone()) {
                ledger.merged(*row);
                continue;
            }
            name.write(writer, geography, record, alias, *row)?;
            alias += 1;
        }
        // Numbers that found no place on a name get a row of the main name of their own.
        let Some(main) = rows.first() else {
            return Ok(());
        };
        for (kind, number) in all {
            if used.contains(&(kind, number)) {
                continue;
            }
            let mut name = Name::of(*main);
            if person.contact {
                name.kind = crate::schema::canonical::kind::CHILD;
            }
            name.postcode = name.postcode.or(postcode);
            match kind {
                "noms" => name.noms = Some(number),
                "pnc" => name.pnc = Some(number),
                "cro" => name.cro = Some(number),
                _ => name.crn = Some(number),
            }
            name.write(writer, geography, record, alias, *main)?;
            alias += 1;
        }
        Ok(())
    }

    fn numbers_of(&self, row: Row<'a>) -> impl Iterator<Item = (&str, &str)> {
        row.text(p::NAME_ID)
            .or(row.text(p::PERSON_ID))
            .and_then(|id| self.numbers.get(id))
            .into_iter()
            .flatten()
            .map(|(kind, number)| (*kind, number.as_str()))
    }

    /// The best address of each person: the primary one, else one that has not ended, else the
    /// latest.
    fn postcodes(
        &self,
        landed: &'a Landed,
        ledger: &mut Ledger,
    ) -> HashMap<usize, (Rank, Row<'a>)> {
        let mut best: HashMap<usize, (Rank, Row<'a>)> = HashMap::new();
        for row in landed.rows(address::TABLE) {
            let record = row.text(address::RECORD).unwrap_or_default();
            let Some(&at) = self.index.get(record) else {
                ledger.dangling(row, "record");
                continue;
            };
            let at = self.same[at];
            let person = &self.people[at];
            let gone = person.gone || (person.contact && !person.child);
            let nowhere = row.flag(address::NO_FIXED) == Some(true);
            if gone || nowhere || row.text(address::POSTCODE).is_none() {
                ledger.out_of_scope(row);
                continue;
            }
            let rank = (
                row.flag(address::PRIMARY) == Some(true),
                row.date(address::END).is_none(),
                row.date(address::START),
            );
            match best.get_mut(&at) {
                Some(known) if known.0 >= rank => ledger.out_of_scope(row),
                Some(known) => {
                    ledger.out_of_scope(known.1);
                    *known = (rank, row);
                }
                None => {
                    best.insert(at, (rank, row));
                }
            }
        }
        best
    }
}

impl Find for People<'_> {
    fn find<'s>(&'s self, record: &'s str) -> Result<Found<'s>, ColumnarError> {
        Ok(self.owner(record))
    }
}

/// The main name has no number of its own, or that of the person.
fn is_main(row: Row<'_>) -> bool {
    match row.text(p::NAME_ID) {
        None => true,
        name => name == row.text(p::PERSON_ID),
    }
}

fn standard_number(kind: &str, raw: &str, setting: &Setting) -> (Option<String>, Grade) {
    let kind = match kind {
        "noms" | "merged" => Kind::Noms,
        "pnc" => Kind::Pnc,
        "cro" => Kind::Cro,
        "crn" => Kind::Crn,
        _ => return (None, Grade::Invalid),
    };
    match convert(kind, raw, "", setting) {
        (Cell::Text(number), grade) => (Some(number.into_owned()), grade),
        (_, grade) => (None, grade),
    }
}
