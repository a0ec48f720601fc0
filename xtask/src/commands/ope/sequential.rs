//! `ope sequential`: what would another policy have earned over trajectories?
//!
//! ```text
//! trajectories   trajectory_id,t,reward,pscore[,pi_e][,state,action][,done]
//! policies       { "gamma": 0.95, "horizon": 8, "pi_e": [[...], ...], "q_hat_fqe": [[...], ...] }      tables [state][action]
//! ```
//!
//! DM, DR and WDR need both tables and the columns `state` and `action`. Without a column `pi_e`, the table gives it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use slatewise_data::table::{Place, Table, TableReader, Wanted};
use slatewise_eval::off_policy::{
    Estimator, PerDecisionIs, PerDecisionWis, SequentialDirectMethod, SequentialDoublyRobust, StepModel, Steps,
    Trajectories, TrajectoryIs, TrajectoryWis, WeightHistogram, WeightedDoublyRobust,
};

use super::findings::Findings;
use super::judging::{Judging, placed};
use crate::flat::Flat;

/// How far a column may differ from the policies' table.
const AGREEMENT: f64 = 1e-6;

/// What `ope sequential` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The log: CSV (.gz too) or Parquet, one row per step, in any order.
    #[arg(long, value_name = "FILE")]
    trajectories: PathBuf,
    /// Discount, horizon and tables of the evaluation policy and its action values (JSON).
    #[arg(long, value_name = "FILE")]
    policies: Option<PathBuf>,
    /// Discount γ; by default the policies' `gamma`, else 1.
    #[arg(long, value_name = "γ")]
    discount: Option<f64>,
    /// Column of the trajectory's id.
    #[arg(long, value_name = "NAME", default_value = "trajectory_id")]
    trajectory_column: String,
    /// Column of the step: 0, 1, 2, ...
    #[arg(long, value_name = "NAME", default_value = "t")]
    step_column: String,
    /// Column of the reward.
    #[arg(long, value_name = "NAME", default_value = "reward")]
    reward_column: String,
    /// Column of the logging policy's probability of the action taken.
    #[arg(long, value_name = "NAME", default_value = "pscore")]
    propensity_column: String,
    /// Column of the evaluation policy's probability of the action taken.
    #[arg(long, value_name = "NAME", default_value = "pi_e")]
    evaluation_column: String,
    /// Column of the state, a number from 0.
    #[arg(long, value_name = "NAME", default_value = "state")]
    state_column: String,
    /// Column of the action, a number from 0.
    #[arg(long, value_name = "NAME", default_value = "action")]
    action_column: String,
    /// Column that is 1 on a trajectory's last step, if there is one.
    #[arg(long, value_name = "NAME", default_value = "done")]
    done_column: String,
    #[command(flatten)]
    judging: Judging,
}

/// The policies' file; keys that are not listed here are left alone.
#[derive(Debug, Default, Deserialize)]
struct Policies {
    gamma: Option<f64>,
    horizon: Option<usize>,
    pi_e: Option<Vec<Vec<f64>>>,
    pi_b: Option<Vec<Vec<f64>>>,
    #[serde(alias = "q_hat")]
    q_hat_fqe: Option<Vec<Vec<f64>>>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (trajectories, rows) = read(arguments)?;
    let options = arguments.judging.options(trajectories.len(), None)?;
    let estimators: [Box<dyn Estimator<Trajectories>>; 7] = [
        Box::new(TrajectoryIs),
        Box::new(TrajectoryWis),
        Box::new(PerDecisionIs),
        Box::new(PerDecisionWis),
        Box::new(SequentialDirectMethod),
        Box::new(SequentialDoublyRobust),
        Box::new(WeightedDoublyRobust),
    ];
    let estimates = arguments.judging.judge(&estimators, &trajectories, &options)?;
    let returns = trajectories.returns();
    let logging_value = returns.iter().sum::<f64>() / returns.len() as f64;
    let mut facts = Flat::default();
    facts.number("behaviour_mean_return", logging_value);
    facts.count("trajectories", trajectories.len());
    facts.count("horizon", trajectories.horizon());
    facts.number("discount", trajectories.discount());
    facts.count("rows_used", rows);
    facts.count("rows_rejected", 0);
    let weighted = estimates.iter().find(|estimate| estimate.name == "per_decision_wis");
    let headline = match weighted.map(|estimate| (estimate.value(), estimate.reason())) {
        Some((Some(value), _)) => format!(
            "The logging policy returned {logging_value:.6} per trajectory; per-decision WIS gives {value:.6} for the evaluation policy."
        ),
        Some((None, Some(reason))) => {
            format!("The weights of this log cannot say what the evaluation policy would return: {reason}.")
        }
        _ => String::new(),
    };
    let weights = (0..trajectories.len()).map(|index| trajectories.final_log_weight(index).exp());
    let findings = Findings {
        title: arguments.trajectories.display().to_string(),
        unit: ["trajectory", "trajectories"],
        histogram: WeightHistogram::of(weights.filter(|weight| weight.is_finite())),
        weights: Some((trajectories.weight_diagnostics(), ["ess_trajectory", "max_trajectory_weight"])),
        estimates,
        facts,
        headline: vec![headline],
        logging_value,
    };
    arguments.judging.tell(&findings)
}

fn read(arguments: &Arguments) -> Result<(Trajectories, usize)> {
    let policies = Policies::read(arguments)?;
    let reader = TableReader::open(&arguments.trajectories)?;
    let place = reader.places();
    let has_states = reader.has(&arguments.state_column) && reader.has(&arguments.action_column);
    let (has_evaluation, has_done) = (reader.has(&arguments.evaluation_column), reader.has(&arguments.done_column));
    let in_table = has_states && policies.pi_e.is_some();
    if !(has_evaluation || in_table) {
        bail!(
            "{}: no column `{}` with the evaluation policy's probability of the action taken; name it with --evaluation-column, or give columns `{}` and `{}` and a table `pi_e` in --policies",
            arguments.trajectories.display(),
            arguments.evaluation_column,
            arguments.state_column,
            arguments.action_column
        );
    }
    let mut wanted = vec![
        Wanted::id(&arguments.trajectory_column),
        Wanted::number(&arguments.step_column),
        Wanted::number(&arguments.reward_column),
        Wanted::number(&arguments.propensity_column),
    ];
    let mut optional = |present: bool, name| {
        present.then(|| {
            wanted.push(Wanted::number(name));
            wanted.len() - 1
        })
    };
    let evaluation = optional(has_evaluation, arguments.evaluation_column.as_str());
    let done = optional(has_done, arguments.done_column.as_str());
    let states = optional(has_states, arguments.state_column.as_str());
    let actions = optional(has_states, arguments.action_column.as_str());
    let table = reader.read(&wanted)?;
    let looked_up = match (states, actions) {
        (Some(state), Some(action)) => {
            let cells = Cells { arguments, place: &place, state: table.number(state), action: table.number(action) };
            LookedUp::of(&policies, &cells, &table, evaluation)?
        }
        _ => LookedUp::default(),
    };
    let model = looked_up.model.as_ref().map(|(q_logged, value)| StepModel { q_logged, value });
    let steps = Steps {
        trajectory: &table.id(0).code,
        step: table.number(1),
        reward: table.number(2),
        propensity: table.number(3),
        evaluation: match evaluation {
            Some(column) => table.number(column),
            None => &looked_up.evaluation,
        },
        done: done.map(|column| table.number(column)),
        model,
    };
    let discount = arguments.discount.or(policies.gamma).unwrap_or(1.0);
    let trajectories = Trajectories::new(&steps, discount, policies.horizon)
        .map_err(|error| placed(&error, &place, &arguments.trajectories))?;
    Ok((trajectories, table.rows()))
}

/// States and actions of the rows, with where they stand.
struct Cells<'a> {
    arguments: &'a Arguments,
    place: &'a Place,
    state: &'a [f64],
    action: &'a [f64],
}

/// What the tables say of each row.
#[derive(Default)]
struct LookedUp {
    /// π_e of the action taken; empty if the file has it.
    evaluation: Vec<f64>,
    /// Q̂ of the action taken and V̂ of the state.
    model: Option<(Vec<f64>, Vec<f64>)>,
}

impl LookedUp {
    fn of(policies: &Policies, cells: &Cells<'_>, table: &Table, evaluation: Option<usize>) -> Result<Self> {
        let mut looked_up = Self::default();
        for (name, of_policy, column) in [
            ("pi_b", &policies.pi_b, Some((&cells.arguments.propensity_column, table.number(3)))),
            (
                "pi_e",
                &policies.pi_e,
                evaluation.map(|column| (&cells.arguments.evaluation_column, table.number(column))),
            ),
        ] {
            let Some(of_policy) = of_policy else { continue };
            let values = cells.look_up(of_policy, name)?;
            if let Some((column, logged)) = column {
                let differ = values.iter().zip(logged).position(|(table, logged)| (table - logged).abs() > AGREEMENT);
                if let Some(row) = differ {
                    bail!(
                        "{}: {} where the policies' table `{name}` has {}; they must be of the same policy",
                        cells.place.place(row, column),
                        logged[row],
                        values[row]
                    );
                }
            } else {
                looked_up.evaluation = values;
            }
        }
        if let (Some(pi_e), Some(q_hat)) = (&policies.pi_e, &policies.q_hat_fqe) {
            let of_state = |state: &f64| {
                let (pi, q) = (&pi_e[*state as usize], &q_hat[*state as usize]);
                pi.iter().zip(q).map(|(pi, q)| pi * q).sum::<f64>()
            };
            let q_logged = cells.look_up(q_hat, "q_hat_fqe")?;
            looked_up.model = Some((q_logged, cells.state.iter().map(of_state).collect()));
        }
        Ok(looked_up)
    }
}

impl Cells<'_> {
    /// The table's entry for each row.
    fn look_up(&self, table: &[Vec<f64>], name: &str) -> Result<Vec<f64>> {
        let index = |value: f64, length: usize, row: usize, column: &str| -> Result<usize> {
            if value >= 0.0 && value < length as f64 && value.fract() == 0.0 {
                Ok(value as usize)
            } else {
                bail!("{}: {value} is not in the policies' table `{name}` of {length}", self.place.place(row, column))
            }
        };
        let of_row = |(row, (&state, &action)): (usize, (&f64, &f64))| {
            let actions = &table[index(state, table.len(), row, &self.arguments.state_column)?];
            Ok(actions[index(action, actions.len(), row, &self.arguments.action_column)?])
        };
        self.state.iter().zip(self.action).enumerate().map(of_row).collect()
    }
}

impl Policies {
    fn read(arguments: &Arguments) -> Result<Self> {
        let Some(path) = &arguments.policies else {
            return Ok(Self::default());
        };
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("{shown}: cannot read the policies"))?;
        let policies: Self = serde_json::from_str(&text)
            .with_context(|| format!("{shown}: not policies; it needs `gamma` and tables `pi_e` and `q_hat_fqe`"))?;
        for (name, table) in [("pi_e", &policies.pi_e), ("pi_b", &policies.pi_b)] {
            for (state, probabilities) in table.iter().flatten().enumerate() {
                let sum: f64 = probabilities.iter().sum();
                if (sum - 1.0).abs() > AGREEMENT || probabilities.iter().any(|p| !(0.0..=1.0).contains(p)) {
                    bail!("{shown}: {name}[{state}] is not a distribution over actions: it sums to {sum}");
                }
            }
        }
        if let (Some(pi_e), Some(q_hat)) = (&policies.pi_e, &policies.q_hat_fqe) {
            let shape = |table: &[Vec<f64>]| table.iter().map(Vec::len).collect::<Vec<_>>();
            if shape(pi_e) != shape(q_hat) {
                bail!("{shown}: `pi_e` and `q_hat_fqe` differ in shape; give both per state and action");
            }
        }
        Ok(policies)
    }
}
