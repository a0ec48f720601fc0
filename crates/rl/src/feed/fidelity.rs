//! `FeedFidelity`: how well a visitor model agrees with visitors of a log that it has not seen.
//!
//! ```text
//! choice        mean over slots shown of  y ln p + (1 − y) ln(1 − p)      p = P(click at j), given the logged history; in nats
//! leaving       the same over slates, p = P(leaves)                      beside the constant hazard of the train part
//! visit length  slates per visit: means, Kolmogorov–Smirnov sup |F − G|, total variation ½ Σ |f − g|
//! calibration   expected calibration error per task: clicks over slots shown, other tasks over clicked slots
//! AUC           of a discriminator of logged and simulated visits
//! ```
//!
//! Choice, leaving and calibration are **given the logged history** (one step ahead); visit lengths, returns and the discriminator compare
//! **freely simulated** visitors under the same logging policy, where errors add up. A model can be good at the one and bad at the other.
//! Baselines: popularity and first-order Markov, counted in the train part (`baselines.rs`). Hidden traits of logged visitors are
//! unknown, so a model is asked as for its typical visitor of the segment: even the truth is not perfect where `deviation` is above 0.

use std::collections::BTreeMap;

use serde::Serialize;
use slatewise_eval::prediction::{Predictions, equal_mass_bins, expected_calibration_error};

use super::baselines::{ClickRates, LastClick};
use super::discriminator::discriminator_auc;
use super::log::FeedLog;
use super::policy::SlatePolicy;
use super::simulator::{FeedConfig, FeedSimulator};
use super::state::{FeedResponse, Visitor};
use super::visitor_model::VisitorModel;
use crate::error::Error;

/// Bins of the calibration error.
const BINS: usize = 10;
/// Probabilities are taken to be at least this far from 0 and 1.
const SMALLEST: f64 = 1e-6;

/// How a task's predicted probabilities agree with what happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskCalibration {
    /// Name of the task.
    pub task: String,
    /// Slots judged: all for the click, clicked ones for other tasks.
    pub slots: u64,
    /// Mean probability.
    pub predicted: f64,
    /// Share of slots in which it happened.
    pub observed: f64,
    /// Expected calibration error over ten bins of equal mass; none without slots.
    pub expected_calibration_error: Option<f64>,
}

/// A model's agreement with held-out visitors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedFidelity {
    /// Slots shown in the held-out part.
    pub impressions: u64,
    /// Visits in the held-out part.
    pub visits: u64,
    /// Mean log-likelihood of click or no click per slot, in nats; nearer 0 is better.
    pub choice_log_likelihood: f64,
    /// The same of item popularity.
    pub popularity_log_likelihood: f64,
    /// The same of first-order Markov.
    pub markov_log_likelihood: f64,
    /// Mean log-likelihood of leaving or staying per slate.
    pub leave_log_likelihood: f64,
    /// The same of a constant hazard.
    pub constant_leave_log_likelihood: f64,
    /// Mean slates per logged visit.
    pub logged_visit_length: f64,
    /// Mean slates per simulated visit.
    pub simulated_visit_length: f64,
    /// Largest difference of the two distribution functions, in [0, 1].
    pub visit_length_kolmogorov_smirnov: f64,
    /// Total variation between the two distributions, in [0, 1].
    pub visit_length_total_variation: f64,
    /// Share of logged departures that were followed by a return.
    pub logged_return_rate: f64,
    /// Share of simulated departures that were.
    pub simulated_return_rate: f64,
    /// Per task.
    pub calibration: Vec<TaskCalibration>,
    /// AUC of logged against simulated visits: 0.5 is indistinguishable; none where one side has no visits.
    pub discriminator_auc: Option<f64>,
}

/// What models are judged on.
#[derive(Debug, Clone, Copy)]
pub struct FidelityCheck<'a> {
    /// Part of the log from which the baselines are counted; the model should have been fitted on it.
    pub train: &'a FeedLog,
    /// Part of the log, of other visitors, that judges.
    pub held_out: &'a FeedLog,
    /// Slates and horizon under which the log was made.
    pub config: &'a FeedConfig,
}

/// Sums of the one-step-ahead comparison.
#[derive(Default)]
struct Ahead {
    choice: f64,
    popularity: f64,
    markov: f64,
    leave: f64,
    constant: f64,
    /// Probability and outcome per task.
    judged: Vec<(Vec<f64>, Vec<bool>)>,
}

impl FidelityCheck<'_> {
    /// Judges a model; simulates as many visitors as are held out under `policy`, which should be the one that made the log
    /// ([`LoggedSlates`](super::LoggedSlates) where it is not at hand).
    ///
    /// # Errors
    /// A log that does not hold together with the model's items and segments (`train.…`, `held_out.…`), or settings out of their range.
    pub fn judge<M: VisitorModel + ?Sized>(
        &self,
        model: &M,
        policy: &mut dyn SlatePolicy,
        seed: u64,
    ) -> Result<FeedFidelity, Error> {
        let (items, held_out) = (model.items(), self.held_out);
        self.train.validate(items, model.segments(), "train")?;
        held_out.validate(items, model.segments(), "held_out")?;
        let (slots, slate) = (held_out.slots, self.config.slate);
        Error::unless(slots == slate && self.train.slots == slate, "feed", "slate", || {
            format!("{slate} slots, but the log's slates have {slots}")
        })?;
        Error::unless(held_out.tasks == model.tasks(), "held_out", "tasks", || {
            format!("{} where the model has {}", held_out.tasks.join(", "), model.tasks().join(", "))
        })?;
        let ahead = self.one_step_ahead(model);
        let mut simulator = FeedSimulator::new(model, self.config.clone())?;
        let simulated = FeedLog::simulate(&mut simulator, policy, held_out.visitors() as u64, seed);
        let (logged_lengths, simulated_lengths) = (visit_lengths(held_out), visit_lengths(&simulated));
        let (impressions, slates) = ((held_out.len() * slots) as f64, held_out.len() as f64);
        let (kolmogorov_smirnov, total_variation) = distances(&logged_lengths, &simulated_lengths);
        Ok(FeedFidelity {
            impressions: impressions as u64,
            visits: logged_lengths.len() as u64,
            choice_log_likelihood: ahead.choice / impressions,
            popularity_log_likelihood: ahead.popularity / impressions,
            markov_log_likelihood: ahead.markov / impressions,
            leave_log_likelihood: ahead.leave / slates,
            constant_leave_log_likelihood: ahead.constant / slates,
            logged_visit_length: mean(&logged_lengths),
            simulated_visit_length: mean(&simulated_lengths),
            visit_length_kolmogorov_smirnov: kolmogorov_smirnov,
            visit_length_total_variation: total_variation,
            logged_return_rate: return_rate(held_out),
            simulated_return_rate: return_rate(&simulated),
            calibration: calibration(&held_out.tasks, &ahead.judged),
            discriminator_auc: discriminator_auc(held_out, &simulated, items),
        })
    }

    fn one_step_ahead<M: VisitorModel + ?Sized>(&self, model: &M) -> Ahead {
        let (items, log) = (model.items(), self.held_out);
        let rates = ClickRates::count(self.train, items);
        let departures = self.train.left.iter().filter(|left| **left).count() as f64;
        let hazard = (departures + 0.5) / (self.train.len() as f64 + 1.0);
        let examination: Vec<f64> = (0..log.slots).map(|position| model.examination(position)).collect();
        let tasks = model.tasks().len();
        let (mut out, mut click) = (vec![0.0; log.slots * tasks], vec![0.0; log.slots]);
        let (mut visitor, mut response, mut last) = (Visitor::default(), FeedResponse::default(), LastClick::default());
        let mut ahead = Ahead { judged: vec![Default::default(); tasks], ..Ahead::default() };
        for row in 0..log.len() {
            let new = row == 0 || log.visitor[row] != log.visitor[row - 1];
            if new {
                model.begin_typical(&mut visitor, log.segment[row]);
            }
            last.begin(new, &visitor.state);
            log.response(row, &mut response);
            for (position, slot) in response.slots.iter().enumerate() {
                model.probabilities(&visitor, slot.item, &mut out[position * tasks..][..tasks]);
                click[position] = out[position * tasks];
            }
            model.choice().click_probabilities(&examination, &mut click);
            for (position, slot) in response.slots.iter().enumerate() {
                let topic = items.topic[slot.item as usize] as usize;
                let markov = rates.markov(&last, topic, position, items.topics);
                ahead.choice += log_likelihood(click[position], slot.clicked());
                ahead.popularity += log_likelihood(rates.popularity(slot.item, position), slot.clicked());
                ahead.markov += log_likelihood(markov, slot.clicked());
                for (task, judged) in ahead.judged.iter_mut().enumerate() {
                    if task == 0 || slot.clicked() {
                        judged.0.push(if task == 0 { click[position] } else { out[position * tasks + task] });
                        judged.1.push(slot.has(task));
                    }
                }
            }
            last.take_in(&response.slots, items);
            visitor.state.take_in(&response.slots, items, self.config.recent);
            model.experience(&mut visitor, &response.slots);
            ahead.leave += log_likelihood(model.leave_probability(&visitor), response.left);
            ahead.constant += log_likelihood(hazard, response.left);
            if let Some(days) = response.away_days {
                visitor.state.begin_visit(days);
                model.begin_visit(&mut visitor, days);
            }
        }
        ahead
    }
}

/// ln of the probability of what happened.
fn log_likelihood(probability: f64, happened: bool) -> f64 {
    let p = probability.clamp(SMALLEST, 1.0 - SMALLEST);
    if happened { p.ln() } else { (1.0 - p).ln() }
}

/// Slates of each visit.
fn visit_lengths(log: &FeedLog) -> Vec<u32> {
    let rows: Vec<(u32, u32)> = log.visitor.iter().copied().zip(log.visit.iter().copied()).collect();
    rows.chunk_by(|a, b| a == b).map(|visit| visit.len() as u32).collect()
}

fn mean(lengths: &[u32]) -> f64 {
    lengths.iter().map(|&length| f64::from(length)).sum::<f64>() / lengths.len().max(1) as f64
}

fn return_rate(log: &FeedLog) -> f64 {
    let departures = log.left.iter().filter(|left| **left).count();
    log.away_days.iter().flatten().count() as f64 / departures.max(1) as f64
}

/// Kolmogorov–Smirnov distance and total variation of two samples.
fn distances(a: &[u32], b: &[u32]) -> (f64, f64) {
    let mut shares: BTreeMap<u32, [f64; 2]> = BTreeMap::new();
    for (side, lengths) in [a, b].into_iter().enumerate() {
        for &length in lengths {
            shares.entry(length).or_default()[side] += 1.0 / lengths.len() as f64;
        }
    }
    let (mut ahead, mut largest, mut variation) = (0.0_f64, 0.0_f64, 0.0);
    for [left, right] in shares.into_values() {
        ahead += left - right;
        largest = largest.max(ahead.abs());
        variation += (left - right).abs() / 2.0;
    }
    (largest, variation)
}

fn calibration(tasks: &[String], judged: &[(Vec<f64>, Vec<bool>)]) -> Vec<TaskCalibration> {
    let of = |(task, (predicted, happened)): (&String, &(Vec<f64>, Vec<bool>))| {
        let count = predicted.len().max(1) as f64;
        let bins = Predictions::new(predicted, happened).ok().and_then(|rows| equal_mass_bins(&rows, BINS).ok());
        TaskCalibration {
            task: task.clone(),
            slots: predicted.len() as u64,
            predicted: predicted.iter().sum::<f64>() / count,
            observed: happened.iter().filter(|happened| **happened).count() as f64 / count,
            expected_calibration_error: bins.and_then(|bins| expected_calibration_error(&bins).ok()),
        }
    };
    tasks.iter().zip(judged).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::fitted::{FittedVisitor, VisitorFit};
    use crate::feed::planted_spec::PlantedSpec;
    use crate::feed::policy::{LoggedSlates, UniformSlates};
    use crate::feed::testing::world;

    #[test]
    fn distances_equal_hand_computation() {
        // Shares 1/2, 1/2, 0 and 1/4, 1/4, 1/2.
        let (largest, variation) = distances(&[1, 2], &[1, 2, 3, 3]);
        assert!((largest - 0.5).abs() < 1e-12 && (variation - 0.5).abs() < 1e-12);
        assert_eq!(distances(&[4, 4], &[4]), (0.0, 0.0));
        assert!((log_likelihood(0.25, true) - 0.25_f64.ln()).abs() < 1e-15);
        assert!((log_likelihood(0.25, false) - 0.75_f64.ln()).abs() < 1e-15);
    }

    /// On a planted log: the truth, the fit, and the fit with something wrong stand in this order.
    #[test]
    fn truth_then_fit_then_crippled_fits() {
        let world = world(PlantedSpec { items: 40, topics: 4, types: 3, ..PlantedSpec::default() }, 1);
        let config = FeedConfig { slate: 3, ..FeedConfig::default() };
        let mut policy = UniformSlates { items: 40, slate: 3 };
        let mut simulator = FeedSimulator::new(&world, config.clone()).unwrap();
        let log = FeedLog::simulate(&mut simulator, &mut policy, 1_800, 1);
        let (train, held_out) = (log.part(0..1_000), log.part(1_000..1_800));
        let check = FidelityCheck { train: &train, held_out: &held_out, config: &config };
        let fitted = FittedVisitor::fit(&train, world.items(), 3, &VisitorFit::default()).unwrap();
        let truth = check.judge(&world, &mut policy, 99).unwrap();
        let fit = check.judge(&fitted, &mut policy, 99).unwrap();
        let tasteless = check.judge(&fitted.clone().without_taste(0), &mut policy, 99).unwrap();
        let restless = check.judge(&fitted.clone().with_constant_leaving(0.5), &mut policy, 99).unwrap();
        // Choices.
        assert!(truth.choice_log_likelihood > fit.choice_log_likelihood, "{truth:?} {fit:?}");
        assert!(fit.choice_log_likelihood > fit.popularity_log_likelihood + 0.005, "{fit:?}");
        assert!(fit.choice_log_likelihood > fit.markov_log_likelihood + 0.005, "{fit:?}");
        assert!(tasteless.choice_log_likelihood < fit.choice_log_likelihood - 0.01, "{tasteless:?}");
        // Leaving.
        assert!(truth.leave_log_likelihood > fit.leave_log_likelihood);
        assert!(fit.leave_log_likelihood > fit.constant_leave_log_likelihood + 0.05, "{fit:?}");
        assert!(restless.visit_length_total_variation > 2.0 * fit.visit_length_total_variation, "{restless:?} {fit:?}");
        assert!(truth.visit_length_kolmogorov_smirnov < 0.05, "{truth:?}");
        // Real or simulated?
        let auc = |fidelity: &FeedFidelity| fidelity.discriminator_auc.unwrap();
        assert!((auc(&truth) - 0.5).abs() < 0.04, "{truth:?}");
        assert!(auc(&restless) > 0.6 && auc(&restless) > auc(&fit) + 0.05, "{} {}", auc(&restless), auc(&fit));
        // Calibration of every task, of the truth and of the fit.
        for task in truth.calibration.iter().chain(&fit.calibration) {
            assert!(task.expected_calibration_error.unwrap() < 0.05 && task.slots > 500, "{task:?}");
        }
        // Without the logging policy, drawing from its slates does as well here, because it was uniform.
        let drawn = check.judge(&world, &mut LoggedSlates::new(&train), 99).unwrap();
        assert!((auc(&drawn) - 0.5).abs() < 0.04, "{drawn:?}");
    }

    #[test]
    fn logs_that_do_not_fit_are_refused() {
        let world = world(PlantedSpec::small(), 1);
        let config = FeedConfig { slate: 1, ..FeedConfig::default() };
        let mut policy = UniformSlates { items: 8, slate: 1 };
        let mut simulator = FeedSimulator::new(&world, config.clone()).unwrap();
        let log = FeedLog::simulate(&mut simulator, &mut policy, 10, 1);
        let other = FeedConfig { slate: 2, ..config.clone() };
        let check = FidelityCheck { train: &log, held_out: &log, config: &other };
        let message = check.judge(&world, &mut policy, 1).unwrap_err().to_string();
        assert_eq!(message, "feed.slate: 2 slots, but the log's slates have 1");
        let empty = log.part(90..91);
        let check = FidelityCheck { train: &log, held_out: &empty, config: &config };
        let message = check.judge(&world, &mut policy, 1).unwrap_err().to_string();
        assert_eq!(message, "held_out.visitor: the log holds no row");
    }
}
