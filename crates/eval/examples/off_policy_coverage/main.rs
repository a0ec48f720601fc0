//! How often do the intervals of off-policy estimates hold the truth? Prints the tables of
//! `docs/off_policy_coverage.md`.
//!
//! ```text
//! cargo run --release -p slatewise-eval --example off_policy_coverage [-- SEED [LOGS]]
//! ```

mod bandit;
mod chance;
mod sequential;
mod slate;
mod study;
mod tables;
mod thresholds;

use std::io::Write;

use anyhow::{Context, Result};

use bandit::{Bandit, CONTEXTS, Model, Overlap};
use sequential::Process;
use slate::SlateWorld;
use study::{Coverage, Observation, Plan, Simulator, Subject, Summary, generator, observe};
use tables::{Line, Scenario, broken_bounds, head, percent, verdicts};
use thresholds::{Degree, Family};

/// Logs per scenario.
const LOGS: usize = 2000;
/// Bootstrap resamples: as many as the judge takes by default.
const RESAMPLES: usize = 1000;
/// Resamples where coverage is far from nominal anyway.
const FEW_RESAMPLES: usize = 200;
/// Rounds, trajectories or slates of a log.
const UNITS: usize = 500;
/// Stream of the generator that draws a scenario's world.
const WORLD: u64 = u64::MAX;

fn main() -> Result<()> {
    let number = |place: usize| std::env::args().nth(place).map(|text| text.parse::<u64>()).transpose();
    let seed = number(1).context("SEED is no number")?.unwrap_or(1);
    let logs = number(2).context("LOGS is no number")?.map_or(LOGS, |logs| logs as usize);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "Seed {seed}, {logs} logs per scenario, {RESAMPLES} resamples ({FEW_RESAMPLES} under weak overlap).\n"
    )?;
    let mut scenarios = bandits(seed, logs)?;
    scenarios.extend(processes(seed, logs)?);
    scenarios.extend(slates(seed, logs)?);
    writeln!(out, "## Coverage\n")?;
    for scenario in &scenarios {
        writeln!(out, "{}", scenario.to_markdown())?;
    }
    writeln!(out, "## Which pairs cover\n\n{}", verdicts(&scenarios))?;
    let broken = broken_bounds(&scenarios);
    writeln!(
        out,
        "Distribution-free bounds that hold less often than promised: {}.\n",
        if broken.is_empty() { "none".to_owned() } else { broken.join("; ") }
    )?;
    writeln!(out, "## Weak overlap, nothing refused\n")?;
    for family in families(seed, logs)? {
        writeln!(out, "{}", family.to_markdown())?;
    }
    writeln!(out, "### Declared and seen bounds\n\n{}", declared_bounds(seed, logs)?)?;
    Ok(())
}

/// The overlaps of the weak-overlap bandits with 1000 rounds each.
const OPPOSED: [f64; 7] = [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0];
/// Number of actions of the bandits whose evaluation policy is deterministic.
const MATCHING: [usize; 7] = [5, 10, 20, 50, 100, 200, 400];
/// How far the policies' logits lie apart in d1 and d2: good overlap, whatever the world.
const NEAR: f64 = 0.3;
/// How far policies of the weak-overlap processes lie apart.
const APART: [f64; 6] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0];

fn bandits(seed: u64, logs: usize) -> Result<Vec<Scenario>> {
    let kinds = [
        ("a1", "good overlap, q̂ = q", Overlap::Good, Model::Perfect, UNITS),
        ("a2", "good overlap, q̂ = q + noise", Overlap::Good, Model::Noisy, UNITS),
        ("b1", "good overlap, q̂ = 1 − q", Overlap::Good, Model::Reversed, UNITS),
        ("b2", "good overlap, q̂ of the action alone, fitted as MRDR asks", Overlap::Good, Model::MoreRobust, UNITS),
        ("c1", "weak overlap, s = 0.75, q̂ = 1 − q", Overlap::Opposed(0.75), Model::Reversed, 2 * UNITS),
        ("c2", "weak overlap, s = 1.5, q̂ = 1 − q", Overlap::Opposed(1.5), Model::Reversed, 2 * UNITS),
    ];
    let mut scenarios = Vec::new();
    for (number, (key, title, overlap, model, units)) in kinds.into_iter().enumerate() {
        // The same world under each model.
        let bandit = Bandit::new(CONTEXTS, overlap, model, &mut generator(seed, WORLD));
        let resamples = if overlap == Overlap::Good { RESAMPLES } else { FEW_RESAMPLES };
        let plan = Plan { logs, units, resamples, seed, scenario: number as u64 };
        let note = format!("{units} rounds a log, largest weight {:.1}", bandit.largest_weight());
        // What needs no q̂ is the same in a1, a2, b1 and b2.
        let known = matches!(key, "a2" | "b1" | "b2");
        let mut subjects = if known { Vec::new() } else { bandit::without_model()? };
        subjects.extend(bandit::with_model(model)?);
        scenarios.push(scenario((key, title), &note, &bandit, &subjects, &plan)?);
    }
    Ok(scenarios)
}

fn processes(seed: u64, logs: usize) -> Result<Vec<Scenario>> {
    let kinds = [("d1", "trajectories, Q̂ exact", false), ("d2", "trajectories, Q̂ upside down", true)];
    let mut scenarios = Vec::new();
    for (number, (key, title, wrong)) in kinds.into_iter().enumerate() {
        let process = Process::new(NEAR, wrong, &mut generator(seed, WORLD));
        let plan = Plan { logs, units: UNITS, resamples: RESAMPLES, seed, scenario: 100 + number as u64 };
        let note = format!("{UNITS} trajectories a log");
        scenarios.push(scenario((key, title), &note, &process, &sequential::subjects(wrong), &plan)?);
    }
    Ok(scenarios)
}

fn slates(seed: u64, logs: usize) -> Result<Vec<Scenario>> {
    let kinds = [("e1", "slates, additive rewards", false), ("e2", "slates, the item above matters", true)];
    let mut scenarios = Vec::new();
    for (number, (key, title, cascading)) in kinds.into_iter().enumerate() {
        let world = SlateWorld::new(cascading, &mut generator(seed, WORLD));
        let plan = Plan { logs, units: UNITS, resamples: RESAMPLES, seed, scenario: 200 + number as u64 };
        let note = format!("{UNITS} slates a log");
        scenarios.push(scenario((key, title), &note, &world, &slate::subjects(cascading), &plan)?);
    }
    Ok(scenarios)
}

fn scenario<S: Simulator>(
    (key, title): (&'static str, &str),
    note: &str,
    simulator: &S,
    subjects: &[Subject<S::Log>],
    plan: &Plan,
) -> Result<Scenario> {
    let truth = simulator.truth();
    let observed = observe(simulator, subjects, plan)?;
    let line = |(subject, observations): (&Subject<S::Log>, &Vec<_>)| Line {
        name: subject.estimator.name(),
        biased: subject.biased,
        summary: Summary::of(observations, truth),
    };
    let sizes: Vec<f64> = observed[0].iter().filter_map(|o| o.weights).map(|w| w.effective_sample_size).collect();
    let size = sizes.iter().sum::<f64>() / sizes.len() as f64;
    let note = format!("{note}, effective sample size {size:.0} on average.");
    let lines = subjects.iter().zip(&observed).map(line).collect();
    Ok(Scenario { key, title: title.to_owned(), truth, note, lines })
}

fn families(seed: u64, logs: usize) -> Result<[Family; 3]> {
    let (mut opposed, mut matching, mut apart) = (Vec::new(), Vec::new(), Vec::new());
    let plan = |units, scenario| Plan { logs, units, resamples: FEW_RESAMPLES, seed, scenario };
    for (number, &scale) in OPPOSED.iter().enumerate() {
        let bandit = Bandit::new(CONTEXTS, Overlap::Opposed(scale), Model::Perfect, &mut generator(seed, WORLD));
        let subjects = bandit::without_model()?;
        opposed.push(degree(format!("s = {scale}"), &bandit, subjects, &plan(2 * UNITS, 300 + number as u64))?);
    }
    for (number, &actions) in MATCHING.iter().enumerate() {
        let bandit = Bandit::new(CONTEXTS, Overlap::Matching(actions), Model::Perfect, &mut generator(seed, WORLD));
        let subjects = bandit::without_model()?;
        matching.push(degree(format!("{actions} actions"), &bandit, subjects, &plan(2 * UNITS, 400 + number as u64))?);
    }
    for (number, &distance) in APART.iter().enumerate() {
        let process = Process::new(distance, false, &mut generator(seed, WORLD));
        let subjects = sequential::subjects(false);
        apart.push(degree(format!("{distance} apart"), &process, subjects, &plan(UNITS, 500 + number as u64))?);
    }
    Ok([
        Family {
            title: "c: opposed softmax policies, 1000 rounds, 5 actions",
            estimators: ["IPS", "SNIPS"],
            degrees: opposed,
        },
        Family {
            title: "c′: uniform logging, deterministic evaluation, 1000 rounds",
            estimators: ["IPS", "SNIPS"],
            degrees: matching,
        },
        Family { title: "c″: trajectories of 5 steps, 500 of them", estimators: ["IS", "WIS"], degrees: apart },
    ])
}

/// The first two subjects on the logs of one degree of overlap.
fn degree<S: Simulator>(name: String, simulator: &S, subjects: Vec<Subject<S::Log>>, plan: &Plan) -> Result<Degree> {
    let subjects: Vec<_> = subjects.into_iter().take(2).collect();
    let mut observed = observe(simulator, &subjects, plan)?.into_iter();
    let mut next = || observed.next().context("two subjects");
    Ok(Degree { name, truth: simulator.truth(), plain: next()?, normalised: next()? })
}

/// IPS's empirical Bernstein interval with the range of rewards and weights declared, and with the log's extremes in
/// its place.
fn declared_bounds(seed: u64, logs: usize) -> Result<String> {
    let mut text =
        String::from("IPS, 1000 rounds. Declared: the range of rewards and weights; seen: the log's extremes.\n\n");
    let coverage = ["coverage, declared", "coverage, seen"];
    let width = ["width over the normal's, declared", "width over the normal's, seen"];
    text += &head(&[&["overlap"], &coverage[..], &width, &["lower bound holds", "its mean over the truth"]].concat());
    for (number, &scale) in OPPOSED.iter().enumerate() {
        let mut bandit = Bandit::new(CONTEXTS, Overlap::Opposed(scale), Model::Perfect, &mut generator(seed, WORLD));
        let subjects: Vec<_> = bandit::without_model()?.into_iter().take(1).collect();
        let plan = Plan { logs, units: 2 * UNITS, resamples: 0, seed, scenario: 300 + number as u64 };
        let truth = bandit.truth();
        let with_declared = observe(&bandit, &subjects, &plan)?;
        bandit.declares_bounds = false;
        let with_seen = observe(&bandit, &subjects, &plan)?;
        let (declared, seen) = (Coverage::of(&with_declared[0], truth), Coverage::of(&with_seen[0], truth));
        let bounds: Vec<f64> = with_seen[0].iter().filter_map(|observation| observation.lower_bound).collect();
        text += &format!(
            "| s = {scale} | {} | {} | {:.1} | {:.1} | {} | {:.2} |\n",
            percent(declared.bernstein),
            percent(seen.bernstein),
            relative_width(&with_declared[0]),
            relative_width(&with_seen[0]),
            percent(seen.lower_bound),
            bounds.iter().sum::<f64>() / bounds.len() as f64 / truth
        );
    }
    Ok(text)
}

/// Mean width of the Bernstein interval over that of the normal interval.
fn relative_width(observations: &[Observation]) -> f64 {
    let widths = observations.iter().filter_map(|observation| {
        let accepted = observation.accepted?;
        Some((accepted.bernstein?.bounds?, accepted.normal.bounds?))
    });
    let (bernstein, normal) = widths.fold((0.0, 0.0), |sums, (bernstein, normal)| {
        (sums.0 + bernstein.1 - bernstein.0, sums.1 + normal.1 - normal.0)
    });
    bernstein / normal
}
