//! `Alias`: draws from any discrete distribution with one random word and at most two reads, whatever its size.
//!
//! ```text
//! weights  .5 .3 .2   →  column  0        1          2
//!                        keep    1        .9         .6           n · weight, filled up to 1
//!                        alias   -        0          0            by a weight that had too much
//! ```
//!
//! The word, read as a number in [0, n), chooses the column by its whole part and keep or alias by its fraction.
//!
//! # Reference
//! Walker, "An efficient method for generating discrete random variables with general distributions", ACM TOMS 3 (1977);
//! Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE 17 (1991).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// A discrete distribution over 0..n.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    columns: Vec<AliasColumn>,
}

/// 16 bytes, so that a draw touches one cache line.
#[derive(Debug, Clone, Copy)]
struct AliasColumn {
    /// Probability of this value.
    probability: f64,
    /// Chance of keeping it, in units of 2⁻³²; it is kept where the fraction is not above.
    keep: u32,
    alias: u32,
}

impl Alias {
    /// The distribution proportional to `weights`, which are ≥ 0 and have a positive finite sum; at most 2³² of them.
    pub(super) fn new(weights: &[f64]) -> Self {
        let (n, sum) = (weights.len() as f64, weights.iter().sum::<f64>());
        let column = |weight: &f64| AliasColumn { probability: weight / sum, keep: u32::MAX, alias: 0 };
        let mut columns: Vec<AliasColumn> = weights.iter().map(column).collect();
        let mut fill: Vec<f64> = columns.iter().map(|column| column.probability * n).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..fill.len()).partition(|&index| fill[index] < 1.0);
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            columns[low].keep = (fill[low] * 2.0_f64.powi(32)) as u32;
            columns[low].alias = high as u32;
            fill[high] -= 1.0 - fill[low];
            if fill[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        // What is left is full but for rounding.
        for index in small.into_iter().chain(large) {
            columns[index].alias = index as u32;
        }
        Self { columns }
    }

    /// Draws a value.
    #[inline]
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> usize {
        let point = u128::from(rng.next_u64()) * self.columns.len() as u128;
        let (index, fraction) = ((point >> 64) as usize, (point >> 32) as u32);
        let column = &self.columns[index];
        if fraction < column.keep { index } else { column.alias as usize }
    }

    /// The probability of a value.
    #[inline]
    pub(super) fn probability(&self, value: usize) -> f64 {
        self.columns[value].probability
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn the_columns_hold_exactly_the_weights() {
        let weights = [0.5, 0.0, 3.0, 1.0, 0.25, 7.0];
        let alias = Alias::new(&weights);
        let mut mass = [0.0; 6];
        for (index, column) in alias.columns.iter().enumerate() {
            let keep = f64::from(column.keep) / 2.0_f64.powi(32);
            mass[index] += keep / 6.0;
            mass[column.alias as usize] += (1.0 - keep) / 6.0;
        }
        for (index, weight) in weights.iter().enumerate() {
            assert!((mass[index] - weight / 11.75).abs() < 1e-8, "{mass:?}");
            assert_eq!(alias.probability(index), weight / 11.75);
        }
    }

    #[test]
    fn draws_come_as_often_as_they_should() {
        let alias = Alias::new(&[1.0, 2.0, 3.0, 4.0]);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut counts = [0.0; 4];
        (0..100_000).for_each(|_| counts[alias.draw(&mut rng)] += 1.0);
        for (value, count) in counts.into_iter().enumerate() {
            let p = alias.probability(value);
            assert!((count - 1e5 * p).abs() < 4.0 * (1e5 * p * (1.0 - p)).sqrt(), "{counts:?}");
        }
    }
}
