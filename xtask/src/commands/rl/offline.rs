//! `rl offline`: what offline learners make of a log of transitions, solved exactly.
//!
//! ```text
//! s,a,r,s2,done ── checked rows ──► TabularLog ── BC, FQI, BCQ, CQL, IQL; FQE of a policy ──► JSON, or tables for people
//! ```
//!
//! Nothing is drawn and no step is taken: each table is the fixed point of its method on the counts of the file.

mod learn;
mod policy;
mod show;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::de::DeserializeOwned;
use slatewise_rl::offline::tabular::TabularLog;

use self::learn::learn;
use super::transitions::{self, Extra, Source};

/// What `--help` says of the file and the result.
pub(super) const FORMAT: &str = "The file (CSV, .gz too, or Parquet), one transition per row, in the order in which they happened:
  s, a          state and action, numbered from 0
  r             reward
  s2            the state that followed
  done          1 where the episode ended, else 0: nothing is bootstrapped

Episodes begin at the first row, and after a row that ended one or led elsewhere; --initial declares it instead. --policy takes
  behavior          the policy of the log, by its counts
  uniform           every action as often
  greedy:ALGORITHM  what behavior-cloning, fqi, bcq, cql or iql finds best
  FILE              JSON, [[probability of each action], ...], a list per state

The result (--json): tables [state][action] `ALGORITHM_q` and `ALGORITHM_policy`, lists [state] `ALGORITHM_v` and `ALGORITHM_greedy`, and
`ALGORITHM_policy_value`, what the policy is worth from the start by FQE; for `behavior_cloning` (policy and greedy only), `fqi`, `bcq`, `cql`,
`iql`. Of --policy: `fqe_q`, `fqe_v`, `fqe_policy`, `fqe_value`. A pair that the log never shows has no value (null) and is never chosen; `warnings`
say where the log is silent. Maxima go to the lowest action among equals.";

/// What `rl offline` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The transitions (`--help` shows the columns).
    #[arg(long, value_name = "FILE")]
    transitions: PathBuf,
    /// Which method.
    #[arg(long, value_enum, default_value_t = Algorithm::All)]
    algorithm: Algorithm,
    /// Discount γ in [0, 1].
    #[arg(long, value_name = "γ", default_value_t = 0.99, allow_negative_numbers = true)]
    gamma: f64,
    /// Added to every count of behavior cloning, from 0 on.
    #[arg(long, value_name = "k", default_value_t = 0.0, allow_negative_numbers = true)]
    smoothing: f64,
    /// How strongly CQL pushes, from 0 on: α, before half the squared error.
    #[arg(long, value_name = "α", default_value_t = 1.0, allow_negative_numbers = true)]
    alpha: f64,
    /// τ in [0, 1] of BCQ: how usual an action must be, beside the most frequent one.
    #[arg(long, value_name = "τ", default_value_t = 0.3, allow_negative_numbers = true)]
    threshold: f64,
    /// τ in (0, 1) of IQL.
    #[arg(long, value_name = "τ", default_value_t = 0.7, allow_negative_numbers = true)]
    expectile: f64,
    /// β of IQL's policy, from 0 on: it weighs actions by exp(β (Q − V)), at most 100.
    #[arg(long, value_name = "β", default_value_t = 3.0, allow_negative_numbers = true)]
    temperature: f64,
    /// The policy that FQE judges: behavior, uniform, greedy:ALGORITHM, or a file.
    #[arg(long, value_name = "POLICY", default_value = "behavior")]
    policy: String,
    /// Where episodes begin: JSON, [probability of each state].
    #[arg(long, value_name = "FILE")]
    initial: Option<PathBuf>,
    /// Value of states in which the log never acts, 0 by default; with it, also of pairs that FQE's policy takes and the log
    /// never shows, for which FQE refuses otherwise.
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    unseen_value: Option<f64>,
    /// Largest error allowed in a value.
    #[arg(long, value_name = "ERROR", default_value_t = 1e-10, allow_negative_numbers = true)]
    accuracy: f64,
    /// Sweeps over the states after which to give up.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    max_sweeps: usize,
    /// Number of states; without it, one more than the largest in the file.
    #[arg(long, value_name = "N")]
    states: Option<usize>,
    /// Number of actions; without it, one more than the largest in the file.
    #[arg(long, value_name = "N")]
    actions: Option<usize>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Methods that learn from a log, and the one that judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Algorithm {
    /// All of them.
    All,
    /// What was done.
    BehaviorCloning,
    /// Fitted Q iteration over the actions of the log.
    Fqi,
    /// Discrete BCQ.
    Bcq,
    /// Discrete CQL(H).
    Cql,
    /// Implicit Q-learning.
    Iql,
    /// Fitted Q evaluation of --policy.
    Fqe,
}

impl Algorithm {
    fn wants(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read or holds a bad cell, a setting out of its range, a policy of which the log says nothing, values that do
/// not come to rest.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    check(arguments)?;
    let source = Source { path: &arguments.transitions, states: arguments.states, actions: arguments.actions };
    let read = transitions::read(&source, |_| Extra::default())?;
    let shown = || arguments.transitions.display().to_string();
    let mut log = TabularLog::new(read.states, read.actions, &read.steps).with_context(shown)?;
    if let Some(path) = &arguments.initial {
        let initial: Vec<f64> = from_json(path, "a list of one probability per state")?;
        log = log.with_initial(&initial).with_context(|| path.display().to_string())?;
    }
    let learned = learn(arguments, &log)?;
    let flat = show::to_flat(arguments, &log, &learned);
    if arguments.json {
        flat.print(true);
    } else {
        #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
        {
            print!("{}", show::to_text(arguments, &log, &learned, flat.warnings()));
        }
    }
    Ok(())
}

fn check(arguments: &Arguments) -> Result<()> {
    let &Arguments { gamma, smoothing, alpha, threshold, expectile, temperature, accuracy, .. } = arguments;
    let unseen = arguments.unseen_value.unwrap_or(0.0);
    let from_0 = |value: f64| value >= 0.0 && value.is_finite();
    for (name, value, holds, range) in [
        ("gamma", gamma, (0.0..=1.0).contains(&gamma), "lie in [0, 1]"),
        ("smoothing", smoothing, from_0(smoothing), "be a number from 0 on"),
        ("alpha", alpha, from_0(alpha), "be a number from 0 on"),
        ("threshold", threshold, (0.0..=1.0).contains(&threshold), "lie in [0, 1]"),
        ("expectile", expectile, expectile > 0.0 && expectile < 1.0, "lie in (0, 1)"),
        ("temperature", temperature, from_0(temperature), "be a number from 0 on"),
        ("accuracy", accuracy, accuracy > 0.0 && accuracy.is_finite(), "be a number above 0"),
        ("unseen-value", unseen, unseen.is_finite(), "be a finite number"),
    ] {
        if !holds {
            bail!("--{name} {value} must {range}");
        }
    }
    Ok(())
}

/// A JSON file of one value.
fn from_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{shown}: cannot read it"))?;
    serde_json::from_str(&text).with_context(|| format!("{shown}: not {what}"))
}
