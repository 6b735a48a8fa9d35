//! Every identifier of the extracts, as a keyed permutation of a dense index.

use super::numbers::{CRN_SIZE, NOMS_SIZE, Permutation, crn, noms};

const EIGHT_DIGITS: u64 = 100_000_000;
const NINE_DIGITS: u64 = 1_000_000_000;

/// An adult known to prison or probation: the family's number and which of its adults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The family's number among those known to prison or probation.
    pub family: u64,
    /// 0, or 1 for the other parent.
    pub who: u64,
}

impl Known {
    fn index(self, width: u64, k: u64) -> u64 {
        (self.family * 2 + self.who) * width + k % width
    }
}

/// The permutations of one seed.
pub(super) struct Ids {
    key: [u8; 32],
    person: Permutation,
    offender: Permutation,
    noms: Permutation,
    book: Permutation,
    contact: Permutation,
    address: Permutation,
    visit: Permutation,
    crn: Permutation,
    probation: Permutation,
    event: Permutation,
    serial: Permutation,
}

impl Ids {
    /// The permutations of a key.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let of = |purpose, size| Permutation::new(key, purpose, size);
        Ids {
            key: *key,
            person: of(1, NINE_DIGITS),
            offender: of(2, EIGHT_DIGITS),
            noms: of(3, NOMS_SIZE),
            book: of(4, EIGHT_DIGITS),
            contact: of(5, EIGHT_DIGITS),
            address: of(6, NINE_DIGITS),
            visit: of(7, NINE_DIGITS),
            crn: of(8, CRN_SIZE),
            probation: of(9, NINE_DIGITS),
            event: of(10, NINE_DIGITS),
            serial: of(11, 1_000_000),
        }
    }

    /// A person of the truth, by the family's number in the country and a slot below 16.
    pub(super) fn person(&self, family: u64, slot: u64) -> String {
        format!("P{:09}", self.person.of(family * 16 + slot % 16))
    }

    /// `OFFENDER_ID`; 0 to 2 are roots, 3 to 7 aliases.
    pub(super) fn offender(&self, who: Known, k: u64) -> u64 {
        self.offender.of(who.index(8, k))
    }

    /// The prison number of a root.
    pub(super) fn noms(&self, who: Known, k: u64) -> String {
        noms(self.noms.of(who.index(4, k)))
    }

    /// `OFFENDER_BOOK_ID`.
    pub(super) fn book(&self, who: Known, k: u64) -> u64 {
        self.book.of(who.index(16, k))
    }

    /// `PERSON_ID`.
    pub(super) fn contact(&self, who: Known, k: u64) -> u64 {
        self.contact.of(who.index(32, k))
    }

    /// `ADDRESS_ID`.
    pub(super) fn address(&self, who: Known, k: u64) -> u64 {
        self.address.of(who.index(64, k))
    }

    /// `OFFENDER_VISIT_ID`.
    pub(super) fn visit(&self, who: Known, k: u64) -> u64 {
        self.visit.of(who.index(64, k))
    }

    /// The case reference number; 1 is that of a row since deleted.
    pub(super) fn crn(&self, who: Known, k: u64) -> String {
        crn(self.crn.of(who.index(2, k)))
    }

    /// The probation system's `offender_id`.
    pub(super) fn probation(&self, who: Known, k: u64) -> u64 {
        2_500_000_000 + self.probation.of(who.index(2, k))
    }

    /// The probation system's `event_id`.
    pub(super) fn event(&self, who: Known, k: u64) -> u64 {
        2_500_000_000 + self.event.of(who.index(8, k))
    }

    /// A serial below one million for PNC, CRO and National Insurance numbers.
    pub(super) fn serial(&self, who: Known) -> u64 {
        self.serial.of(who.index(1, 0) % 1_000_000)
    }

    /// The permutations of one authority.
    pub(super) fn of_area(&self, area: u64) -> AreaIds {
        let of = |purpose, size| Permutation::new(&self.key, 1_000 + area * 8 + purpose, size);
        AreaIds {
            child: of(0, EIGHT_DIGITS),
            carer: of(1, EIGHT_DIGITS),
            upn: of(2, NINE_DIGITS),
        }
    }
}

/// The identifiers that one authority gives. Indices are the family's number within its area
/// and a slot below 16; those of households from the area before it are marked.
pub(super) struct AreaIds {
    child: Permutation,
    carer: Permutation,
    upn: Permutation,
}

fn index(family: u64, slot: u64, from_before: bool) -> u64 {
    family * 16 + slot % 16 + if from_before { EIGHT_DIGITS / 2 } else { 0 }
}

impl AreaIds {
    /// `CHILD` and `LAchildID`.
    pub(super) fn child(&self, family: u64, slot: u64, from_before: bool) -> u64 {
        self.child.of(index(family, slot, from_before))
    }

    /// `CARER_ID`.
    pub(super) fn carer(&self, family: u64, slot: u64, from_before: bool) -> u64 {
        self.carer.of(index(family, slot, from_before))
    }

    /// The nine digits of a UPN after the authority's; the second one is given on adoption.
    pub(super) fn upn(&self, family: u64, slot: u64, second: bool) -> u64 {
        self.upn
            .of(index(family, slot, false) + if second { NINE_DIGITS / 2 } else { 0 })
    }
}
