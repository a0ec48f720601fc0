//! `ScalarAdam`: Adam for one number on the host, with the paper's β₁ 0.9, β₂ 0.999 and ε 1e-8.
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²,   step = η m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)
//! ```
//!
//! The number of updates t is the number's own: a task without labels waits, and its moments with it.
//!
//! # Reference
//! Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1.

use serde::{Deserialize, Serialize};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The moments of one number.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct ScalarAdam {
    mean: f64,
    square: f64,
    updates: u64,
}

impl ScalarAdam {
    /// What to subtract from the number whose gradient this is.
    pub(super) fn step(&mut self, gradient: f64, learning_rate: f64) -> f64 {
        self.updates += 1;
        self.mean = BETA_1 * self.mean + (1.0 - BETA_1) * gradient;
        self.square = BETA_2 * self.square + (1.0 - BETA_2) * gradient * gradient;
        let seen = |beta: f64| 1.0 - beta.powf(self.updates as f64);
        learning_rate * (self.mean / seen(BETA_1)) / ((self.square / seen(BETA_2)).sqrt() + EPSILON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: m̂ = 2 then (0.18 − 0.1) / 0.19, v̂ = 4 then (0.003996 + 0.001) / 0.001999.
    #[test]
    fn two_steps_by_hand() {
        let mut adam = ScalarAdam::default();
        assert!((adam.step(2.0, 0.1) - 0.1).abs() < 1e-9);
        let expected = 0.1 * (0.08 / 0.19) / (0.004996_f64 / 0.001999).sqrt();
        assert!((adam.step(-1.0, 0.1) - expected).abs() < 1e-9);
    }

    #[test]
    fn a_gradient_of_zero_moves_nothing() {
        assert_eq!(ScalarAdam::default().step(0.0, 0.1), 0.0);
    }
}
