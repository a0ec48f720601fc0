//! `FittedVisitor`: a visitor fitted from a [`FeedLog`] alone.
//!
//! ```text
//! click at position j   e_j σ(β·x)              e_1 = 1, e_j and β by EM (regression EM of the position-based model, Wang et al. 2018)
//!   E  P(examined | no click) = e_j (1 − r) / (1 − e_j r),  r = σ(β·x);  a click was examined
//!   M  e_j = mean of P(examined) at j;   β by one Newton step of logistic regression, unclicked rows weighed by P(examined)
//! task k after a click  σ(β_k·x)                on clicked slots
//! x                     1, [segment × topic], the item's features, ln(1 + shown of its topic) in the last slate and in the visit
//! leaves after a slate  σ(λ·z)                  z = 1, [steps], steps, satisfied, disappointed, their balance, shown per surface, the
//!                                               last slate's satisfied and disappointed; all of this visit
//! comes back            σ(ρ·v)                  v = 1, satisfied, disappointed, their balance, steps
//! days away             shares of the log, smoothed towards all days up to the longest alike
//! ```
//!
//! Declared smoothing: λ |β|² / 2 with λ = `ridge` in every regression, `smoothing` pseudo-counts for shares.
//!
//! What it assumes, and what a log cannot refute by itself: examination depends on the position alone and the first slot is always
//! examined; slots answer independently (under a log of single choices it is wrong, and the fidelity shows it); visitors of a segment are alike,
//! and hidden patience and boredom show in the counts above. Positions must vary for an item, or e cannot be told from taste.
//!
//! Several of them from visitors drawn with replacement ([`FittedVisitor::ensemble`]) say how far the log determines them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::items::FeedItems;
use super::log::FeedLog;
use super::logistic::{SparseRows, Targets, fit_logistic};
use super::state::{FeedState, SlotResponse, Visitor};
use super::visitor_model::{VisitorModel, day_at, sigmoid};
use crate::error::Error;

/// Bounds on the number of slates shown: bucket = number of bounds ≤ steps.
const STEP_BOUNDS: [u32; 7] = [2, 3, 4, 5, 7, 10, 15];
/// Change of e in the last EM round.
const EXAMINATION_TOLERANCE: f64 = 1e-5;

/// How visitors are fitted, under `[fit]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VisitorFit {
    /// λ > 0: shrinks every coefficient but the intercept.
    pub ridge: f64,
    /// Pseudo-counts spread over the days away and over the segments, > 0.
    pub smoothing: f64,
    /// EM rounds at most, ≥ 1.
    pub rounds: usize,
}

impl Default for VisitorFit {
    fn default() -> Self {
        Self { ridge: 1.0, smoothing: 5.0, rounds: 100 }
    }
}

impl VisitorFit {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        for (name, value) in [("ridge", self.ridge), ("smoothing", self.smoothing)] {
            let holds = value.is_finite() && value > 0.0;
            Error::unless(holds, key, name, || format!("{value} must be a number above 0"))?;
        }
        Error::unless(self.rounds >= 1, key, "rounds", || "must be at least 1".to_owned())
    }
}

/// A fitted visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedVisitor {
    tasks: Vec<String>,
    items: FeedItems,
    /// P(segment).
    segments: Vec<f64>,
    /// P(examined) by position of the log's slates.
    examination: Vec<f64>,
    /// β of each task, `[K][width]`.
    feedback: Vec<Vec<f64>>,
    leave: Vec<f64>,
    back: Vec<f64>,
    /// P(d days away).
    away: Vec<f64>,
}

/// Features of an item in a state, handed out one by one: (place, value).
fn item_features(state: &FeedState, items: &FeedItems, segments: usize, item: u32, add: &mut dyn FnMut(usize, f64)) {
    let topic = items.topic[item as usize] as usize;
    let cells = segments * items.topics;
    add(0, 1.0);
    add(1 + state.user as usize * items.topics + topic, 1.0);
    for (feature, x) in items.row(item).iter().enumerate().filter(|(_, x)| **x != 0.0) {
        add(1 + cells + feature, f64::from(*x));
    }
    let last = state.last_slate().iter().filter(|seen| items.topic[seen.item as usize] as usize == topic).count();
    add(1 + cells + items.width, (last as f64).ln_1p());
    add(2 + cells + items.width, f64::from(state.topic_shown[topic]).ln_1p());
}

fn item_width(items: &FeedItems, segments: usize) -> usize {
    3 + segments * items.topics + items.width
}

/// Satisfied minus disappointed, within −3 to 3.
fn balance(state: &FeedState) -> f64 {
    (f64::from(state.satisfied) - f64::from(state.disappointed)).clamp(-3.0, 3.0)
}

/// Features of leaving after a slate that `state` has taken in.
fn leave_features(state: &FeedState, add: &mut dyn FnMut(usize, f64)) {
    add(0, 1.0);
    add(1 + STEP_BOUNDS.partition_point(|&bound| bound <= state.step), 1.0);
    let first = 2 + STEP_BOUNDS.len();
    add(first, f64::from(state.step));
    add(first + 1, f64::from(state.satisfied));
    add(first + 2, f64::from(state.disappointed));
    add(first + 3, balance(state));
    let last = state.last_slate().iter().map(|seen| seen.feedback);
    add(first + 4, last.clone().filter(|&feedback| feedback > 1).count() as f64);
    add(first + 5, last.filter(|&feedback| feedback == 1).count() as f64);
    for (surface, &shown) in state.surface_shown.iter().enumerate() {
        add(first + 6 + surface, f64::from(shown));
    }
}

fn leave_width(items: &FeedItems) -> usize {
    8 + STEP_BOUNDS.len() + items.surfaces.len()
}

/// Features of coming back from a visit that `state` has taken in to its end.
fn back_features(state: &FeedState, add: &mut dyn FnMut(usize, f64)) {
    let parts = [1.0, f64::from(state.satisfied), f64::from(state.disappointed), balance(state), f64::from(state.step)];
    for (feature, x) in parts.into_iter().enumerate() {
        add(feature, x);
    }
}

const BACK_WIDTH: usize = 5;

fn dot(beta: &[f64], features: impl FnOnce(&mut dyn FnMut(usize, f64))) -> f64 {
    let mut sum = 0.0;
    features(&mut |feature, x| sum += beta[feature] * x);
    sum
}

/// A log as regressions, made once for a whole ensemble.
struct Prepared<'a> {
    items: &'a FeedItems,
    tasks: &'a [String],
    slots: usize,
    segments: usize,
    /// Number of each visitor's place, by log row.
    visitor: Vec<usize>,
    visitors: usize,
    /// Segment by visitor.
    segment: Vec<u32>,
    /// One per slot.
    impressions: SparseRows,
    feedback: &'a [u32],
    /// One per log row.
    leave: SparseRows,
    left: Vec<f64>,
    /// One per row with a departure, and the log row.
    back: SparseRows,
    back_row: Vec<usize>,
    away_days: &'a [Option<u32>],
}

impl<'a> Prepared<'a> {
    fn new(log: &'a FeedLog, items: &'a FeedItems, segments: usize) -> Self {
        let mut impressions = SparseRows::new(item_width(items, segments));
        let (mut leave, mut back) = (SparseRows::new(leave_width(items)), SparseRows::new(BACK_WIDTH));
        let (mut visitor, mut segment, mut back_row) = (Vec::with_capacity(log.len()), Vec::new(), Vec::new());
        let mut end = FeedState::default();
        log.replay(items, log.slots, |row, before, response, _| {
            if row == 0 || log.visitor[row] != log.visitor[row - 1] {
                segment.push(log.segment[row]);
            }
            visitor.push(segment.len() - 1);
            for slot in &response.slots {
                impressions.push(|add| item_features(before, items, segments, slot.item, add));
            }
            end.copy_from(before);
            end.take_in(&response.slots, items, log.slots);
            leave.push(|add| leave_features(&end, add));
            if response.left {
                back.push(|add| back_features(&end, add));
                back_row.push(row);
            }
        });
        Self {
            items,
            tasks: &log.tasks,
            slots: log.slots,
            segments,
            visitors: segment.len(),
            visitor,
            segment,
            impressions,
            feedback: &log.feedback,
            leave,
            left: log.left.iter().map(|&left| f64::from(u8::from(left))).collect(),
            back,
            back_row,
            away_days: &log.away_days,
        }
    }

    /// The fit where visitor v counts `weight[v]` times.
    fn fit(&self, fit: &VisitorFit, weight: &[f64]) -> FittedVisitor {
        let by_row: Vec<f64> = self.visitor.iter().map(|&visitor| weight[visitor]).collect();
        let (examination, click) = self.fit_clicks(fit, &by_row);
        let mut feedback = vec![click];
        for task in 1..self.tasks.len() {
            feedback.push(self.fit_task(fit, &by_row, task));
        }
        let mut leave = vec![0.0; self.leave.width];
        fit_logistic(&self.leave, Targets { target: &self.left, weight: &by_row }, fit.ridge, 25, &mut leave);
        let came: Vec<f64> =
            self.back_row.iter().map(|&row| f64::from(u8::from(self.away_days[row].is_some()))).collect();
        let of_back: Vec<f64> = self.back_row.iter().map(|&row| by_row[row]).collect();
        let mut back = vec![0.0; BACK_WIDTH];
        fit_logistic(&self.back, Targets { target: &came, weight: &of_back }, fit.ridge, 25, &mut back);
        let longest = self.away_days.iter().flatten().max().copied().unwrap_or(1) as usize;
        let days =
            self.back_row.iter().filter_map(|&row| Some((self.away_days[row]?.max(1) as usize - 1, by_row[row])));
        let segments = self.segment.iter().zip(weight).map(|(&segment, &weight)| (segment as usize, weight));
        FittedVisitor {
            tasks: self.tasks.to_vec(),
            items: self.items.clone(),
            segments: smoothed_shares(segments, self.segments, fit.smoothing),
            examination,
            feedback,
            leave,
            back,
            away: smoothed_shares(days, longest.max(1), fit.smoothing),
        }
    }

    /// e and β by EM.
    fn fit_clicks(&self, fit: &VisitorFit, by_row: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let count = self.feedback.len();
        let clicked: Vec<f64> = self.feedback.iter().map(|feedback| f64::from(feedback & 1)).collect();
        let mut examination: Vec<f64> = (0..self.slots).map(|j| 1.0 / (1.0 + j as f64).sqrt()).collect();
        let (mut beta, mut weight) = (vec![0.0; self.impressions.width], vec![0.0; count]);
        for round in 0..fit.rounds {
            let mut sums = vec![(0.0, 0.0); self.slots];
            for slot in 0..count {
                let (position, of_visitor) = (slot % self.slots, by_row[slot / self.slots]);
                if of_visitor == 0.0 {
                    weight[slot] = 0.0;
                    continue;
                }
                let (e, r) = (examination[position], sigmoid(self.impressions.dot(slot, &beta)));
                let examined = if clicked[slot] > 0.0 { 1.0 } else { e * (1.0 - r) / (1.0 - e * r).max(1e-12) };
                weight[slot] = of_visitor * examined;
                sums[position].0 += of_visitor * examined;
                sums[position].1 += of_visitor;
            }
            let steps = if round == 0 { 25 } else { 1 };
            fit_logistic(&self.impressions, Targets { target: &clicked, weight: &weight }, fit.ridge, steps, &mut beta);
            let mut change = 0.0_f64;
            for (position, (examined, all)) in sums.into_iter().enumerate().skip(1) {
                let fresh = if all > 0.0 { (examined / all).clamp(1e-3, 1.0) } else { examination[position] };
                change = change.max((fresh - examination[position]).abs());
                examination[position] = fresh;
            }
            if round > 0 && change < EXAMINATION_TOLERANCE {
                break;
            }
        }
        (examination, beta)
    }

    fn fit_task(&self, fit: &VisitorFit, by_row: &[f64], task: usize) -> Vec<f64> {
        let happened: Vec<f64> = self.feedback.iter().map(|feedback| f64::from(feedback >> task & 1)).collect();
        let weight = self.feedback.iter().enumerate().map(|(slot, f)| f64::from(f & 1) * by_row[slot / self.slots]);
        let (weight, mut beta): (Vec<f64>, _) = (weight.collect(), vec![0.0; self.impressions.width]);
        fit_logistic(&self.impressions, Targets { target: &happened, weight: &weight }, fit.ridge, 25, &mut beta);
        beta
    }
}

/// (count + κ / cells) / (all + κ).
fn smoothed_shares(counted: impl Iterator<Item = (usize, f64)>, cells: usize, smoothing: f64) -> Vec<f64> {
    let mut shares = vec![smoothing / cells as f64; cells];
    for (cell, weight) in counted {
        shares[cell] += weight;
    }
    let sum: f64 = shares.iter().sum();
    shares.iter().map(|share| share / sum).collect()
}

impl FittedVisitor {
    /// Fits a visitor of `segments` segments.
    ///
    /// # Errors
    /// A setting out of its range (`fit.…`), a log that does not hold together (`log.…`) or items that do not (`items.…`).
    pub fn fit(log: &FeedLog, items: &FeedItems, segments: usize, fit: &VisitorFit) -> Result<Self, Error> {
        check(log, items, segments, fit)?;
        let prepared = Prepared::new(log, items, segments);
        Ok(prepared.fit(fit, &vec![1.0; prepared.visitors]))
    }

    /// Fits `members` visitors, each to as many visitors of the log as it has, drawn with replacement.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn ensemble(
        log: &FeedLog,
        (items, segments): (&FeedItems, usize),
        fit: &VisitorFit,
        members: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Self>, Error> {
        check(log, items, segments, fit)?;
        let prepared = Prepared::new(log, items, segments);
        let draw = |_| {
            let mut weight = vec![0.0; prepared.visitors];
            for _ in 0..prepared.visitors {
                weight[rng.random_range(0..prepared.visitors)] += 1.0;
            }
            prepared.fit(fit, &weight)
        };
        Ok((0..members).map(draw).collect())
    }

    /// P(examined) by position.
    pub fn examinations(&self) -> &[f64] {
        &self.examination
    }

    /// The same visitor with an item's taste forgotten: every coefficient of `task` but the intercept is 0. To see what it was worth.
    pub fn without_taste(mut self, task: usize) -> Self {
        self.feedback[task][1..].fill(0.0);
        self
    }

    /// The same visitor who leaves after any slate with this probability, in (0, 1). To see what the fit of leaving was worth.
    pub fn with_constant_leaving(mut self, probability: f64) -> Self {
        assert!(probability > 0.0 && probability < 1.0, "a probability of {probability} to leave");
        self.leave.fill(0.0);
        self.leave[0] = (probability / (1.0 - probability)).ln();
        self
    }
}

fn check(log: &FeedLog, items: &FeedItems, segments: usize, fit: &VisitorFit) -> Result<(), Error> {
    fit.validate("fit")?;
    items.validate("items")?;
    log.validate(items, segments, "log")
}

impl VisitorModel for FittedVisitor {
    fn tasks(&self) -> &[String] {
        &self.tasks
    }

    fn items(&self) -> &FeedItems {
        &self.items
    }

    fn segments(&self) -> usize {
        self.segments.len()
    }

    fn begin(&self, visitor: &mut Visitor, rng: &mut ChaCha8Rng) {
        let segment = day_at(&self.segments, rng.random()) - 1;
        self.begin_typical(visitor, segment);
    }

    fn begin_typical(&self, visitor: &mut Visitor, segment: u32) {
        visitor.state.begin(segment, &self.items);
        (visitor.patience, visitor.satisfaction) = (0, 0);
        visitor.boredom.clear();
        visitor.deviation.clear();
    }

    fn begin_visit(&self, _visitor: &mut Visitor, _away_days: u32) {}

    fn probabilities(&self, visitor: &Visitor, item: u32, out: &mut [f64]) {
        out.fill(0.0);
        item_features(&visitor.state, &self.items, self.segments.len(), item, &mut |feature, x| {
            for (sum, beta) in out.iter_mut().zip(&self.feedback) {
                *sum += beta[feature] * x;
            }
        });
        for p in out {
            *p = sigmoid(*p);
        }
    }

    /// Positions beyond the log's slates are examined as its last one.
    fn examination(&self, position: usize) -> f64 {
        self.examination.get(position).or(self.examination.last()).copied().unwrap_or(1.0)
    }

    fn experience(&self, _visitor: &mut Visitor, _slots: &[SlotResponse]) {}

    fn leave_probability(&self, visitor: &Visitor) -> f64 {
        sigmoid(dot(&self.leave, |add| leave_features(&visitor.state, add)))
    }

    fn return_probability(&self, visitor: &Visitor) -> f64 {
        sigmoid(dot(&self.back, |add| back_features(&visitor.state, add)))
    }

    fn away_days(&self, _visitor: &Visitor, uniform: f64) -> u32 {
        day_at(&self.away, uniform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::planted_spec::PlantedSpec;
    use crate::feed::policy::UniformSlates;
    use crate::feed::simulator::{FeedConfig, FeedSimulator};
    use crate::feed::testing::world;
    use rand::SeedableRng;

    #[test]
    fn position_bias_and_tastes_are_found_again() {
        let world = world(PlantedSpec { items: 30, topics: 3, types: 2, boredom: 0.0, ..PlantedSpec::default() }, 1);
        let config = FeedConfig { slate: 3, ..FeedConfig::default() };
        let mut simulator = FeedSimulator::new(&world, config).unwrap();
        let log = FeedLog::simulate(&mut simulator, &mut UniformSlates { items: 30, slate: 3 }, 1_400, 1);
        let fitted = FittedVisitor::fit(&log, world.items(), 2, &VisitorFit::default()).unwrap();
        for (position, found) in fitted.examinations().iter().enumerate() {
            let truth = world.examination(position);
            assert!((found - truth).abs() < 0.06, "position {position}: {found} instead of {truth}");
        }
        // Probabilities of the first slate, for every type and item.
        let (mut a, mut b) = (Visitor::default(), Visitor::default());
        let (mut truth, mut found, mut error) = ([0.0; 3], [0.0; 3], [0.0; 3]);
        for (segment, item) in (0..2).flat_map(|segment| (0..30).map(move |item| (segment, item))) {
            world.begin_typical(&mut a, segment);
            fitted.begin_typical(&mut b, segment);
            world.probabilities(&a, item, &mut truth);
            fitted.probabilities(&b, item, &mut found);
            for task in 0..3 {
                error[task] += (truth[task] - found[task]).abs() / 60.0;
            }
        }
        assert!(error[0] < 0.03 && error[1] < 0.08 && error[2] < 0.08, "{error:?}");
        let longest = world.away_shares().len();
        assert!(fitted.away.len() == longest && (fitted.away[0] - world.away_shares()[0]).abs() < 0.03);
    }

    #[test]
    fn members_differ_and_repeat() {
        let world = world(PlantedSpec::small(), 2);
        let mut simulator = FeedSimulator::new(&world, FeedConfig { slate: 2, ..FeedConfig::default() }).unwrap();
        let log = FeedLog::simulate(&mut simulator, &mut UniformSlates { items: 8, slate: 2 }, 200, 1);
        let fit = VisitorFit { rounds: 10, ..VisitorFit::default() };
        let ensemble = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            FittedVisitor::ensemble(&log, (world.items(), 2), &fit, 3, &mut rng).unwrap()
        };
        let members = ensemble(1);
        assert!(members == ensemble(1) && members[0] != members[1] && members != ensemble(2));
        let mut simulator = FeedSimulator::new(&members[0], FeedConfig { slate: 2, ..FeedConfig::default() }).unwrap();
        let again = FeedLog::simulate(&mut simulator, &mut UniformSlates { items: 8, slate: 2 }, 50, 3);
        assert!(again.validate(world.items(), 2, "log").is_ok() && again.visitors() == 50);
    }

    #[test]
    fn shares_equal_hand_computation() {
        let counted = [(0, 3.0), (2, 1.0)];
        assert_eq!(smoothed_shares(counted.into_iter(), 4, 4.0), [0.5, 0.125, 0.25, 0.125]);
    }

    #[test]
    fn settings_are_checked() {
        let message =
            |text: &str| toml::from_str::<VisitorFit>(text).map(|f| f.validate("fit").unwrap_err().to_string());
        assert_eq!(message("ridge = 0.0").unwrap(), "fit.ridge: 0 must be a number above 0");
        assert_eq!(message("rounds = 0").unwrap(), "fit.rounds: must be at least 1");
    }
}
