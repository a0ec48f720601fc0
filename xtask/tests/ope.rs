//! `cargo xtask ope`: golden values, refusals and bad input, through the binary.

mod command;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

fn golden(case: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/eval/tests/golden").join(case).join(file)
}

fn ope(arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(env!("CARGO_BIN_EXE_xtask")).arg("ope").args(arguments).output()?)
}

fn json(arguments: &[&str]) -> Result<Value> {
    let output = ope(&[arguments, &["--json"]].concat())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The one line on standard error of a command that must fail.
fn refusal(arguments: &[&str]) -> Result<String> {
    let error = command::refusal(&ope(arguments)?);
    ensure!(!error.contains("panicked"), "{error}");
    Ok(error)
}

/// Every key of a golden level that the command must have.
fn check(ours: &Value, golden: &Value, but: &[&str]) -> Result<()> {
    for (key, expected) in golden.as_object().context("golden values")? {
        if but.contains(&key.as_str()) {
            continue;
        }
        let ours = ours[key].as_f64().with_context(|| format!("{key} is missing"))?;
        let expected = expected.as_f64().with_context(|| key.clone())?;
        ensure!((ours - expected).abs() <= 1e-9, "{key}: {ours} instead of {expected}");
    }
    Ok(())
}

fn expected(case: &str) -> Result<Value> {
    Ok(serde_json::from_slice::<Value>(&fs::read(golden(case, "expected.json"))?)?["values"].take())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

#[test]
fn bandit_agrees_with_golden_values() -> Result<()> {
    for case in ["ope_bandit_synthetic", "ope_on_policy_identity"] {
        let ours = json(&["bandit", "--input", text(&golden(case, "input.csv"))])?;
        check(&ours, &expected(case)?["own_float64"], &[])?;
        check(&ours, &expected(case)?["obp"], &[])?;
        ensure!(ours["rows_used"].as_u64().is_some() && ours["rows_rejected"] == 0, "{ours}");
        ensure!(ours.as_object().context("object")?.values().all(|value| !value.is_object()), "the object is flat");
    }
    Ok(())
}

#[test]
fn sequential_and_slate_agree_with_golden_values() -> Result<()> {
    let case = "ope_seq_single_trajectory";
    let (trajectories, policies) = (golden(case, "trajectories.csv"), golden(case, "policies.json"));
    let ours = json(&["sequential", "--trajectories", text(&trajectories), "--policies", text(&policies)])?;
    check(&ours, &expected(case)?["own_float64"], &["per_decision_wis_dropping_finished_trajectories"])?;
    ensure!(ours["trajectory_wis_std_err"].is_null() && ours["trajectory_wis_std_err"] != 0, "{ours}");
    let ours = json(&["slate", "--input", text(&golden("ope_slate", "input.csv"))])?;
    check(&ours, &expected("ope_slate")?["obp"], &[])
}

/// Forty trajectories are worth six: refused by default, told under a rule that allows it.
#[test]
fn the_rules_of_refusal_can_be_set() -> Result<()> {
    let case = "ope_seq_many";
    let (trajectories, policies) = (golden(case, "trajectories.csv"), golden(case, "policies.json"));
    let folder = tempfile::tempdir()?;
    let rules = folder.path().join("rules.toml");
    let command =
        ["sequential", "--trajectories", text(&trajectories), "--policies", text(&policies), "--rules", text(&rules)];
    fs::write(&rules, "minimum_effective_sample_size = 5\n")?;
    let but = ["per_decision_wis_dropping_finished_trajectories"];
    check(&json(&command)?, &expected(case)?["own_float64"], &but)?;
    fs::write(&rules, "minimum_effective_sample_size = 7\n")?;
    let refused = json(&command)?;
    ensure!(refused["per_decision_wis"].is_null() && refused["dm"].is_number(), "{refused}");
    fs::write(&rules, "minimum_ess = 7\n")?;
    ensure!(refusal(&command)?.contains("unknown field `minimum_ess`"), "an unknown key is named");
    Ok(())
}

/// Ten thousand rows that are worth two: no value, the reason, and the numbers.
#[test]
fn open_bandit_is_refused_with_its_effective_sample_size() -> Result<()> {
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/open_bandit/women_bts.csv.gz");
    let command = [
        "bandit",
        "--input",
        text(&log),
        "--action-column",
        "item_id",
        "--reward-column",
        "click",
        "--propensity-column",
        "propensity_score",
        "--evaluation",
        "uniform",
        "--actions",
        "46",
    ];
    let ours = json(&command)?;
    for estimator in ["ips", "snips", "ips_clipped_5", "sg_ipw_0.3", "ips_clipped_tuned"] {
        ensure!(ours[estimator].is_null(), "{estimator} has a value: {}", ours[estimator]);
        ensure!(ours[format!("{estimator}_refused")].as_array().is_some_and(|reasons| !reasons.is_empty()));
    }
    ensure!(ours["ess_kish"].as_f64().is_some_and(|ess| (2.0..2.2).contains(&ess)), "{}", ours["ess_kish"]);
    ensure!(ours["max_weight"].as_f64().is_some_and(|largest| (largest - 21_739.13).abs() < 0.01));
    ensure!(ours["ips_refused"][0].as_str().is_some_and(|reason| reason.contains("effective sample size 2.1")));
    ensure!(ours["better_than_logging"] == "refused" && ours["best_constant_value"].is_null());
    ensure!(ours["propensity_drifting_share"].as_f64().is_some_and(|share| share > 0.4), "the policy learned");
    ensure!(ours["dm"].is_null() && ours["warnings"].to_string().contains("no predictions of a reward model"));

    let folder = tempfile::tempdir()?;
    let html = folder.path().join("report.html");
    let output = ope(&[&command[..], &["--html", text(&html)]].concat())?;
    let told = String::from_utf8(output.stdout)?;
    ensure!(
        told.starts_with("This log cannot say what the evaluation policy would earn: effective sample size 2.1"),
        "{told}"
    );
    ensure!(told.contains("ips                     refused"), "{told}");
    let html = fs::read_to_string(html)?;
    ensure!(
        html.contains("ips, snips, ips_clipped_tuned, sg_ipw_tuned are refused") && html.contains("<svg "),
        "the report says so too"
    );
    Ok(())
}

#[test]
fn bad_rounds_are_named_by_file_line_and_column() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.csv");
    let header = "action,reward,pscore,pi_e_0,pi_e_1\n";
    let good = "0,1,0.5,0.5,0.5\n";
    for (bad, message) in [
        ("0,1,0,0.5,0.5\n", "data row 2 (line 3), column `pscore`: 0 is not above 0 and at most 1"),
        ("0,1,-0.5,0.5,0.5\n", "column `pscore`: -0.5 is not above 0"),
        ("0,1,1.5,0.5,0.5\n", "column `pscore`: 1.5 is not above 0 and at most 1"),
        ("0,1,0.5,0.5,0.4\n", "columns `pi_e_*`: the probabilities sum to 0.9, not to 1"),
        ("0,1,0.5,-0.5,1.5\n", "columns `pi_e_*`: -0.5 is outside [0, 1]"),
        ("2,1,0.5,0.5,0.5\n", "column `action`: 2 is not among the actions 0 to 1"),
        ("0.5,1,0.5,0.5,0.5\n", "column `action`: 0.5 is not among the actions"),
        ("0,NaN,0.5,0.5,0.5\n", "column `reward`: NaN is not a finite number"),
        ("0,1,1e-310,0.5,0.5\n", "overflows"),
        ("0,1,,0.5,0.5\n", "column `pscore`"),
        ("0,1,0.5,0.5\n", "line 3"),
    ] {
        fs::write(&path, format!("{header}{good}{bad}"))?;
        let error = refusal(&["bandit", "--input", text(&path)])?;
        ensure!(error.contains("log.csv") && error.contains(message), "{bad}: {error}");
    }
    // Set aside and counted, when that is asked for.
    fs::write(&path, format!("{header}{good}0,1,0,0.5,0.5\n1,,0.5,0.5,0.5\n1,0,0.5,0.5,0.5\n"))?;
    let ours = json(&["bandit", "--input", text(&path), "--skip-bad-rows"])?;
    ensure!(ours["rows_used"] == 2 && ours["rows_rejected"] == 2, "{ours}");
    ensure!(ours["warnings"].to_string().contains("data row 2 (line 3), column `pscore`"), "{ours}");
    for (content, message) in [
        ("", "empty"),
        (header, "row"),
        ("action,reward,pscore\n0,1,0.5\n", "no columns pi_e_0, pi_e_1, ..."),
        ("action,reward,pi_e_0,pi_e_1\n0,1,0.5,0.5\n", "pscore"),
        ("action,reward,pscore,pi_e_0,pi_e_2\n0,1,0.5,0.5,0.5\n", "`pi_e_2` where `pi_e_1` should come"),
        ("action,reward,pscore,pi_e_0,pi_e_1,q_hat_0\n0,1,0.5,0.5,0.5,1\n", "1 columns q_hat_* for 2 actions"),
    ] {
        fs::write(&path, content)?;
        let error = refusal(&["bandit", "--input", text(&path)])?;
        ensure!(error.contains("log.csv") && error.contains(message), "{content:?}: {error}");
    }
    Ok(())
}

#[test]
fn all_weights_zero_is_refused_not_zero() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.csv");
    fs::write(&path, "action,reward,pscore,pi_e_0,pi_e_1\n0,1,0.5,0,1\n0,0,0.5,0,1\n")?;
    let ours = json(&["bandit", "--input", text(&path)])?;
    ensure!(ours["ips"].is_null() && ours["snips"].is_null(), "{ours}");
    ensure!(ours["ips_refused"].to_string().contains("all 2 weights are 0"), "{ours}");
    Ok(())
}

#[test]
fn bad_trajectories_and_slates_are_named_by_row() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.csv");
    for (rows, message) in [
        ("a,0,1,0.5,0.5\na,2,1,0.5,0.5\n", "data row 2 (line 3)"),
        ("a,0,1,0.5,0.5\na,0,1,0.5,0.5\n", "data row 2 (line 3)"),
        ("a,0,1,0.5,0.5\na,1,1,0,0.5\n", "data row 2 (line 3): propensity"),
        ("a,0,1,0.5,1.5\n", "data row 1 (line 2): evaluation probability"),
    ] {
        fs::write(&path, format!("trajectory_id,t,reward,pscore,pi_e\n{rows}"))?;
        let error = refusal(&["sequential", "--trajectories", text(&path)])?;
        ensure!(error.contains("log.csv") && error.contains(message), "{rows}: {error}");
    }
    // Rows in any order are the same log.
    let rows = ["a,0,1,0.5,0.25", "a,1,2,0.5,0.5", "b,0,3,0.5,0.75"];
    let read = |order: [usize; 3]| -> Result<Value> {
        fs::write(&path, format!("trajectory_id,t,reward,pscore,pi_e\n{}\n", order.map(|i| rows[i]).join("\n")))?;
        json(&["sequential", "--trajectories", text(&path), "--bootstrap", "0"])
    };
    ensure!(read([0, 1, 2])?["per_decision_wis"] == read([1, 0, 2])?["per_decision_wis"]);
    ensure!(read([0, 1, 2])?["dm"].is_null());

    let policies = folder.path().join("policies.json");
    fs::write(&policies, r#"{"gamma": 0.9, "pi_e": [[0.5, 0.4]]}"#)?;
    let error = refusal(&["sequential", "--trajectories", text(&path), "--policies", text(&policies)])?;
    ensure!(error.contains("policies.json: pi_e[0] is not a distribution over actions: it sums to 0.9"), "{error}");

    for (rows, message) in [
        ("s,0,1,0.5,0.5\ns,0,1,0.5,0.5\n", "data row 2 (line 3): position"),
        ("s,0,1,0.5,0.5\ns,1,1,0.5,0.4\n", "data row 2 (line 3): joint probability"),
        ("s,0,1,0,0.5\n", "data row 1 (line 2): logging probability"),
    ] {
        fs::write(&path, format!("slate_id,position,reward,pscore,pi_e\n{rows}"))?;
        let error = refusal(&["slate", "--input", text(&path)])?;
        ensure!(error.contains("log.csv") && error.contains(message), "{rows}: {error}");
    }
    Ok(())
}
