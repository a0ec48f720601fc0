//! How far a simulator can be trusted: the likelihood of held-out sessions, and the length of sessions nobody advised.
//!
//! ```text
//! choice         mean ln P(item | its listing, situation)          over clicks that follow a click
//! next_listing   mean ln P(listing | situation)
//! next_item      next_listing + choice: mean ln P(item | situation)
//! continuation   mean −ln P(what happened: another click or none)   over all clicks
//! ```
//!
//! In nats; the first three are at most 0 and better when higher, the last is at least 0 and better when lower. Probabilities are floored
//! at 1e-9, so that one impossible event costs 20.7 nats and does not hide all others. The baselines are tables like any other
//! (`BackOff`), so the same function judges them.

use std::ops::Range;

use serde::Serialize;
use slatewise_data::ImpressionLog;

use super::counted::{BackOff, count_responses};
use super::environment::SessionSimulator;
use super::tables::ResponseTables;
use super::user::UserModel;
use crate::error::Error;
use crate::policy::SelfNavigation;
use crate::rollout::{Budget, Watched, rollout};
use crate::session::StartStates;
use crate::streams::Streams;

/// Likelihood of held-out sessions under response tables, in nats.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Likelihood {
    /// Clicks that follow a click.
    pub transitions: u64,
    /// All clicks.
    pub clicks: u64,
    /// Mean log-likelihood of the item within its listing, ≤ 0.
    pub choice: f64,
    /// Mean log-likelihood of the listing, ≤ 0.
    pub next_listing: f64,
    /// Mean log-likelihood of the item, ≤ 0.
    pub next_item: f64,
    /// Mean log-loss of whether another click follows, ≥ 0.
    pub continuation_log_loss: f64,
}

impl Likelihood {
    /// Likelihood of a range of sessions.
    ///
    /// # Errors
    /// No session of at least two clicks.
    pub fn of(tables: &ResponseTables, log: &ImpressionLog, sessions: Range<u32>) -> Result<Self, Error> {
        let ln = |probability: f32| f64::from(probability.max(1e-9)).ln();
        let mut sum = Self::default();
        for session in sessions.clone() {
            let choices = log.choices_of(session);
            for (place, &item) in choices.iter().enumerate() {
                let situation = tables.situation_of(item, place + 1);
                let continues = tables.continue_probability(situation);
                sum.clicks += 1;
                let Some(&next) = choices.get(place + 1) else {
                    sum.continuation_log_loss -= ln(1.0 - continues);
                    continue;
                };
                let listing = log.catalogue.listing_of[next as usize] as usize;
                sum.transitions += 1;
                sum.continuation_log_loss -= ln(continues);
                sum.choice += ln(tables.choice_probability(situation, next));
                sum.next_listing += ln(tables.listing_probabilities(situation)[listing]);
            }
        }
        if sum.transitions == 0 {
            let Range { start, end } = sessions;
            return Err(Error::NoSessions { purpose: "fidelity", start, end, missing: "session of two clicks" });
        }
        let (transitions, clicks) = (sum.transitions as f64, sum.clicks as f64);
        Ok(Self {
            choice: sum.choice / transitions,
            next_listing: sum.next_listing / transitions,
            next_item: (sum.choice + sum.next_listing) / transitions,
            continuation_log_loss: sum.continuation_log_loss / clicks,
            ..sum
        })
    }
}

/// Concentrations that are tried: each doubles the last.
const CONCENTRATIONS: [f64; 9] = [1.25, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0];

/// The concentration, from 1.25 to 320, under which tables counted on `train` make `validation` most likely (by next item).
///
/// Each baseline deserves its own: a short chain needs less smoothing than a long one.
///
/// # Errors
/// No session of at least two clicks in `validation`.
pub fn select_concentration(
    log: &ImpressionLog,
    train: Range<u32>,
    validation: Range<u32>,
    back_off: BackOff,
    depth_bounds: &[u32],
) -> Result<f64, Error> {
    let mut best = (f64::NEG_INFINITY, CONCENTRATIONS[0]);
    for concentration in CONCENTRATIONS {
        let tables = count_responses(log, train.clone(), back_off, depth_bounds, concentration);
        let likelihood = Likelihood::of(&tables, log, validation.clone())?.next_item;
        if likelihood > best.0 {
            best = (likelihood, concentration);
        }
    }
    Ok(best.1)
}

/// Lengths of sessions, in clicks.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct LengthSummary {
    /// Number of sessions.
    pub sessions: u64,
    /// Mean.
    pub mean: f64,
    /// Smallest length that at least half of the sessions do not exceed.
    pub median: u32,
    /// The same for 75 %.
    pub p75: u32,
    /// The same for 90 %.
    pub p90: u32,
    /// The same for 99 %.
    pub p99: u32,
}

impl LengthSummary {
    /// Summary of some lengths; all 0 for none.
    pub fn of(lengths: &[u32]) -> Self {
        let mut sorted = lengths.to_vec();
        sorted.sort_unstable();
        let quantile = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
        };
        let total: u64 = sorted.iter().map(|&length| u64::from(length)).sum();
        Self {
            sessions: sorted.len() as u64,
            mean: total as f64 / sorted.len().max(1) as f64,
            median: quantile(0.5),
            p75: quantile(0.75),
            p90: quantile(0.9),
            p99: quantile(0.99),
        }
    }
}

/// Clicks per session of the log.
pub fn session_lengths(log: &ImpressionLog, sessions: Range<u32>) -> Vec<u32> {
    sessions.map(|session| log.choices_of(session).len() as u32).filter(|&length| length > 0).collect()
}

/// Clicks per session of simulated visitors whom nobody advises: they see the listing that they draw themselves, so the patience
/// exponent plays no part.
pub fn simulated_session_lengths(
    tables: &ResponseTables,
    starts: &StartStates,
    max_steps: u32,
    sessions: u64,
    seed: u64,
) -> Vec<u32> {
    let user = UserModel::new(tables.clone(), 0.0);
    let mut lengths = Vec::with_capacity(sessions as usize);
    let mut policy = SelfNavigation { tables };
    let mut watched =
        Watched::new(&mut policy, |_, _, step: &crate::TimeStep<'_, crate::SessionState, crate::Response>| {
            if step.is_last() {
                lengths.push(step.observation.depth() as u32);
            }
        });
    let mut simulator = [SessionSimulator::new(&user, starts, max_steps)];
    rollout(&mut simulator, &mut watched, Budget::Episodes(sessions), &mut Streams::new(seed));
    lengths
}

/// One simulator's fidelity beside the baselines'.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FidelityReport {
    /// Name and likelihood of each set of tables on the same held-out sessions.
    pub likelihood: Vec<(String, Likelihood)>,
    /// Session lengths of the log.
    pub logged_length: LengthSummary,
    /// Session lengths of the simulator without advice.
    pub simulated_length: LengthSummary,
}

impl FidelityReport {
    /// Judges named tables on held-out sessions, and sets `simulated_lengths` beside the log's.
    ///
    /// # Errors
    /// No session of at least two clicks.
    pub fn new(
        tables: &[(&str, &ResponseTables)],
        log: &ImpressionLog,
        sessions: Range<u32>,
        simulated_lengths: &[u32],
    ) -> Result<Self, Error> {
        let judged = tables.iter().map(|(name, tables)| {
            Likelihood::of(tables, log, sessions.clone()).map(|likelihood| ((*name).to_owned(), likelihood))
        });
        Ok(Self {
            likelihood: judged.collect::<Result<_, _>>()?,
            logged_length: LengthSummary::of(&session_lengths(log, sessions)),
            simulated_length: LengthSummary::of(simulated_lengths),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tiny_log;

    #[test]
    fn uniform_likelihood_equals_hand_computation() {
        let log = tiny_log();
        let tables = count_responses(&log, 0..3, BackOff::Uniform, &[2], 1.0);
        let likelihood = Likelihood::of(&tables, &log, 0..3).unwrap();
        assert_eq!((likelihood.transitions, likelihood.clicks), (3, 6));
        for (value, expected) in [
            (likelihood.choice, 0.5_f64.ln()),
            (likelihood.next_listing, 0.5_f64.ln()),
            (likelihood.next_item, 0.25_f64.ln()),
            (likelihood.continuation_log_loss, 2.0_f64.ln()),
        ] {
            assert!((value - expected).abs() < 1e-9, "{likelihood:?}");
        }
    }

    #[test]
    fn simulated_lengths_are_geometric_for_a_constant_continuation() {
        let log = tiny_log();
        let tables = count_responses(&log, 0..3, BackOff::Uniform, &[2], 1.0);
        let starts = StartStates::from_log(&log, 0..3).unwrap();
        let lengths = simulated_session_lengths(&tables, &starts, 1000, 20_000, 1);
        let summary = LengthSummary::of(&lengths);
        assert!((summary.mean - 2.0).abs() < 0.05, "{summary:?}"); // 1 + 0.5 + 0.25 + ...
        assert_eq!((summary.p90, summary.p99), (4, 7)); // 1 − 2^-n first exceeds 0.9 and 0.99 there
        assert_eq!(lengths, simulated_session_lengths(&tables, &starts, 1000, 20_000, 1));
    }

    #[test]
    fn the_selected_concentration_is_the_likeliest() {
        let log = tiny_log();
        let likelihood = |k| {
            let tables = count_responses(&log, 0..2, BackOff::Markov, &[2], k);
            Likelihood::of(&tables, &log, 2..3).unwrap().next_item
        };
        // Item 0 led to item 3 in training and leads to item 1 in validation: the more smoothing, the better.
        assert!(likelihood(320.0) > likelihood(20.0) && likelihood(20.0) > likelihood(1.25));
        assert_eq!(select_concentration(&log, 0..2, 2..3, BackOff::Markov, &[2]).unwrap(), 320.0);
    }

    #[test]
    fn quantiles_are_nearest_ranks() {
        let summary = LengthSummary::of(&[4, 1, 2, 3]);
        assert_eq!((summary.mean, summary.median, summary.p75, summary.p99), (2.5, 2, 3, 4));
    }
}
