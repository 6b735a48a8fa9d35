//! The stage on small files.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt8Array};
use arrow::datatypes::{DataType, Field, Schema};

use super::write::pseudonym_column;
use super::*;
use crate::columnar::{Layout, TableWriter};
use crate::progress::Silent;

fn p(n: u8) -> Pseudonym {
    [n; 16]
}

const KEY: &str = "00000-11111-22222-33333";

/// Writes the two files of a pass from (source, row, key, record).
fn files(folder: &Path, name: &str, key: &str, rows: &[(u8, u8, u8, u8)]) -> PassFiles {
    let id = DataType::FixedSizeBinary(16);
    let column = |f: fn(&(u8, u8, u8, u8)) -> u8| {
        pseudonym_column(rows.iter().map(|r| p(f(r))), folder).expect("column")
    };
    let write = |file: &str, fields: Vec<Field>, columns: Vec<Arc<dyn Array>>| {
        let path = folder.join(format!("{name}-{file}.parquet"));
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(schema.clone(), columns).expect("batch");
        let footer = [(FOOTER.to_owned(), key.to_owned())];
        let writer = TableWriter::create(&path, schema, Layout::Hashes, &footer);
        let mut writer = writer.expect("created");
        writer.write(&batch).expect("written");
        writer.finish().expect("finished").path
    };
    let source = UInt8Array::from_iter_values(rows.iter().map(|r| r.0));
    PassFiles {
        name: name.to_owned(),
        link: write(
            "link",
            vec![
                Field::new("source", DataType::UInt8, false),
                Field::new("row", id.clone(), false),
                Field::new("key", id.clone(), false),
            ],
            vec![Arc::new(source), column(|r| r.1), column(|r| r.2)],
        ),
        join: write(
            "join",
            vec![
                Field::new("row", id.clone(), false),
                Field::new("record", id, false),
            ],
            vec![column(|r| r.1), column(|r| r.3)],
        ),
    }
}

fn job(folder: &Path) -> Job {
    // Records 101 and 102 of source 0, 103 and 104 of source 1; 101 has two names.
    let strict: Vec<(u8, u8, u8, u8)> = (0..40)
        .map(|n| (n % 2, n, n / 2, 100 + n))
        .chain([(0, 200, 77, 100)])
        .collect();
    let loose = vec![
        (0, 1, 5, 150),
        (1, 2, 5, 151),
        (0, 3, 6, 100),
        (1, 4, 6, 151),
    ];
    let source = |name: &str| SourceInfo {
        name: name.to_owned(),
        duplicate_free: true,
    };
    Job {
        dates: DatesJob::default(),
        kinds: vec![KindJob {
            kind: "child".to_owned(),
            passes: vec![
                files(folder, "strict", KEY, &strict),
                files(folder, "loose", KEY, &loose),
            ],
            sources: vec![source("a"), source("b")],
            max_group: 50,
            model: None,
        }],
        key: KEY.to_owned(),
        relations: Vec::new(),
    }
}

fn ran(job: &Job, root: &Path) -> Result<StageReport, LinkError> {
    let stage = root.join("stage/03-link");
    run(
        job,
        None,
        &StageFolders {
            root,
            stage: &stage,
            restricted: &root.join("restricted"),
            review: &root.join("review"),
            progress: &Silent,
        },
    )
}

#[test]
fn the_stage_writes_links_entities_and_the_model() {
    let folder = tempfile::tempdir().expect("folder");
    let job = job(folder.path());
    let report = ran(&job, folder.path()).expect("linked");
    let names: Vec<String> = report
        .files
        .iter()
        .map(|f| f.path.display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "stage/03-link/child/entities.parquet",
            "stage/03-link/child/links.parquet",
            "stage/03-link/child/model.json"
        ]
    );
    assert_eq!(report.files[1].rows, Some(20));
    assert!(report.accounts.iter().all(RowAccount::balances));
    let path = folder.path().join(&report.files[0].path);
    let batches: Vec<RecordBatch> = TableReader::open(&path, None)
        .expect("opened")
        .map(|b| b.expect("read"))
        .collect();
    assert_eq!(batches.len(), 1);
    let record = columnar::bytes(&batches[0], "record", &path).expect("records");
    let entity = columnar::bytes(&batches[0], "entity", &path).expect("entities");
    assert_eq!(
        (record.len(), record.value(0), record.value(1)),
        (40, &p(100)[..], &p(101)[..])
    );
    assert_eq!(
        (entity.value(0), entity.value(1)),
        (&p(100)[..], &p(100)[..])
    );

    // The loose pass made one link and expects more than one by chance: dropped.
    let text = std::fs::read_to_string(folder.path().join(&report.files[2].path)).expect("text");
    let model: Model = serde_json::from_str(&text).expect("a model");
    assert_eq!(
        (model.links, model.entities, model.records_linked),
        (20, 20, 40)
    );
    assert_eq!(
        model.passes.iter().map(|p| p.used).collect::<Vec<_>>(),
        [true, false]
    );

    let again = tempfile::tempdir().expect("folder");
    let second = ran(&job, again.path()).expect("linked");
    assert_eq!(report, second);
}

#[test]
fn a_join_table_of_another_run_and_an_unknown_source_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let mut job = job(folder.path());
    job.kinds[0].passes[0].join = job.kinds[0].passes[1].join.clone();
    assert!(matches!(
        ran(&job, &folder.path().join("one")),
        Err(LinkError::Unjoined { .. })
    ));
    job.kinds[0].sources.truncate(1);
    assert!(matches!(
        ran(&job, &folder.path().join("two")),
        Err(LinkError::UnknownSource { row: 2, .. })
    ));
}

#[test]
fn files_of_two_keys_never_meet() {
    let folder = tempfile::tempdir().expect("folder");
    let mut job = job(folder.path());
    let rows = [(0, 1, 5, 100), (1, 2, 5, 101)];
    let others = files(folder.path(), "other", "99999-11111-22222-33333", &rows);
    let none = files(folder.path(), "none", "", &rows);
    let own = job.kinds[0].passes[1].clone();
    let mixed = PassFiles {
        link: own.link.clone(),
        ..others.clone()
    };
    for (number, pass) in [others, none, mixed].into_iter().enumerate() {
        job.kinds[0].passes[1] = pass.clone();
        let root = folder.path().join(format!("root-{number}"));
        let error = ran(&job, &root).expect_err("refused");
        assert!(
            matches!(&error, LinkError::OtherKey { path } if *path == pass.link || *path == pass.join),
            "{error}"
        );
        use crate::diagnostic::{Diagnose, Exit};
        assert_eq!(error.diagnostics()[0].exit, Exit::Key);
        assert!(!root.exists());
    }
    job.kinds[0].passes[1] = own;
    let report = ran(&job, &folder.path().join("good")).expect("linked");
    for file in report.files.iter().filter(|f| f.rows.is_some()) {
        let path = folder.path().join("good").join(&file.path);
        let reader = TableReader::open(&path, None).expect("opened");
        assert!(reader.keys().contains(&(FOOTER.to_owned(), KEY.to_owned())));
    }
}
