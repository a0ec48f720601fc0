//! Stages 5 and 6: reward, user simulators, learners, and the judgement of all policies.
//!
//! ```text
//! train sessions ─▶ multi-task model ─▶ learner's simulator ┐
//!        └────────▶ logged transitions ─▶ learn offline ────┴▶ learn online ─▶ policies ─┐
//! test sessions ──▶ counts ─▶ judge's simulator, which nothing learned from ─────────────┴▶ comparison
//! ```

mod compare;
mod config;
mod curves;
mod judge;
mod kept;
mod learn;
mod responses;

use std::ops::Range;

use anyhow::Result;
use serde::Serialize;
use slatewise_rl::page_agents::PageScores;
use slatewise_rl::simulator::{
    BackOff, FidelityReport, ResponseTables, UserModel, count_responses, select_concentration,
    simulated_session_lengths, tabulate_responses,
};
use slatewise_rl::{PriceMoments, Response, RewardComponents, SessionReward, StartStates};

pub(super) use self::compare::{Comparison, PolicyRow};
pub(crate) use self::config::PolicyConfig;
pub(super) use self::curves::Curve;
pub(super) use self::kept::Weights;
pub(super) use self::learn::Learned;
use self::responses::MultiTaskResponses;
use super::data::Data;
use super::fit::Fitted;
use super::next_item::distance;
use crate::config::RunConfig;
use crate::console::Console;

/// What sessions of one part of the log were worth, per session.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LoggedReward {
    pub(super) part: &'static str,
    pub(super) sessions: usize,
    /// Mean reward per session, after its first click.
    pub(super) mean: RewardComponents,
}

/// What the policy stage found.
pub(super) struct Policies {
    pub(super) logged_reward: Vec<LoggedReward>,
    pub(super) learner_fidelity: FidelityReport,
    pub(super) judge_fidelity: FidelityReport,
    pub(super) curves: Vec<Curve>,
    pub(super) comparison: Comparison,
    /// What the learners of the first seed leave behind.
    pub(super) weights: Vec<Learned>,
}

/// Two simulated populations: one to learn in, one to be judged in.
pub(super) struct Simulators {
    /// Fitted on train sessions through the multi-task model.
    pub(super) learner: UserModel,
    /// Counted on test sessions; nothing learns from it.
    pub(super) judge: UserModel,
    /// First clicks of train sessions.
    pub(super) learner_starts: StartStates,
    /// First clicks of test sessions.
    pub(super) judge_starts: StartStates,
    /// The first-order Markov chain of train sessions, a baseline.
    pub(super) markov: ResponseTables,
}

pub(super) fn learn_and_judge(config: &RunConfig, data: &Data, fitted: &Fitted, console: Console) -> Result<Policies> {
    let log = &data.loaded.log;
    let distance = distance(config, log)?;
    let reward = SessionReward { spec: &config.reward, catalogue: &log.catalogue, distance: &distance };
    console.stage("5/6  Reward, and the users to learn from");
    let logged_reward = logged_reward(data, reward);
    for part in &logged_reward {
        let mean = part.mean;
        console.line(format!(
            "{:<11} mean reward per session {:.3} = clicks {:.3} + premium {:.3} + diversity {:.3}",
            part.part,
            mean.total(),
            mean.click,
            mean.premium,
            mean.diversity
        ));
    }
    let (simulators, learner_fidelity, judge_fidelity) = fit_simulators(config, data, fitted, console)?;
    console.stage("6/6  Policies: learned from the log and in the learner's simulator, judged in the other one");
    let prices = PriceMoments::fit(log, data.split.train.clone());
    let sensitivity: Vec<(f64, UserModel)> = config
        .policy
        .simulator
        .sensitivity
        .iter()
        .map(|&tau| (tau, UserModel::new(simulators.judge.tables().clone(), tau)))
        .collect();
    let patient = UserModel::new(simulators.learner.tables().clone(), 0.0);
    let scores = PageScores::new(&simulators.learner, reward);
    let grid = config.policy.fusion.grid()?;
    let task = learn::LearnTask {
        config,
        data,
        reward,
        simulators: &simulators,
        patient: &patient,
        scores: &scores,
        grid: &grid,
        sensitivity: &sensitivity,
        prices,
    };
    let bar = console.bar("learning", task.units());
    let learned = task.learn_all(&bar)?;
    let seconds = bar.finish().as_secs_f64();
    console.line(format!("{} learners × {} seeds ({seconds:.1} s)", learned[0].len(), learned.len()));
    let curves = curves::curves(&learned);
    for curve in &curves {
        console.line(curve.line());
    }
    let comparison = compare::compare(&task, &learned)?;
    let weights = learned.into_iter().next().unwrap_or_default();
    Ok(Policies { logged_reward, learner_fidelity, judge_fidelity, curves, comparison, weights })
}

/// Mean reward of logged sessions per part of the split.
fn logged_reward(data: &Data, reward: SessionReward<'_>) -> Vec<LoggedReward> {
    let log = &data.loaded.log;
    let of_part = |(part, sessions): (&'static str, Range<u32>)| {
        let mut mean = RewardComponents::default();
        let share = 1.0 / sessions.len().max(1) as f64;
        for session in sessions.clone() {
            let choices = log.choices_of(session);
            for (before, &item) in choices.iter().enumerate().skip(1) {
                let parts = reward.components(Response::Clicked(item), &choices[..before]);
                mean.click += share * parts.click;
                mean.premium += share * parts.premium;
                mean.diversity += share * parts.diversity;
            }
        }
        LoggedReward { part, sessions: sessions.len(), mean }
    };
    data.split.parts().into_iter().map(of_part).collect()
}

/// Fits both simulators and says how far each can be trusted.
fn fit_simulators(
    config: &RunConfig,
    data: &Data,
    fitted: &Fitted,
    console: Console,
) -> Result<(Simulators, FidelityReport, FidelityReport)> {
    let (log, split, settings) = (&data.loaded.log, &data.split, &config.policy.simulator);
    // How much a rare situation leans on a common one is chosen on validation sessions, for each kind of table by itself.
    let count = |sessions: &Range<u32>, back_off| {
        let bounds = &settings.depth_bounds;
        let kappa = select_concentration(log, split.train.clone(), split.validation.clone(), back_off, bounds)?;
        Ok::<_, slatewise_rl::Error>(count_responses(log, sessions.clone(), back_off, bounds, kappa))
    };
    let model = MultiTaskResponses::new(&config.tasks, log, &fitted.encoder, &fitted.ranker)?;
    let learner = tabulate_responses(&model, log, split.train.clone(), &settings.depth_bounds, settings.histories)?;
    let judge = count(&split.test, BackOff::Hierarchy)?;
    let markov = count(&split.train, BackOff::Markov)?;
    let learner_starts = StartStates::from_log(log, split.train.clone())?;
    let judge_starts = StartStates::from_log(log, split.test.clone())?;
    let lengths = |tables: &ResponseTables, starts: &StartStates| {
        let sessions = config.policy.schedule.judged_sessions;
        simulated_session_lengths(tables, starts, settings.max_steps, sessions, config.seed)
    };
    let (uniform, popularity) = (count(&split.train, BackOff::Uniform)?, count(&split.train, BackOff::Popularity)?);
    // Each simulator is tried on sessions that it was not fitted on.
    let learner_fidelity = FidelityReport::new(
        &[
            ("uniform", &uniform),
            ("popularity", &popularity),
            ("Markov chain", &markov),
            ("learner's simulator", &learner),
        ],
        log,
        split.test.clone(),
        &lengths(&learner, &judge_starts),
    )?;
    let judge_fidelity = FidelityReport::new(
        &[("learner's simulator", &learner), ("judge's simulator", &judge)],
        log,
        split.validation.clone(),
        &lengths(&judge, &judge_starts),
    )?;
    for (name, likelihood) in &learner_fidelity.likelihood {
        console.line(format!(
            "{name:<20} on test sessions: ln P(next item) {:.3}, within its page {:.3}; going on: logloss {:.4}",
            likelihood.next_item, likelihood.choice, likelihood.continuation_log_loss
        ));
    }
    let tau = settings.patience_exponent;
    let (learner, judge) = (UserModel::new(learner, tau), UserModel::new(judge, tau));
    Ok((Simulators { learner, judge, learner_starts, judge_starts, markov }, learner_fidelity, judge_fidelity))
}
