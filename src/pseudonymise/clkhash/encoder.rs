//! Records to CLKs: every feature's tokens set bits in one filter.
//!
//! Names, dates and places come again and again, so a worker keeps the bits of the values, and
//! the positions of the tokens, that it met. The stores are bounded; what they hold changes
//! nothing but the time.

use hashbrown::HashMap;

use super::bits::{Filter, Hasher, Positions};
use super::error::{Breach, SchemaProblem};
use super::field::Encoded;
use super::schema::LinkageSchema;
use super::secret::Secret;
use super::tokens::Tokens;

/// Words of filters that a worker keeps for each feature: four mebibytes. In tests so few
/// that the stores run over.
const KEPT_WORDS: usize = if cfg!(test) { 64 } else { 1 << 19 };
/// Filters longer than this are not kept.
const LONGEST_KEPT: usize = 512;
/// Values are kept as long as one in so many is met again.
const WORTH_KEEPING: usize = 4;
/// Tokens whose positions a worker keeps for each feature.
const KEPT_TOKENS: usize = if cfg!(test) { 8 } else { 1 << 15 };
/// Values and tokens longer than this are not kept.
const LONGEST_KEY: usize = 64;
/// Lists of positions longer than this are not kept.
const LONGEST_LIST: usize = 256;

/// A schema with its keys. It has no `Debug`.
pub struct Encoder<'s> {
    schema: &'s LinkageSchema,
    /// One for each feature; `None` for those that are ignored.
    hashers: Vec<Option<Hasher>>,
}

/// What one thread needs to encode; a worker belongs to the encoder that made it.
pub struct Worker {
    filter: Filter,
    part: Filter,
    tokens: Tokens,
    kept: Vec<Kept>,
}

/// What a worker met of one feature.
#[derive(Default)]
struct Kept {
    values: HashMap<Box<str>, Box<[u64]>>,
    /// How often a value was met again since the store was last emptied.
    hits: usize,
    /// Values hardly come again, as postcodes: they are no longer kept.
    tired: bool,
    tokens: HashMap<Box<[u8]>, Positions>,
}

/// Which feature of a record breaks its format, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordBreach {
    /// The place of the feature in the schema.
    pub feature: usize,
    /// The rule.
    pub breach: Breach,
}

impl<'s> Encoder<'s> {
    /// Derives the keys of a schema from a secret.
    pub fn new(schema: &'s LinkageSchema, secret: &Secret) -> Result<Self, SchemaProblem> {
        let impossible =
            |what| SchemaProblem::new("clkConfig.kdf", format!("keys of that size and {what}"));
        let keys = schema
            .kdf
            .derive(secret, schema.features.len())
            .ok_or_else(|| impossible("number cannot be derived"))?;
        let length = u32::try_from(schema.filter_length()).unwrap_or(u32::MAX);
        let mut hashers = Vec::with_capacity(schema.features.len());
        for (i, feature) in schema.features.iter().enumerate() {
            let Some(encoded) = &feature.encoded else {
                hashers.push(None);
                continue;
            };
            let pair = keys
                .pair(i)
                .ok_or_else(|| impossible("number are too few"))?;
            let hasher = Hasher::new(encoded.hashing.function, pair, length)
                .map_err(|_| impossible("hash function do not go together"))?;
            hashers.push(Some(hasher));
        }
        Ok(Encoder { schema, hashers })
    }

    /// The name of a feature by its place.
    pub fn column(&self, place: usize) -> &str {
        let feature = self.schema.features.get(place);
        feature.map_or("", |f| f.identifier.as_str())
    }

    /// The hash function of a feature.
    #[cfg(test)]
    pub(super) fn hasher(&self, place: usize) -> Option<&Hasher> {
        self.hashers.get(place)?.as_ref()
    }

    /// A worker with empty stores.
    pub fn worker(&self) -> Worker {
        let length = self.schema.filter_length();
        Worker {
            filter: Filter::new(length),
            part: Filter::new(length),
            tokens: Tokens::default(),
            kept: self.hashers.iter().map(|_| Kept::default()).collect(),
        }
    }

    /// Puts the CLK of one record into `out`, as bytes; tells how many of its bits are set.
    ///
    /// The record has a cell for every feature. The first cell that breaks its format ends it.
    pub fn encode<'v>(
        &self,
        worker: &mut Worker,
        record: impl Iterator<Item = &'v str>,
        out: &mut Vec<u8>,
    ) -> Result<u32, RecordBreach> {
        worker.filter.clear();
        let features = self.schema.features.iter().zip(&self.hashers);
        for (place, ((feature, hasher), raw)) in features.zip(record).enumerate() {
            if let (Some(encoded), Some(hasher), Some(kept)) =
                (&feature.encoded, hasher, worker.kept.get_mut(place))
            {
                if let Some(words) = kept.values.get(raw) {
                    kept.hits += 1;
                    worker.filter.unite(words);
                    continue;
                }
                worker.part.clear();
                kept.hash(encoded, hasher, raw, &mut worker.tokens, &mut worker.part)
                    .map_err(|breach| RecordBreach {
                        feature: place,
                        breach,
                    })?;
                worker.filter.unite(worker.part.words());
                kept.keep_value(raw, worker.part.words());
            }
        }
        if self.schema.folds == 0 {
            worker.filter.bytes(out);
            return Ok(worker.filter.count());
        }
        let mut folded = worker.filter.clone();
        folded.fold(self.schema.folds);
        folded.bytes(out);
        Ok(folded.count())
    }
}

impl Kept {
    /// Sets the bits of one value in a filter.
    fn hash(
        &mut self,
        encoded: &Encoded,
        hasher: &Hasher,
        raw: &str,
        tokens: &mut Tokens,
        filter: &mut Filter,
    ) -> Result<(), Breach> {
        let value = encoded.prepare(raw)?;
        tokens.fill(&encoded.comparison, encoded.encoding, &value)?;
        let count = tokens.len();
        for (place, token) in tokens.iter().enumerate() {
            let bits = encoded.hashing.strategy.bits(place, count);
            if let Some(positions) = self.tokens.get_mut(token) {
                hasher.ensure(positions, token, bits);
                positions.set(filter, bits);
                continue;
            }
            let positions = hasher.positions(token, bits);
            positions.set(filter, bits);
            if token.len() <= LONGEST_KEY && bits <= LONGEST_LIST {
                if self.tokens.len() >= KEPT_TOKENS {
                    self.tokens.clear();
                }
                self.tokens.insert(token.into(), positions);
            }
        }
        Ok(())
    }

    fn keep_value(&mut self, raw: &str, words: &[u64]) {
        if self.tired || raw.len() > LONGEST_KEY || words.len() > LONGEST_KEPT {
            return;
        }
        let met = self.values.len();
        if met >= KEPT_WORDS / words.len().max(1) {
            self.tired = self.hits < met / WORTH_KEEPING;
            self.hits = 0;
            self.values = HashMap::new();
        }
        self.values.insert(raw.into(), words.into());
    }
}
