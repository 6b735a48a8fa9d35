//! Draws pairs for clerical review: by score band, links apart from others, from a seed.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use hashbrown::HashSet;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{FOLDER, FOR_REVIEWERS, Frame, KEY, SAMPLE, Sample, Stratum, usage};
use crate::link::LinkError;
use crate::link::model::real;
use crate::link::model_file::ModelFile;
use crate::link::out_files::{self, StoredPair};
use crate::link::pairs::Pattern;
use crate::link::stage::{write_json, write_text};
use crate::link::why::level_words;

/// Bounds of score bands, ascending between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands(Vec<f64>);

impl Bands {
    /// Of bounds; none if they do not ascend strictly between 0 and 1.
    pub fn new(bounds: Vec<f64>) -> Option<Self> {
        let ascending = bounds
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a < b));
        let inside = bounds.iter().all(|b| *b > 0.0 && *b < 1.0);
        (ascending && inside).then_some(Bands(bounds))
    }

    /// The band of a probability: it holds its lower bound.
    fn of(&self, probability: f64) -> usize {
        self.0.partition_point(|bound| *bound <= probability)
    }

    fn name(&self, band: usize) -> String {
        let bound = |place: Option<usize>| place.and_then(|p| self.0.get(p)).copied();
        let low = bound(band.checked_sub(1)).unwrap_or(0.0);
        format!("{low} to {}", bound(Some(band)).unwrap_or(1.0))
    }
}

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The score bands.
    pub bands: Bands,
    /// Pairs of each band; where a band has links and others, of each of the two.
    pub per_band: u64,
    /// The seed.
    pub seed: u64,
}

/// A pair that was drawn.
#[derive(Debug, Clone)]
struct Drawn {
    left: String,
    right: String,
    probability: f64,
    pattern: Pattern,
    stratum: usize,
}

/// The pairs of a stratum, of which every one is kept with the same chance (algorithm R; Vitter,
/// "Random sampling with a reservoir", 1985).
struct Reservoir {
    seen: u64,
    room: u64,
    kept: Vec<Drawn>,
    random: ChaCha8Rng,
}

impl Reservoir {
    fn new(room: u64, seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Reservoir {
            seen: 0,
            room,
            kept: Vec::new(),
            random,
        }
    }

    fn offer(&mut self, pair: &StoredPair<'_>, stratum: usize) {
        self.seen += 1;
        let drawn = || Drawn {
            left: pair.left.to_owned(),
            right: pair.right.to_owned(),
            probability: pair.probability,
            pattern: pair.pattern,
            stratum,
        };
        if self.seen <= self.room {
            self.kept.push(drawn());
            return;
        }
        let place = self.random.random_range(0..self.seen);
        let slot = usize::try_from(place)
            .ok()
            .and_then(|p| self.kept.get_mut(p));
        if let Some(slot) = slot {
            *slot = drawn();
        }
    }
}

/// Draws a sample and writes it to the folder `review` of a linkage, or of `apart` where that is given:
/// what belongs to a run is left as it is.
pub fn sample(out: &Path, apart: Option<&Path>, plan: &Plan) -> Result<Sample, LinkError> {
    let model = out_files::read_model(out)?;
    let folder = apart.unwrap_or(out).join(FOLDER);
    if folder.exists() {
        return Err(usage(
            "KL-L-061",
            "a sample was already drawn from this linkage",
            "read the decisions on it, or move its folder away before another is drawn",
            &folder,
        ));
    }
    let (others, frame) = frame(out, &model)?;
    // Of each band the links, then the others; the most probable band first.
    let bands = plan.bands.0.len() + 1;
    let mut strata: Vec<Reservoir> = (0_u64..)
        .take(2 * bands)
        .map(|number| Reservoir::new(plan.per_band, plan.seed, number + 1))
        .collect();
    let stratum = |p: f64, linked: bool| 2 * (bands - 1 - plan.bands.of(p)) + usize::from(!linked);
    let mut offer = |pair: &StoredPair<'_>, linked: bool| {
        let stratum = stratum(pair.probability, linked);
        if let Some(reservoir) = strata.get_mut(stratum) {
            reservoir.offer(pair, stratum);
        }
    };
    let mut linked: HashSet<(Box<str>, Box<str>)> = HashSet::new();
    out_files::read_patterns(&out.join(out_files::LINKS), |pair| {
        linked.insert((pair.left.into(), pair.right.into()));
        offer(pair, true);
    })?;
    if let Some(path) = others {
        out_files::read_patterns(&path, |pair| {
            if !linked.contains(&(pair.left.into(), pair.right.into())) {
                offer(pair, false);
            }
        })?;
    }
    let named = |(place, reservoir): (usize, &Reservoir)| Stratum {
        band: plan.bands.name(bands - 1 - place / 2),
        linked: place % 2 == 0,
        pairs: reservoir.seen,
        drawn: reservoir.kept.len() as u64,
    };
    let named: Vec<Stratum> = strata.iter().enumerate().map(named).collect();
    let mut drawn: Vec<Drawn> = strata.into_iter().flat_map(|r| r.kept).collect();
    if drawn.is_empty() {
        return Err(usage(
            "KL-L-060",
            "the linkage has no pair that could be drawn",
            "link again with --keep 0, which keeps every pair that was compared",
            out,
        ));
    }
    drawn.shuffle(&mut ChaCha8Rng::seed_from_u64(plan.seed));
    let key = match apart {
        Some(_) => out_files::fingerprint(&out.join(out_files::LINKS))?,
        None => None,
    };
    write(&folder, (plan, key), frame, (&model, &named, &drawn))
}

/// The file of pairs that are no links, and what it holds.
fn frame(out: &Path, model: &ModelFile) -> Result<(Option<PathBuf>, Frame), LinkError> {
    for name in [out_files::PAIRS, out_files::BAND] {
        let path = out.join(name);
        if !path.exists() {
            continue;
        }
        let least = out_files::least_probability(&path)?.unwrap_or(model.threshold);
        if least <= 0.0 {
            return Ok((Some(path), Frame::Compared));
        }
        if least < model.threshold {
            let probability = least;
            return Ok((Some(path), Frame::From { probability }));
        }
    }
    Ok((None, Frame::Links))
}

fn write(
    folder: &Path,
    (plan, key_fingerprint): (&Plan, Option<String>),
    frame: Frame,
    (model, strata, drawn): (&ModelFile, &[Stratum], &[Drawn]),
) -> Result<Sample, LinkError> {
    let mut private = std::fs::DirBuilder::new();
    private
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| LinkError::Io {
            path: folder.to_path_buf(),
            source,
        })?;
    let (for_reviewers, _) = write_text(&folder.join(FOR_REVIEWERS), &reviewers(model, drawn))?;
    let (key, _) = write_text(&folder.join(KEY), &steward(strata, drawn))?;
    let sample = Sample {
        seed: plan.seed,
        bands: plan.bands.0.clone(),
        per_band: plan.per_band,
        frame,
        strata: strata.iter().filter(|s| s.pairs > 0).cloned().collect(),
        key,
        for_reviewers,
        key_fingerprint,
    };
    write_json(&folder.join(SAMPLE), &sample)?;
    write_text(&folder.join("README.md"), README)?;
    Ok(sample)
}

/// A table of text as CSV.
pub(super) fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(&row);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

fn reviewers(model: &ModelFile, drawn: &[Drawn]) -> String {
    let mut header = vec!["number", "decision"];
    let names = model.comparisons.iter().map(|c| c.comparison.name.as_str());
    header.extend(names);
    let row = |(number, pair): (u64, &Drawn)| {
        let levels = (0..model.comparisons.len())
            .map(|place| level_words(model, pair.pattern, place).to_owned());
        [number.to_string(), String::new()]
            .into_iter()
            .chain(levels)
            .collect()
    };
    table(&header, (1..).zip(drawn).map(row))
}

fn steward(strata: &[Stratum], drawn: &[Drawn]) -> String {
    let header = [
        "number",
        "left_id",
        "right_id",
        "band",
        "linked",
        "probability",
        "band_pairs",
        "sampling_fraction",
    ];
    let row = |(number, pair): (u64, &Drawn)| {
        let stratum = strata.get(pair.stratum);
        let of = |tell: &dyn Fn(&Stratum) -> String| stratum.map(tell).unwrap_or_default();
        vec![
            number.to_string(),
            pair.left.clone(),
            pair.right.clone(),
            of(&|s| s.band.clone()),
            of(&|s| s.linked.to_string()),
            pair.probability.to_string(),
            of(&|s| s.pairs.to_string()),
            of(&|s| (real(s.drawn) / real(s.pairs).max(1.0)).to_string()),
        ]
    };
    table(&header, (1..).zip(drawn).map(row))
}

const README: &str = "\
# Clerical review of a linkage

| file | for whom |
| --- | --- |
| `pairs_for_reviewers.csv` | the two reviewers, a copy each |
| `key_for_steward.csv` | the data steward alone: it names the rows |
| `sample.json` | the program: what was drawn, and the digest of the key |

1. The **steward** gives each reviewer a copy of `pairs_for_reviewers.csv` and nothing else, and keeps the key.
2. Each **reviewer** fills in the column `decision` with `match`, `no match` or `unsure`, alone and without talking to the other. The pairs are in an order of chance; neither the model's probability nor the decision taken is told.
3. The **steward** runs `kinlink link review read OUT reviewer1.csv reviewer2.csv`. It tells how far the two agree and writes `to_adjudicate.csv`: the pairs on which they differ, or are both unsure.
4. A third person, the **adjudicator**, fills in a copy of that file.
5. The **steward** runs the same command with `--adjudicated FILE`. It writes `labels.parquet`, `scored_labels.csv`, `strata.csv`, `calibration.csv` and `review.html`, and tells precision, recall and calibration.

The levels say how far two rows agree on a field, and no value. Where reviewers may see the rows themselves, the steward looks them up by the key in the place where the rows are kept.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_holds_its_lower_bound() {
        let bands = Bands::new(vec![0.05, 0.5]).expect("bands");
        assert_eq!(
            [0.0, 0.05, 0.4999, 0.5, 1.0].map(|p| bands.of(p)),
            [0, 1, 1, 2, 2]
        );
        let names: Vec<String> = (0..3).map(|band| bands.name(band)).collect();
        assert_eq!(names, ["0 to 0.05", "0.05 to 0.5", "0.5 to 1"]);
        for wrong in [
            vec![0.5, 0.5],
            vec![0.9, 0.1],
            vec![0.0],
            vec![1.0],
            vec![f64::NAN],
        ] {
            assert_eq!(Bands::new(wrong), None);
        }
    }

    #[test]
    fn a_reservoir_keeps_each_pair_with_the_same_chance() {
        let mut kept = [0_u32; 20];
        for seed in 0..4000 {
            let mut reservoir = Reservoir::new(5, seed, 1);
            for n in 0..20_u32 {
                let pair = StoredPair {
                    left: &n.to_string(),
                    right: "r",
                    weight: 0.0,
                    probability: 0.5,
                    pattern: Pattern(0),
                };
                reservoir.offer(&pair, 0);
            }
            assert_eq!((reservoir.seen, reservoir.kept.len()), (20, 5));
            for pair in &reservoir.kept {
                kept[pair.left.parse::<usize>().expect("number")] += 1;
            }
        }
        // Each is expected 1000 times, with a standard deviation of 27.
        assert!(kept.iter().all(|n| (880..1120).contains(n)), "{kept:?}");
    }
}
