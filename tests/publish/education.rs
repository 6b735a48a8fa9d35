//! The files for Explore Education Statistics: ours pass every check, and every check finds what
//! it is for.

use std::path::{Path, PathBuf};

use kinlink::publish::Purpose;
use kinlink::publish::lint::{Outcome, lint};

use super::{published, text};

fn data_files(target: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = std::fs::read_dir(target.join("ees"))
        .expect("the folder")
        .map(|e| e.expect("entry").path())
        .filter(|p| !p.to_string_lossy().ends_with(".meta.csv"))
        .collect();
    out.sort();
    out
}

#[test]
fn every_file_of_ours_passes_every_check() {
    let (_run, target, _) = published(Purpose::Production);
    let files = data_files(&target);
    assert!(files.len() > 40);
    for file in files {
        let report = lint(&file).expect("readable");
        assert_eq!(report.findings.len(), 76);
        let before = report
            .findings
            .iter()
            .filter(|f| f.check.starts_with("precheck_"));
        assert_eq!(before.count(), 15);
        assert_eq!(
            report.count(Outcome::Pass),
            76,
            "{}\n{}",
            file.display(),
            report.text()
        );
    }
}

#[test]
fn england_and_wales_stand_in_files_of_their_own() {
    let (_run, target, _) = published(Purpose::Production);
    for file in data_files(&target) {
        let name = file
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let mut reader = csv::Reader::from_path(&file).expect("readable");
        let header = reader.headers().expect("header").clone();
        let at = header
            .iter()
            .position(|h| h == "country_code")
            .expect("column");
        for record in reader.records() {
            let code = record.expect("row")[at].to_owned();
            let right = if name.ends_with("_england_and_wales.csv") {
                matches!(code.as_str(), "K04000001" | "x")
            } else if name.ends_with("_england.csv") {
                code == "E92000001"
            } else {
                code == "W92000004"
            };
            assert!(right, "{code} in {name}");
        }
    }
}

#[test]
fn the_figures_are_those_of_the_csv() {
    let (_run, target, _) = published(Purpose::Production);
    let mut counted = 0;
    for (concept, part) in [("stock", "england"), ("year_unique", "wales")] {
        let csv = text(&target, "tables/T07.csv");
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let released: Vec<(String, String)> = rows
            .records()
            .map(|r| r.expect("row"))
            .filter(|r| &r[2] == concept && &r[3] == "children")
            .map(|r| (r[1].to_owned(), r[4].to_owned()))
            .collect();
        let file = target.join(format!("ees/t07_{concept}_{part}.csv"));
        let mut reader = csv::Reader::from_path(file).expect("readable");
        let header = reader.headers().expect("header").clone();
        let at = |name: &str| header.iter().position(|h| h == name);
        let value = at("children_count").expect("column");
        for record in reader.records() {
            let record = record.expect("row");
            let place = ["la_name", "breakdown", "region_name", "country_name"]
                .into_iter()
                .filter_map(at)
                .map(|i| record[i].to_owned())
                .find(|p| !p.is_empty() && p != "Total")
                .expect("a place");
            assert!(released.contains(&(place, record[value].to_owned())));
            counted += 1;
        }
    }
    assert!(counted > 170);
}

#[test]
fn a_file_reads_like_this() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    let head = |name: &str| -> String {
        let all = text(&target, &format!("ees/{name}"));
        all.lines().take(8).map(|l| format!("{l}\n")).collect()
    };
    let shown = [
        "t03_stock_england_and_wales.csv",
        "t03_stock_england_and_wales.meta.csv",
        "t07_stock_england.csv",
        "t07_stock_wales.csv",
    ]
    .map(|name| format!("== {name}\n{}", head(name)))
    .join("");
    insta::assert_snapshot!("education", shown);
}

const DATA: &str = "\
time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,\
old_la_code,new_la_code,la_name,breakdown_topic,breakdown,children_count,children_percent
2025,Reporting year,National,E92000001,England,,,,,,Total,Total,30,100
2025,Reporting year,National,E92000001,England,,,,,,Age,0 to 4,10,33.3
2025,Reporting year,Regional,E92000001,England,E12000001,North East,,,,Total,Total,20,100
2025,Reporting year,Regional,E92000001,England,E12000001,North East,,,,Age,0 to 4,c,c
2025,Reporting year,Local authority,E92000001,England,E12000001,North East,805,E06000001,Hartlepool,Total,Total,10,100
2025,Reporting year,Local authority,E92000001,England,E12000001,North East,805,E06000001,Hartlepool,Age,0 to 4,low,x
";

const META: &str = "\
col_name,col_type,label,indicator_grouping,indicator_unit,indicator_dp,filter_hint,filter_grouping_column
breakdown_topic,Filter,Topic,,,,,
breakdown,Filter,Breakdown,,,,Choose,breakdown_topic
children_count,Indicator,Number of children,,,0,,
children_percent,Indicator,Percentage of children,,%,1,,
";

fn write(folder: &Path, name: &str, data: &str, meta: &str) -> PathBuf {
    let path = folder.join(format!("{name}.csv"));
    std::fs::write(&path, data).expect("written");
    std::fs::write(folder.join(format!("{name}.meta.csv")), meta).expect("written");
    path
}

/// Which file a fault is put into, what is replaced, and by what; all occurrences.
type Fault = (&'static str, Outcome, &'static str, &'static str, String);

fn faults() -> Vec<Fault> {
    use Outcome::{Fail, Warning};
    let long = "a".repeat(60);
    let label = "Number of children ".repeat(8);
    vec![
        ("precheck_col_req_meta", Fail, "meta", "filter_hint", "hint".into()),
        ("precheck_col_invalid_meta", Fail, "meta", "filter_hint", "hint".into()),
        ("precheck_col_req_data", Fail, "data", "time_identifier", "identifier".into()),
        ("precheck_col_to_rows", Fail, "meta", "children_percent,", "a,Indicator,A,,,0,,\nb,Indicator,B,,,0,,\nc,Indicator,C,,,0,,\nd,Indicator,D,,,0,,\ne,Indicator,E,,,0,,\nf,Indicator,F,,,0,,\nchildren_percent,".into()),
        ("precheck_cross_meta_to_data", Fail, "meta", "children_percent", "children_share".into()),
        ("precheck_cross_data_to_meta", Warning, "data", "children_percent", "other_count".into()),
        ("check_col_names_spaces", Fail, "data", "children_count", "children count".into()),
        ("check_col_snake_case", Warning, "data", "children_count", "Children-count".into()),
        ("check_col_var_start", Warning, "data", "children_count", "1_count".into()),
        ("check_col_ind_smushed", Fail, "meta", "children_count", "female_count".into()),
        ("check_col_var_characteristic", Warning, "meta", "breakdown,", "characteristic,".into()),
        ("precheck_meta_col_type", Fail, "meta", "Indicator", "Measure".into()),
        ("precheck_meta_ob_unit", Fail, "meta", "children_count", "region_name".into()),
        ("precheck_meta_col_name", Fail, "meta", "children_count", "".into()),
        ("check_meta_dupe_label", Fail, "meta", "Percentage of children", "Number of children".into()),
        ("check_meta_fil_grp,", Fail, "meta", "0,,\n", "0,,breakdown\n".into()),
        ("check_meta_fil_grp_dupe", Fail, "meta", "Topic,,,,,", "Topic,,,,,breakdown_topic".into()),
        ("check_meta_fil_grp_is_fil", Warning, "meta", "breakdown_topic,Filter,Topic,,,,,\n", "".into()),
        ("check_meta_fil_grp_match", Fail, "meta", "Choose,breakdown_topic", "Choose,topic".into()),
        ("check_meta_fil_grp_stripped", Fail, "data", "Age,0 to 4,c,c", "Total!,0 to 4,c,c".into()),
        ("check_meta_label", Fail, "meta", "Number of children", " ".into()),
        ("check_meta_filter_hint", Fail, "meta", "0,,\n", "0,hint,\n".into()),
        ("check_meta_geog_catch", Fail, "meta", "breakdown,", "ward_name,".into()),
        ("check_meta_indicator_dp", Fail, "meta", "Topic,,,,", "Topic,,,1,".into()),
        ("check_meta_col_name_spaces", Fail, "meta", "children_count", "children count".into()),
        ("check_meta_col_name_dupe", Fail, "meta", "children_percent", "children_count".into()),
        ("check_meta_ind_dp_set", Warning, "meta", ",,0,,", ",,,,".into()),
        ("check_meta_ind_dp_values", Fail, "meta", ",,0,,", ",,-1,,".into()),
        ("check_meta_ind_unit,", Fail, "meta", "Topic,,,", "Topic,,%,".into()),
        ("check_meta_ind_unit_validation", Fail, "meta", ",%,", ",percent,".into()),
        ("check_meta_indicator_grouping", Fail, "meta", "Topic,,", "Topic,Group,".into()),
        ("check_general_null", Fail, "data", ",c,c", ",NA,c".into()),
        ("check_general_null", Warning, "data", ",c,c", ",..,c".into()),
        ("precheck_filter_not_singular", Fail, "data", "Age,0 to 4", "Age,Total".into()),
        ("precheck_time_period_num", Fail, "data", "2025,", "2025a,".into()),
        ("precheck_time_id_valid", Fail, "data", "Reporting year", "Year to September".into()),
        ("precheck_time_id_mix", Fail, "data", "2025,Reporting year,Regional", "2025,Calendar year,Regional".into()),
        ("precheck_geog_level,", Fail, "data", "Regional", "Region".into()),
        ("precheck_geog_level_present", Fail, "data", "old_la_code", "old_code".into()),
        ("check_time_period,", Fail, "data", "2025,", "202526,".into()),
        ("check_time_period_six", Fail, "data", "2025,", "202528,".into()),
        ("check_filter_defaults", Warning, "data", "Total,Total", "All,All".into()),
        ("check_filter_group_level", Fail, "meta", "breakdown_topic,Filter,Topic,,,,,\nbreakdown,Filter,Breakdown,,,,Choose,breakdown_topic", "breakdown_topic,Filter,Topic,,,,,children_count".into()),
        ("check_filter_whitespace", Fail, "data", ",0 to 4,", ",0 to 4 ,".into()),
        ("check_filter_ob_total", Fail, "data", "North East", "All".into()),
        ("check_filter_blanks", Fail, "data", ",0 to 4,", ",,".into()),
        ("check_general_dupes", Fail, "data", "Age,0 to 4", "Total,Total".into()),
        ("check_geog_country_combos", Fail, "data", "E92000001,England", "E92000001,Albion".into()),
        ("check_geog_region_combos", Fail, "data", "E12000001,North East", "E12000002,North East".into()),
        ("check_geog_ward_combos", Warning, "data", "region_code,region_name", "ward_code,ward_name".into()),
        ("check_geog_pcon_combos", Warning, "data", "region_code,region_name", "pcon_code,pcon_name".into()),
        ("check_geog_lad_combos", Warning, "data", "region_code,region_name", "lad_code,lad_name".into()),
        ("check_geog_lep_combos", Warning, "data", "region_code,region_name", "local_enterprise_partnership_code,local_enterprise_partnership_name".into()),
        ("check_geog_lsip_combos", Warning, "data", "region_code,region_name", "lsip_code,lsip_name".into()),
        ("check_geog_eda_combos", Warning, "data", "region_code,region_name", "english_devolved_area_code,english_devolved_area_name".into()),
        ("check_geog_la_combos", Fail, "data", "Hartlepool", "hartlepool".into()),
        ("check_geog_level_completed", Fail, "data", "Hartlepool", "".into()),
        ("check_geog_ignored_rows", Warning, "data", "2025,Reporting year,Regional", "2025,Reporting year,Planning area".into()),
        ("check_geog_other_dupes", Fail, "data", "Regional,E92000001,England,E12000001,North East,,,,Age", "MAT,E92000001,England,E12000001,North East,,,,Age".into()),
        ("check_geog_la_col_present", Fail, "data", "old_la_code", "old_code".into()),
        ("check_geog_region_col_present", Fail, "data", "region_name", "area_label".into()),
        ("check_geog_region_for_la,", Warning, "data", "Local authority,E92000001,England,E12000001,North East", "Local authority,E92000001,England,,".into()),
        ("check_geog_region_for_lad", Warning, "data", "Local authority,E92000001,England,E12000001,North East", "Local authority district,E92000001,England,,".into()),
        ("check_geog_overcompleted_cols", Fail, "data", "National,E92000001,England,,", "National,E92000001,England,E12000001,North East".into()),
        ("check_ind_invalid_entry", Fail, "data", ",c,c", ",~,c".into()),
        ("check_api_char_col_name", Warning, "data", "children_count", long.clone()),
        ("check_api_char_col_label", Warning, "meta", "Number of children", label),
        ("check_api_char_loc_code", Warning, "data", "E12000001", long.clone()),
        ("check_api_char_filter_items", Warning, "data", "0 to 4", long.repeat(3)),
        ("check_api_dict_col_names", Warning, "meta", "children_count", "parents_count".into()),
    ]
}

#[test]
fn each_fault_is_found_by_its_check() {
    let folder = tempfile::tempdir().expect("folder");
    let good = lint(&write(folder.path(), "good", DATA, META)).expect("readable");
    assert_eq!(good.count(Outcome::Pass), 76, "{}", good.text());
    for (check, outcome, file, from, to) in faults() {
        let edit = |which: &str, text: &str| {
            if which == file {
                assert!(text.contains(from), "{check}: no {from}");
                text.replace(from, &to)
            } else {
                text.to_owned()
            }
        };
        // Two of the other-dupes columns belong to no file of ours.
        let (data, meta) = (edit("data", DATA), edit("meta", META));
        let data = match check {
            "check_geog_other_dupes" => data.replace("region_code,region_name", "trust_id,trust_name").replace("MAT,E92000001,England,E12000001,North East,,,,Age,0 to 4,c,c", "MAT,E92000001,England,T1,Trust,,,,Age,0 to 4,c,c\n2025,Reporting year,MAT,E92000001,England,T2,Trust,,,,Age,0 to 4,c,c"),
            _ => data,
        };
        let report = lint(&write(folder.path(), "bad", &data, &meta)).expect("readable");
        assert_eq!(report.findings.len(), 76, "{check}: every check is made");
        let name = check.trim_end_matches(',');
        let found = report.findings.iter().find(|f| f.check == name);
        let found = found.unwrap_or_else(|| panic!("no check {name}"));
        assert_eq!(found.outcome, outcome, "{check}\n{}", report.text());
    }
}

#[test]
fn faults_of_all_stages_are_told_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let data = DATA
        .replace("Reporting year", "Year")
        .replace("Hartlepool", "Nowhere");
    let meta = META.replace("Indicator", "Measure");
    let report = lint(&write(folder.path(), "bad name!", &data, &meta)).expect("readable");
    let stages: std::collections::BTreeSet<&str> = report
        .findings
        .iter()
        .filter(|f| f.outcome == Outcome::Fail)
        .map(|f| f.section)
        .collect();
    for stage in [
        "Check filenames",
        "Precheck meta",
        "Precheck time",
        "Check geography",
    ] {
        assert!(stages.contains(stage), "{stage} in {stages:?}");
    }
    assert!(report.stops());
}
