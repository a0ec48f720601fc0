//! `metrics catalog` as a user meets it: the golden values, what it says when a file is silent, and how it answers
//! mistakes.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod command;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use command::refusal;

const ITEMS: &str = "item_id,category,e0,e1\na,x,1,0\nb,x,0,1\nc,y,-1,0\nd,y,3,0\n";
const TRAIN: &str = "user_id,item_id\nu1,a\nu1,a\nu2,a\nu2,b\nu1,c\nu3,d\n";
const RECS: &str = "user_id,rank,item_id,relevant\nu1,1,b,1\nu1,2,a,0\nu2,2,c,1\nu2,1,a,1\n";

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

    fn run(&self, recs: &str, items: &str, train: &str, more: &[&str]) -> Output {
        for (name, text) in [("recs.csv", recs), ("items.csv", items), ("train.csv", train)] {
            fs::write(self.path(name), text).unwrap();
        }
        catalog(self.folder.path(), more)
    }

    /// The numbers of a run that must succeed.
    fn numbers(&self, recs: &str, items: &str, train: &str, more: &[&str]) -> Value {
        let output = self.run(recs, items, train, &[&["--json"], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The one line of a run that must fail.
    fn refusal(&self, recs: &str, items: &str, train: &str, more: &[&str]) -> String {
        refusal(&self.run(recs, items, train, more))
    }
}

fn catalog(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["metrics", "catalog"]);
    for file in ["recs", "items", "train"] {
        command.arg(format!("--{file}")).arg(folder.join(format!("{file}.csv")));
    }
    command.args(more).output().unwrap()
}

#[test]
fn the_golden_values_come_out_under_their_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/eval/tests/golden/beyond_accuracy");
    let output = catalog(&folder, &["--k", "1,5,10", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ours: Value = serde_json::from_slice(&output.stdout).unwrap();
    let golden: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let own = golden["values"]["own_float64"].as_object().unwrap();
    let recbole = golden["values"]["recbole_1.2.1"].as_object().unwrap();
    let recbole = recbole.iter().filter(|(key, _)| key.starts_with("average") || key.starts_with("tail"));
    for (key, value) in own.iter().chain(recbole) {
        let (ours, golden) = (ours[key].as_f64().unwrap_or(f64::NAN), value.as_f64().unwrap());
        assert!((ours - golden).abs() < 1e-9, "{key}: {ours} instead of {golden}");
    }
    assert_eq!((&ours["rows_used"], &ours["rows_rejected"]), (&Value::from(600), &Value::from(0)));
}

#[test]
fn numbers_by_hand() {
    let ours = Workbench::new().numbers(RECS, ITEMS, TRAIN, &["--k", "1,2"]);
    for (key, by_hand) in [
        ("coverage@1", 0.5),
        ("coverage@2", 0.75),
        // Shown once, twice, once, never: p = 1/4, 1/2, 1/4.
        ("shannon_entropy_bits@2", 1.5),
        // a has half of the events, b and c a sixth each.
        ("novelty_self_information_bits_p=count/total@2", (2.0 + 2.0 * 6.0_f64.log2()) / 4.0),
        // a has two of three users, b and c one.
        (
            "novelty_self_information_bits_p=users/total_users(Zhou2010)@2",
            (2.0 * 1.5_f64.log2() + 2.0 * 3.0_f64.log2()) / 4.0,
        ),
        // b to a: 1; a to c: 2.
        ("ild_cosine@2", 1.5),
        ("ild_category_0_1@2", 0.5),
        // The top 1 is a: the relevant b counts, the relevant a does not.
        // The top 2 are a and b (of b, c and d, equally popular): c counts.
        ("serendipity_ge2010_relevant_and_not_in_top1_popular@1", 0.5),
        ("serendipity_ge2010_relevant_and_not_in_top2_popular@2", 0.25),
        ("averagepopularity@1", 2.0),
        // The tail is one item of four: b, the first of the equals.
        ("tailpercentage@2", 0.25),
        ("users", 2.0),
        ("catalogue_items", 4.0),
        ("rows_used", 4.0),
    ] {
        assert!((ours[key].as_f64().unwrap_or(f64::NAN) - by_hand).abs() < 1e-12, "{key}: {} not {by_hand}", ours[key]);
    }
    // u1: two thirds x, one third y in history, x in the list; u2: x in history; at k = 1 the list is x.
    let kl = (2.0 / 3.0 * (2.0_f64 / 3.0 / (0.99 + 0.02 / 3.0)).ln() + 1.0 / 3.0 * 100.0_f64.ln()) / 2.0;
    assert!((ours["category_calibration_kl@1"].as_f64().unwrap() - kl).abs() < 1e-12, "{ours}");
}

#[test]
fn no_order_of_rows_changes_a_number() {
    let bench = Workbench::new();
    let reversed = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[1..].reverse();
        lines.join("\n") + "\n"
    };
    let straight = bench.numbers(RECS, ITEMS, TRAIN, &["--k", "1,2"]);
    assert_eq!(straight, bench.numbers(&reversed(RECS), &reversed(ITEMS), &reversed(TRAIN), &["--k", "2,1,2"]));
}

#[test]
fn what_the_files_do_not_say_is_null_with_its_reason() {
    let bench = Workbench::new();
    let recs = "user_id,rank,item_id\nu1,1,b\nu9,1,d\n";
    let ours = bench.numbers(recs, "item_id\na\nb\nd\n", "user_id,item_id\nu1,a\nu1,b\n", &["--k", "1,2"]);
    let warnings = ours["warnings"].to_string();
    for (key, reason) in [
        ("serendipity_ge2010_relevant_and_not_in_top1_popular@1", "no relevance column"),
        ("ild_cosine@2", "no embedding columns"),
        ("ild_category_0_1@2", "no category column"),
        ("category_calibration_kl@1", "no category column"),
        ("novelty_self_information_bits_p=count/total@1", "item \\\"d\\\" was recommended but never occurs"),
    ] {
        assert!(ours[key].is_null() && ours.get(key).is_some(), "{key}: {}", ours[key]);
        assert!(warnings.contains(&format!("{key}: ")) && warnings.contains(reason), "{key} {warnings}");
    }
    assert!(warnings.contains("k = 2: 2 of 2 lists hold fewer than 2 items"), "{warnings}");
}

#[test]
fn an_embedding_of_zeros_is_named_where_it_matters() {
    let bench = Workbench::new();
    let items = ITEMS.replace("c,y,-1,0", "c,y,0,0");
    let ours = bench.numbers(RECS, &items, TRAIN, &["--k", "2"]);
    assert!(ours["ild_cosine@2"].is_null());
    assert!(ours["warnings"].to_string().contains("item \\\"c\\\" has an embedding of zeros"), "{}", ours["warnings"]);
    let unused = ITEMS.replace("d,y,3,0", "d,y,0,0");
    assert_eq!(bench.numbers(RECS, &unused, TRAIN, &["--k", "2"])["ild_cosine@2"], 1.5);
}

#[test]
fn rows_beyond_the_largest_k_and_users_without_history_are_counted() {
    let bench = Workbench::new();
    let recs = format!("{RECS}u9,1,d,0\nu9,3,c,1\n");
    let ours = bench.numbers(&recs, ITEMS, TRAIN, &["--k", "2"]);
    assert_eq!((&ours["rows_used"], &ours["rows_beyond_largest_k"]), (&Value::from(5), &Value::from(1)));
    assert!(ours["warnings"].to_string().contains("1 of 3 users have no history"), "{}", ours["warnings"]);
}

#[test]
fn columns_go_by_other_names_and_items_have_several_categories() {
    let bench = Workbench::new();
    let recs = RECS.replace("user_id,rank,item_id,relevant", "who,place,what,liked");
    let items = "id,genre,vec1,vec2\na,x|y,1,0\nb,y|x,0,1\nc,z,-1,0\nd,z,3,0\n";
    let flags = [
        "--k",
        "1",
        "--user-column",
        "who",
        "--item-column",
        "what",
        "--rank-column",
        "place",
        "--relevant-column",
        "liked",
        "--items-item-column",
        "id",
        "--train-user-column",
        "user_id",
        "--train-item-column",
        "item_id",
        "--category-column",
        "genre",
        "--category-separator",
        "|",
        "--embedding-prefix",
        "vec",
    ];
    let ours = bench.numbers(&recs, items, TRAIN, &flags);
    assert_eq!(ours["serendipity_ge2010_relevant_and_not_in_top1_popular@1"], 0.5);
    // u1: a third each of x, y, z in history, half each of x and y in the list; u2: half each of x and y in both.
    let kl = (2.0 / 3.0 * (1.0_f64 / 3.0 / (0.495 + 0.01 / 3.0)).ln() + 1.0 / 3.0 * 100.0_f64.ln()) / 2.0;
    assert!((ours["category_calibration_kl@1"].as_f64().unwrap() - kl).abs() < 1e-12, "{ours}");
}

#[test]
fn mistakes_are_refused_by_file_row_and_column() {
    let bench = Workbench::new();
    let recs = |from: &str, to: &str| bench.refusal(&RECS.replace(from, to), ITEMS, TRAIN, &[]);
    let items = |from: &str, to: &str| bench.refusal(RECS, &ITEMS.replace(from, to), TRAIN, &[]);
    let cases = [
        (
            recs("u2,2,c", "u2,2,z"),
            &["recs.csv, data row 3 (line 4), column `item_id`", "\"z\" is not in", "items.csv"][..],
        ),
        (recs("u2,2,c", "u2,2,a"), &["recs.csv, data row 4", "column `item_id`", "data row 3 already"]),
        (recs("u2,2,c", "u2,1,c"), &["recs.csv, data row 4", "column `rank`", "rank 1 in data row 3 already"]),
        (recs("u1,2,a", "u1,2.5,a"), &["recs.csv, data row 2", "column `rank`", "2.5 is no rank"]),
        (recs("u1,1,b", "u1,0,b"), &["recs.csv, data row 1", "0 is no rank"]),
        (recs("u1,1,b", "u1,NaN,b"), &["recs.csv, data row 1", "NaN is no rank"]),
        (recs("a,0\n", "a,-1\n"), &["recs.csv, data row 2", "column `relevant`", "-1 is no relevance"]),
        (recs("a,0\n", "a,\n"), &["recs.csv, data row 2", "column `relevant`", "empty"]),
        (recs("rank", "place"), &["recs.csv", "`rank`"]),
        (items("d,y,3,0", "a,y,3,0"), &["items.csv, data row 4 (line 5), column `item_id`", "data row 1 already"]),
        (items("d,y,3,0", "d,y,inf,0"), &["items.csv, data row 4", "column `e0`", "inf is not a finite number"]),
        (items("e0,e1", "e0,e2"), &["items.csv", "`e2` follows `e0`"]),
        (
            bench.refusal(RECS, ITEMS, &TRAIN.replace("u3,d", "u3,z"), &[]),
            &["train.csv, data row 6", "\"z\" is not in"],
        ),
        (bench.refusal("", ITEMS, TRAIN, &[]), &["recs.csv", "empty"]),
        (bench.refusal(RECS, "", TRAIN, &[]), &["items.csv", "empty"]),
        (bench.refusal(RECS, ITEMS, "user_id,item_id\n", &[]), &["train.csv"]),
        (bench.refusal(RECS, ITEMS, TRAIN, &["--k", "5,0"]), &["--k: 0"]),
        (bench.refusal(RECS, ITEMS, TRAIN, &["--tail-ratio", "0"]), &["--tail-ratio: 0"]),
        (bench.refusal(RECS, ITEMS, TRAIN, &["--category-column", "genre"]), &["items.csv", "`genre`"]),
        (bench.refusal(RECS, ITEMS, TRAIN, &["--embedding-prefix", "v"]), &["items.csv", "--embedding-prefix"]),
    ];
    for (line, parts) in cases {
        assert!(parts.iter().all(|part| line.contains(part)), "{line} lacks one of {parts:?}");
    }
}

#[test]
fn people_get_a_table_and_a_page() {
    let bench = Workbench::new();
    let page = bench.path("page.html");
    let output = bench.run(RECS, ITEMS, TRAIN, &["--k", "1,2", "--html", page.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("coverage@2") && text.contains("0.750000"), "{text}");
    let html = fs::read_to_string(page).unwrap();
    for part in ["serendipity_ge2010", "k = 2", "0.7500", "undefined"] {
        assert!(html.contains(part), "{part}");
    }
}
