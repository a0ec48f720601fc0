//! `rl trace`: the tables that tabular learners reach from a file of transitions, taken in order.
//!
//! ```text
//! s,a,r,s2[,a2],done[,double_coin] ── checked rows ──► one learner after the other ──► JSON, or tables for people
//! ```
//!
//! Nothing is drawn: which table double Q-learning updates stands in the file, so two implementations can be held to each other.

mod read;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use slatewise_rl::tabular::{
    DoubleQLearning, ExpectedSarsa, QLearning, QTable, Sarsa, Side, StepSize, TabularConfig, TargetPolicy, Ties,
};
use slatewise_rl::{Identity, Learner, Place};

use self::read::{Trace, read};
use crate::flat::Flat;

/// What `--help` says of the file and the result.
pub(super) const FORMAT: &str = "The file (CSV, .gz too, or Parquet), one transition per row, applied in order from Q = 0:
  s, a          state and action, numbered from 0
  r             reward
  s2            the state that followed
  a2            the action taken there (SARSA); may be empty where `done` is 1
  done          1 where the episode ended, else 0: nothing is bootstrapped
  double_coin   0 updates table A of double Q-learning, judged by B; 1 updates B, judged by A

The result (--json): tables [state][action] `q_learning`, `sarsa`, `expected_sarsa_ties_shared` (equally good actions share the
greedy part of the ε-greedy policy), `expected_sarsa_first_argmax` (the first takes it), `double_q_A`, `double_q_B`; with `all`,
an algorithm whose column is missing is null, and `warnings` says so. Maxima go to the lowest action among equals.";

/// What `rl trace` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The transitions (`--help` shows the columns).
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Which learner.
    #[arg(long, value_enum, default_value_t = Algorithm::All)]
    algorithm: Algorithm,
    /// Step size α in (0, 1].
    #[arg(long, value_name = "α", default_value_t = 0.1, allow_negative_numbers = true)]
    alpha: f64,
    /// Discount γ in [0, 1].
    #[arg(long, value_name = "γ", default_value_t = 0.95, allow_negative_numbers = true)]
    gamma: f64,
    /// ε in [0, 1] of the policy whose values Expected SARSA learns.
    #[arg(long, value_name = "ε", default_value_t = 0.2, allow_negative_numbers = true)]
    epsilon: f64,
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

/// Learners whose updates depend on nothing but the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Algorithm {
    /// All of them.
    All,
    /// Q-learning.
    QLearning,
    /// SARSA.
    Sarsa,
    /// Expected SARSA, both ways of settling ties.
    ExpectedSarsa,
    /// Double Q-learning.
    DoubleQLearning,
}

impl Algorithm {
    fn wants(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read or holds a bad cell, a setting out of its range.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let &Arguments { alpha, gamma, epsilon, .. } = arguments;
    for (name, value, holds, range) in [
        ("alpha", alpha, alpha > 0.0 && alpha <= 1.0, "(0, 1]"),
        ("gamma", gamma, (0.0..=1.0).contains(&gamma), "[0, 1]"),
        ("epsilon", epsilon, (0.0..=1.0).contains(&epsilon), "[0, 1]"),
    ] {
        if !holds {
            bail!("--{name} {value} must lie in {range}");
        }
    }
    let trace = read(arguments)?;
    let mut flat = Flat::default();
    flat.count("n_states", trace.states);
    flat.count("n_actions", trace.actions);
    flat.number("alpha", alpha);
    flat.number("gamma", gamma);
    flat.number("epsilon", epsilon);
    let tables = learn(arguments, &trace);
    for (key, table) in &tables {
        match table {
            Ok(table) => {
                flat.value(*key, (0..trace.states).map(|state| Value::from(table.row(state))).collect());
            }
            Err(reason) => flat.undefined(*key, *reason),
        }
    }
    flat.count("rows_used", trace.steps.len());
    if arguments.json {
        flat.print(true);
    } else {
        #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
        {
            print!("{}", to_text(arguments, &trace, &tables));
        }
    }
    Ok(())
}

/// A table, or why there is none.
type Learned = (&'static str, Result<QTable, &'static str>);

fn learn(arguments: &Arguments, trace: &Trace) -> Vec<Learned> {
    let config = TabularConfig {
        discount: arguments.gamma,
        step_size: StepSize::Constant(arguments.alpha),
        initial_value: 0.0,
        min_support: 0,
    };
    let (states, wants) = (Identity { states: trace.states }, |other| arguments.algorithm.wants(other));
    let mut learned: Vec<Learned> = Vec::new();
    if wants(Algorithm::QLearning) {
        let mut learner = QLearning::new(states, trace.actions, config);
        teach(&mut learner, trace);
        learned.push(("q_learning", Ok(learner.table().clone())));
    }
    if wants(Algorithm::Sarsa) {
        let table = if trace.has_next_actions {
            let mut learner = Sarsa::new(states, trace.actions, config);
            teach(&mut learner, trace);
            Ok(learner.table().clone())
        } else {
            Err("there is no column `a2`, the next action")
        };
        learned.push(("sarsa", table));
    }
    if wants(Algorithm::ExpectedSarsa) {
        for (key, ties) in [("expected_sarsa_ties_shared", Ties::Shared), ("expected_sarsa_first_argmax", Ties::First)]
        {
            let policy = TargetPolicy { epsilon: arguments.epsilon, ties };
            let mut learner = ExpectedSarsa::new(states, trace.actions, config, policy);
            teach(&mut learner, trace);
            learned.push((key, Ok(learner.table().clone())));
        }
    }
    if wants(Algorithm::DoubleQLearning) {
        let mut learner = DoubleQLearning::new(states, trace.actions, config);
        trace.steps.iter().zip(&trace.sides).for_each(|(step, &side)| learner.update_side(side, step));
        for (key, side) in [("double_q_A", Side::First), ("double_q_B", Side::Second)] {
            let missing = Err("there is no column `double_coin`, which says which table is updated");
            learned.push((key, if trace.sides.is_empty() { missing } else { Ok(learner.table(side).clone()) }));
        }
    }
    learned
}

fn teach(learner: &mut impl Learner<usize, State = usize>, trace: &Trace) {
    // These learners draw nothing.
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for step in &trace.steps {
        learner.update(step, Place { slot: 0, last: step.discount == 0.0 }, &mut rng);
    }
}

/// A table per algorithm, a row per state.
fn to_text(arguments: &Arguments, trace: &Trace, tables: &[Learned]) -> String {
    let Trace { states, actions, steps, .. } = trace;
    // Writing to a string cannot fail.
    let mut text = format!(
        "{} transitions, {states} states, {actions} actions, α {}, γ {}, ε {}\n",
        steps.len(),
        arguments.alpha,
        arguments.gamma,
        arguments.epsilon
    );
    for (key, table) in tables {
        let _ = match table {
            Err(reason) => writeln!(text, "\n{key}: none, because {reason}"),
            Ok(_) => writeln!(text, "\n{key}"),
        };
        for state in 0..table.as_ref().map_or(0, QTable::states) {
            let _ = write!(text, "{state:>6}");
            for value in table.as_ref().map_or(&[][..], |table| table.row(state)) {
                let _ = write!(text, "  {value:>14.8}");
            }
            text.push('\n');
        }
    }
    text
}
