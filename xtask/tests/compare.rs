//! `compare` as a user meets it: verdicts in words, what is left out, and how it answers mistakes.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod command;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use command::refusal;

struct Workbench {
    folder: TempDir,
}

/// Units u00 to u39 with a metric each of NDCG and log loss; `lift` makes both larger.
fn units(lift: f64) -> String {
    (0..40).fold("user,ndcg@10,log_loss\n".to_owned(), |mut text, unit| {
        let value = 0.3 + f64::from(unit % 7) / 20.0 + lift * (1.0 + f64::from(unit % 3));
        let _ = writeln!(text, "u{unit:02},{value},{}", value + 0.1);
        text
    })
}

impl Workbench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn compare(&self, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["compare", "a.csv", "b.csv"])
            .args(more)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    fn numbers(&self, more: &[&str]) -> Value {
        let output = self.compare(&[&["--json"], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refusal(&self, a: &str, b: &str, more: &[&str]) -> String {
        self.write("a.csv", a);
        self.write("b.csv", b);
        refusal(&self.compare(more))
    }
}

#[test]
fn a_lift_of_everything_is_better_for_gains_and_worse_for_losses() {
    let bench = Workbench::new();
    bench.write("a.csv", &units(0.0));
    bench.write("b.csv", &units(0.01));
    let ours = bench.numbers(&[]);
    assert_eq!(ours["ndcg@10/verdict"], "B is better");
    assert_eq!(ours["log_loss/verdict"], "A is better");
    // Lifts of .01, .02 and .03 on 14, 13 and 13 units.
    assert!((ours["ndcg@10/difference"].as_f64().unwrap() - 0.01 * 79.0 / 40.0).abs() < 1e-12, "{ours}");
    // All 40 agree: no drawn pattern is as extreme, and Holm doubles it.
    assert!((ours["ndcg@10/p"].as_f64().unwrap() - 1.0 / 10_001.0).abs() < 1e-12, "{ours}");
    assert!((ours["ndcg@10/p_corrected"].as_f64().unwrap() - 2.0 / 10_001.0).abs() < 1e-12, "{ours}");
    let (lower, upper) = (ours["ndcg@10/lower"].as_f64().unwrap(), ours["ndcg@10/upper"].as_f64().unwrap());
    assert!(0.01 < lower && lower < 0.01975 && 0.01975 < upper && upper < 0.03, "{lower} {upper}");
    assert_eq!((&ours["ndcg@10/units"], &ours["ndcg@10/share_b_higher"]), (&Value::from(40), &Value::from(1.0)));
    assert_eq!(ours, bench.numbers(&[]), "the same seed gives the same numbers");
    assert_eq!(bench.numbers(&["--lower-is-better", "ndcg"])["ndcg@10/verdict"], "A is better");
    let bh = bench.numbers(&["--correction", "bh", "--permutations", "99", "--resamples", "50", "--seed", "9"]);
    assert_eq!(bh["ndcg@10/p_corrected"], 0.01);
}

#[test]
fn a_run_against_itself_shows_no_difference() {
    let bench = Workbench::new();
    bench.write("a.csv", &units(0.0));
    bench.write("b.csv", &units(0.0));
    let ours = bench.numbers(&[]);
    assert_eq!(
        (&ours["ndcg@10/p"], &ours["ndcg@10/verdict"]),
        (&Value::from(1.0), &Value::from("no difference shown"))
    );
    assert_eq!(ours["ndcg@10/difference"], 0.0);
    assert!(ours["ndcg@10/effect_size"].is_null());
}

#[test]
fn units_and_values_without_a_partner_are_left_out_and_counted() {
    let bench = Workbench::new();
    bench.write("a.csv", "user,m,rows,old\nu1,1,3,1\nu2,2,3,1\nu3,,3,1\nu4,4,3,1\n");
    // Another order of rows, a unit more and one less, a metric more.
    bench.write("b.csv", "user,new,m\nu9,0,7\nu4,0,5\nu3,0,9\nu1,0,3\n");
    let ours = bench.numbers(&[]);
    assert_eq!((&ours["m/units"], &ours["m/units_left_out"]), (&Value::from(2), &Value::from(1)));
    assert_eq!((&ours["m/difference"], &ours["m/p"]), (&Value::from(1.5), &Value::from(0.5)));
    assert_eq!(
        (&ours["common_units"], &ours["units_only_a"], &ours["units_only_b"]),
        (&3.into(), &1.into(), &1.into())
    );
    assert_eq!((&ours["rows_used"], &ours["rows_rejected"]), (&Value::from(6), &Value::from(2)));
    let warnings = ours["warnings"].to_string();
    assert!(warnings.contains("old: only A has it") && warnings.contains("new: only B has it"), "{warnings}");
    assert!(ours.get("rows/p").is_none());
}

#[test]
fn a_metric_without_common_values_is_null_with_its_reason() {
    let bench = Workbench::new();
    bench.write("a.csv", "user,m\nu1,\nu2,2\n");
    bench.write("b.csv", "user,m\nu1,3\nu2,\n");
    let ours = bench.numbers(&[]);
    assert!(ours["m/p"].is_null() && ours["m/difference"].is_null());
    assert!(ours["warnings"].to_string().contains("m/p: "), "{ours}");
    assert_eq!(ours["m/verdict"], "undefined");
}

#[test]
fn run_directories_are_matched_file_by_file() {
    let bench = Workbench::new();
    for (name, text) in [("next.csv", units(0.0)), ("only.csv", units(0.0))] {
        bench.write(&format!("a.csv/units/{name}"), &text);
    }
    bench.write("b.csv/units/next.csv", &units(0.02));
    bench.write("b.csv/units/other.csv", &units(0.02));
    let ours = bench.numbers(&[]);
    assert_eq!((&ours["next/ndcg@10/verdict"], &ours["next/common_units"]), (&"B is better".into(), &40.into()));
    assert_eq!(ours["next/log_loss/verdict"], "A is better");
    let warnings = ours["warnings"].to_string();
    assert!(warnings.contains("units/only.csv: only A") && warnings.contains("units/other.csv: only B"), "{warnings}");
}

#[test]
fn people_get_a_table_and_a_page() {
    let bench = Workbench::new();
    bench.write("a.csv", &units(0.0));
    bench.write("b.csv", &units(0.01));
    let output = bench.compare(&["--html", "page.html"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("ndcg@10")).unwrap();
    assert!(line.ends_with("B is better") && line.contains("0.0198") && line.contains("0.0002"), "{text}");
    let html = fs::read_to_string(bench.path("page.html")).unwrap();
    assert!(html.contains("B is better") && html.contains("<svg") && html.contains("no difference"), "{}", html.len());
}

#[test]
fn mistakes_are_named() {
    let bench = Workbench::new();
    let good = "user,m\nu1,1\nu2,2\n";
    let cases = [
        (bench.refusal("user,m\nu1,1\nu1,2\n", good, &[]), &["a.csv, line 3", "unit `u1`", "line 2 already"][..]),
        (bench.refusal(good, "user,m\nu1,high\n", &[]), &["b.csv, line 2, column `m`", "`high` is no finite number"]),
        (bench.refusal(good, "user,m\nu1,NaN\n", &[]), &["b.csv, line 2, column `m`", "leave the cell empty"]),
        (bench.refusal(good, "user,m\nu1,1,5\n", &[]), &["b.csv", "line"]),
        (bench.refusal(good, "user,m\n,1\n", &[]), &["b.csv, line 2", "the unit is empty"]),
        (bench.refusal(good, "user,m\nv1,1\n", &[]), &["no unit in common", "`u1`, `u2`", "`v1`"]),
        (bench.refusal(good, "user,n\nu1,1\n", &[]), &["no metric in common", "`m`", "`n`"]),
        (bench.refusal(good, "user,m,m\nu1,1,1\n", &[]), &["b.csv", "`m` twice"]),
        (bench.refusal("user,m\n", good, &[]), &["a.csv", "no rows"]),
        (bench.refusal("", good, &[]), &["a.csv", "header"]),
        (bench.refusal(good, good, &["--resamples", "0"]), &["resamples is 0"]),
        (bench.refusal(good, good, &["--permutations", "0"]), &["permutations is 0"]),
        (bench.refusal(good, good, &["--level", "1"]), &["level 1"]),
    ];
    for (line, parts) in cases {
        assert!(parts.iter().all(|part| line.contains(part)), "{line} lacks one of {parts:?}");
    }
    fs::remove_file(bench.path("b.csv")).unwrap();
    fs::create_dir(bench.path("b.csv")).unwrap();
    let output = bench.compare(&[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("b.csv is a folder and a.csv is not"), "{output:?}");
}
