//! `ope bandit`: what would another policy have earned on this log?
//!
//! ```text
//! action,reward,pscore,pi_e_0,pi_e_1,...[,q_hat_0,q_hat_1,...][,q_mrdr_0,...]
//! ```

mod facts;
mod read;
mod tuned;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use slatewise_eval::off_policy::{
    BanditRounds, DirectMethod, DoublyRobust, Estimator, Headline, Ips, SelfNormalisedDoublyRobust, Snips,
    WeightHistogram,
};

use self::facts::{add_facts, sentences};
use self::read::read;
use self::tuned::tuned;
use super::findings::Findings;
use super::judging::{Judging, parameters};
use crate::flat::Flat;

/// What `ope bandit` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The log: CSV (.gz too) or Parquet, one round per row.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Column of the action taken, a number from 0.
    #[arg(long, value_name = "NAME", default_value = "action")]
    action_column: String,
    /// Column of the reward.
    #[arg(long, value_name = "NAME", default_value = "reward")]
    reward_column: String,
    /// Column of the logging policy's probability of the action taken.
    #[arg(long, value_name = "NAME", default_value = "pscore")]
    propensity_column: String,
    /// The evaluation policy: its probabilities in columns, or uniform over `--actions`.
    #[arg(long, value_enum, default_value_t = EvaluationPolicy::Columns)]
    evaluation: EvaluationPolicy,
    /// Prefix of the evaluation policy's columns, one per action.
    #[arg(long, value_name = "PREFIX", default_value = "pi_e_")]
    evaluation_prefix: String,
    /// Number of actions, where no columns tell it.
    #[arg(long, value_name = "N")]
    actions: Option<usize>,
    /// Prefix of a reward model's predictions, one column per action; without such columns there is no DM and no DR.
    #[arg(long, value_name = "PREFIX", default_value = "q_hat_")]
    q_hat_prefix: String,
    /// Prefix of the predictions of a model fitted as MRDR asks, if there are any.
    #[arg(long, value_name = "PREFIX", default_value = "q_mrdr_")]
    mrdr_prefix: String,
    /// Thresholds of clipped IPS and DR.
    #[arg(long, value_name = "λ,...", value_delimiter = ',', value_parser = parameters, default_value = "5")]
    clip: Vec<f64>,
    /// Thresholds of Switch-DR.
    #[arg(long, value_name = "τ,...", value_delimiter = ',', value_parser = parameters, default_value = "5,1")]
    switch: Vec<f64>,
    /// λ of DR with optimistic shrinkage.
    #[arg(long, value_name = "λ,...", value_delimiter = ',', value_parser = parameters, default_value = "5")]
    optimistic: Vec<f64>,
    /// λ of sub-Gaussian IPS and DR.
    #[arg(long, value_name = "λ,...", value_delimiter = ',', value_parser = parameters, default_value = "0.3")]
    sub_gaussian: Vec<f64>,
    /// How λ and τ are chosen for the `_tuned` estimates.
    #[arg(long, value_enum, default_value_t = TuneBy::UpperBound)]
    tune: TuneBy,
    /// Smallest and largest reward that there can be; by default those of the log.
    #[arg(long, value_name = "LOW,HIGH", value_delimiter = ',', value_parser = parameters, num_args = 1)]
    reward_range: Option<Vec<f64>>,
    /// Largest weight that there can be; by default that of the log.
    #[arg(long, value_name = "W")]
    largest_weight: Option<f64>,
    /// Set bad rows aside and count them, in place of stopping at the first.
    #[arg(long)]
    skip_bad_rows: bool,
    #[command(flatten)]
    judging: Judging,
}

/// Where the evaluation policy's probabilities come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EvaluationPolicy {
    /// Columns of the file.
    Columns,
    /// The same probability for every action.
    Uniform,
}

/// How parameters are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TuneBy {
    /// Estimated bias and variance.
    Direct,
    /// An upper bound of the bias, and variance.
    UpperBound,
    /// Overlap of intervals (SLOPE).
    Slope,
    /// Not at all.
    Off,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let read = read(arguments)?;
    let rules = arguments.judging.rules()?;
    let options = arguments.judging.options(read.rounds.len(), read.rounds.support_refusal(&rules))?;
    let mut estimates = arguments.judging.judge(&estimators(arguments)?, &read.rounds, &options)?;
    if let Some(mrdr) = &read.mrdr {
        estimates.extend(arguments.judging.judge::<BanditRounds>(
            &[Box::new(DoublyRobust::more_robust())],
            mrdr,
            &options,
        )?);
    }
    let mut facts = Flat::default();
    estimates.extend(tuned(arguments, &read.rounds, &options, &mut facts)?);
    if read.rounds.model().is_ok() {
        // The λ = 0 end of optimistic shrinkage must equal the direct method: a check that anyone can read.
        let end = DoublyRobust::optimistic(0.0)?.evidence(&read.rounds)?;
        facts.metric("dros_0_equals_dm", &end.contributions.value());
    }
    let headline = Headline::of(&read.rounds, &rules, arguments.judging.level)?;
    add_facts(&mut facts, &read, &options, &headline)?;
    let findings = Findings {
        title: arguments.input.display().to_string(),
        unit: ["round", "rounds"],
        estimates,
        histogram: WeightHistogram::of(read.rounds.weights().iter().copied()),
        weights: Some((read.rounds.weight_diagnostics(), ["ess_kish", "max_weight"])),
        facts,
        headline: sentences(&headline),
        logging_value: headline.logging_value,
    };
    arguments.judging.tell(&findings)
}

fn estimators(arguments: &Arguments) -> Result<Vec<Box<dyn Estimator<BanditRounds>>>> {
    let mut all: Vec<Box<dyn Estimator<BanditRounds>>> = vec![Box::new(Ips::plain())];
    for &lambda in &arguments.clip {
        all.push(Box::new(Ips::clipped(lambda)?));
    }
    for &lambda in &arguments.sub_gaussian {
        all.push(Box::new(Ips::sub_gaussian(lambda)?));
    }
    all.push(Box::new(Snips));
    all.push(Box::new(DirectMethod));
    all.push(Box::new(DoublyRobust::plain()));
    for &lambda in &arguments.clip {
        all.push(Box::new(DoublyRobust::clipped(lambda)?));
    }
    all.push(Box::new(SelfNormalisedDoublyRobust));
    for &tau in &arguments.switch {
        all.push(Box::new(DoublyRobust::switch(tau)?));
    }
    for &lambda in &arguments.optimistic {
        all.push(Box::new(DoublyRobust::optimistic(lambda)?));
    }
    for &lambda in &arguments.sub_gaussian {
        all.push(Box::new(DoublyRobust::sub_gaussian(lambda)?));
    }
    Ok(all)
}
