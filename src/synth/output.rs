//! The files on disk: every one open once, written in the order of the parts, with its digest.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use encoding_rs::WINDOWS_1252;
use unicode_normalization::UnicodeNormalization;

use super::error::SynthError;
use super::places::Area;
use super::sheets::{
    BothReturns, CARE_EPISODES, CARE_HEADER, FILES, Form, PROBATION_COLUMNS, ProbationRow, Returns,
    Sheet,
};
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::digest::DigestWriter;
use crate::stage::OutputFile;

/// A text file being written.
pub(super) struct TextFile {
    path: PathBuf,
    form: Form,
    writer: DigestWriter<BufWriter<File>>,
    rows: u64,
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> SynthError + '_ {
    move |source| SynthError::Io {
        path: path.to_path_buf(),
        source,
    }
}

impl TextFile {
    /// Creates the file, which must not exist, and its folder.
    pub(super) fn create(root: &Path, path: &str, form: Form) -> Result<Self, SynthError> {
        let full = root.join(path);
        if let Some(parent) = full.parent() {
            std::fs::create_dir_all(parent).map_err(io(&full))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&full)
            .map_err(io(&full))?;
        Ok(TextFile {
            path: full,
            form,
            writer: DigestWriter::new(BufWriter::with_capacity(1 << 18, file)),
            rows: 0,
        })
    }

    /// Writes text as it stands.
    pub(super) fn text(&mut self, text: &str) -> Result<(), SynthError> {
        let result = match self.form {
            Form::Utf8 | Form::Utf8WithMark => self.writer.write_all(text.as_bytes()),
            Form::Windows1252 => self.writer.write_all(&windows_1252(text)),
        };
        result.map_err(io(&self.path))
    }

    /// Writes the line of names.
    pub(super) fn header(&mut self, header: &str) -> Result<(), SynthError> {
        if self.form == Form::Utf8WithMark {
            self.text("\u{feff}")?;
        }
        self.text(header)?;
        self.text("\n")
    }

    /// Writes rows.
    pub(super) fn sheet(&mut self, sheet: &Sheet) -> Result<(), SynthError> {
        self.rows += sheet.rows;
        self.text(&sheet.text)
    }

    /// Closes the file.
    pub(super) fn finish(self, root: &Path) -> Result<OutputFile, SynthError> {
        let path = self.path;
        let (mut buffered, digest, bytes) = self.writer.finish();
        buffered.flush().map_err(io(&path))?;
        Ok(OutputFile {
            path: path.strip_prefix(root).unwrap_or(&path).to_path_buf(),
            digest,
            bytes,
            rows: Some(self.rows),
        })
    }
}

/// Text in the old Windows encoding with its line ends. A letter that the encoding lacks loses
/// its accent, as it did when it was typed.
fn windows_1252(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 40);
    for line in text.split_terminator('\n') {
        let (bytes, _, unmappable) = WINDOWS_1252.encode(line);
        if unmappable {
            let plain: String = line.chars().flat_map(nearest).collect();
            out.extend_from_slice(&WINDOWS_1252.encode(&plain).0);
        } else {
            out.extend_from_slice(&bytes);
        }
        // A header is written without its line end first.
        out.extend_from_slice(b"\r\n");
    }
    if !text.ends_with('\n') {
        out.truncate(out.len().saturating_sub(2));
    }
    out
}

fn nearest(c: char) -> Vec<char> {
    let mut buffer = [0_u8; 4];
    if !WINDOWS_1252.encode(c.encode_utf8(&mut buffer)).2 {
        return vec![c];
    }
    match c {
        'ł' => vec!['l'],
        'Ł' => vec!['L'],
        'ı' => vec!['i'],
        _ => std::iter::once(c).nfkd().filter(char::is_ascii).collect(),
    }
}

/// The returns of one authority, being written.
struct AreaFiles {
    at: usize,
    files: Vec<[TextFile; 3]>,
}

/// All files of the extracts.
pub(super) struct Output {
    root: PathBuf,
    shared: Vec<TextFile>,
    probation: TableWriter,
    schema: SchemaRef,
    area: Option<AreaFiles>,
    /// What the area before has for this one.
    carried: BothReturns,
    done: Vec<OutputFile>,
}

const PROBATION_PATH: &str = "probation/offender.parquet";

impl Output {
    /// Opens every file that the whole country shares.
    pub(super) fn create(root: &Path) -> Result<Self, SynthError> {
        let mut shared = Vec::with_capacity(FILES.len());
        for listed in FILES {
            let mut file = TextFile::create(root, listed.path, listed.form)?;
            file.header(listed.header)?;
            shared.push(file);
        }
        let fields: Vec<Field> = PROBATION_COLUMNS
            .map(|name| Field::new(name, DataType::Utf8, true))
            .into();
        let schema = Arc::new(Schema::new(fields));
        let probation = TableWriter::create(
            &root.join(PROBATION_PATH),
            schema.clone(),
            Layout::People,
            &[],
        )?;
        Ok(Output {
            root: root.to_path_buf(),
            shared,
            probation,
            schema,
            area: None,
            carried: BothReturns::default(),
            done: Vec::new(),
        })
    }

    /// Rows of a shared file so far.
    pub(super) fn rows(&self, path: &str) -> u64 {
        let same = |f: &&TextFile| f.path.ends_with(path);
        self.shared.iter().find(same).map_or(0, |f| f.rows)
    }

    /// Appends a part's sheets of the shared files.
    pub(super) fn pages(&mut self, pages: &super::sheets::Pages) -> Result<(), SynthError> {
        for (file, sheet) in self.shared.iter_mut().zip(pages.sheets()) {
            file.sheet(sheet)?;
        }
        Ok(())
    }

    /// Appends rows about people on probation.
    pub(super) fn probation(&mut self, rows: &[ProbationRow]) -> Result<(), SynthError> {
        if rows.is_empty() {
            return Ok(());
        }
        let columns: Vec<ArrayRef> = (0..PROBATION_COLUMNS.len())
            .map(|c| {
                // An empty cell is null in Parquet.
                let cells = rows
                    .iter()
                    .map(|r| r.get(c).map(String::as_str).filter(|t| !t.is_empty()));
                Arc::new(cells.collect::<StringArray>()) as ArrayRef
            })
            .collect();
        let malformed = |_| ColumnarError::Malformed {
            path: self.root.join(PROBATION_PATH),
        };
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(malformed)?;
        Ok(self.probation.write(&batch)?)
    }

    /// Appends the returns of the area at a position; opens its files when it is new.
    pub(super) fn returns(
        &mut self,
        at: usize,
        area: &Area,
        [own, next]: &[BothReturns; 2],
    ) -> Result<(), SynthError> {
        if self.area.as_ref().is_none_or(|open| open.at != at) {
            self.close_area()?;
            if !area.welsh() {
                self.area = Some(self.open_area(at, area)?);
            }
            let carried = std::mem::take(&mut self.carried);
            self.write_returns(&carried)?;
        }
        self.write_returns(own)?;
        for (kept, more) in self.carried.iter_mut().zip(next) {
            kept.header.append(&more.header);
            kept.episodes.append(&more.episodes);
            kept.need.append(&more.need);
        }
        Ok(())
    }

    fn write_returns(&mut self, both: &BothReturns) -> Result<(), SynthError> {
        let Some(open) = &mut self.area else {
            return Ok(());
        };
        for (files, returns) in open.files.iter_mut().zip(both) {
            let Returns {
                header,
                episodes,
                need,
            } = returns;
            for (file, sheet) in files.iter_mut().zip([header, episodes, need]) {
                file.sheet(sheet)?;
            }
        }
        Ok(())
    }

    fn open_area(&self, at: usize, area: &Area) -> Result<AreaFiles, SynthError> {
        let number = &area.la.old_code;
        let mut files = Vec::with_capacity(2);
        for year in ["2024", "2025"] {
            let create = |path: String| TextFile::create(&self.root, &path, Form::Utf8);
            let folder = format!("childrens-services/ssda903_{year}");
            let mut header = create(format!("{folder}/{number}_header.csv"))?;
            header.header(CARE_HEADER)?;
            let mut episodes = create(format!("{folder}/{number}_episodes.csv"))?;
            episodes.header(CARE_EPISODES)?;
            let mut need = create(format!("childrens-services/cin_{year}/{number}.xml"))?;
            need.text(&format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Synthetic data: nobody in this \
                 file is a real person. -->\n<Message><Header><CollectionDetails><Collection>CIN\
                 </Collection><Year>{year}</Year><ReferenceDate>{year}-03-31</ReferenceDate>\
                 </CollectionDetails><Source><SourceLevel>L</SourceLevel><LEA>{number}</LEA>\
                 <SoftwareCode>kinlink synth</SoftwareCode></Source></Header><Children>\n"
            ))?;
            files.push([header, episodes, need]);
        }
        Ok(AreaFiles { at, files })
    }

    fn close_area(&mut self) -> Result<(), SynthError> {
        let Some(open) = self.area.take() else {
            return Ok(());
        };
        for [header, episodes, mut need] in open.files {
            need.text("</Children></Message>\n")?;
            for file in [header, episodes, need] {
                self.done.push(file.finish(&self.root)?);
            }
        }
        Ok(())
    }

    /// Adds a small file in one go.
    pub(super) fn whole(
        &mut self,
        path: &str,
        header: &str,
        sheet: &Sheet,
    ) -> Result<(), SynthError> {
        let mut file = TextFile::create(&self.root, path, Form::Utf8)?;
        file.header(header)?;
        file.sheet(sheet)?;
        self.done.push(file.finish(&self.root)?);
        Ok(())
    }

    /// Closes everything; the files in the order of their paths.
    pub(super) fn finish(mut self) -> Result<Vec<OutputFile>, SynthError> {
        self.close_area()?;
        let mut done = self.done;
        for file in self.shared {
            done.push(file.finish(&self.root)?);
        }
        let written = self.probation.finish()?;
        done.push(OutputFile {
            path: PathBuf::from(PROBATION_PATH),
            digest: written.digest,
            bytes: written.bytes,
            rows: Some(written.rows),
        });
        done.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_encoding_keeps_what_it_can() {
        assert_eq!(windows_1252("Siân,Michał\n"), b"Si\xe2n,Michal\r\n");
        assert_eq!(windows_1252("a"), b"a");
        assert_eq!(
            windows_1252("Stankevičius,Llŷr\nb\n"),
            b"Stankevicius,Llyr\r\nb\r\n"
        );
    }
}
