//! `cargo xtask rl trace`: golden tables, and every fault of a file by place and mend, through the binary.

mod command;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/rl/tests/golden/tabular_update_trace").join(file)
}

fn trace(path: &Path, more: &[&str]) -> Result<Output> {
    Ok(Command::new(env!("CARGO_BIN_EXE_xtask")).args(["rl", "trace", "--input"]).arg(path).args(more).output()?)
}

fn traced(path: &Path, more: &[&str]) -> Result<Value> {
    let output = trace(path, &[more, &["--json"]].concat())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn check(place: &str, ours: &Value, golden: &Value) -> Result<()> {
    match golden {
        Value::Array(golden) => {
            let ours = ours.as_array().with_context(|| format!("{place} is not an array"))?;
            ensure!(ours.len() == golden.len(), "{place}: {} values instead of {}", ours.len(), golden.len());
            ours.iter()
                .zip(golden)
                .enumerate()
                .try_for_each(|(index, (ours, golden))| check(&format!("{place}[{index}]"), ours, golden))
        }
        golden => {
            let expected = golden.as_f64().with_context(|| format!("{place} is not a number"))?;
            let ours = ours.as_f64().with_context(|| format!("{place} is missing"))?;
            ensure!((ours - expected).abs() < 1e-10, "{place}: {ours} instead of {expected}");
            Ok(())
        }
    }
}

#[test]
fn all_tables_agree_with_golden_values() -> Result<()> {
    let settings = ["--alpha", "0.1", "--gamma", "0.95", "--epsilon", "0.2"];
    let ours = traced(&golden("transitions.csv"), &settings)?;
    let expected: Value = serde_json::from_slice(&fs::read(golden("expected.json"))?)?;
    for (key, expected) in expected.as_object().context("golden values")? {
        check(key, &ours[key], expected)?;
    }
    ensure!(ours["rows_used"] == 5_000 && ours["warnings"] == Value::Array(Vec::new()));
    let one = traced(&golden("transitions.csv"), &["--algorithm", "double-q-learning"])?;
    ensure!(one["double_q_B"] == ours["double_q_B"] && one.get("sarsa").is_none());
    Ok(())
}

/// One transition and its end, α = 0.5 and γ = 0.5, by hand.
#[test]
fn columns_that_an_algorithm_does_not_need_may_be_missing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("steps.csv");
    fs::write(&path, "s,a,r,s2,done\n1,1,4,0,1\n0,0,2,1,0\n")?;
    let ours = traced(&path, &["--alpha", "0.5", "--gamma", "0.5"])?;
    ensure!(ours["q_learning"] == serde_json::json!([[1.5, 0.0], [0.0, 2.0]]), "{ours}");
    ensure!(ours["sarsa"].is_null() && ours["double_q_A"].is_null(), "{ours}");
    ensure!(ours["warnings"].to_string().contains("sarsa: there is no column `a2`"), "{ours}");
    let told = String::from_utf8(trace(&path, &["--alpha", "0.5", "--gamma", "0.5"])?.stdout)?;
    ensure!(told.contains("\nq_learning\n     0      1.50000000      0.00000000\n"), "{told}");
    ensure!(told.contains("\nsarsa: none, because there is no column `a2`"), "{told}");
    // The last action of an episode may be left out.
    fs::write(&path, "s,a,r,s2,a2,done\n1,1,4,0,,1\n0,0,2,1,1,0\n")?;
    let sarsa = traced(&path, &["--alpha", "0.5", "--gamma", "0.5", "--algorithm", "sarsa"])?;
    ensure!(sarsa["sarsa"] == serde_json::json!([[1.5, 0.0], [0.0, 2.0]]), "{sarsa}");
    Ok(())
}

#[test]
fn every_fault_is_named_by_file_line_column_and_mend() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("steps.csv");
    let header = "s,a,r,s2,a2,done,double_coin\n0,0,1,1,1,0,0\n";
    for (rows, more, message) in [
        ("0.5,0,1,1,1,0,0", &[][..], "steps.csv, data row 2 (line 3), column `s`: 0.5 is no index; number states"),
        ("0,-1,1,1,1,0,0", &[], "data row 2 (line 3), column `a`: -1 is no index"),
        ("0,0,inf,1,1,0,0", &[], "data row 2 (line 3), column `r`: "),
        ("0,0,1,x,1,0,0", &[], "data row 2 (line 3), column `s2`: "),
        ("0,0,1,1,,0,0", &[], "column `a2`: no action; it may be missing only where `done` is 1"),
        ("0,0,1,1,1,2,0", &[], "column `done`: 2 is neither 0 nor 1"),
        ("0,0,1,1,1,0,0.5", &[], "column `double_coin`: 0.5 is neither 0 nor 1"),
        ("0,0,1,7,1,0,0", &["--states", "7"], "column `s2`: 7 is not among the 7 states 0, 1, ... of --states"),
        ("0,3,1,1,1,0,0", &["--actions", "2"], "column `a`: 3 is not among the 2 actions 0, 1, ... of --actions"),
        ("99999999,9,1,1,1,0,0", &[], "steps.csv: a table of 100000000 states and 10 actions is too large"),
        ("0,0,1", &[], "line 3"),
        ("0,0,1,1,1,0,0", &["--alpha", "0"], "--alpha 0 must lie in (0, 1]"),
        ("0,0,1,1,1,0,0", &["--gamma", "-1"], "--gamma -1 must lie in [0, 1]"),
        ("0,0,1,1,1,0,0", &["--epsilon", "2"], "--epsilon 2 must lie in [0, 1]"),
    ] {
        fs::write(&path, format!("{header}{rows}\n"))?;
        let error = command::refusal(&trace(&path, more)?);
        ensure!(error.contains(message), "{error}");
    }
    fs::write(&path, "s,a,r,s2,done\n0,0,1,1,0\n")?;
    for (algorithm, column) in [("sarsa", "a2"), ("double-q-learning", "double_coin")] {
        let error = command::refusal(&trace(&path, &["--algorithm", algorithm])?);
        ensure!(error.contains("steps.csv") && error.contains(&format!("`{column}`")), "{error}");
    }
    for (text, message) in [("s,a,r,s2\n0,0,1,1\n", "`done`"), ("s,a,r,s2,a2,done\n", "steps.csv"), ("", "steps.csv")] {
        fs::write(&path, text)?;
        let error = command::refusal(&trace(&path, &[])?);
        ensure!(error.contains(message), "{error}");
    }
    let error = command::refusal(&trace(&folder.path().join("none.csv"), &[])?);
    ensure!(error.contains("none.csv: no such file; mend the path"), "{error}");
    Ok(())
}
