//! `SlatePolicy`: what to show in a state, with the propensity of the whole slate; and simple policies for logs and baselines.
//!
//! ```text
//! UniformSlates     every ordered slate alike:         Π_j 1 / (I − j)
//! PlackettLuce      slot by slot without replacement:  Π_j w_{a_j} / (Σ_i w_i − Σ_{l<j} w_{a_l}),  w_i = e^{score_i}
//! RankedSlates      the n highest of fixed scores:     1
//! LoggedSlates      a slate of the log, drawn:         the share of its rows with that slate
//! ```
//!
//! Reference: Plackett 1975, "The analysis of permutations"; Luce 1959.

use std::collections::HashMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::log::FeedLog;
use super::state::FeedState;

/// Something that fills slates by what is visible.
pub trait SlatePolicy {
    /// Replaces `slate` by distinct items; gives the probability with which this ordered slate is shown in this state.
    fn choose(&mut self, state: &FeedState, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64;
}

/// Every ordered slate alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UniformSlates {
    /// I, at least `slate`.
    pub items: u32,
    /// Slots.
    pub slate: usize,
}

impl SlatePolicy for UniformSlates {
    fn choose(&mut self, _state: &FeedState, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        assert!(self.slate <= self.items as usize, "a slate of {} slots from {} items", self.slate, self.items);
        let mut propensity = 1.0;
        slate.clear();
        for taken in 0..self.slate as u32 {
            let rank = rng.random_range(0..self.items - taken);
            propensity /= f64::from(self.items - taken);
            slate.push(nth_free(rank, slate));
        }
        propensity
    }
}

/// The item of this rank among those not taken.
fn nth_free(rank: u32, taken: &[u32]) -> u32 {
    let mut item = rank;
    loop {
        let below = taken.iter().filter(|&&other| other <= item).count() as u32;
        if rank + below == item {
            return item;
        }
        item = rank + below;
    }
}

/// Slots filled one after the other, each item in proportion to its weight; one draw per slot.
#[derive(Debug, Clone, PartialEq)]
pub struct PlackettLuce {
    weight: Vec<f64>,
    sum: f64,
    slate: usize,
}

impl PlackettLuce {
    /// Weights e^score.
    ///
    /// # Shapes
    /// `scores [I]`, finite, I at least `slate`
    pub fn new(scores: &[f64], slate: usize) -> Self {
        assert!(slate <= scores.len(), "a slate of {slate} slots from items of shape [{}]", scores.len());
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let weight: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        Self { sum: weight.iter().sum(), weight, slate }
    }
}

impl SlatePolicy for PlackettLuce {
    fn choose(&mut self, _state: &FeedState, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        let (mut propensity, mut left) = (1.0, self.sum);
        slate.clear();
        for _ in 0..self.slate {
            let mut point = rng.random::<f64>() * left;
            let mut chosen = None;
            for (item, weight) in self.weight.iter().enumerate() {
                if *weight > 0.0 && !slate.contains(&(item as u32)) {
                    chosen = Some(item);
                    point -= weight;
                    if point < 0.0 {
                        break;
                    }
                }
            }
            // Weights may all have vanished beside the greatest: then the first that is free.
            let item = chosen.unwrap_or_else(|| nth_free(0, slate) as usize);
            propensity *= if left > 0.0 { (self.weight[item] / left).min(1.0) } else { 1.0 };
            left = (left - self.weight[item]).max(0.0);
            slate.push(item as u32);
        }
        propensity
    }
}

/// Always the items of the highest scores, ties to the lowest item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedSlates {
    best: Vec<u32>,
}

impl RankedSlates {
    /// The `slate` highest of `scores`.
    ///
    /// # Shapes
    /// `scores [I]`, I at least `slate`
    pub fn new(scores: &[f64], slate: usize) -> Self {
        assert!(slate <= scores.len(), "a slate of {slate} slots from items of shape [{}]", scores.len());
        let mut best: Vec<u32> = (0..scores.len() as u32).collect();
        best.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        best.truncate(slate);
        Self { best }
    }
}

impl SlatePolicy for RankedSlates {
    fn choose(&mut self, _state: &FeedState, slate: &mut Vec<u32>, _rng: &mut ChaCha8Rng) -> f64 {
        slate.clone_from(&self.best);
        1.0
    }
}

/// Slates drawn from the rows of a log whatever the state: a stand-in where the logging policy is not at hand.
#[derive(Debug, Clone)]
pub struct LoggedSlates<'a> {
    log: &'a FeedLog,
    share: HashMap<&'a [u32], f64>,
}

impl<'a> LoggedSlates<'a> {
    /// Slates of `log`, which must not be empty.
    pub fn new(log: &'a FeedLog) -> Self {
        assert!(!log.is_empty(), "a log of {} rows holds no slate", log.len());
        let mut share = HashMap::new();
        for row in 0..log.len() {
            *share.entry(log.slate(row)).or_default() += 1.0 / log.len() as f64;
        }
        Self { log, share }
    }
}

impl SlatePolicy for LoggedSlates<'_> {
    fn choose(&mut self, _state: &FeedState, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        let drawn = self.log.slate(rng.random_range(0..self.log.len()));
        slate.clear();
        slate.extend_from_slice(drawn);
        self.share[drawn]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Slates occur as often as their propensities say, which sum to 1 over all ordered pairs.
    fn check(policy: &mut dyn SlatePolicy, pairs: usize) {
        let (mut rng, draws, mut slate) = (ChaCha8Rng::seed_from_u64(2), 40_000, Vec::new());
        let mut seen: HashMap<Vec<u32>, (f64, f64)> = HashMap::new();
        for _ in 0..draws {
            let propensity = policy.choose(&FeedState::default(), &mut slate, &mut rng);
            let entry = seen.entry(slate.clone()).or_insert((0.0, propensity));
            assert!((entry.1 - propensity).abs() < 1e-12 && slate[0] != slate[1]);
            entry.0 += 1.0 / f64::from(draws);
        }
        assert_eq!(seen.len(), pairs);
        assert!((seen.values().map(|(_, propensity)| propensity).sum::<f64>() - 1.0).abs() < 1e-9);
        for (slate, (found, propensity)) in &seen {
            assert!((found - propensity).abs() < 0.0125, "{slate:?}: {found} instead of {propensity}");
        }
    }

    #[test]
    fn propensities_are_those_of_the_draws() {
        check(&mut UniformSlates { items: 4, slate: 2 }, 12);
        check(&mut PlackettLuce::new(&[0.0, 1.0, -1.0, 0.5], 2), 12);
    }

    #[test]
    fn plackett_luce_equals_hand_computation() {
        let mut policy = PlackettLuce::new(&[0.0, 2.0_f64.ln(), 5.0_f64.ln()], 3);
        let (mut slate, mut rng) = (Vec::new(), ChaCha8Rng::seed_from_u64(0));
        let propensity = policy.choose(&FeedState::default(), &mut slate, &mut rng);
        let weight = [1.0, 2.0, 5.0];
        let first = weight[slate[0] as usize];
        let expected = first / 8.0 * weight[slate[1] as usize] / (8.0 - first);
        assert!((propensity - expected).abs() < 1e-12, "{slate:?}: {propensity} instead of {expected}");
        RankedSlates::new(&[0.5, 2.0, 2.0], 2).choose(&FeedState::default(), &mut slate, &mut rng);
        assert_eq!(slate, [1, 2]);
    }
}
