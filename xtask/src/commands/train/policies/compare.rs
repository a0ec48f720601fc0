//! The comparison of all policies: means over seeds with intervals, and each one's gain over the best baseline, in pairs.

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::Serialize;
use slatewise_eval::interval::{Interval, paired_differences, student_t_interval};
use slatewise_rl::page_agents::FusedPages;
use slatewise_rl::policy::{Constant, MarkovChain, UniformRandom, most_popular_listing};

use super::judge::Judgement;
use super::learn::{LearnTask, Learned, Phase};

/// Confidence of every interval.
const LEVEL: f64 = 0.95;

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PolicyRow {
    pub(crate) policy: &'static str,
    /// What it learned from, or that it is a baseline.
    pub(crate) source: &'static str,
    pub(crate) is_baseline: bool,
    /// Return per session in the judge's simulator.
    pub(crate) value: Interval,
    /// Its value minus the best baseline's, on the same visitors.
    pub(crate) gain: Interval,
    pub(crate) clicks: Interval,
    pub(crate) premium_clicks: Interval,
    pub(crate) diversity: Interval,
    /// Share of listings ever shown.
    pub(crate) coverage: Interval,
    /// Return per session in the learner's simulator.
    pub(crate) learner_value: Interval,
    /// Return in the judge's simulator under other patience exponents.
    pub(crate) sensitivity: Vec<(f64, Interval)>,
    /// Share of logged test transitions on which it shows the page that the visitor went to.
    pub(crate) agreement: Interval,
}

/// The table and what it says.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Comparison {
    pub(crate) seeds: usize,
    pub(crate) sessions_per_seed: u64,
    pub(crate) rows: Vec<PolicyRow>,
    /// The baseline of the highest value in the judge's simulator.
    pub(crate) best_baseline: &'static str,
    /// What fixed weights reach as premium clicks weigh from nothing to everything, under the first seed.
    pub(crate) sweep: Vec<SweptWeights>,
    /// The learned policy of the highest value in the *learner's* simulator: the one to be kept, chosen without the judge.
    pub(crate) chosen: Chosen,
}

/// Fixed weights of a sweep, and what they reach in the judge's simulator.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct SweptWeights {
    /// Share of the weight that premium clicks have; other clicks have the rest.
    pub(crate) premium_weight: f64,
    pub(crate) clicks: f64,
    pub(crate) premium_clicks: f64,
}

/// A learned policy and what it learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Chosen {
    pub(crate) policy: &'static str,
    pub(crate) source: &'static str,
}

impl Comparison {
    /// Whether a row is the policy that is kept.
    pub(crate) fn keeps(&self, row: &PolicyRow) -> bool {
        self.chosen == Chosen { policy: row.policy, source: row.source }
    }
}

/// A policy's judgements, one per seed.
struct Entry {
    policy: &'static str,
    source: &'static str,
    is_baseline: bool,
    judgements: Vec<Judgement>,
}

/// Judges the baselines, and sets everything side by side.
///
/// # Shapes
/// `learned [seeds][learners]`
pub(super) fn compare(task: &LearnTask<'_>, learned: &[Vec<Learned>]) -> Result<Comparison> {
    let seeds: Vec<u64> = (0..learned.len() as u64).collect();
    let baselines: Vec<Vec<Judgement>> =
        seeds.par_iter().map(|&seed| judge_baselines(task, seed)).collect::<Result<_>>()?;
    let mut entries: Vec<Entry> = Vec::new();
    for (place, policy) in BASELINES.iter().enumerate() {
        let judgements = baselines.iter().map(|seed| seed[place].clone()).collect();
        entries.push(Entry { policy, source: "baseline", is_baseline: true, judgements });
    }
    for learner in 0..learned.first().map_or(0, Vec::len) {
        let policy = learned[0][learner].name;
        for (phase, Phase { source, .. }) in learned[0][learner].phases.iter().enumerate() {
            let judgements = learned.iter().map(|seed| seed[learner].phases[phase].judgement.clone()).collect();
            entries.push(Entry { policy, source, is_baseline: false, judgements });
        }
    }
    let best = highest(entries.iter().filter(|e| e.is_baseline), |j| j.judge.mean_return).context("no baseline")?;
    let chosen = highest(entries.iter().filter(|e| !e.is_baseline), |j| j.learner.mean_return).context("no learner")?;
    Ok(Comparison {
        seeds: learned.len(),
        sessions_per_seed: task.config.policy.schedule.judged_sessions,
        rows: entries.iter().map(|entry| entry.row(best)).collect::<Result<_>>()?,
        best_baseline: best.policy,
        sweep: sweep(task),
        chosen: Chosen { policy: chosen.policy, source: chosen.source },
    })
}

const BASELINES: [&str; 5] =
    ["random", "popularity", "Markov chain", "(a) one task, greedy", "(b) all tasks, fixed weights"];

/// In the order of `BASELINES`.
fn judge_baselines(task: &LearnTask<'_>, seed: u64) -> Result<Vec<Judgement>> {
    let actions = task.reward.catalogue.listings.len();
    let popular = most_popular_listing(&task.data.loaded.log, task.data.split.train.clone());
    Ok(vec![
        task.judge(&mut UniformRandom { actions }, seed)?,
        task.judge(&mut Constant { action: popular }, seed)?,
        task.judge(&mut MarkovChain { tables: &task.simulators.markov }, seed)?,
        task.judge(&mut FusedPages::greedy_by_click(task.scores), seed)?,
        task.judge(&mut FusedPages::by_declared_weights(task.scores), seed)?,
    ])
}

/// Points of the sweep beside the first.
const SWEEP: u32 = 10;

fn sweep(task: &LearnTask<'_>) -> Vec<SweptWeights> {
    let points: Vec<u32> = (0..=SWEEP).collect();
    let swept = |&point: &u32| {
        let premium_weight = f64::from(point) / f64::from(SWEEP);
        let weights = [1.0 - premium_weight, premium_weight, 0.0, 0.0];
        let judged = task.judged_alone(&mut FusedPages::new(task.scores, weights), 0);
        let (clicks, premium_clicks) = (judged.mean_clicks, judged.mean_premium_clicks);
        SweptWeights { premium_weight, clicks, premium_clicks }
    };
    points.par_iter().map(swept).collect()
}

fn highest<'a>(entries: impl Iterator<Item = &'a Entry>, of: fn(&Judgement) -> f64) -> Option<&'a Entry> {
    let mean = |entry: &Entry| entry.judgements.iter().map(of).sum::<f64>() / entry.judgements.len() as f64;
    entries.max_by(|a, b| mean(a).total_cmp(&mean(b)))
}

impl Entry {
    fn values(&self, of: impl Fn(&Judgement) -> f64) -> Vec<f64> {
        self.judgements.iter().map(of).collect()
    }

    fn row(&self, best_baseline: &Self) -> Result<PolicyRow> {
        let over_seeds = |of: &dyn Fn(&Judgement) -> f64| student_t_interval(&self.values(of), LEVEL);
        let value = |j: &Judgement| j.judge.mean_return;
        let gain = paired_differences(&self.values(value), &best_baseline.values(value))?;
        let exponents = self.judgements.first().map_or(0, |j| j.sensitivity.len());
        let under = |place: usize| {
            let tau = self.judgements[0].sensitivity[place].0;
            over_seeds(&|j| j.sensitivity[place].1).map(|interval| (tau, interval))
        };
        Ok(PolicyRow {
            policy: self.policy,
            source: self.source,
            is_baseline: self.is_baseline,
            value: over_seeds(&value)?,
            gain: student_t_interval(&gain, LEVEL)?,
            clicks: over_seeds(&|j| j.judge.mean_clicks)?,
            premium_clicks: over_seeds(&|j| j.judge.mean_premium_clicks)?,
            diversity: over_seeds(&|j| j.judge.mean_diversity)?,
            coverage: over_seeds(&|j| j.judge.listing_coverage)?,
            learner_value: over_seeds(&|j| j.learner.mean_return)?,
            sensitivity: (0..exponents).map(under).collect::<Result<_, _>>()?,
            agreement: over_seeds(&|j| j.agreement.agreement)?,
        })
    }
}
