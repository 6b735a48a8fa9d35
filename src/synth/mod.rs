//! Synthetic extracts of England and Wales with a known truth.
//!
//! Everything is invented: the names are drawn from lists, the postcodes lie in districts that
//! are not in use, the numbers are permutations of an index. What the extracts have in common
//! with real ones is their form, their codes, their sizes and what goes wrong in them; the
//! parameters in `schemas/synth/parameters.toml` say which of that is published and which is
//! assumed.
//!
//! Each family is a function of the seed and of its number. Some thousand families make a part;
//! parts are made by all threads and written in their order, so the bytes depend on the seed, the
//! scale and the parameters, and the memory used does not grow with the country.
//!
//! [`pair`] writes something simpler: two files of people to link, and their truth.

mod calendar;
mod desk;
mod dice;
mod error;
mod ethnicity;
mod generate;
mod ids;
mod justice;
mod names;
mod noise;
mod numbers;
mod output;
pub mod pair;
mod parameters;
mod people;
mod places;
mod record;
mod sheets;
mod stays;
mod truth;
mod write_care;
mod write_census;
mod write_contacts;
mod write_custody;
mod write_declarations;
mod write_probation;
mod write_services;
mod write_stays;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use error::{EXPLANATIONS, MAX_SCALE, SynthError};
pub use parameters::{Basis, Parameters, Stated, Targets};
pub use record::{Summary, Tier, is_complete};

use crate::progress::Progress;
use generate::{Country, parts};
use output::Output;
use sheets::Sheet;
use truth::Counts;

/// What to write, and where.
#[derive(Debug, Clone)]
pub struct Job {
    /// The folder; empty or not there yet.
    pub out: PathBuf,
    /// The seed of all random draws.
    pub seed: u64,
    /// The part of the country to write: 1 is all of England and Wales.
    pub scale: f64,
    /// What the country is like.
    pub parameters: Parameters,
}

/// Writes all extracts and the truth, and `synth.json` last.
///
/// # Errors
/// The folder is not empty, the scale is out of range, or a file cannot be written.
pub fn run(job: &Job, progress: &dyn Progress) -> Result<Summary, SynthError> {
    if !(job.scale > 0.0 && job.scale <= MAX_SCALE) {
        return Err(SynthError::Scale);
    }
    must_be_empty(&job.out)?;
    let country = country(job)?;
    let all = parts(&country);
    let mut output = Output::create(&job.out)?;
    let mut counts = Counts::default();
    progress.begin(
        "families",
        Some(country.areas.iter().map(places::Area::families).sum()),
    );
    // So many parts at a time that no thread waits long and memory stays small.
    for batch in all.chunks(rayon::current_num_threads() * 4) {
        let made: Vec<_> = batch
            .par_iter()
            .map(|part| generate::write(&country, *part))
            .collect();
        for (part, mut written) in batch.iter().zip(made) {
            name_rows(&mut written, output.rows(CENSUS));
            output.pages(&written.pages)?;
            output.probation(&written.probation)?;
            if let Some(area) = country.areas.get(part.area) {
                output.returns(part.area, area, &written.returns)?;
                let left = area.families().saturating_sub(part.first);
                progress.advance(left.min(generate::FAMILIES_OF_PART));
            }
            counts.add(written.counts);
        }
    }
    progress.end();
    write_geography(&country, &mut output)?;
    write_prison_population(&counts, &mut output)?;
    output.whole(
        "truth/cells.csv",
        "tier,concept,table,dimension1,dimension2,value",
        &counts.sheet(),
    )?;
    output.whole("README.txt", README, &Sheet::default())?;
    let files = output.finish()?;
    record::write(job, files, &counts)
}

const CENSUS: &str = "childrens-services/school_census.csv";
const README: &str = "Synthetic extracts written by `kinlink synth`. Nobody in these files is a \
real person; names, dates, postcodes and numbers are invented. See synth.json for the seed.";

fn must_be_empty(path: &Path) -> Result<(), SynthError> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(SynthError::NotEmpty {
                path: path.to_path_buf(),
            }),
            None => Ok(()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(SynthError::Io {
            path: path.to_path_buf(),
            source,
        }),
    }
}

fn country(job: &Job) -> Result<Country<'_>, SynthError> {
    let key = dice::key(job.seed);
    let areas = places::areas(&job.parameters, &key, job.scale);
    let ids = ids::Ids::new(&key);
    let area_ids = (0..).take(areas.len()).map(|i| ids.of_area(i)).collect();
    Ok(Country {
        p: &job.parameters,
        key,
        names: names::Names::new()?,
        ids,
        justice_families: areas.iter().map(places::Area::justice).sum(),
        areas,
        area_ids,
    })
}

/// Census rows without a usable UPN are named by their number in the file.
fn name_rows(written: &mut generate::Written, before: u64) {
    for (row, person) in &written.unnumbered {
        let record = format!("row:{}", before + row);
        written.pages.true_persons.row(&[
            "census",
            &record,
            person,
            crate::schema::canonical::kind::CHILD,
        ]);
    }
}

/// The prison population of the reference date, as it would be published.
fn write_prison_population(counts: &Counts, output: &mut Output) -> Result<(), SynthError> {
    let [all, women] = counts.stock;
    let mut sheet = Sheet::default();
    sheet.row(&["sex", "female", &women.to_string()]);
    sheet.row(&["sex", "male", &all.saturating_sub(women).to_string()]);
    output.whole(
        "geography/prison_population.csv",
        "margin,category,population",
        &sheet,
    )
}

fn write_geography(country: &Country, output: &mut Output) -> Result<(), SynthError> {
    let (mut directory, mut population) = (Sheet::default(), Sheet::default());
    for area in &country.areas {
        for unit in 0..area.units {
            directory.row(&[&area.postcode(unit), &area.la.code]);
        }
        population.row(&[&area.la.code, &area.children.to_string()]);
    }
    output.whole(
        "geography/postcode_directory.csv",
        "postcode,local_authority",
        &directory,
    )?;
    output.whole(
        "geography/child_population.csv",
        "local_authority,children",
        &population,
    )
}
