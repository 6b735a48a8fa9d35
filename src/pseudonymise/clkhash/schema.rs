//! Linkage schemas: read, checked and made ready.
//!
//! The rules are those of the published JSON schema of version 3 and of the reference's code.
//! Where that JSON schema allows keys that nobody reads, they are noted; where it forbids them,
//! they are problems.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::base64_text::bytes_of;
use super::bits::{Function, Hashing, LONGEST_BLAKE_KEY, LONGEST_FILTER, Strategy};
use super::date::DateFormat;
use super::error::SchemaProblem;
use super::field::{Case, Encoded, Feature, Format, Missing};
use super::pattern::Pattern;
use super::reading::{Notes, Object};
use super::secret::{Kdf, KdfHash};
use super::tokens::{Comparison, Encoding, Grid};
use super::versions;

const MOST_BITS: u64 = 1 << 20;
const LONGEST_GRAM: u64 = 1024;
const DEFAULT_KEY_SIZE: u64 = 64;

/// A linkage schema that can be carried out.
pub struct LinkageSchema {
    pub(super) features: Vec<Feature>,
    pub(super) kdf: Kdf,
    /// Bits of a record's encoding.
    pub(super) length: usize,
    /// How often the filter is folded to come to that length.
    pub(super) folds: u32,
    remarks: Vec<SchemaRemark>,
}

/// What a reader of the schema might think that it does, and it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaRemark {
    /// `xorFolds` stands in the published schema, and the reference reads `xor_folds`.
    XorFoldsIgnored,
    /// A key that nobody reads.
    UnreadKey(String),
    /// Only one feature is hashed.
    SingleFeature,
}

/// Why a text is no linkage schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaFault {
    /// Not JSON, at this line.
    NotJson(u64),
    /// All that is wrong.
    Problems(Vec<SchemaProblem>),
}

impl LinkageSchema {
    /// Reads a schema of version 1, 2 or 3.
    pub fn from_json(text: &str) -> Result<Self, SchemaFault> {
        let value: Value = serde_json::from_str(text)
            .map_err(|e| SchemaFault::NotJson(u64::try_from(e.line()).unwrap_or(u64::MAX)))?;
        let value = versions::to_latest(value).map_err(|p| SchemaFault::Problems(vec![p]))?;
        let notes = RefCell::new(Notes::default());
        let schema = read(&value, &notes);
        let notes = notes.into_inner();
        match schema {
            Some(mut schema) if notes.problems.is_empty() => {
                let unread = notes.unread.into_iter().map(SchemaRemark::UnreadKey);
                schema.remarks.extend(unread);
                Ok(schema)
            }
            _ => Err(SchemaFault::Problems(notes.problems)),
        }
    }

    /// The columns that a table must have, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.features.iter().map(|f| f.identifier.as_str())
    }

    /// What the reader of the schema should know.
    pub fn remarks(&self) -> &[SchemaRemark] {
        &self.remarks
    }

    /// Bits of the filter before it is folded.
    pub(super) fn filter_length(&self) -> usize {
        self.length << self.folds
    }
}

fn read(value: &Value, notes: &RefCell<Notes>) -> Option<LinkageSchema> {
    let top = Object::of(value, String::new(), notes)?;
    top.note_others(&["version", "clkConfig", "features", "$schema"]);
    let config = top.object("clkConfig");
    let read_config = config.as_ref().and_then(read_config);
    let mut features = Vec::new();
    for (path, item) in top.list("features")? {
        features.extend(Object::of(item, path, notes).and_then(|f| read_feature(&f)));
    }
    let (length, folds, kdf, folds_unread) = read_config?;
    let mut remarks = Vec::new();
    if folds_unread {
        remarks.push(SchemaRemark::XorFoldsIgnored);
    }
    if features.iter().filter(|f| f.encoded.is_some()).count() == 1 {
        remarks.push(SchemaRemark::SingleFeature);
    }
    let schema = LinkageSchema {
        features,
        kdf,
        length,
        folds,
        remarks,
    };
    if notes.borrow().problems.is_empty() {
        check_feasible(&schema, &top);
    }
    Some(schema)
}

/// What the keys and hash functions cannot do.
fn check_feasible(schema: &LinkageSchema, top: &Object<'_, '_>) {
    let length = schema.filter_length();
    let key_size = schema.kdf.key_size;
    if schema.features.is_empty() {
        top.problem("features", "at least one feature is expected");
    }
    let needed = schema.features.len().saturating_mul(2 * key_size);
    if needed > schema.kdf.most_bytes() {
        let most = schema.kdf.most_bytes();
        let rule = format!("two keys a feature take {needed} bytes, and HKDF gives {most}");
        top.problem("features", rule);
    }
    for (i, feature) in schema.features.iter().enumerate() {
        let Some(encoded) = &feature.encoded else {
            continue;
        };
        let path = format!("features[{i}].hashing.hash");
        match encoded.hashing.function {
            Function::Blake if !length.is_power_of_two() => {
                top.problem(&path, "blakeHash needs an `l` that is a power of two");
            }
            Function::Blake if key_size > LONGEST_BLAKE_KEY => {
                top.problem(&path, "blakeHash needs a `keySize` of at most 64");
            }
            Function::Double {
                prevent_singularity: true,
            } if length == 1 => top.problem(&path, "in a filter of one bit every step is 0"),
            _ => {}
        }
    }
}

type Config = (usize, u32, Kdf, bool);

fn read_config(config: &Object<'_, '_>) -> Option<Config> {
    config.note_others(&["l", "kdf", "xor_folds", "xorFolds"]);
    let length = config.whole("l", 1, LONGEST_FILTER);
    let published = config.optional_whole("xorFolds", 0, u64::MAX).unwrap_or(0);
    let folds = config.optional_whole("xor_folds", 0, 24).unwrap_or(0);
    let kdf = config.object("kdf").and_then(|k| read_kdf(&k));
    let (length, folds) = (length?, u32::try_from(folds).ok()?);
    if length << folds > LONGEST_FILTER {
        let rule = format!("the filter before folding is longer than {LONGEST_FILTER} bits");
        config.problem("xor_folds", rule);
        return None;
    }
    let unread = published > 0 && !config.has("xor_folds");
    Some((usize::try_from(length).ok()?, folds, kdf?, unread))
}

fn read_kdf(kdf: &Object<'_, '_>) -> Option<Kdf> {
    kdf.note_others(&["type", "hash", "salt", "info", "keySize"]);
    kdf.choice("type", &[("HKDF", ())]);
    let hashes = [("SHA256", KdfHash::Sha256), ("SHA512", KdfHash::Sha512)];
    let key_size = kdf.optional_whole("keySize", 1, 255 * 64);
    Some(Kdf {
        hash: kdf
            .optional_choice("hash", &hashes)
            .unwrap_or(KdfHash::Sha256),
        salt: decoded(kdf, "salt"),
        info: decoded(kdf, "info").unwrap_or_default(),
        key_size: usize::try_from(key_size.unwrap_or(DEFAULT_KEY_SIZE)).ok()?,
    })
}

fn decoded(kdf: &Object<'_, '_>, key: &str) -> Option<Vec<u8>> {
    let bytes = bytes_of(kdf.optional_text(key)?);
    if bytes.is_none() {
        kdf.problem(key, "text in base64 is expected");
    }
    bytes
}

fn read_feature(feature: &Object<'_, '_>) -> Option<Feature> {
    let identifier = feature.text("identifier");
    feature.optional_text("description");
    let ignored = feature.optional_bool("ignored").unwrap_or(false);
    if ignored {
        // Either nothing else, or the whole of a feature, which then nobody reads.
        let alone = feature.has_only(&["identifier", "ignored", "description"]);
        let whole = feature.has("format") && feature.has("hashing");
        if !(alone || whole) {
            feature.problem(
                "",
                "an ignored feature has an identifier and a description only",
            );
        }
        return Some(Feature {
            identifier: identifier?.to_owned(),
            encoded: None,
        });
    }
    feature.note_others(&["identifier", "ignored", "description", "format", "hashing"]);
    let format = feature.object("format").and_then(|f| read_format(&f));
    let hashing = feature.object("hashing").and_then(|h| read_hashing(&h));
    let (format, encoding) = format?;
    let (hashing, comparison, missing) = hashing?;
    let encoded = Encoded {
        format,
        missing,
        comparison,
        encoding,
        hashing,
    };
    Some(Feature {
        identifier: identifier?.to_owned(),
        encoded: Some(encoded),
    })
}

fn read_format(format: &Object<'_, '_>) -> Option<(Format, Encoding)> {
    #[derive(Clone, Copy)]
    enum Kind {
        Text,
        Integer,
        Date,
        Enum,
    }
    let kinds = [
        ("string", Kind::Text),
        ("integer", Kind::Integer),
        ("date", Kind::Date),
        ("enum", Kind::Enum),
    ];
    format.optional_text("description");
    match format.choice("type", &kinds)? {
        Kind::Text => read_text(format),
        Kind::Integer => {
            format.refuse_others(&["type", "minimum", "maximum", "description"]);
            let limit = |key| format.optional_integer(key).and_then(|n| n.parse().ok());
            let integer = Format::Integer {
                minimum: limit("minimum"),
                maximum: limit("maximum"),
            };
            Some((integer, Encoding::Utf8))
        }
        Kind::Date => {
            format.refuse_others(&["type", "format", "description"]);
            let date = DateFormat::new(format.text("format")?);
            if date.is_none() {
                format.problem(
                    "format",
                    "a `strptime` format, no directive twice, is expected",
                );
            }
            Some((Format::Date(date?), Encoding::Utf8))
        }
        Kind::Enum => {
            format.refuse_others(&["type", "values", "description"]);
            let mut values = BTreeSet::new();
            for (_, value) in format.list("values")? {
                match value.as_str() {
                    Some(text) => values.insert(text.to_owned()),
                    None => {
                        format.problem("values", "a list of texts is expected");
                        return None;
                    }
                };
            }
            Some((Format::Enum(values), Encoding::Utf8))
        }
    }
}

fn read_text(format: &Object<'_, '_>) -> Option<(Format, Encoding)> {
    let encodings = [
        ("ascii", Encoding::Ascii),
        ("utf-8", Encoding::Utf8),
        ("utf-16", Encoding::Utf16),
        ("utf-32", Encoding::Utf32),
    ];
    let encoding = format
        .optional_choice("encoding", &encodings)
        .unwrap_or(Encoding::Utf8);
    if format.has("pattern") {
        format.refuse_others(&["type", "encoding", "pattern", "description"]);
        let pattern = Pattern::new(format.text("pattern")?);
        if pattern.is_none() {
            format.problem("pattern", "a regular expression of Python is expected");
        }
        return Some((Format::Pattern(pattern?), encoding));
    }
    format.refuse_others(&[
        "type",
        "encoding",
        "case",
        "minLength",
        "maxLength",
        "description",
    ]);
    let cases = [
        ("upper", Case::Upper),
        ("lower", Case::Lower),
        ("mixed", Case::Mixed),
    ];
    let limit = |key: &str, least: u64| {
        let length: u64 = format.optional_integer(key)?.parse().unwrap_or(0);
        if length < least {
            format.problem(
                key,
                format!("a whole number of at least {least} is expected"),
            );
        }
        Some(length)
    };
    let text = Format::Text {
        case: format
            .optional_choice("case", &cases)
            .unwrap_or(Case::Mixed),
        least: limit("minLength", 0),
        most: limit("maxLength", 1),
    };
    Some((text, encoding))
}

fn read_hashing(hashing: &Object<'_, '_>) -> Option<(Hashing, Comparison, Option<Missing>)> {
    hashing.refuse_others(&["hash", "strategy", "comparison", "missingValue"]);
    let function = match hashing.has("hash") {
        true => hashing.object("hash").and_then(|h| read_function(&h)),
        false => Some(Function::Blake),
    };
    let strategy = hashing.object("strategy").and_then(|s| read_strategy(&s));
    let comparison = hashing
        .object("comparison")
        .and_then(|c| read_comparison(&c));
    let missing = match hashing.has("missingValue") {
        true => Some(
            hashing
                .object("missingValue")
                .and_then(|m| read_missing(&m))?,
        ),
        false => None,
    };
    let hashing = Hashing {
        function: function?,
        strategy: strategy?,
    };
    Some((hashing, comparison?, missing))
}

fn read_function(hash: &Object<'_, '_>) -> Option<Function> {
    hash.note_others(&["type", "prevent_singularity"]);
    let prevent = hash.optional_bool("prevent_singularity");
    let functions = [
        ("blakeHash", Function::Blake),
        (
            "doubleHash",
            Function::Double {
                prevent_singularity: prevent.unwrap_or(false),
            },
        ),
    ];
    let function = hash.choice("type", &functions)?;
    if function == Function::Blake && hash.has("prevent_singularity") {
        hash.problem("prevent_singularity", "only doubleHash has this key");
        return None;
    }
    Some(function)
}

fn read_strategy(strategy: &Object<'_, '_>) -> Option<Strategy> {
    let bits = |key: &str| {
        let bits: u64 = strategy.optional_integer(key)?.parse().unwrap_or(0);
        if !(1..=MOST_BITS).contains(&bits) {
            strategy.problem(
                key,
                format!("a whole number from 1 to {MOST_BITS} is expected"),
            );
        }
        u32::try_from(bits).ok()
    };
    strategy.refuse_others(&["bitsPerToken", "bitsPerFeature"]);
    match (strategy.has("bitsPerToken"), strategy.has("bitsPerFeature")) {
        (true, false) => bits("bitsPerToken").map(Strategy::PerToken),
        (false, true) => bits("bitsPerFeature").map(Strategy::PerFeature),
        _ => {
            strategy.problem("", "either `bitsPerToken` or `bitsPerFeature` is expected");
            None
        }
    }
}

fn read_comparison(comparison: &Object<'_, '_>) -> Option<Comparison> {
    #[derive(Clone, Copy)]
    enum Kind {
        Ngram,
        Exact,
        Numeric,
    }
    let kinds = [
        ("ngram", Kind::Ngram),
        ("exact", Kind::Exact),
        ("numeric", Kind::Numeric),
    ];
    match comparison.choice("type", &kinds)? {
        Kind::Ngram => {
            comparison.note_others(&["type", "n", "positional"]);
            let positional = comparison.optional_bool("positional").unwrap_or(false);
            let n = comparison.whole("n", 1, LONGEST_GRAM)?;
            let n = usize::try_from(n).ok()?;
            Some(Comparison::Ngram { n, positional })
        }
        Kind::Exact => {
            comparison.note_others(&["type"]);
            Some(Comparison::Exact)
        }
        Kind::Numeric => {
            let keys = [
                "type",
                "thresholdDistance",
                "resolution",
                "fractional_precision",
            ];
            comparison.note_others(&keys);
            let distance = comparison.number("thresholdDistance");
            let resolution = comparison.whole("resolution", 1, MOST_BITS);
            let precision = comparison.optional_whole("fractional_precision", 0, 300);
            let resolution = u32::try_from(resolution?).ok()?;
            let precision = u32::try_from(precision.unwrap_or(0)).ok()?;
            let grid = Grid::new(distance?, resolution, precision);
            if grid.is_none() {
                let rule = "a number above 0 is expected, of 1 to 2^53 units of the last digit \
                            that `fractional_precision` counts";
                comparison.problem("thresholdDistance", rule);
            }
            grid.map(Comparison::Numeric)
        }
    }
}

fn read_missing(missing: &Object<'_, '_>) -> Option<Missing> {
    missing.note_others(&["sentinel", "replaceWith"]);
    let sentinel = missing.text("sentinel")?;
    let replacement = missing.optional_text("replaceWith").unwrap_or(sentinel);
    Some(Missing {
        sentinel: sentinel.to_owned(),
        replacement: replacement.to_owned(),
    })
}
