//! Policies that look at nothing: the baselines every learner must beat.
//!
//! ```text
//! UniformRandom   π(a) = 1/A
//! Constant        π(a) = 1 for one a, such as the most popular listing
//! ```

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use slatewise_data::ImpressionLog;

use super::{Decision, Policy, degenerate};

/// Any action, all equally likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UniformRandom {
    /// Number of actions.
    pub actions: usize,
}

impl<O> Policy<O> for UniformRandom {
    fn probabilities(&mut self, _observation: &O, probabilities: &mut [f64]) {
        probabilities.fill(1.0 / self.actions as f64);
    }

    fn decide(&mut self, _observation: &O, rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: rng.random_range(0..self.actions), propensity: 1.0 / self.actions as f64 }
    }
}

/// Always the same action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constant {
    /// That action.
    pub action: usize,
}

impl<O> Policy<O> for Constant {
    fn probabilities(&mut self, _observation: &O, probabilities: &mut [f64]) {
        degenerate(self.action, probabilities);
    }

    fn decide(&mut self, _observation: &O, _rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: self.action, propensity: 1.0 }
    }
}

/// The listing with the most clicks in a range of sessions; the lowest index among equals.
pub fn most_popular_listing(log: &ImpressionLog, sessions: Range<u32>) -> usize {
    let mut clicks = vec![0.0; log.catalogue.listings.len()];
    for &item in sessions.flat_map(|session| log.choices_of(session)) {
        clicks[log.catalogue.listing_of[item as usize] as usize] += 1.0;
    }
    crate::value_learning::argmax(&clicks)
}
