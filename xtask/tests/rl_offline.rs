//! `cargo xtask rl offline`: values worked out by hand, and every fault of a file by place and mend, through the binary.

mod command;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// State 0 stays for 1 or goes on for 0 to state 1, whose only logged action earns 8 and ends; action 0 of state 0 three times.
const LOG: &str = "s,a,r,s2,done\n0,0,1,0,0\n0,0,1,0,0\n0,0,1,0,0\n0,1,0,1,0\n1,1,8,0,1\n";

fn offline(path: &Path, more: &[&str]) -> Result<Output> {
    Ok(Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["rl", "offline", "--transitions"])
        .arg(path)
        .args(more)
        .output()?)
}

fn solved(path: &Path, more: &[&str]) -> Result<Value> {
    let output = offline(path, &[more, &["--json"]].concat())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Numbers to 1e-8, however deep; null where it is expected.
fn check(place: &str, ours: &Value, expected: &Value) -> Result<()> {
    match expected {
        Value::Array(expected) => {
            let ours = ours.as_array().with_context(|| format!("{place} is not an array"))?;
            ensure!(ours.len() == expected.len(), "{place}: {} values instead of {}", ours.len(), expected.len());
            ours.iter()
                .zip(expected)
                .enumerate()
                .try_for_each(|(index, (ours, expected))| check(&format!("{place}[{index}]"), ours, expected))
        }
        Value::Number(number) => {
            let expected = number.as_f64().with_context(|| format!("{place} is no number"))?;
            let ours = ours.as_f64().with_context(|| format!("{place} is missing"))?;
            ensure!((ours - expected).abs() < 1e-8, "{place}: {ours} instead of {expected}");
            Ok(())
        }
        expected => {
            ensure!(ours == expected, "{place}: {ours} instead of {expected}");
            Ok(())
        }
    }
}

#[test]
fn all_fixed_points_agree_with_golden_values() -> Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/rl/tests/golden/offline_small_mdp");
    let initial = golden.join("initial.json").display().to_string();
    let ours = solved(&golden.join("transitions.csv"), &["--gamma", "0.9", "--initial", &initial])?;
    let expected: Value = serde_json::from_slice(&fs::read(golden.join("expected.json"))?)?;
    for (key, expected) in expected.as_object().context("golden values")? {
        check(key, &ours[key], expected)?;
    }
    ensure!(ours["rows_used"] == 92 && ours["pairs_in_log"] == 10, "{ours}");
    Ok(())
}

#[test]
fn fixed_points_equal_hand_computation() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.csv");
    fs::write(&path, LOG)?;
    let settings =
        ["--gamma", "0.75", "--threshold", "0.4", "--alpha", "0", "--expectile", "0.5", "--temperature", "0"];
    let ours = solved(&path, &settings)?;
    // V(1) = 8. The best: V(0) = 0.75 · 8 = 6. Only what is usual: V(0) = 1 + 0.75 V(0) = 4.
    // The log's own policy: V(0) = ¾ (1 + 0.75 V(0)) + ¼ · 6, so V(0) = 2.25 / 0.4375 = 36/7.
    let v = 36.0 / 7.0;
    for (key, expected) in [
        ("behavior_cloning_policy", json!([[0.75, 0.25], [0.0, 1.0]])),
        ("behavior_cloning_greedy", json!([0, 1])),
        ("behavior_cloning_policy_value", json!(v)),
        ("fqi_q", json!([[5.5, 6.0], [null, 8.0]])),
        ("fqi_v", json!([6.0, 8.0])),
        ("fqi_policy", json!([[0.0, 1.0], [0.0, 1.0]])),
        ("fqi_greedy", json!([1, 1])),
        ("fqi_policy_value", json!(6.0)),
        ("bcq_q", json!([[4.0, 6.0], [null, 8.0]])),
        ("bcq_greedy", json!([0, 1])),
        ("bcq_policy_value", json!(4.0)),
        ("cql_q", json!([[5.5, 6.0], [null, 8.0]])),
        ("iql_q", json!([[1.0 + 0.75 * v, 6.0], [null, 8.0]])),
        ("iql_v", json!([v, 8.0])),
        ("iql_policy", json!([[0.75, 0.25], [0.0, 1.0]])),
        ("fqe_v", json!([v, 8.0])),
        ("fqe_value", json!(v)),
        ("n_states", json!(2)),
        ("pairs_in_log", json!(3)),
        ("rows_used", json!(5)),
        (
            "warnings",
            json!(["1 of 4 pairs of state and action are not in the log: they have no value and are never chosen"]),
        ),
    ] {
        check(key, &ours[key], &expected)?;
    }
    // One method alone gives the same, and nothing of the others.
    let one = solved(&path, &[&settings[..], &["--algorithm", "iql"]].concat())?;
    ensure!(one["iql_q"] == ours["iql_q"] && one.get("fqi_q").is_none() && one.get("alpha").is_none(), "{one}");
    let told = String::from_utf8(offline(&path, &[&settings[..], &["--algorithm", "fqi"]].concat())?.stdout)?;
    ensure!(
        told.starts_with("5 transitions, 2 states, 2 actions, γ 0.75\n\nfqi: its policy is worth 6.00000000"),
        "{told}"
    );
    ensure!(told.contains("\n     1      8.00000000       1               -      8.00000000\n"), "{told}");
    ensure!(told.contains("\nwarning: 1 of 4 pairs"), "{told}");
    Ok(())
}

/// One step that ends, π_b = (1/4, 3/4), α = 2: the rewards ln 3 + 4 and −4/3 are made for Q = (ln 3, 0), whose softmax is (3/4, 1/4).
#[test]
fn cql_equals_hand_computation() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.csv");
    let (ln3, other) = (3.0_f64.ln(), -4.0 / 3.0);
    fs::write(&path, format!("done,s2,r,a,s\n1,0,{},0,0\n{}", ln3 + 4.0, format!("1,0,{other},1,0\n").repeat(3)))?;
    let ours = solved(&path, &["--algorithm", "cql", "--alpha", "2"])?;
    check("cql_q", &ours["cql_q"], &json!([[ln3, 0.0]]))?;
    check("cql_policy_value", &ours["cql_policy_value"], &json!(ln3 + 4.0))
}

#[test]
fn fqe_judges_the_policy_that_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (path, policy, initial) =
        (folder.path().join("log.csv"), folder.path().join("policy.json"), folder.path().join("initial.json"));
    fs::write(&path, LOG)?;
    fs::write(&policy, "[[0.5, 0.5], [0, 1]]")?;
    fs::write(&initial, "[0.5, 0.5]")?;
    let (policy, initial) = (policy.display().to_string(), initial.display().to_string());
    for (name, value) in [("behavior", 36.0 / 7.0), ("greedy:fqi", 6.0), ("greedy:bcq", 4.0), (policy.as_str(), 5.6)] {
        // Half and half: V(0) = ½ (1 + 0.75 V(0)) + ½ · 6, so V(0) = 3.5 / 0.625.
        let more = ["--algorithm", "fqe", "--gamma", "0.75", "--threshold", "0.4", "--policy", name];
        check(name, &solved(&path, &more)?["fqe_value"], &json!(value))?;
        let begun = solved(&path, &[&more[..], &["--initial", &initial]].concat())?;
        check(name, &begun["fqe_value"], &json!((value + 8.0) / 2.0))?;
    }
    // What the log never shows is refused, or worth what is declared.
    let uniform = ["--algorithm", "fqe", "--gamma", "0.75", "--policy", "uniform"];
    let error = command::refusal(&offline(&path, &uniform)?);
    ensure!(
        error.contains("policy.state 1, action 0: taken with probability 0.5, but the log never shows it"),
        "{error}"
    );
    let declared = solved(&path, &[&uniform[..], &["--unseen-value", "-2"]].concat())?;
    check("fqe_q", &declared["fqe_q"][1], &json!([-2.0, 8.0]))?;
    check("fqe_v", &declared["fqe_v"][1], &json!(3.0))?;
    let all = solved(&path, &["--policy", "uniform"])?;
    ensure!(all["fqe_value"].is_null() && all["fqe_q"].is_null() && all["fqi_q"].is_array(), "{all}");
    ensure!(all["warnings"].to_string().contains("fqe_value: policy.state 1, action 0"), "{all}");
    Ok(())
}

#[test]
fn where_the_log_is_silent_is_said() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.csv");
    // State 2 is reached and never acted in; row 2 does not go on where row 1 led.
    fs::write(&path, "s,a,r,s2,done\n0,0,1,2,0\n1,0,1,0,1\n")?;
    let ours = solved(&path, &["--gamma", "0.5", "--unseen-value", "-4", "--actions", "2", "--algorithm", "fqi"])?;
    check("fqi_q", &ours["fqi_q"], &json!([[-1.0, null], [1.0, null], [null, null]]))?;
    check("fqi_v", &ours["fqi_v"], &json!([-1.0, 1.0, -4.0]))?;
    check("fqi_greedy", &ours["fqi_greedy"], &json!([0, 0, null]))?;
    check("fqi_policy", &ours["fqi_policy"][2], &json!([0.5, 0.5]))?;
    check("fqi_policy_value", &ours["fqi_policy_value"], &json!(0.0))?;
    let warnings = ours["warnings"].to_string();
    for part in [
        "4 of 6 pairs",
        "1 states are reached but never acted in (2): each counts as worth -4",
        "1 rows go on elsewhere",
    ] {
        ensure!(warnings.contains(part), "{warnings}");
    }
    Ok(())
}

#[test]
fn every_fault_is_named_by_file_line_column_and_mend() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.csv");
    for (row, more, message) in [
        ("0.5,0,1,1,0", &[][..], "log.csv, data row 2 (line 3), column `s`: 0.5 is no index; number states"),
        ("0,0,1,1,2", &[], "data row 2 (line 3), column `done`: 2 is neither 0 nor 1"),
        ("0,0,x,1,0", &[], "data row 2 (line 3), column `r`: "),
        ("0,0,1,7,0", &["--states", "7"], "column `s2`: 7 is not among the 7 states 0, 1, ... of --states"),
        ("0,0,1,1,0", &["--gamma", "1.5"], "--gamma 1.5 must lie in [0, 1]"),
        ("0,0,1,1,0", &["--alpha", "-1"], "--alpha -1 must be a number from 0 on"),
        ("0,0,1,1,0", &["--threshold", "2"], "--threshold 2 must lie in [0, 1]"),
        ("0,0,1,1,0", &["--expectile", "1"], "--expectile 1 must lie in (0, 1)"),
        ("0,0,1,1,0", &["--temperature", "-1"], "--temperature -1 must be a number from 0 on"),
        ("0,0,1,1,0", &["--accuracy", "0"], "--accuracy 0 must be a number above 0"),
        ("0,0,1,0,0", &["--gamma", "1", "--max-sweeps", "9"], "after 9 sweeps values still change by 1e0"),
        ("0,0,1,1,0", &["--policy", "none.json"], "none.json: cannot read it"),
        ("0,0,1,1,0", &["--policy", "greedy:all"], "takes behavior-cloning, fqi, bcq, cql or iql; name one of them"),
        ("0,0,1,1,0", &["--initial", "none.json"], "none.json: cannot read it"),
    ] {
        fs::write(&path, format!("s,a,r,s2,done\n0,0,1,0,0\n{row}\n"))?;
        let error = command::refusal(&offline(&path, more)?);
        ensure!(error.contains(message), "{error}");
    }
    fs::write(&path, LOG)?;
    let policy = folder.path().join("policy.json");
    for (text, message) in [
        ("[[0.5, 0.5]]", "policy.json: 1 states, but the log has 2; give one list per state"),
        ("[[1], [1]]", "policy.json: 1 probabilities for state 0, but the log has 2 actions"),
        ("[[0.5, 0.5], [0.5, 0.4]]", "policy.json: policy.state 1: "),
        ("{}", "policy.json: not a policy"),
    ] {
        fs::write(&policy, text)?;
        let error = command::refusal(&offline(&path, &["--policy", &policy.display().to_string()])?);
        ensure!(error.contains(message), "{error}");
    }
    fs::write(&policy, "[0.5, 0.6]")?;
    let error = command::refusal(&offline(&path, &["--initial", &policy.display().to_string()])?);
    ensure!(error.contains("policy.json: initial.sum: 1.1"), "{error}");
    fs::write(&path, "s,a,r,s2\n0,0,1,1\n")?;
    let error = command::refusal(&offline(&path, &[])?);
    ensure!(error.contains("log.csv") && error.contains("`done`"), "{error}");
    Ok(())
}
