//! What the simulated worlds are drawn from.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// A standard normal number.
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Standard normal numbers.
pub(crate) fn normals(count: usize, rng: &mut impl Rng) -> Vec<f64> {
    (0..count).map(|_| normal(rng)).collect()
}

/// exp(scale · x_a) / Σ exp(scale · x)
pub(crate) fn softmax(logits: &[f64], scale: f64) -> Vec<f64> {
    let largest = logits.iter().map(|logit| scale * logit).fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (scale * logit - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// 1 / (1 + e^−x)
pub(crate) fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// An index drawn with the given probabilities.
pub(crate) fn draw(probabilities: &[f64], rng: &mut impl Rng) -> usize {
    let mut left = rng.random::<f64>();
    for (index, probability) in probabilities.iter().enumerate() {
        left -= probability;
        if left < 0.0 {
            return index;
        }
    }
    // Rounding left a crumb beyond the last.
    probabilities.len() - 1
}

/// 1 with the given probability, else 0.
pub(crate) fn coin(probability: f64, rng: &mut impl Rng) -> f64 {
    f64::from(u8::from(rng.random::<f64>() < probability))
}

/// Σ p x
pub(crate) fn expectation(probabilities: &[f64], values: &[f64]) -> f64 {
    probabilities.iter().zip(values).map(|(probability, value)| probability * value).sum()
}
