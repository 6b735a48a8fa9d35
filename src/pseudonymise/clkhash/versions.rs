//! Linkage schemas of versions 1 and 2, brought to version 3 as the reference does.
//!
//! | version 1 | version 2 | version 3 |
//! | --- | --- | --- |
//! | `clkConfig.k` times the feature's `weight`, rounded half to even | `hashing.strategy.k` | `hashing.strategy.bitsPerToken` |
//! | | `hashing.strategy.numBits` | `hashing.strategy.bitsPerFeature` |
//! | `clkConfig.hash` | `hashing.hash` | `hashing.hash` |
//! | `hashing.ngram`, `.positional` | `hashing.ngram`, `.positional` | `hashing.comparison` |
//! | `weight` 0 | `ignored` | `ignored` |
//!
//! Of the `clkConfig` of version 1, only `l`, `kdf` and `xor_folds` are kept.

use serde_json::{Map, Value, json};

use super::error::SchemaProblem;

type Converted = Result<Value, SchemaProblem>;

/// A schema of any version as one of version 3.
pub fn to_latest(schema: Value) -> Converted {
    // `3.0` is 3, as in the reference.
    let version = schema.get("version").and_then(Value::as_f64);
    match version {
        Some(1.0) => first_to_second(schema).and_then(second_to_third),
        Some(2.0) => second_to_third(schema),
        Some(3.0) => Ok(schema),
        _ => Err(SchemaProblem::new("version", "1, 2 or 3 is expected")),
    }
}

fn missing(path: impl Into<String>) -> SchemaProblem {
    SchemaProblem::new(path, "the key is missing, or is not an object or list")
}

fn object(value: Option<&mut Value>, path: &str) -> Result<Map<String, Value>, SchemaProblem> {
    match value.map(Value::take) {
        Some(Value::Object(map)) => Ok(map),
        _ => Err(missing(path)),
    }
}

/// Changes every feature that is not ignored. Ignored ones may say nothing else.
fn each_feature(
    schema: &mut Value,
    change: impl Fn(Map<String, Value>, &str) -> Converted,
) -> Converted {
    let Some(Value::Array(features)) = schema.get_mut("features").map(Value::take) else {
        return Err(missing("features"));
    };
    let mut changed = Vec::with_capacity(features.len());
    for (i, feature) in features.into_iter().enumerate() {
        let path = format!("features[{i}]");
        changed.push(match feature {
            Value::Object(map) if map.get("ignored") == Some(&Value::Bool(true)) => {
                Value::Object(map)
            }
            Value::Object(map) => change(map, &path)?,
            _ => return Err(missing(path)),
        });
    }
    for (i, feature) in changed.iter().enumerate() {
        let ignored = feature.get("ignored") == Some(&Value::Bool(true));
        if ignored && feature.get("format").is_some() {
            let rule = "an ignored feature has an identifier and a description, nothing else";
            return Err(SchemaProblem::new(format!("features[{i}]"), rule));
        }
    }
    Ok(Value::Array(changed))
}

fn first_to_second(mut schema: Value) -> Converted {
    let mut config = object(schema.get_mut("clkConfig"), "clkConfig")?;
    let k = config.get("k").and_then(Value::as_u64).filter(|&k| k >= 1);
    let k = k.ok_or_else(|| SchemaProblem::new("clkConfig.k", "a whole number is expected"))?;
    let hash = config
        .remove("hash")
        .ok_or_else(|| missing("clkConfig.hash"))?;
    let features = each_feature(&mut schema, |mut feature, path| {
        let mut hashing = object(feature.get_mut("hashing"), &format!("{path}.hashing"))?;
        let weight = match hashing.remove("weight") {
            None => 1.0,
            Some(weight) => weight.as_f64().filter(|&w| w >= 0.0).ok_or_else(|| {
                let path = format!("{path}.hashing.weight");
                SchemaProblem::new(path, "a number of at least 0 is expected")
            })?,
        };
        if weight == 0.0 {
            let identifier = feature.get("identifier").cloned().unwrap_or_default();
            return Ok(json!({ "identifier": identifier, "ignored": true }));
        }
        let bits = rounded(weight, k).ok_or_else(|| {
            let path = format!("{path}.hashing.weight");
            SchemaProblem::new(
                path,
                "weight times `k` rounds to no bit, or to far too many",
            )
        })?;
        hashing.insert("strategy".to_owned(), json!({ "k": bits }));
        hashing.insert("hash".to_owned(), hash.clone());
        feature.insert("hashing".to_owned(), Value::Object(hashing));
        Ok(Value::Object(feature))
    })?;
    let mut kept = Map::new();
    for key in ["l", "kdf", "xor_folds", "xorFolds"] {
        if let Some(value) = config.remove(key) {
            kept.insert(key.to_owned(), value);
        }
    }
    Ok(json!({ "version": 2, "clkConfig": kept, "features": features }))
}

/// Weight times k, rounded half to even.
fn rounded(weight: f64, k: u64) -> Option<u64> {
    let k = u32::try_from(k).ok()?;
    let bits = (weight * f64::from(k)).round_ties_even();
    (1.0..=f64::from(u32::MAX))
        .contains(&bits)
        .then(|| format!("{bits:.0}").parse().ok())?
}

fn second_to_third(mut schema: Value) -> Converted {
    let features = each_feature(&mut schema, |mut feature, path| {
        let at = format!("{path}.hashing");
        let mut hashing = object(feature.get_mut("hashing"), &at)?;
        if hashing.contains_key("comparison") {
            let rule = "version 3 has this key, versions 1 and 2 have `ngram`";
            return Err(SchemaProblem::new(format!("{at}.comparison"), rule));
        }
        let mut strategy = object(hashing.get_mut("strategy"), &format!("{at}.strategy"))?;
        let bits = match (strategy.remove("k"), strategy.remove("numBits")) {
            (Some(k), None) => ("bitsPerToken", k),
            (None, Some(bits)) => ("bitsPerFeature", bits),
            _ => {
                let rule = "either `k` or `numBits` is expected";
                return Err(SchemaProblem::new(format!("{at}.strategy"), rule));
            }
        };
        strategy.insert(bits.0.to_owned(), bits.1);
        hashing.insert("strategy".to_owned(), Value::Object(strategy));
        let n = hashing
            .remove("ngram")
            .ok_or_else(|| missing(format!("{at}.ngram")))?;
        let positional = hashing.remove("positional").unwrap_or(Value::Bool(false));
        hashing.insert(
            "comparison".to_owned(),
            json!({ "type": "ngram", "n": n, "positional": positional }),
        );
        feature.insert("hashing".to_owned(), Value::Object(hashing));
        Ok(Value::Object(feature))
    })?;
    if let Some(map) = schema.as_object_mut() {
        map.insert("version".to_owned(), json!(3));
        map.insert("features".to_owned(), features);
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_becomes_version_3() {
        let old = json!({
            "version": 1,
            "clkConfig": {
                "l": 1024, "k": 30, "xorFolds": 1, "kdf": { "type": "HKDF" },
                "hash": { "type": "doubleHash", "prevent_singularity": true }
            },
            "features": [
                { "identifier": "id", "ignored": true },
                {
                    "identifier": "name",
                    "format": { "type": "string" },
                    "hashing": { "ngram": 2, "weight": 0.35 }
                },
                {
                    "identifier": "sex",
                    "format": { "type": "enum", "values": ["M", "F"] },
                    "hashing": { "ngram": 1, "positional": true, "weight": 0 }
                }
            ]
        });
        let new = json!({
            "version": 3,
            "clkConfig": { "l": 1024, "xorFolds": 1, "kdf": { "type": "HKDF" } },
            "features": [
                { "identifier": "id", "ignored": true },
                {
                    "identifier": "name",
                    "format": { "type": "string" },
                    "hashing": {
                        "comparison": { "type": "ngram", "n": 2, "positional": false },
                        // 0.35 x 30 is 10.5 as a double, and ten is even.
                        "strategy": { "bitsPerToken": 10 },
                        "hash": { "type": "doubleHash", "prevent_singularity": true }
                    }
                },
                { "identifier": "sex", "ignored": true }
            ]
        });
        assert_eq!(to_latest(old), Ok(new));
    }

    #[test]
    fn version_2_becomes_version_3() {
        let hashing = json!({ "ngram": 2, "strategy": { "numBits": 200 } });
        let old = |hashing: &Value| {
            json!({
                "version": 2, "clkConfig": {},
                "features": [{ "identifier": "a", "format": {}, "hashing": hashing }]
            })
        };
        let new = to_latest(old(&hashing)).expect("converted");
        assert_eq!(
            new["features"][0]["hashing"],
            json!({
                "comparison": { "type": "ngram", "n": 2, "positional": false },
                "strategy": { "bitsPerFeature": 200 }
            })
        );
        for wrong in [
            json!({ "strategy": { "k": 1 } }),
            json!({ "ngram": 2 }),
            json!({ "ngram": 2, "strategy": { "k": 1, "numBits": 2 } }),
            json!({ "ngram": 2, "strategy": { "bitsPerToken": 1 } }),
            json!({ "ngram": 2, "strategy": { "k": 1 }, "comparison": { "type": "exact" } }),
        ] {
            assert!(to_latest(old(&wrong)).is_err());
        }
    }

    #[test]
    fn other_versions_are_refused() {
        for version in [json!(0), json!(4), json!("3"), json!(true), Value::Null] {
            assert!(to_latest(json!({ "version": version })).is_err());
        }
        assert!(to_latest(json!([])).is_err());
    }
}
