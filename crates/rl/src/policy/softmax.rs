//! Softmax (Boltzmann) exploration: the better an action looks, the more often it is taken.
//!
//! ```text
//! π(a) = exp(Q(s, a) / τ) / Σ_b exp(Q(s, b) / τ)        an action at −∞ is never taken
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | τ, > 0: high is random, towards 0 greedy | `temperature` |
//!
//! The largest value is subtracted before exp, so that nothing overflows. The temperature follows an [`ExplorationSchedule`].
//!
//! Reference: Luce 1959, "Individual choice behavior"; Sutton & Barto 2018, section 2.8; Cesa-Bianchi et al. 2017, "Boltzmann
//! exploration done right", for what a schedule can and cannot do.

use rand_chacha::ChaCha8Rng;

use super::{ActionValues, Decision, Policy, draw};

/// Softmax over borrowed action values.
#[derive(Debug)]
pub struct Softmax<'a, V: ?Sized> {
    values: &'a V,
    temperature: f64,
    scratch: Vec<f64>,
}

impl<'a, V: ?Sized> Softmax<'a, V> {
    /// Acts on `values` at a temperature τ > 0, in the unit of the values.
    pub fn new(values: &'a V, temperature: f64) -> Self {
        assert!(
            temperature > 0.0 && temperature.is_finite(),
            "softmax at temperature {temperature}: it must be above 0"
        );
        Self { values, temperature, scratch: Vec::new() }
    }
}

/// Turns values into probabilities, in place.
fn softmax(values: &mut [f64], temperature: f64) {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values.iter_mut().for_each(|value| *value = ((*value - largest) / temperature).exp());
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
}

impl<O, V: ActionValues<O> + ?Sized> Policy<O> for Softmax<'_, V> {
    fn probabilities(&mut self, observation: &O, probabilities: &mut [f64]) {
        self.scratch.clear();
        self.values.action_values(&mut std::iter::once(observation), &mut self.scratch);
        softmax(&mut self.scratch, self.temperature);
        probabilities.copy_from_slice(&self.scratch);
    }

    fn decide(&mut self, observation: &O, rng: &mut ChaCha8Rng) -> Decision {
        let mut decisions = Vec::with_capacity(1);
        self.decide_all(&mut std::iter::once(observation), &mut decisions, rng);
        decisions[0]
    }

    fn decide_all(
        &mut self,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        self.scratch.clear();
        self.values.action_values(observations, &mut self.scratch);
        for row in self.scratch.chunks_exact_mut(self.values.actions()) {
            softmax(row, self.temperature);
            let action = draw(row.iter().copied(), rng);
            decisions.push(Decision { action, propensity: row[action] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedValues, check_policy};

    #[test]
    fn probabilities_equal_hand_computation() {
        // exp(0), exp(ln 3), nothing: 1/4, 3/4, 0; the shift by 1,000 must not matter.
        let values = FixedValues::new(&[1000.0, 1000.0 + 2.0 * 3.0_f64.ln(), f64::NEG_INFINITY]);
        let mut probabilities = [0.0; 3];
        Softmax::new(&values, 2.0).probabilities(&(), &mut probabilities);
        assert!(probabilities.iter().zip([0.25, 0.75, 0.0]).all(|(p, e)| (p - e).abs() < 1e-12), "{probabilities:?}");
        check_policy(&mut Softmax::new(&values, 2.0), &(), 3);
        check_policy(&mut Softmax::new(&values, 1e-6), &(), 3);
    }

    #[test]
    #[should_panic(expected = "temperature 0")]
    fn a_temperature_of_zero_is_refused() {
        Softmax::new(&FixedValues::new(&[0.0]), 0.0);
    }
}
