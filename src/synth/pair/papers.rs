//! What lies beside the files: the specification for `kinlink link`, and a page about them.

use std::fmt::Write;

use super::super::error::SynthError;
use super::super::output::TextFile;
use super::super::sheets::Form;
use super::{PairJob, PairSummary};
use crate::stage::OutputFile;

const SPEC: &str = "\
# People in custody, and parents known to children's services: synthetic.
id = \"id\"

[fields]
forename = \"forename\"
middle_names = \"middle_names\"
surname = \"surname\"
date_of_birth = \"date_of_birth\"
sex = \"sex\"
postcode = \"postcode\"
";

/// Writes both.
pub(super) fn write(job: &PairJob, summary: &PairSummary) -> Result<[OutputFile; 2], SynthError> {
    Ok([
        whole(job, "spec.toml", SPEC)?,
        whole(job, "README.md", &page(job, summary))?,
    ])
}

fn whole(job: &PairJob, name: &str, text: &str) -> Result<OutputFile, SynthError> {
    let mut file = TextFile::create(&job.out, name, Form::Utf8)?;
    file.text(text)?;
    let mut written = file.finish(&job.out)?;
    written.rows = None;
    Ok(written)
}

fn page(job: &PairJob, s: &PairSummary) -> String {
    let ending = job.form.ending();
    let mut text = format!(
        "# Two files of people to link\n\n\
         Synthetic: nobody in these files is a real person. Written by `kinlink synth pair --rows {} \
         --seed {}`; `schemas/synth/pair.toml` says on what each share rests.\n\n\
         - `left.{ending}`: a custody register, {} rows; {} of them are of somebody who is on the \
         right too.\n\
         - `right.{ending}`: parents known to children's services, {} rows; {} of them are second \
         records of a person.\n\
         - `truth.{ending}`: the {} true pairs, left_id and right_id.\n\
         - `spec.toml`: which column is what.\n\n\
         ```sh\n\
         kinlink key new KEY --purpose rehearsal\n\
         kinlink link left.{ending} right.{ending} --spec spec.toml --key KEY -o OUT\n\
         kinlink link evaluate OUT --truth truth.{ending}\n\
         ```\n\n\
         Records that have it, by kind of error or change:\n\n\
         | kind | left | right |\n| --- | ---: | ---: |\n",
        s.rows, s.seed, s.rows, s.both, s.rows, s.again, s.true_pairs
    );
    for (kind, [left, right]) in &s.errors {
        let _ = writeln!(text, "| {kind} | {left} | {right} |");
    }
    text
}
