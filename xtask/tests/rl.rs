//! `cargo xtask rl`: golden values, for people and for programs, and bad input, through the binary.

mod command;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/rl/tests/golden/value_iteration").join(file)
}

fn value_iteration(path: &Path, more: &[&str]) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    Ok(command.args(["rl", "value-iteration", "--mdp"]).arg(path).args(more).output()?)
}

fn solved(path: &Path, more: &[&str]) -> Result<Value> {
    let output = value_iteration(path, &[more, &["--json"]].concat())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Every number of a golden value, however deep; numbers to 1e-8.
fn check(place: &str, ours: &Value, golden: &Value) -> Result<()> {
    match golden {
        Value::Array(golden) => {
            let ours = ours.as_array().with_context(|| format!("{place} is not an array"))?;
            ensure!(ours.len() == golden.len(), "{place}: {} values instead of {}", ours.len(), golden.len());
            for (index, (ours, golden)) in ours.iter().zip(golden).enumerate() {
                check(&format!("{place}[{index}]"), ours, golden)?;
            }
        }
        golden => {
            let expected = golden.as_f64().with_context(|| format!("{place} is not a number"))?;
            let ours = ours.as_f64().with_context(|| format!("{place} is missing"))?;
            ensure!((ours - expected).abs() < 1e-8, "{place}: {ours} instead of {expected}");
        }
    }
    Ok(())
}

#[test]
fn value_iteration_agrees_with_golden_values() -> Result<()> {
    for (case, gamma) in [("frozenlake_4x4", "0.99"), ("random10x3", "0.9")] {
        let ours = solved(&golden(&format!("{case}.mdp.json")), &["--gamma", gamma])?;
        let expected: Value = serde_json::from_slice(&fs::read(golden(&format!("{case}.expected.json")))?)?;
        for (key, expected) in expected.as_object().context("golden values")? {
            check(key, &ours[key], expected)?;
        }
        let first = |set: &Value| set[0].clone();
        let lowest: Vec<Value> =
            expected["optimal_actions_sets"].as_array().context("sets")?.iter().map(first).collect();
        ensure!(ours["policy"] == Value::from(lowest), "{}", ours["policy"]);
        ensure!(ours["error_bound"].as_f64().is_some_and(|bound| bound <= 1e-10) && ours["warnings"] == json!([]));
    }
    Ok(())
}

#[test]
fn the_files_gamma_counts_unless_another_is_given() -> Result<()> {
    let path = golden("random10x3.mdp.json");
    ensure!(solved(&path, &[])? == solved(&path, &["--gamma", "0.9"])?);
    // With γ = 0 only the reward counts.
    let greedy = solved(&path, &["--gamma", "0"])?;
    let rewards: Value = serde_json::from_slice::<Value>(&fs::read(&path)?)?["expected_reward"].take();
    check("q_star", &greedy["q_star"], &rewards)
}

/// Two states: stay for 1 and end half of the time, or go on for 0 to a state that earns 8 and ends.
fn small() -> Value {
    json!({
        "n_states": 2, "n_actions": 2,
        "transitions_nonterminal": [[0, 0, 0, 0.5], [0, 1, 1, 1.0]],
        "expected_reward": [[1.0, 0.0], [8.0, 8.0]],
    })
}

#[test]
fn people_get_a_table() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mdp.json");
    fs::write(&path, small().to_string())?;
    let output = value_iteration(&path, &["--gamma", "0.5"])?;
    let told = String::from_utf8(output.stdout)?;
    ensure!(told.starts_with("2 states, 2 actions, discount 0.5: "), "{told}");
    ensure!(told.contains("     0      4.00000000  1         2.00000000      4.00000000\n"), "{told}");
    ensure!(told.ends_with("     1      8.00000000  0 1       8.00000000      8.00000000\n"), "{told}");
    let ours = solved(&path, &["--gamma", "1"])?;
    ensure!(ours["v_star"] == json!([8.0, 8.0]) && ours["error_bound"].is_null(), "{ours}");
    ensure!(ours["start_value"].is_null() && ours["warnings"].to_string().contains("no `initial_dist`"), "{ours}");
    Ok(())
}

#[test]
fn bad_tables_are_named_by_file_key_state_and_action() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mdp.json");
    for (key, bad, message) in [
        (
            "transitions_nonterminal",
            json!([[0, 1, 0, 0.75], [0, 1, 1, 0.5]]),
            "mdp.json: transitions_nonterminal, state 0, action 1: probabilities sum to 1.25, above 1",
        ),
        (
            "transitions_nonterminal",
            json!([[0, 2, 0, 0.5]]),
            "mdp.json: transitions_nonterminal[0] (state 0, action 2): action 2 is not among 0 to 1",
        ),
        ("transitions_nonterminal", json!([[0, 0, 9, 0.5]]), "(state 0, action 0): next state 9 is not among 0 to 1"),
        (
            "transitions_nonterminal",
            json!([[0, 0, 1, -0.5]]),
            "(state 0, action 0): probability -0.5 is outside [0, 1]",
        ),
        (
            "transitions_nonterminal",
            json!([[0, 0, 1]]),
            "mdp.json: not a table; `--help` shows what one looks like: invalid length 3",
        ),
        ("expected_reward", json!([[1.0, 0.0]]), "mdp.json: expected_reward: 1 rows for 2 states"),
        ("expected_reward", json!([[1.0, 0.0], [1.0]]), "expected_reward[1] (state 1): 1 rewards for 2 actions"),
        ("initial_dist", json!([0.5, 0.25]), "mdp.json: initial_dist: probabilities sum to 0.75, not to 1"),
        ("n_states", json!(0), "mdp.json: n_states: 0; there must be at least one"),
        ("n_states", json!(-1), "mdp.json: not a table"),
        ("gamma", json!(1.5), "gamma 1.5 must lie in [0, 1]; give another by --gamma"),
        ("gamma", Value::Null, "mdp.json: no key `gamma`; give the discount by --gamma"),
    ] {
        let mut file = small();
        file[key] = bad;
        fs::write(&path, file.to_string())?;
        let error = command::refusal(&value_iteration(&path, &[])?);
        ensure!(error.contains(message), "{error}");
    }
    let mut endless = small();
    endless["transitions_nonterminal"] = json!([[0, 0, 0, 1.0]]);
    fs::write(&path, endless.to_string())?;
    let error = command::refusal(&value_iteration(&path, &["--gamma", "1", "--max-sweeps", "100"])?);
    ensure!(
        error.contains("mdp.json: after 100 sweeps values still change by 1e0: choose a discount below 1"),
        "{error}"
    );
    for (file, arguments, message) in [
        ("mdp.json", ["--accuracy", "0"], "--accuracy 0 must be a number above 0"),
        ("none.json", ["--gamma", "0.5"], "none.json: cannot read it"),
        ("mdp.json", ["--gamma", "-0.5"], "gamma -0.5 must lie in [0, 1]"),
    ] {
        let mut more = arguments.to_vec();
        if arguments[0] != "--gamma" {
            more.extend(["--gamma", "0.5"]);
        }
        let error = command::refusal(&value_iteration(&folder.path().join(file), &more)?);
        ensure!(error.contains(message), "{error}");
    }
    Ok(())
}
