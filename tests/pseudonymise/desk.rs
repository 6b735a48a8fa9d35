//! An owner's desk: a folder with a small extract, its schema and a key.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow::array::{Array, FixedSizeBinaryArray, StringArray};
use kinlink::columnar::TableReader;
use kinlink::pseudonymise::MasterKey;

const FORENAMES: [&str; 12] = [
    "Amelia",
    "Bronwen",
    "Cedric",
    "Dorothea",
    "Everard",
    "Florence",
    "Gwendolen",
    "Humphrey",
    "Isidora",
    "Jocelyn",
    "Kenelm",
    "Leopold",
];
const SURNAMES: [&str; 11] = [
    "Ackroyd",
    "Birtwistle",
    "Cholmondeley",
    "Duckworth",
    "Entwistle",
    "Fothergill",
    "Grimshaw",
    "Heptonstall",
    "Illingworth",
    "Jagger",
    "Kettlewell",
];

/// The schema of the small extracts: a week of birth and an area are released.
pub const SCHEMA: &str = r#"{
  "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
  "title": "Pupils of a small place",
  "kinlink:table": "person",
  "kinlink:set": {"record": "pupil:{Number}", "kind": "child"},
  "fieldsMatch": "equal",
  "missingValues": [""],
  "fields": [
    {"name": "Number", "type": "string", "constraints": {"required": true}, "kinlink:role": "record-id", "kinlink:onOutput": "pseudonymise"},
    {"name": "Forename", "type": "string", "kinlink:role": "direct-identifier", "kinlink:canonical": "forename", "kinlink:onOutput": "drop"},
    {"name": "Surname", "type": "string", "kinlink:role": "direct-identifier", "kinlink:canonical": "surname"},
    {"name": "Born", "type": "date", "format": "%d/%m/%Y", "description": "Date of birth as the school has it.", "kinlink:role": "quasi-identifier", "kinlink:canonical": "date_of_birth", "kinlink:onOutput": "week", "kinlink:onInvalid": "null"},
    {"name": "Sex", "type": "string", "kinlink:role": "dimension", "kinlink:canonical": "sex", "kinlink:codes": {"1": "M", "2": "F"}, "kinlink:onOutput": "keep"},
    {"name": "Postcode", "type": "string", "kinlink:role": "quasi-identifier", "kinlink:canonical": "postcode", "kinlink:onOutput": "area"},
    {"name": "Ethnicity", "type": "string", "kinlink:canonical": "ethnicity", "kinlink:onOutput": "keep"},
    {"name": "Score", "type": "integer", "kinlink:role": "measure", "kinlink:unit": "point", "kinlink:onOutput": "keep"}
  ]
}
"#;

/// A person of the small world, always the same for a number.
pub fn person(n: usize) -> [String; 4] {
    let born = format!("{:02}/{:02}/{}", 1 + n % 28, 1 + n / 28 % 12, 2009 + n % 9);
    let postcode = format!("LS{} {}AB", 1 + n % 20, n % 10);
    let forename = FORENAMES[n % FORENAMES.len()].to_owned();
    let surname = SURNAMES[n / 12 % SURNAMES.len()].to_owned();
    [forename, surname, born, postcode]
}

/// An extract of some of the people; the numbers of its rows are its own.
pub fn extract(people: impl Iterator<Item = usize>, first_number: usize) -> String {
    let mut text = "Number,Forename,Surname,Born,Sex,Postcode,Ethnicity,Score\n".to_owned();
    for (i, n) in people.enumerate() {
        let [forename, surname, born, postcode] = person(n);
        let number = first_number + i;
        let _ = writeln!(
            text,
            "{number},{forename},{surname},{born},{},{postcode},W1,{}",
            1 + n % 2,
            n % 7
        );
    }
    text
}

/// A folder of an owner.
pub struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    /// With an extract of the first 120 people, `pupils.csv`.
    pub fn new() -> Self {
        let desk = Desk {
            folder: tempfile::tempdir().expect("a folder"),
        };
        desk.write("pupils.csv", &extract(0..120, 1));
        desk.write("S.json", SCHEMA);
        let mut directory = "postcode,local_authority\n".to_owned();
        for n in 0..120 {
            let _ = writeln!(directory, "{},E08000035", person(n)[3]);
        }
        desk.write("places.csv", &directory);
        MasterKey::of_rehearsal_seed(11)
            .save(&desk.path("KEY"))
            .expect("saved");
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// The schema with a text replaced, which must be there.
    pub fn edit_schema(&self, from: &str, to: &str) {
        assert!(SCHEMA.contains(from), "{from}");
        self.write("S.json", &SCHEMA.replace(from, to));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinlink"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub fn run(&self, arguments: &[&str], code: i32) -> Output {
        let output = self.command(arguments).output().expect("started");
        let told = format!(
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{told}");
        output
    }

    /// `kinlink pseudonymise INPUT --schema S.json --key KEY -o OUT` with more arguments.
    pub fn pseudonymise(&self, input: &str, out: &str, more: &[&str], code: i32) -> Output {
        let mut all = vec![
            "pseudonymise",
            input,
            "--schema",
            "S.json",
            "--key",
            "KEY",
            "-o",
            out,
        ];
        all.extend(more);
        self.run(&all, code)
    }

    /// A release needs to know where postcodes lie.
    pub fn release(&self, input: &str, out: &str, project: &str) -> Output {
        let more = ["--for", project, "--postcode-directory", "places.csv"];
        self.pseudonymise(input, out, &more, 0)
    }

    /// The names in the folder.
    pub fn names(&self) -> Vec<String> {
        let mut all: Vec<String> = std::fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|e| {
                e.expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        all.sort();
        all
    }

    /// The match keys of a recipe, in a folder of parcels.
    pub fn match_keys(&self, out: &str, recipe: &str) -> BTreeSet<Vec<u8>> {
        let manifest = std::fs::read(self.path(out).join("manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
        let recipes = manifest["recipes"]["child"].as_array().expect("recipes");
        let pass = recipes.iter().position(|r| r == recipe).expect(recipe) + 1;
        let file = format!("linkage/child/pass-{pass:02}.parquet");
        bytes_of(&self.path(out).join(file), "key")
    }
}

/// The different values of a column of bytes.
pub fn bytes_of(path: &Path, column: &str) -> BTreeSet<Vec<u8>> {
    let mut out = BTreeSet::new();
    for batch in TableReader::open(path, Some(&[column])).expect("a table") {
        let batch = batch.expect("rows");
        let values = kinlink::columnar::bytes(&batch, column, path).expect("bytes");
        let values: &FixedSizeBinaryArray = values;
        out.extend((0..values.len()).map(|r| values.value(r).to_vec()));
    }
    out
}

/// No name, postcode or date of the people stands in any file below a folder, as bytes or, since
/// tables are compressed, as a value.
pub fn assert_nothing_clear(folder: &Path) {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for n in 0..200 {
        for value in person(n) {
            wanted.insert(value.to_uppercase());
            wanted.insert(value);
        }
    }
    for file in super::world::files(folder) {
        let mut bytes = std::fs::read(&file).expect("a file");
        if file.extension().is_some_and(|e| e == "parquet") {
            bytes.extend(texts(&file).join("\n").into_bytes());
        }
        for value in &wanted {
            let found = bytes.windows(value.len()).any(|w| w == value.as_bytes());
            assert!(!found, "{value} is in {}", file.display());
        }
    }
}

/// Every text of a table.
fn texts(path: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for batch in TableReader::open(path, None).expect("a table") {
        for column in batch.expect("rows").columns() {
            if let Some(column) = column.as_any().downcast_ref::<StringArray>() {
                out.extend(column.iter().flatten().map(str::to_owned));
            }
        }
    }
    out
}

/// The search above finds what is there.
#[test]
fn clear_values_are_found() {
    let desk = Desk::new();
    let looked = std::panic::catch_unwind(|| assert_nothing_clear(&desk.path("")));
    assert!(looked.is_err());
}
