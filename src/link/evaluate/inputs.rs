//! The inputs once more: whether they are still those that were linked, and the rows that an
//! evaluation asks for, by the specification that the linkage kept.

use std::path::Path;

use super::rows::{Rows, at, count};
use crate::comparison::{Kind, Level, MISSING};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::link::LinkError;
use crate::link::out_files::{Inputs, SPEC};
use crate::link::pairs::{Dependent, MOST_COMPARISONS};
use crate::link::people::{self, Input};
use crate::link::spec::Spec;
use crate::pseudonymise::MasterKey;
use crate::pseudonymise::words::{Comparison, Digests, Held, beside, column_digests};

/// Checks that every input is the file that was linked.
pub(super) fn unchanged(inputs: &Inputs) -> Result<(), LinkError> {
    for input in &inputs.inputs {
        let (digest, _) = Digest::of_file(&input.path).map_err(|source| LinkError::Io {
            path: input.path.clone(),
            source,
        })?;
        if digest != input.digest {
            return Err(LinkError::one(
                Diagnostic::new(
                    "KL-L-041",
                    Exit::Integrity,
                    "the file is not the one that was linked: its digest differs",
                    "link again, or put the first file back",
                )
                .at(Place::file(&input.path)),
            ));
        }
    }
    Ok(())
}

/// The specification of a linkage: as the folder keeps it, or for a folder that keeps none the file
/// that was named then, if it is the same.
pub(super) fn spec_of(out: &Path, inputs: &Inputs) -> Result<Spec, LinkError> {
    let kept = out.join(SPEC);
    if kept.exists() {
        return Spec::read(&kept);
    }
    let path = &inputs.spec.path;
    let same = Digest::of_file(path).is_ok_and(|(digest, _)| digest == inputs.spec.digest);
    match same {
        true => Spec::read(path),
        false => Err(LinkError::one(
            Diagnostic::new(
                "KL-L-042",
                Exit::Integrity,
                "the folder keeps no specification, and the one that was named then is not there",
                "link again, or put the first specification back",
            )
            .at(Place::file(path)),
        )),
    }
}

/// Rows of the inputs, read again, that can be laid side by side.
pub(super) struct Beside {
    comparisons: Vec<Comparison>,
    kinds: Vec<Kind>,
    dependent: Dependent,
    sides: Vec<(Input, Vec<Digests>)>,
    /// Of each row of the linkage the place among the rows of its side.
    place: Vec<u32>,
}

impl Beside {
    /// Reads those rows that are `needed`; nothing of the others is kept.
    ///
    /// The digests are made under a key of no secrecy, since nothing of them leaves this process.
    pub(super) fn read(
        inputs: &Inputs,
        spec: &Spec,
        rows: &Rows,
        needed: &[bool],
    ) -> Result<Self, LinkError> {
        let comparisons = people::comparisons(spec);
        let keys = MasterKey::of_rehearsal_seed(0).for_project("evaluate", "1");
        let mut place = vec![u32::MAX; rows.side.len()];
        let mut sides = Vec::new();
        for (side, file) in inputs.inputs.iter().enumerate() {
            let is_needed = |id: &str| {
                let row = rows.find(id, side);
                row.is_some_and(|row| needed.get(at(row)) == Some(&true))
            };
            let input = people::read_where(&file.path, side, spec, Some(&is_needed))?;
            for held in 0..input.rows() {
                let row = rows.find(input.ids.text(held), side);
                if let Some(slot) = row.and_then(|row| place.get_mut(at(row))) {
                    *slot = count(held);
                }
            }
            let digests = column_digests(&input.source, &comparisons, &keys);
            sides.push((input, digests));
        }
        let kinds: Vec<Kind> = comparisons.iter().map(|c| c.kind).collect();
        Ok(Beside {
            dependent: Dependent::of(&comparisons),
            kinds,
            comparisons,
            sides,
            place,
        })
    }

    /// The comparisons.
    pub(super) fn comparisons(&self) -> &[Comparison] {
        &self.comparisons
    }

    /// The levels of two rows, as the linkage takes them, but that nothing agrees by chance.
    pub(super) fn levels(&self, a: u32, b: u32, rows: &Rows) -> [Level; MOST_COMPARISONS] {
        let mut out = [MISSING; MOST_COMPARISONS];
        let held = |row: u32| {
            let (input, digests) = self.sides.get(rows.side_of(row))?;
            let held = Held {
                source: &input.source,
                digests,
            };
            Some((held, at(self.place.get(at(row)).copied()?)))
        };
        let (Some(left), Some(right)) = (held(a), held(b)) else {
            return out;
        };
        for (slot, (kind, comparison)) in
            out.iter_mut().zip(self.kinds.iter().zip(&self.comparisons))
        {
            let (x, y) = beside(comparison, left, right);
            *slot = kind.level(x, y);
        }
        self.dependent.settle(&mut out);
        out
    }
}
