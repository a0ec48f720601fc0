//! `metrics prediction` and `metrics ranking` as a user meets them: the golden values, the order of rows, and how they
//! answer mistakes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod command;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Map, Value};
use tempfile::TempDir;

use command::refusal;

fn golden(case: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/eval/tests/golden").join(case).join(file)
}

fn expected(case: &str) -> Value {
    serde_json::from_slice(&fs::read(golden(case, "expected.json")).unwrap()).unwrap()
}

fn metrics(what: &str, files: &[(&str, &Path)], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["metrics", what]);
    for (flag, path) in files {
        command.arg(flag).arg(path);
    }
    command.args(more).output().unwrap()
}

/// The object that a command prints, also as text.
fn object(output: &Output) -> (Map<String, Value>, String) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    (serde_json::from_str(&text).unwrap(), text)
}

fn prediction(input: &Path, more: &[&str]) -> Output {
    metrics("prediction", &[("--input", input)], &[&["--json"], more].concat())
}

fn ranking(run: &Path, qrels: &Path, more: &[&str]) -> Output {
    metrics("ranking", &[("--run", run), ("--qrels", qrels)], &[&["--json"], more].concat())
}

/// Compares every number of the golden level with ours, but those of peers.
fn compare(ours: &Map<String, Value>, golden: &Value, tolerance: f64, suffix: &str) -> usize {
    let mut compared = 0;
    for (key, golden) in golden.as_object().unwrap() {
        if key.starts_with("torchmetrics") || key.ends_with("pairwise_check") {
            continue;
        }
        let ours = ours.get(&format!("{key}{suffix}")).unwrap_or_else(|| panic!("no {key}"));
        let (ours, golden) = (ours.as_f64().unwrap(), golden.as_f64().unwrap());
        assert!((ours - golden).abs() <= tolerance, "{key}: {ours} instead of {golden}");
        compared += 1;
    }
    compared
}

struct Workbench {
    folder: TempDir,
}

impl Workbench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// A copy with its rows turned round and every third one moved to the end.
    fn shuffled(&self, path: &Path) -> PathBuf {
        let text = fs::read_to_string(path).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let rows: Vec<&str> = rows.lines().rev().collect();
        let part = |third: bool| rows.iter().enumerate().filter(move |(row, _)| (row % 3 == 0) == third);
        let rows: Vec<&str> = part(false).chain(part(true)).map(|(_, row)| *row).collect();
        self.file(path.file_name().unwrap().to_str().unwrap(), &format!("{header}\n{}\n", rows.join("\n")))
    }
}

#[test]
fn prediction_agrees_with_every_golden_value() {
    for (case, keys) in [("cls_basic", 23), ("cls_ties", 19)] {
        let (ours, _) = object(&prediction(&golden(case, "input.csv"), &[]));
        assert_eq!(compare(&ours, &expected(case)["values"], 1e-9, ""), keys, "{case}");
        assert_eq!((&ours["rows_used"], &ours["rows_rejected"]), (&3000.into(), &0.into()));
        assert_eq!(ours["gauc"], ours["gauc_impression_weighted"]);
        let remarks = if case == "cls_ties" { 1 } else { 0 };
        assert_eq!(ours["warnings"].as_array().unwrap().len(), remarks, "{:?}", ours["warnings"]);
    }
}

#[test]
fn the_order_of_rows_changes_no_digit() {
    let bench = Workbench::new();
    let (_, text) = object(&prediction(&golden("cls_basic", "input.csv"), &[]));
    let shuffled = bench.shuffled(&golden("cls_basic", "input.csv"));
    assert_eq!(text, object(&prediction(&shuffled, &[])).1);

    // Among ties the one figure that follows the file's order may move, as its warning says.
    let key = "ece_10_equal_mass_stable_sort";
    let (mut ours, _) = object(&prediction(&golden("cls_ties", "input.csv"), &[]));
    let shuffled = bench.shuffled(&golden("cls_ties", "input.csv"));
    let (mut others, _) = object(&prediction(&shuffled, &[]));
    assert!(ours["warnings"][0].as_str().unwrap().starts_with(key), "{:?}", ours["warnings"]);
    assert_ne!(ours.remove(key), others.remove(key));
    assert_eq!(ours, others);

    for ties in ["expected", "trec"] {
        let paths = ["run.csv", "qrels.csv"].map(|file| golden("rank_graded_noties", file));
        let (_, text) = object(&ranking(&paths[0], &paths[1], &["--ties", ties]));
        let paths = paths.map(|path| bench.shuffled(&path));
        assert_eq!(text, object(&ranking(&paths[0], &paths[1], &["--ties", ties])).1);
    }
}

#[test]
fn a_single_class_has_null_where_nothing_can_be_said() {
    let (ours, _) = object(&prediction(&golden("cls_single_class_pos", "input.csv"), &[]));
    let golden = &expected("cls_single_class_pos")["values"];
    assert!(ours["auc"].is_null() && ours["gauc"].is_null() && ours["gauc_click_weighted"].is_null());
    for (key, golden_key) in [
        ("logloss", "logloss_with_labels_0_1"),
        ("logloss_with_labels_0_1", "logloss_with_labels_0_1"),
        ("gauc_users_skipped_single_class", "gauc_users_skipped_single_class"),
    ] {
        let (ours, golden) = (ours[key].as_f64().unwrap(), golden[golden_key].as_f64().unwrap());
        assert!((ours - golden).abs() <= 1e-9, "{key}: {ours} instead of {golden}");
    }
    let warnings = ours["warnings"].to_string();
    assert!(warnings.contains("auc: no row has label 0"), "{warnings}");
    assert!(warnings.contains("gauc: no group has rows of both labels"), "{warnings}");
}

#[test]
fn a_nan_score_is_refused_or_left_out_and_counted() {
    let input = golden("cls_nan_score", "input.csv");
    let text = refusal(&prediction(&input, &[]));
    assert!(text.contains("input.csv, data row 2 (line 3), column `score`: NaN is not a finite number"), "{text}");
    let (ours, _) = object(&prediction(&input, &["--skip-bad-rows"]));
    let golden = &expected("cls_nan_score")["values"]["if_row_quarantined"];
    for (key, golden_key) in [
        ("rows_used", "rows_used"),
        ("rows_rejected", "rows_rejected"),
        ("rejected_data_row", "rejected_data_row"),
        ("auc", "auc"),
    ] {
        assert_eq!(ours[key].as_f64(), golden[golden_key].as_f64(), "{key}");
    }
    assert!(ours["warnings"].to_string().contains("data row 2 (line 3), column `score`"), "{:?}", ours["warnings"]);
}

#[test]
fn bad_cells_name_their_place_and_the_mend() {
    let bench = Workbench::new();
    for (rows, place, mend) in [
        ("a,0,0.5,1\na,2,0.5,1\n", "data row 2 (line 3), column `label`: 2 is", "--task regression"),
        ("a,0,inf,1\n", "data row 1 (line 2), column `score`: inf is not", "--skip-bad-rows"),
        ("a,0,0.5,1\na,1,0.5,-1\n", "data row 2 (line 3), column `weight`: -1 is", "rescale"),
        ("a,0,0.5,1e200\n", "column `weight`", "between 1e-100 and 1e100"),
        ("a,0,0.5,nan\n", "column `weight`: NaN", "mend the cell"),
        ("a,0,high,1\n", "column `score`", "\"high\" is no number"),
    ] {
        let input = bench.file("scores.csv", &format!("user_id,label,score,weight\n{rows}"));
        let text = refusal(&prediction(&input, &[]));
        assert!(text.contains("scores.csv") && text.contains(place) && text.contains(mend), "{text}");
    }
    let header = bench.file("scores.csv", "user_id,label,score\n");
    assert!(refusal(&prediction(&header, &[])).contains("scores.csv"));
    let empty = bench.file("scores.csv", "");
    assert!(refusal(&prediction(&empty, &[])).contains("empty"));
    let all_bad = bench.file("scores.csv", "label,score\n1,nan\n0,nan\n");
    assert!(refusal(&prediction(&all_bad, &["--skip-bad-rows"])).contains("none is left"));
    let named = bench.file("scores.csv", "label,score\n1,0.5\n");
    let text = refusal(&prediction(&named, &["--weight-column", "w"]));
    assert!(text.contains("no column `w`"), "{text}");
    assert!(refusal(&prediction(&named, &["--per-user", "x.csv"])).contains("--user-column"));
}

#[test]
fn logits_keep_their_auc_and_zero_weights_have_no_weighted_metrics() {
    let bench = Workbench::new();
    let input = bench.file("scores.csv", "who,click,logit,w\na,1,2.5,0\na,0,-1,0\nb,1,0.5,0\n");
    let named = ["--user-column", "who", "--label-column", "click", "--score-column", "logit", "--weight-column", "w"];
    let (ours, _) = object(&prediction(&input, &named));
    assert_eq!((&ours["auc"], &ours["gauc"], &ours["gauc_users_used"]), (&1.0.into(), &1.0.into(), &1.into()));
    for key in
        ["logloss", "brier", "ece_10_equal_width", "ece_10_equal_mass_stable_sort", "weighted_auc", "weighted_ap"]
    {
        assert!(ours[key].is_null(), "{key}");
    }
    let warnings = ours["warnings"].to_string();
    assert!(warnings.contains("logloss: the score 2.5 in row 1 is not a probability"), "{warnings}");
    assert!(warnings.contains("weighted_auc: no row has label 1"), "{warnings}");
}

#[test]
fn regression_has_its_own_metrics() {
    let bench = Workbench::new();
    let input = bench.file("watch.csv", "label,score,weight\n10,12,1\n20,11,1\n30,11,2\n30,29,0\n");
    let (ours, _) = object(&prediction(&input, &["--task", "regression"]));
    // Errors 2, 9, 19, 1; pairs of unequal truth: 10 before 20 lost, 10 before 30 lost, 10 before 30 won, 20 before 30
    // tied and won.
    assert_eq!((&ours["n"], &ours["mae"], &ours["xauc"]), (&4.into(), &7.75.into(), &0.5.into()));
    let rmse = ours["rmse"].as_f64().unwrap();
    assert!((rmse - (447.0_f64 / 4.0).sqrt()).abs() < 1e-12, "{rmse}");
    // Weights 1, 1, 2 and a masked row: (2 + 9 + 38) / 4; pairs 10-20 (1) lost, 10-30 (2) lost, 20-30 (2) tied.
    assert_eq!((&ours["weighted_mae"], &ours["weighted_xauc"]), (&12.25.into(), &0.2.into()));
    assert!(!ours.contains_key("auc"));
}

#[test]
fn ranking_agrees_with_every_golden_value() {
    for case in ["rank_hand", "rank_graded_noties"] {
        for (ties, level) in [("expected", "stable"), ("trec", "trec_docid_desc")] {
            let more = ["--k", "1,3,5,10,20", "--ties", ties];
            let (ours, _) = object(&ranking(&golden(case, "run.csv"), &golden(case, "qrels.csv"), &more));
            for (policy, suffix) in [("skip", ""), ("zero", "[users_without_relevant=zero]")] {
                let golden = &expected(case)["values"][format!("own_float64[{level},users_without_relevant={policy}]")];
                assert_eq!(compare(&ours, golden, 1e-9, suffix), 42, "{case} {ties} {policy}");
            }
        }
    }
}

#[test]
fn ties_follow_the_policy_and_ranks_stand_for_scores() {
    let bench = Workbench::new();
    let qrels = bench.file("qrels.csv", "user_id,item_id,relevance\nu,b,1\nv,a,1\nw,a,0\n");
    let run = bench.file("run.csv", "user_id,item_id,score\nu,a,0.5\nu,b,0.5\nx,a,1\n");
    let (ours, _) = object(&ranking(&run, &qrels, &["--k", "1"]));
    // u: b stands first with probability one half; v has no list; w has nothing relevant; x is not judged.
    assert_eq!(ours["hit@1"], Value::from(0.25));
    assert_eq!(ours["lists_with_ties"], Value::from(1));
    for (key, count) in [
        ("n_users_averaged", 2),
        ("n_users_skipped", 1),
        ("n_users_without_list", 1),
        ("n_users_without_judgements", 1),
        ("rows_used", 2),
        ("rows_of_users_without_judgements", 1),
    ] {
        assert_eq!(ours[key], Value::from(count), "{key}");
    }
    assert_eq!(ours["warnings"].as_array().unwrap().len(), 3);
    // trec_eval puts b before a.
    let (ours, _) = object(&ranking(&run, &qrels, &["--k", "1", "--ties", "trec"]));
    assert_eq!(ours["hit@1"], Value::from(0.5));

    let ranked = bench.file("ranked.csv", "user_id,item_id,rank\nu,a,2\nu,b,1\n");
    let text = refusal(&ranking(&ranked, &qrels, &[]));
    assert!(text.contains("pass --rank-column rank"), "{text}");
    let (ours, _) = object(&ranking(&ranked, &qrels, &["--k", "1", "--rank-column", "rank"]));
    assert_eq!(ours["hit@1"], Value::from(0.5));
}

#[test]
fn bad_runs_and_judgements_name_their_place() {
    let bench = Workbench::new();
    let good_run = "user_id,item_id,score\nu,a,0.5\nu,b,0.4\n";
    let good_qrels = "user_id,item_id,relevance\nu,b,1\n";
    for (run, qrels, parts) in [
        (
            "user_id,item_id,score\nu,a,0.5\nu,b,nan\n",
            good_qrels,
            ["run.csv, data row 2 (line 3), column `score`", "NaN"],
        ),
        (
            "user_id,item_id,score\nu,a,0.5\nv,a,0.5\nu,a,0.4\n",
            good_qrels,
            ["run.csv, data row 3 (line 4), column `item_id`", "data row 1 already"],
        ),
        (
            good_run,
            "user_id,item_id,relevance\nu,b,1\nu,b,0\n",
            ["qrels.csv, data row 2 (line 3), column `item_id`", "data row 1 already"],
        ),
        (
            good_run,
            "user_id,item_id,relevance\nu,b,-1\n",
            ["qrels.csv, data row 1 (line 2), column `relevance`", "below 0"],
        ),
        (good_run, "user_id,item_id,relevance\nu,b,inf\n", ["column `relevance`", "inf is not a finite number"]),
        (good_run, "user_id,item_id,relevance\n", ["qrels.csv", "no rows"]),
        ("", good_qrels, ["run.csv", "empty"]),
    ] {
        let (run, qrels) = (bench.file("run.csv", run), bench.file("qrels.csv", qrels));
        let text = refusal(&ranking(&run, &qrels, &[]));
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
    let (run, qrels) = (bench.file("run.csv", good_run), bench.file("qrels.csv", good_qrels));
    assert!(refusal(&ranking(&run, &qrels, &["--k", "0,5"])).contains("--k: 0"));
    let irrelevant = bench.file("qrels.csv", "user_id,item_id,relevance\nu,b,0\n");
    let (ours, _) = object(&ranking(&run, &irrelevant, &["--k", "1"]));
    assert_eq!((&ours["ndcg@1"], &ours["ndcg@1[users_without_relevant=zero]"]), (&Value::Null, &Value::from(0.0)));
    assert!(ours["warnings"].to_string().contains("ndcg@1: no item is relevant"));
}

#[test]
fn pages_and_per_user_files_are_written() {
    let bench = Workbench::new();
    let (html, csv) = (bench.path("page.html"), bench.path("users.csv"));
    let more = ["--html", html.to_str().unwrap(), "--per-user", csv.to_str().unwrap()];
    object(&prediction(&golden("cls_basic", "input.csv"), &more));
    let page = fs::read_to_string(&html).unwrap();
    assert!(page.contains("average_precision") && page.contains("<svg"), "no metrics or no diagram");
    let users = fs::read_to_string(&csv).unwrap();
    assert!(users.starts_with("user_id,rows,auc,logloss,brier\nu0,"), "{users}");
    assert_eq!(users.lines().count(), 1 + 54 + 55);
    let per_user: Map<String, Value> =
        serde_json::from_slice(&fs::read(golden("cls_basic", "per_user_auc.json")).unwrap()).unwrap();
    for line in users.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let golden = per_user.get(cells[0]).map(|auc| auc.as_f64().unwrap());
        let ours = (!cells[2].is_empty()).then(|| cells[2].parse::<f64>().unwrap());
        assert!(ours.zip(golden).map_or(ours == golden, |(a, b)| (a - b).abs() < 1e-9), "{line}");
    }

    object(&ranking(
        &golden("rank_hand", "run.csv"),
        &golden("rank_hand", "qrels.csv"),
        &[&more[..], &["--k", "3"]].concat(),
    ));
    assert!(fs::read_to_string(&html).unwrap().contains("map_trec"));
    let users = fs::read_to_string(&csv).unwrap();
    assert!(users.starts_with("user_id,ndcg@3,") && users.lines().count() == 3, "{users}");
}

#[test]
fn only_the_keys_asked_for_are_computed() {
    let input = golden("cls_basic", "input.csv");
    let (all, _) = object(&prediction(&input, &[]));
    let (some, _) = object(&prediction(&input, &["--only", "auc,logloss"]));
    assert_eq!((&some["auc"], &some["logloss"]), (&all["auc"], &all["logloss"]));
    assert_eq!(some.get("brier").or(some.get("gauc")), None);
    assert!(refusal(&prediction(&input, &["--only", "auk"])).contains("--only auk: there is no such key"));
}
