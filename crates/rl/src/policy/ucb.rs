//! UCB1: an action is as good as it may yet turn out to be.
//!
//! ```text
//! a = argmax_a Q(s, a) + c √( ln n(s) / n(s, a) )        n(s) = Σ_a n(s, a);  an action never taken comes first
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | c, ≥ 0, in the unit of the values | `bonus`; √2 for rewards in [0, 1] |
//! | n(s, a) | `counts`, how often the pair was updated |
//!
//! The choice is certain, so its propensity is 1: a log of it supports no other policy. Ties go to the lowest index.
//!
//! Differences from the paper: 1. c is declared, where the paper has √2; 2. values of several steps stand in for means of rewards,
//! for which the paper's bound on regret does not hold.
//!
//! Reference: Auer, Cesa-Bianchi & Fischer 2002, "Finite-time analysis of the multiarmed bandit problem"; Sutton & Barto 2018,
//! section 2.7.

use rand_chacha::ChaCha8Rng;

use super::{ActionCounts, Decision, Policy, degenerate};
use crate::value_learning::argmax;

/// UCB1 over borrowed action values and visit counts.
#[derive(Debug)]
pub struct Ucb<'a, V: ?Sized> {
    values: &'a V,
    bonus: f64,
    scratch: Vec<f64>,
    counts: Vec<u32>,
}

impl<'a, V: ?Sized> Ucb<'a, V> {
    /// Acts on `values` with a bonus c ≥ 0.
    pub fn new(values: &'a V, bonus: f64) -> Self {
        assert!(bonus >= 0.0 && bonus.is_finite(), "UCB with bonus {bonus}: it must be at least 0");
        Self { values, bonus, scratch: Vec::new(), counts: Vec::new() }
    }

    fn best<O>(&mut self, observation: &O) -> usize
    where
        V: ActionCounts<O>,
    {
        self.scratch.clear();
        self.counts.clear();
        self.values.action_values(&mut std::iter::once(observation), &mut self.scratch);
        self.values.action_counts(observation, &mut self.counts);
        let all: u32 = self.counts.iter().sum();
        for (value, &count) in self.scratch.iter_mut().zip(&self.counts) {
            // An action that is not available stays so, however seldom it was taken.
            if *value > f64::NEG_INFINITY {
                *value = match count {
                    0 => f64::INFINITY,
                    count => *value + self.bonus * (f64::from(all).ln() / f64::from(count)).sqrt(),
                };
            }
        }
        argmax(&self.scratch)
    }
}

impl<O, V: ActionCounts<O> + ?Sized> Policy<O> for Ucb<'_, V> {
    fn probabilities(&mut self, observation: &O, probabilities: &mut [f64]) {
        degenerate(self.best(observation), probabilities);
    }

    fn decide(&mut self, observation: &O, _rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: self.best(observation), propensity: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedValues, check_policy};

    fn choice(values: &[f64], counts: &[u32], bonus: f64) -> usize {
        let values = FixedValues::new(values).with_counts(counts);
        let mut policy = Ucb::new(&values, bonus);
        check_policy(&mut policy, &(), counts.len());
        policy.best(&())
    }

    #[test]
    fn bounds_equal_hand_computation() {
        // n = 100: √(ln 100 / 90) = 0.226, √(ln 100 / 10) = 0.679; 1 + 0.226 c against 0.5 + 0.679 c turns at c = 1.105.
        assert_eq!(choice(&[1.0, 0.5], &[90, 10], 1.10), 0);
        assert_eq!(choice(&[1.0, 0.5], &[90, 10], 1.11), 1);
    }

    #[test]
    fn what_was_never_taken_comes_first_unless_it_is_not_available() {
        assert_eq!(choice(&[9.0, -3.0, f64::NEG_INFINITY], &[1, 0, 0], 1.0), 1);
        assert_eq!(choice(&[9.0, -3.0, f64::NEG_INFINITY], &[1, 1, 0], 0.0), 0);
    }
}
