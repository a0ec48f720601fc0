//! Thompson sampling: an action is taken as often as it is believed to be the best.
//!
//! ```text
//! belief   θ(s, a) ~ Normal( (κ m + n Q(s, a)) / (κ + n),  σ² / (κ + n) )        n = n(s, a)
//! choice   draw every θ, take the largest
//! π(a)     P(θ_a is the largest) = ∫ φ_a(x) Π_{b ≠ a} Φ_b(x) dx
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | m, value expected before anything was seen | `prior_mean` |
//! | κ, > 0: what that expectation is worth in visits | `prior_visits` |
//! | σ, > 0: spread of one target about the pair's value | `spread` |
//! | n(s, a) | `counts`, how often the pair was updated |
//!
//! The belief is the posterior of a normal mean with known spread σ under the conjugate prior Normal(m, σ² / κ), if Q is the mean of n
//! independent targets: so for step size 1 / n and rewards that end an episode. For values of several steps, targets move with the
//! values they bootstrap from, and the belief is a rule of thumb.
//!
//! Propensities are the integral by the trapezoidal rule over a grid common to all actions, 8 spreads beyond every mean and 16 points to
//! the narrowest spread; it is exact to 10⁻⁹ unless that asks for more than 20,000 points, where one spread is hundreds of times another.
//! They are then scaled to sum to 1.
//!
//! Reference: Thompson 1933, "On the likelihood that one unknown probability exceeds another in view of the evidence of two samples";
//! Russo et al. 2018, "A tutorial on Thompson sampling"; Dearden, Friedman & Russell 1998, "Bayesian Q-learning".

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use statrs::function::erf::erfc;

use super::{ActionCounts, Decision, Policy};
use crate::value_learning::argmax;

/// What is believed before anything was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    /// m.
    pub prior_mean: f64,
    /// κ, > 0.
    pub prior_visits: f64,
    /// σ, > 0.
    pub spread: f64,
}

/// Thompson sampling over borrowed action values and visit counts.
#[derive(Debug)]
pub struct Thompson<'a, V: ?Sized> {
    values: &'a V,
    belief: Belief,
    means: Vec<f64>,
    spreads: Vec<f64>,
    counts: Vec<u32>,
    propensities: Vec<f64>,
}

impl<'a, V: ?Sized> Thompson<'a, V> {
    /// Acts on `values` under a belief.
    pub fn new(values: &'a V, belief: Belief) -> Self {
        let holds = belief.prior_visits > 0.0 && belief.spread > 0.0 && belief.prior_mean.is_finite();
        assert!(holds, "Thompson sampling under {belief:?}: visits and spread must be above 0");
        let (means, spreads, counts, propensities) = Default::default();
        Self { values, belief, means, spreads, counts, propensities }
    }

    /// The posterior of every action; the mean of one that is not available is −∞.
    fn believe<O>(&mut self, observation: &O)
    where
        V: ActionCounts<O>,
    {
        self.means.clear();
        self.counts.clear();
        self.spreads.clear();
        self.values.action_values(&mut std::iter::once(observation), &mut self.means);
        self.values.action_counts(observation, &mut self.counts);
        let Belief { prior_mean, prior_visits, spread } = self.belief;
        for (mean, &count) in self.means.iter_mut().zip(&self.counts) {
            let visits = prior_visits + f64::from(count);
            if *mean > f64::NEG_INFINITY {
                *mean = (prior_visits * prior_mean + f64::from(count) * *mean) / visits;
            }
            self.spreads.push(spread / visits.sqrt());
        }
    }

    /// P(θ_a is the largest) for every action.
    fn integrate(&mut self) {
        let (means, spreads) = (&self.means, &self.spreads);
        let available: Vec<usize> = (0..means.len()).filter(|&a| means[a] > f64::NEG_INFINITY).collect();
        self.propensities.clear();
        self.propensities.resize(means.len(), 0.0);
        let over = |of: &dyn Fn(usize) -> f64, pick: fn(f64, f64) -> f64| available.iter().map(|&a| of(a)).reduce(pick);
        let (Some(low), Some(high), Some(narrowest)) = (
            // Below the largest of the lower ends some action is above, almost surely.
            over(&|a| means[a] - REACH * spreads[a], f64::max),
            over(&|a| means[a] + REACH * spreads[a], f64::max),
            over(&|a| spreads[a], f64::min),
        ) else {
            return;
        };
        let points = (((high - low) / narrowest * POINTS_PER_SPREAD).ceil() as usize).clamp(64, MOST_POINTS);
        let step = (high - low) / points as f64;
        for point in 0..=points {
            let x = low + point as f64 * step;
            for &a in &available {
                let z = (x - means[a]) / spreads[a];
                let density = (-z * z / 2.0).exp() / spreads[a];
                let others = available.iter().filter(|&&b| b != a);
                let below: f64 =
                    others.map(|&b| erfc((means[b] - x) / (spreads[b] * std::f64::consts::SQRT_2)) / 2.0).product();
                self.propensities[a] += density * below;
            }
        }
        let sum: f64 = self.propensities.iter().sum();
        self.propensities.iter_mut().for_each(|p| *p /= sum);
    }
}

/// Spreads beyond a mean that are looked at.
const REACH: f64 = 8.0;
/// Points of the grid to the narrowest spread.
const POINTS_PER_SPREAD: f64 = 16.0;
/// Points of the grid.
const MOST_POINTS: usize = 20_000;

impl<O, V: ActionCounts<O> + ?Sized> Policy<O> for Thompson<'_, V> {
    fn probabilities(&mut self, observation: &O, probabilities: &mut [f64]) {
        self.believe(observation);
        self.integrate();
        probabilities.copy_from_slice(&self.propensities);
    }

    fn decide(&mut self, observation: &O, rng: &mut ChaCha8Rng) -> Decision {
        self.believe(observation);
        self.integrate();
        for (mean, spread) in self.means.iter_mut().zip(&self.spreads) {
            let standard: f64 = StandardNormal.sample(rng);
            *mean += spread * standard;
        }
        let action = argmax(&self.means);
        // An action that wins by less than the grid can see was still possible.
        Decision { action, propensity: self.propensities[action].max(f64::MIN_POSITIVE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedValues, check_policy};

    fn probabilities(values: &[f64], counts: &[u32], belief: Belief) -> Vec<f64> {
        let values = FixedValues::new(values).with_counts(counts);
        let mut probabilities = vec![0.0; counts.len()];
        Thompson::new(&values, belief).probabilities(&(), &mut probabilities);
        probabilities
    }

    /// Of two normals one is larger with Φ(difference of means / root of summed variances).
    #[test]
    fn two_actions_have_a_closed_form() {
        let belief = Belief { prior_mean: 0.5, prior_visits: 1.0, spread: 2.0 };
        // Means (0.5 + 3 · 2.5) / 4 = 2 and (0.5 + 0) / 1 = 0.5; variances 4 / 4 and 4 / 1; Φ(1.5 / √5) = 0.748856...
        let ours = probabilities(&[2.5, 9.0], &[3, 0], belief);
        let expected = erfc(-1.5 / 5.0_f64.sqrt() / std::f64::consts::SQRT_2) / 2.0;
        assert!((expected - 0.748_8).abs() < 1e-4, "{expected}");
        assert!((ours[0] - expected).abs() < 1e-9 && (ours[1] - (1.0 - expected)).abs() < 1e-9, "{ours:?}");
        // Spreads a factor of 100 apart.
        let ours = probabilities(&[0.0, 0.0], &[9_999, 0], Belief { prior_mean: 0.0, ..belief });
        assert!((ours[0] - 0.5).abs() < 1e-9, "{ours:?}");
    }

    #[test]
    fn choices_occur_as_often_as_they_are_believed_to_be_best() {
        let belief = Belief { prior_mean: 0.0, prior_visits: 1.0, spread: 1.0 };
        let values = FixedValues::new(&[1.0, 0.8, f64::NEG_INFINITY, 0.2]).with_counts(&[3, 2, 9, 1]);
        check_policy(&mut Thompson::new(&values, belief), &(), 4);
        assert!(probabilities(&[1.0; 4], &[2; 4], belief).iter().all(|p| (p - 0.25).abs() < 1e-12));
    }
}
