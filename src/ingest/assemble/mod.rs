//! Landing tables to canonical tables: joins, unbroken spells, contacts once, aliases as rows.
//!
//! Nothing here knows a source system; it knows people, bookings, movements, contacts.

mod bookings;
mod contacts;
mod custody;
mod declarations;
mod names;
mod people;
mod sentence;
mod services;
pub mod spells;
mod streamed;
mod visits;

use std::path::Path;

use super::chunk::{Chunk, Landed};
use super::convert::{Setting, days};
use super::geography::Geography;
use super::landing::{self, Landing};
use super::ledger::Ledger;
use super::output::CanonicalWriter;
use crate::columnar::{ColumnarError, Written};
use crate::schema::canonical::Table;

use people::People;
use streamed::Streamed;

/// The canonical tables of one system, being written.
pub struct Assembly<'a> {
    system: &'a str,
    folder: &'a Path,
    geography: &'a Geography,
    setting: Setting,
    landed: Landed,
    /// People who need no joining go straight to the file.
    streamed: Option<(Streamed, CanonicalWriter)>,
    written: Vec<(Table, Written)>,
}

/// What a reference to a person leads to.
pub enum Found<'a> {
    /// Nobody.
    Nobody,
    /// Somebody nobody asks for.
    OutOfScope,
    /// A person; this is their record.
    Person(&'a str),
}

impl<'a> Assembly<'a> {
    /// Begins a system. `stream` says that its people need no joining.
    pub fn new(
        system: &'a str,
        folder: &'a Path,
        geography: &'a Geography,
        setting: Setting,
        stream: bool,
    ) -> Self {
        Assembly {
            system,
            folder,
            geography,
            setting,
            landed: Landed::default(),
            streamed: stream.then(|| {
                let writer = CanonicalWriter::new(folder, Table::Person, system);
                (Streamed::new(folder), writer)
            }),
            written: Vec::new(),
        }
    }

    /// The folder of its tables, where what does not fit into memory may be put aside.
    pub fn folder(&self) -> &'a Path {
        self.folder
    }

    /// Takes landed rows.
    pub fn take(
        &mut self,
        table: Landing,
        chunk: Chunk,
        ledger: &mut Ledger,
    ) -> Result<(), ColumnarError> {
        match &mut self.streamed {
            Some((streamed, writer)) if table == landing::person::TABLE => {
                for row in chunk.rows() {
                    streamed.add(row, writer, self.geography, ledger)?;
                }
            }
            _ => self.landed.push(table, chunk),
        }
        Ok(())
    }

    /// Makes the canonical tables.
    pub fn finish(mut self, ledger: &mut Ledger) -> Result<Vec<(Table, Written)>, ColumnarError> {
        let landed = std::mem::take(&mut self.landed);
        match self.streamed.take() {
            Some((streamed, writer)) => {
                self.keep(Table::Person, writer)?;
                self.tables(&landed, &streamed, ledger)?;
            }
            None => self.joined(&landed, ledger)?,
        }
        self.written.sort_by_key(|(table, _)| *table);
        Ok(self.written)
    }

    /// Systems with bookings, contacts, aliases: everything in memory, joined.
    fn joined(&mut self, landed: &Landed, ledger: &mut Ledger) -> Result<(), ColumnarError> {
        let mut people = People::read(landed, ledger, &self.setting);
        let bookings = bookings::Bookings::read(landed, &people, ledger);

        let mut relations = self.writer(Table::ParentChild);
        contacts::write(landed, &bookings, &mut people, &mut relations, ledger)?;
        services::write_relations(landed, &people, &mut relations, ledger)?;
        self.keep(Table::ParentChild, relations)?;

        let mut persons = self.writer(Table::Person);
        people.write(landed, self.geography, &mut persons, ledger)?;
        self.keep(Table::Person, persons)?;

        let mut spells = self.writer(Table::CustodySpell);
        custody::write(
            landed,
            &bookings,
            &people,
            days(self.setting.reference),
            &mut spells,
            ledger,
        )?;
        self.keep(Table::CustodySpell, spells)?;

        let mut visits = self.writer(Table::Visit);
        visits::write(landed, &bookings, &people, &mut visits, ledger)?;
        self.keep(Table::Visit, visits)?;

        let mut declared = self.writer(Table::DeclaredChildren);
        declarations::write(landed, Some(&bookings), &people, &mut declared, ledger)?;
        self.keep(Table::DeclaredChildren, declared)?;
        self.spells_of_services(landed, &people, ledger)
    }

    /// Systems whose people went straight through.
    fn tables(
        &mut self,
        landed: &Landed,
        people: &Streamed,
        ledger: &mut Ledger,
    ) -> Result<(), ColumnarError> {
        let mut relations = self.writer(Table::ParentChild);
        services::write_relations(landed, people, &mut relations, ledger)?;
        self.keep(Table::ParentChild, relations)?;
        let mut declared = self.writer(Table::DeclaredChildren);
        declarations::write(landed, None, people, &mut declared, ledger)?;
        self.keep(Table::DeclaredChildren, declared)?;
        self.spells_of_services(landed, people, ledger)
    }

    fn spells_of_services(
        &mut self,
        landed: &Landed,
        people: &impl Find,
        ledger: &mut Ledger,
    ) -> Result<(), ColumnarError> {
        let mut episodes = self.writer(Table::ServiceSpell);
        services::write_episodes(landed, people, &mut episodes, ledger)?;
        self.keep(Table::ServiceSpell, episodes)?;
        let mut supervisions = self.writer(Table::Supervision);
        services::write_supervisions(landed, people, &mut supervisions, ledger)?;
        self.keep(Table::Supervision, supervisions)
    }

    fn writer(&self, table: Table) -> CanonicalWriter {
        CanonicalWriter::new(self.folder, table, self.system)
    }

    fn keep(&mut self, table: Table, writer: CanonicalWriter) -> Result<(), ColumnarError> {
        if let Some(written) = writer.finish()? {
            self.written.push((table, written));
        }
        Ok(())
    }
}

/// Somewhere people can be looked up by record.
pub trait Find {
    /// Who that is.
    ///
    /// # Errors
    /// What was put aside on disk cannot be read.
    fn find<'s>(&'s self, record: &'s str) -> Result<Found<'s>, ColumnarError>;
}
