//! `rl value-iteration`: V*, Q* and the best actions of a table in a JSON file.
//!
//! ```text
//! mdp.json ── MdpFile ──► TabularMdp ── value iteration, evaluation of the uniform policy ──► JSON, or a table for people
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use slatewise_rl::tabular::{DynamicProgramming, MdpFile, Solution, TabularMdp};

use crate::flat::Flat;

/// What `--help` says of the file and the result.
pub(super) const FORMAT: &str = r#"The file:
  {
    "n_states": 3, "n_actions": 2,
    "transitions_nonterminal": [[state, action, next_state, probability], ...],
    "expected_reward": [[r(0, 0), r(0, 1)], ...],
    "initial_dist": [1.0, 0.0, 0.0],
    "gamma": 0.9
  }
What the probabilities of a (state, action) lack to 1 ends the episode, after which nothing has value. `initial_dist` and
`gamma` may be missing; other keys are left alone.

The result (--json): v_star [state], q_star [state][action], policy [state] (the lowest of the best actions),
optimal_actions_sets [state], start_value (mean of V* over initial_dist), v_uniform and uniform_policy_value_start (the same for
the policy that takes every action as often), iterations (sweeps), error_bound (no value is further off, rounding aside;
null for gamma 1, where that is not known)."#;

/// What `rl value-iteration` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The table (JSON; `--help` shows its keys).
    #[arg(long, value_name = "FILE")]
    mdp: PathBuf,
    /// Discount γ in [0, 1]; without it, the file's `gamma`.
    #[arg(long, value_name = "γ", allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// Largest error allowed in a value.
    #[arg(long, value_name = "ERROR", default_value_t = 1e-10, allow_negative_numbers = true)]
    accuracy: f64,
    /// Sweeps over the states after which to give up.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    max_sweeps: usize,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read or is no table, a setting out of its range, values that do not come to rest.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let shown = arguments.mdp.display();
    let text = fs::read_to_string(&arguments.mdp).with_context(|| format!("--mdp {shown}: cannot read it"))?;
    let file: MdpFile = serde_json::from_str(&text)
        .with_context(|| format!("{shown}: not a table; `--help` shows what one looks like"))?;
    let mdp = file.to_mdp().with_context(|| shown.to_string())?;
    let Some(discount) = arguments.gamma.or(file.gamma) else {
        bail!("{shown}: no key `gamma`; give the discount by --gamma");
    };
    if !(0.0..=1.0).contains(&discount) {
        bail!("gamma {discount} must lie in [0, 1]; give another by --gamma");
    }
    if !(arguments.accuracy > 0.0 && arguments.accuracy.is_finite()) {
        bail!("--accuracy {} must be a number above 0; 1e-10 is usual", arguments.accuracy);
    }
    let programming = DynamicProgramming { discount, accuracy: arguments.accuracy, max_sweeps: arguments.max_sweeps };
    let solution = programming.value_iteration(&mdp).with_context(|| shown.to_string())?;
    if arguments.json {
        to_flat(&file, &mdp, &programming, &solution).print(true);
    } else {
        #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
        {
            print!("{}", to_text(&mdp, discount, &solution));
        }
    }
    Ok(())
}

fn to_flat(file: &MdpFile, mdp: &TabularMdp, programming: &DynamicProgramming, solution: &Solution) -> Flat {
    let states = 0..mdp.states();
    let mut flat = Flat::default();
    flat.value("v_star", Value::from(solution.values()));
    flat.value("q_star", states.clone().map(|state| Value::from(solution.row(state))).collect());
    flat.value("policy", Value::from(solution.policy()));
    flat.value("optimal_actions_sets", states.map(|state| solution.best_actions(state).collect::<Value>()).collect());
    let uniform = vec![1.0 / mdp.actions() as f64; mdp.states() * mdp.actions()];
    let of_uniform = programming.policy_evaluation(mdp, &uniform);
    match &of_uniform {
        Ok(values) => flat.value("v_uniform", Value::from(values.as_slice())),
        Err(error) => flat.undefined("v_uniform", error.to_string()),
    }
    let at_start = |values: &[f64]| mdp.starts().map(|(state, probability)| probability * values[state]).sum();
    for (key, values) in
        [("start_value", Some(solution.values())), ("uniform_policy_value_start", of_uniform.as_deref().ok())]
    {
        match values {
            _ if file.initial_dist.is_none() => flat.undefined(key, "the file has no `initial_dist`"),
            Some(values) => flat.number(key, at_start(values)),
            None => flat.undefined(key, "`v_uniform` is not defined"),
        }
    }
    flat.number("gamma", programming.discount);
    flat.count("iterations", solution.iterations);
    if solution.error_bound.is_finite() {
        flat.number("error_bound", solution.error_bound);
    } else {
        flat.undefined("error_bound", "not known for gamma 1");
    }
    flat.count("n_states", mdp.states());
    flat.count("n_actions", mdp.actions());
    flat
}

/// A row per state: V*, the best actions, Q*.
fn to_text(mdp: &TabularMdp, discount: f64, solution: &Solution) -> String {
    let best = |state| solution.best_actions(state).map(|action| action.to_string()).collect::<Vec<_>>().join(" ");
    let (states, actions) = (mdp.states(), mdp.actions());
    let width = (0..states).map(|state| best(state).len()).max().unwrap_or(0).max("best".len());
    let mut text = format!(
        "{states} states, {actions} actions, discount {discount}: {} sweeps, values {}\n\n",
        solution.iterations,
        if solution.error_bound.is_finite() {
            format!("within {:.1e} of the truth", solution.error_bound)
        } else {
            "at rest (how far from the truth is not known for discount 1)".to_owned()
        }
    );
    // Writing to a string cannot fail.
    let _ = write!(text, "{:>6}  {:>14}  {:<width$}", "state", "V*", "best");
    (0..actions).for_each(|action| {
        let _ = write!(text, "  {:>14}", format!("Q*(s, {action})"));
    });
    for state in 0..states {
        let _ = write!(text, "\n{state:>6}  {:>14.8}  {:<width$}", solution.values()[state], best(state));
        for value in solution.row(state) {
            let _ = write!(text, "  {value:>14.8}");
        }
    }
    text + "\n"
}
