//! The paired permutation test: were the differences the other way round as often by chance?
//!
//! ```text
//! T = |Σ_i d_i| ,   T_s = |Σ_i s_i d_i| with signs s_i = ±1 equally likely
//! exact          p = #{ s : T_s ≥ T } / 2^m         over all sign patterns of the m differences that are not 0, m ≤ 16
//! Monte Carlo    p = (1 + #{ T_s ≥ T }) / (1 + B)   over B patterns drawn at random, else
//! ```
//!
//! If neither run is better, swapping the two sides of a unit changes nothing but the sign of its difference, so every
//! sign pattern is as likely as the one observed. The test assumes nothing about the metric's distribution. Counting
//! the observed pattern among the drawn ones keeps the Monte Carlo p-value valid at any B, and never 0. A sum that
//! differs from T by rounding alone counts as T.
//! References: Fisher, "The design of experiments" (1935), §21; Smucker, Allan & Carterette, "A comparison of
//! statistical significance tests for information retrieval evaluation", CIKM 2007; Phipson & Smyth, "Permutation
//! p-values should never be zero", SAGMB 9 (2010).
//!
//! ```
//! use rand::SeedableRng;
//! use slatewise_eval::comparison::sign_flip_test;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! // Of the 8 patterns of ±1 ±2 ±3, the sums ±6 and ±4 are at least as far from 0 as 4 = −1 + 2 + 3.
//! let test = sign_flip_test(&[-1.0, 2.0, 3.0], 1000, &mut rng);
//! assert_eq!((test.p, test.exact), (0.5, true));
//! ```

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

/// Most differences for which all sign patterns are tried.
const EXACT: usize = 16;
/// Patterns of one generator.
const BATCH: usize = 512;
/// Differences that share one look-up of their signed sum.
const GROUP: usize = 8;
/// Differences whose signs one 64-bit word holds.
const BLOCK: usize = 64;

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlipTest {
    /// Two-sided p-value, in (0, 1].
    pub p: f64,
    /// Whether all patterns were tried.
    pub exact: bool,
}

/// Tests whether paired differences are centred at 0, against both sides.
///
/// `permutations` patterns are drawn where there are too many to try them all; they run in parallel, and the result
/// does not depend on the number of threads. Without differences other than 0, p is 1. Differences must be finite.
pub fn sign_flip_test(differences: &[f64], permutations: usize, rng: &mut impl Rng) -> SignFlipTest {
    let moved: Vec<f64> = differences.iter().copied().filter(|&difference| difference != 0.0).collect();
    let spread: f64 = moved.iter().map(|difference| difference.abs()).sum();
    let observed = moved.iter().sum::<f64>().abs() - 1e-12 * spread;
    if moved.len() <= EXACT {
        return SignFlipTest { p: exact(&moved, observed), exact: true };
    }
    let batches: Vec<(usize, Xoshiro256PlusPlus)> = (0..permutations)
        .step_by(BATCH)
        .map(|start| (BATCH.min(permutations - start), Xoshiro256PlusPlus::from_rng(rng)))
        .collect();
    let extreme: usize = batches
        .into_par_iter()
        .map(|(patterns, generator)| signed_sums(&moved, patterns, generator))
        .map(|sums| sums.iter().filter(|sum| sum.abs() >= observed).count())
        .sum();
    SignFlipTest { p: (1 + extreme) as f64 / (1 + permutations) as f64, exact: false }
}

fn exact(differences: &[f64], observed: f64) -> f64 {
    let patterns = 1_u32 << differences.len();
    let sum = |pattern: u32| -> f64 {
        let signed =
            |(place, &difference): (usize, &f64)| if pattern >> place & 1 == 1 { -difference } else { difference };
        differences.iter().enumerate().map(signed).sum()
    };
    let extreme = (0..patterns).filter(|&pattern| sum(pattern).abs() >= observed).count();
    extreme as f64 / f64::from(patterns)
}

/// The sums of the differences under random signs. The signed sums of each group of 8 are tabled once for all patterns,
/// so that a pattern costs one look-up per group.
fn signed_sums(differences: &[f64], patterns: usize, mut generator: Xoshiro256PlusPlus) -> Vec<f64> {
    let mut sums = vec![0.0; patterns];
    for block in differences.chunks(BLOCK) {
        let tables: Vec<[f64; 1 << GROUP]> = block.chunks(GROUP).map(signed_sums_of_group).collect();
        for sum in &mut sums {
            let signs = generator.next_u64().to_le_bytes();
            *sum += tables.iter().zip(signs).map(|(table, signs)| table[usize::from(signs)]).sum::<f64>();
        }
    }
    sums
}

/// Σ ± d for each pattern of signs, bit j being set where difference j is turned round.
fn signed_sums_of_group(differences: &[f64]) -> [f64; 1 << GROUP] {
    let mut table = [0.0; 1 << GROUP];
    table[0] = differences.iter().sum();
    for pattern in 1..table.len() {
        let lowest = pattern.trailing_zeros() as usize;
        // Turning one more difference round takes it off twice; beyond a short group's end there is none.
        table[pattern] = table[pattern & (pattern - 1)] - 2.0 * differences.get(lowest).copied().unwrap_or(0.0);
    }
    table
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn test(differences: &[f64], permutations: usize, seed: u64) -> SignFlipTest {
        sign_flip_test(differences, permutations, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    #[test]
    fn exact_values_by_hand() {
        // All of one sign: only it and its opposite.
        assert_eq!(test(&[1.0, 0.5, 2.0, 0.1, 0.3], 10, 1), SignFlipTest { p: 2.0 / 32.0, exact: true });
        // 3 of 4 equal differences agree: sums ±4 (1 pattern each) and ±2 (4 each) of 16.
        assert_eq!(test(&[0.1, 0.1, -0.1, 0.1], 10, 1).p, 10.0 / 16.0);
        // Ties say nothing: the same as without them.
        assert_eq!(test(&[0.0, 1.0, 0.0, 2.0, 4.0], 10, 1).p, 0.25);
        // A single unit cannot tell, nor can none.
        assert_eq!([test(&[5.0], 10, 1).p, test(&[], 10, 1).p, test(&[0.0; 40], 10, 1).p], [1.0, 1.0, 1.0]);
    }

    #[test]
    fn drawn_patterns_agree_with_all_patterns() {
        // Sixteen differences are tried out, and drawn from once more units with hardly any weight are added.
        let few: Vec<f64> = (0..16).map(|n| f64::from(n) - 5.1).collect();
        let many: Vec<f64> = few.iter().copied().chain((0..3).map(|_| 1e-9)).collect();
        let (exact, drawn) = (test(&few, 1, 1), test(&many, 200_000, 2));
        assert!(exact.exact && !drawn.exact);
        // Five standard errors: 5 √(.25 / 200,000) = .0056.
        assert!((exact.p - drawn.p).abs() < 0.0056, "{exact:?} {drawn:?}");
    }

    #[test]
    fn signs_cover_every_group_and_block() {
        // 130 differences: two whole blocks and two more. One is huge, and decides the sign of the sum.
        for place in [0, 7, 8, 63, 64, 127, 128, 129] {
            let mut differences = vec![1.0; 130];
            differences[place] = 1e6;
            let sums = signed_sums(&differences, 2000, Xoshiro256PlusPlus::seed_from_u64(3));
            let positive = sums.iter().filter(|sum| **sum > 0.0).count();
            assert!((850..1150).contains(&positive), "{positive} at {place}");
            let rest: f64 = sums.iter().map(|sum| (sum.abs() - 1e6).powi(2)).sum::<f64>() / 2000.0;
            assert!((rest - 129.0).abs() < 25.0, "variance {rest} of 129 signs");
        }
    }

    #[test]
    fn a_clear_difference_is_as_rare_as_can_be_and_sides_are_alike() {
        let lift: Vec<f64> = (0..200).map(|n| 1.0 + f64::from(n % 3)).collect();
        assert_eq!(test(&lift, 999, 1), SignFlipTest { p: 1.0 / 1000.0, exact: false });
        let mixed: Vec<f64> = (0..200).map(|n| f64::from(n % 7) - 2.9).collect();
        let turned: Vec<f64> = mixed.iter().map(|difference| -difference).collect();
        assert_eq!(test(&mixed, 2000, 4), test(&turned, 2000, 4));
    }
}
