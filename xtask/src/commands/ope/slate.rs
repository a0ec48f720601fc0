//! `ope slate`: what would another policy have earned with its slates?
//!
//! ```text
//! slate_id,position,reward,pscore,pi_e,pscore_item_position,pi_e_item_position,pscore_cascade,pi_e_cascade
//! ```
//!
//! Any of the three pairs of probabilities may be absent; the estimators that need it are then undefined.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use slatewise_data::table::{TableReader, Wanted};
use slatewise_eval::off_policy::{
    Estimator, Probabilities, SlateEstimator, SlateRows, SlateWeights, Slates, WeightHistogram,
};

use super::findings::Findings;
use super::judging::{Judging, placed};
use crate::flat::Flat;

/// Suffixes of the three pairs of columns.
const SUFFIXES: [&str; 3] = ["", "_item_position", "_cascade"];
const KINDS: [SlateWeights; 3] = [SlateWeights::Joint, SlateWeights::ItemPosition, SlateWeights::Cascade];

/// What `ope slate` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The log: CSV (.gz too) or Parquet, one row per slate and position.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Column of the slate's id.
    #[arg(long, value_name = "NAME", default_value = "slate_id")]
    slate_column: String,
    /// Column of the position, a number.
    #[arg(long, value_name = "NAME", default_value = "position")]
    position_column: String,
    /// Column of the reward at the position.
    #[arg(long, value_name = "NAME", default_value = "reward")]
    reward_column: String,
    /// Prefix of the logging policy's probabilities: NAME of the whole slate, NAME_item_position, NAME_cascade.
    #[arg(long, value_name = "NAME", default_value = "pscore")]
    propensity_prefix: String,
    /// Prefix of the evaluation policy's probabilities, with the same endings.
    #[arg(long, value_name = "NAME", default_value = "pi_e")]
    evaluation_prefix: String,
    #[command(flatten)]
    judging: Judging,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (slates, rows) = read(arguments)?;
    let options = arguments.judging.options(slates.len(), None)?;
    let estimators = SlateEstimator::ALL.map(|estimator| Box::new(estimator) as Box<dyn Estimator<Slates>>);
    let estimates = arguments.judging.judge(&estimators, &slates, &options)?;
    let rewards = slates.rewards();
    let logging_value = rewards.iter().sum::<f64>() / rewards.len() as f64;
    let mut facts = Flat::default();
    facts.number("mean_reward", logging_value);
    for (kind, suffix) in KINDS.into_iter().zip(SUFFIXES) {
        if let Ok(weights) = slates.weight_diagnostics(kind) {
            facts.number(format!("ess_kish{suffix}"), weights.effective_sample_size);
            facts.number(format!("max_weight{suffix}"), weights.largest);
            facts.number(format!("mean_weight{suffix}"), weights.mean);
        }
    }
    facts.count("slates", slates.len());
    facts.count("positions", slates.positions());
    facts.count("rows_used", rows);
    facts.count("rows_rejected", 0);
    let accepted = estimates.iter().filter(|estimate| estimate.accepted().is_some()).count();
    let headline = match estimates.iter().find_map(|estimate| Some((estimate, estimate.accepted()?))) {
        Some((estimate, first)) => format!(
            "The logging policy earned {logging_value:.6} per slate; {} gives {:.6} for the evaluation policy ({accepted} of {} estimators have a value).",
            estimate.name,
            first.value,
            estimates.len()
        ),
        None => "This log cannot say what the evaluation policy would earn: no estimator has a value.".to_owned(),
    };
    // The histogram shows the first kind of weights that the file has; each kind's figures are among the facts.
    let shown = KINDS.into_iter().find_map(|kind| slates.weights(kind).ok()).unwrap_or_default();
    let findings = Findings {
        title: arguments.input.display().to_string(),
        unit: ["slate", "slates"],
        estimates,
        histogram: WeightHistogram::of(shown.iter().copied()),
        weights: None,
        facts,
        headline: vec![headline],
        logging_value,
    };
    arguments.judging.tell(&findings)
}

fn read(arguments: &Arguments) -> Result<(Slates, usize)> {
    let reader = TableReader::open(&arguments.input)?;
    let place = reader.places();
    let pair = |suffix: &str| {
        [&arguments.propensity_prefix, &arguments.evaluation_prefix].map(|prefix| format!("{prefix}{suffix}"))
    };
    let pairs = SUFFIXES.map(pair);
    let present = pairs.each_ref().map(|pair| pair.iter().all(|name| reader.has(name)));
    if !present.contains(&true) {
        let [logging, evaluation] = &pairs[0];
        bail!(
            "{}: no pair of probabilities such as `{logging}` and `{evaluation}`; it has: {}. Name them with --propensity-prefix and --evaluation-prefix",
            arguments.input.display(),
            reader.header().join(", ")
        );
    }
    let mut wanted = vec![
        Wanted::id(&arguments.slate_column),
        Wanted::number(&arguments.position_column),
        Wanted::number(&arguments.reward_column),
    ];
    let named = pairs.iter().zip(present).filter(|(_, present)| *present).flat_map(|(pair, _)| pair);
    wanted.extend(named.map(|name| Wanted::number(name)));
    let table = reader.read(&wanted)?;
    let mut next = 3;
    let probabilities = present.map(|present| {
        present.then(|| {
            next += 2;
            Probabilities { logging: table.number(next - 2), evaluation: table.number(next - 1) }
        })
    });
    let [joint, item_position, cascade] = probabilities;
    let rows = SlateRows {
        slate: &table.id(0).code,
        position: table.number(1),
        reward: table.number(2),
        joint,
        item_position,
        cascade,
    };
    let slates = Slates::new(&rows).map_err(|error| placed(&error, &place, &arguments.input))?;
    Ok((slates, table.rows()))
}
