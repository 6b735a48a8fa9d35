//! Recipes from a file, where the program's own are not wanted.
//!
//! ```toml
//! adult = [["forename", "surname", "date_of_birth"]]
//! child = [["upn", "date_of_birth"]]
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::error::OwnerError;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::pseudonymise::{KINDS, Part, Recipe, RecipeError, default_recipes};
use crate::schema::table_schema::suggestion;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    adult: Option<Spanned<Vec<Vec<String>>>>,
    child: Option<Spanned<Vec<Vec<String>>>>,
}

/// The recipes of each kind: those of the file, or the program's own for a kind that it leaves out.
pub(super) fn recipes(path: Option<&Path>) -> Result<BTreeMap<String, Vec<Recipe>>, OwnerError> {
    let mut all: BTreeMap<String, Vec<Recipe>> = KINDS
        .iter()
        .map(|kind| ((*kind).to_owned(), default_recipes(kind)))
        .collect();
    if let Some(path) = path {
        let text = std::fs::read_to_string(path).map_err(OwnerError::io(path))?;
        all.extend(parse(path, &text)?);
    }
    Ok(all)
}

fn parse(path: &Path, text: &str) -> Result<BTreeMap<String, Vec<Recipe>>, OwnerError> {
    let problem = |span: Option<std::ops::Range<usize>>, what: String, help: String| {
        let mut place = Place::file(path);
        if let Some(span) = span {
            place = place.span(span.start, span.len());
        }
        Diagnostic::new("KL-O-007", Exit::Usage, what, help).at(place)
    };
    let file: File = toml::from_str(text).map_err(|e| {
        let help = "write `adult = [[…], …]` and `child = [[…], …]`, each recipe a list of parts";
        let what = e.message().to_owned();
        OwnerError::one(problem(e.span(), what, help.to_owned()))
    })?;
    let mut problems = Vec::new();
    let mut out = BTreeMap::new();
    for (kind, listed) in KINDS.iter().zip([file.adult, file.child]) {
        let Some(listed) = listed else { continue };
        let mut recipes = Vec::new();
        for words in listed.get_ref() {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match Recipe::of_words(&words) {
                Ok(recipe) => recipes.push(recipe),
                Err(e) => problems.push(problem(Some(listed.span()), e.to_string(), help(&e))),
            }
        }
        out.insert((*kind).to_owned(), recipes);
    }
    if problems.is_empty() {
        Ok(out)
    } else {
        Err(OwnerError::Problems(problems))
    }
}

fn help(error: &RecipeError) -> String {
    match error {
        RecipeError::UnknownPart { word } => {
            let words: Vec<&str> = Part::words().collect();
            match suggestion(word, &words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the parts are {}", words.join(", ")),
            }
        }
        RecipeError::SingleIdentifier { .. } => {
            "hash parts of at least two identifiers together: the hash of one falls to a count of \
             how often it occurs"
                .to_owned()
        }
    }
}
