//! `cargo xtask compare-policies`: small worlds, so that the whole road is walked; what must hold whatever was learned is asserted.

mod command;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use command::refusal;

const SMALL: &str = r#"
name = "small worlds"
seed = 3
discount = 0.9
[world]
types = 2
topics = 3
items = 18
[feed]
slate = 2
recent = 8
horizon_steps = 30
[reward]
weights = { click = 1.0, purchase = 5.0 }
[log]
visitors = 150
held_out = 100
[scores.trainer]
epochs = 1
[agents]
visitors = 30
rmtl = { learning_starts = 50, learn_every = 8 }
dqn = { learning_starts = 50, learn_every = 16 }
slate_q = { learning_starts = 50, learn_every = 8 }
[compare]
seeds = 2
visitors = 40
ensemble = 2
"#;

fn compare(config: &str, folder: &Path, more: &[&str], threads: &str) -> Result<Output> {
    let path = folder.join("small.toml");
    fs::write(&path, config)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let command = command.arg("compare-policies").arg("--config").arg(path).args(more);
    Ok(command.env("RAYON_NUM_THREADS", threads).output()?)
}

fn number(found: &Value, key: &str) -> Result<f64> {
    found[key].as_f64().with_context(|| format!("{key} in {found}"))
}

#[test]
fn every_policy_is_judged_and_none_exceeds_the_bound() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("page.html");
    let more = ["--json", "--html", page.to_str().context("a path in UTF-8")?];
    let output = compare(SMALL, folder.path(), &more, "2")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let bound = number(&found, "bound")?;
    let policies = [
        "random",
        "popularity",
        "markov",
        "greedy_single_task",
        "multitask_fixed_weights",
        "multitask_weights_by_critics",
        "policy_over_fusion_weights",
        "policy_over_surfaces",
        "policy_over_items",
        "policy_over_slates",
        "greedy_by_click_knows_the_truth",
        "planner_knows_the_truth",
    ];
    for policy in policies {
        let value = number(&found, &format!("{policy}.return"))?;
        ensure!(value > 0.0 && value < bound, "{policy}: {value} beside a bound of {bound}");
        let coverage = number(&found, &format!("{policy}.coverage"))?;
        ensure!(coverage > 0.0 && coverage <= 1.0, "{policy}: coverage {coverage}");
    }
    ensure!(number(&found, "random.coverage")? > number(&found, "popularity.coverage")?, "{found}");
    ensure!(number(&found, "planner_knows_the_truth.return")? > number(&found, "random.return")?, "{found}");
    // A fit of 150 visitors already tells clicks better than their frequency.
    let fitted = number(&found, "the_learners_simulator.choice_log_likelihood")?;
    let popularity = number(&found, "the_learners_simulator.popularity_log_likelihood")?;
    ensure!(fitted > popularity, "{fitted} against {popularity}");
    let page = fs::read_to_string(page)?;
    for section in ["world", "simulators", "fidelity", "pareto"] {
        ensure!(page.contains(&format!("id=\"{section}\"")), "the page has no section {section}");
    }
    ensure!(page.matches("<svg").count() == 2 && !page.contains("NaN"), "the page lacks its plots");
    Ok(())
}

#[test]
fn threads_change_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let one = compare(SMALL, folder.path(), &["--json"], "1")?;
    let two = compare(SMALL, folder.path(), &["--json"], "2")?;
    ensure!(one.status.success() && one.stdout == two.stdout, "one thread and two differ");
    Ok(())
}

#[test]
fn mistakes_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (from, to, said) in [
        ("click = 1.0", "clicks = 1.0", "reward.weights.clicks: no such feedback; there are click, like, purchase"),
        ("slate = 2", "slate = 40", "feed.slate: 40 slots cannot be filled with 18 items"),
        ("discount = 0.9", "discount = 1.0", "discount: 1 must lie in [0, 1)"),
        ("seeds = 2", "seeds = 1", "compare.seeds: at least 2"),
        ("visitors = 30", "vistors = 30", "unknown field `vistors`"),
    ] {
        let output = compare(&SMALL.replacen(from, to, 1), folder.path(), &[], "1")?;
        let text = refusal(&output);
        ensure!(text.contains(said), "{text} does not say {said}");
    }
    Ok(())
}
