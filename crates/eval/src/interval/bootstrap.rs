//! The bootstrap: samples drawn again from the sample, fast enough for ten million rows.
//!
//! ```text
//! counts (c_1, …, c_n) ~ Multinomial(n; 1/n, …, 1/n)      how often each row is drawn in one resample
//! Σ* x = Σ_i c_i x_i                                      the resampled sum of a column, all from the same counts
//! ```
//!
//! Drawing n rows one by one reads memory at random, which costs several times what the arithmetic does. Here the rows
//! are cut into blocks of 1024: how many of the n draws fall into each block is drawn first (multinomial, block after
//! block, from the conditional binomials c_b ~ Binomial(draws left, rows of b / rows left)), then that many rows within
//! the block. The distribution is that of the plain bootstrap: this only draws the same counts in another order. A
//! block stays in the cache while several resamples draw from it, and one 64-bit word gives six indices below 1024.
//!
//! References: Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979); Davis, "The
//! computer generation of multinomial random variates", CSDA 16 (1993), for the conditional binomials;
//! Kachitvichyanukul & Schmeiser, CACM 31 (1988), for the binomial itself (`rand_distr`); Blackman & Vigna, TOMS 47
//! (2021), for the generator of each resample (xoshiro256++).
//!
//! ```
//! use rand::SeedableRng;
//! use slatewise_eval::interval::bootstrap_sums;
//!
//! let (clicks, shown) = ([1.0, 0.0, 3.0, 2.0], [4.0, 2.0, 6.0, 8.0]);
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! // A ratio of sums is resampled as the ratio of the resampled sums.
//! for sums in bootstrap_sums(&[&clicks, &shown], 100, &mut rng) {
//!     assert!((0.0..=0.5).contains(&(sums[0] / sums[1])));
//! }
//! ```

use std::ops::Range;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;

/// Bits of an index within a block.
const BLOCK_BITS: usize = 10;
/// Rows per block: 8 KiB of a column.
const BLOCK: usize = 1 << BLOCK_BITS;
/// Indices in one 64-bit word, and sums that run side by side so that no addition waits for the one before.
const LANES: usize = 64 / BLOCK_BITS;
/// Resamples that draw from a block before the next one is read.
const BATCH: usize = 16;

/// Sums of every column over each resample, all columns over the same drawn rows.
///
/// The resamples run in parallel, each with a generator of its own that is seeded from `rng` in order, so the result
/// does not depend on the number of threads, and neither the rows drawn nor, but for rounding, a column's sums depend
/// on which other columns are passed.
///
/// # Shapes
/// `columns[column][row]`, all of one length; the result is `[resamples][columns]`, zeros where there are no rows.
///
/// # Panics
/// If the columns differ in length.
pub fn bootstrap_sums(columns: &[&[f64]], resamples: usize, rng: &mut impl Rng) -> Vec<Vec<f64>> {
    let rows = columns.first().map_or(0, |column| column.len());
    assert!(columns.iter().all(|column| column.len() == rows), "columns: one value of each per row");
    let mut drawn: Vec<Resample> = (0..resamples)
        .map(|_| Resample { generator: Xoshiro256PlusPlus::from_rng(rng), left: rows, sums: vec![0.0; columns.len()] })
        .collect();
    drawn.par_chunks_mut(BATCH).for_each(|batch| {
        for start in (0..rows).step_by(BLOCK) {
            let size = BLOCK.min(rows - start);
            let padded = (size < BLOCK).then(|| padded(columns, start..rows));
            let block: Vec<&[f64; BLOCK]> = match &padded {
                Some(copies) => copies.iter().collect(),
                None => columns.iter().filter_map(|column| column[start..].first_chunk()).collect(),
            };
            for resample in &mut *batch {
                let count = resample.draws_within(size, rows - start);
                resample.draw(&block, size, count);
            }
        }
    });
    drawn.into_iter().map(|resample| resample.sums).collect()
}

/// The last rows of each column, filled up to a block by values that are never drawn.
fn padded(columns: &[&[f64]], rows: Range<usize>) -> Vec<[f64; BLOCK]> {
    let copy = |column: &&[f64]| {
        let mut block = [0.0; BLOCK];
        block[..rows.len()].copy_from_slice(&column[rows.clone()]);
        block
    };
    columns.iter().map(copy).collect()
}

/// One resample under way.
struct Resample {
    generator: Xoshiro256PlusPlus,
    /// Draws that have not fallen into a block yet.
    left: usize,
    sums: Vec<f64>,
}

impl Resample {
    /// How many of the draws left fall among the next `size` rows, of `rows_left` rows in all.
    #[expect(clippy::expect_used, reason = "a block's share of the rows left is above 0 and at most 1")]
    fn draws_within(&mut self, size: usize, rows_left: usize) -> usize {
        let share = size as f64 / rows_left as f64;
        let distribution = Binomial::new(self.left as u64, share).expect("the share is a probability");
        let count = distribution.sample(&mut self.generator) as usize;
        self.left -= count;
        count
    }

    /// Draws `count` of the first `size` rows of a block and adds their values.
    fn draw(&mut self, block: &[&[f64; BLOCK]], size: usize, count: usize) {
        if let ([column], [sum]) = (block, &mut self.sums[..]) {
            let mut lanes = [0.0; LANES];
            indices(&mut self.generator, size, count, |lane, row| lanes[lane] += column[row]);
            *sum += lanes.iter().sum::<f64>();
            return;
        }
        // Several columns share one count of each row, so that the draws are made and scattered once.
        let mut times = [0_i32; BLOCK];
        indices(&mut self.generator, size, count, |_, row| times[row] += 1);
        for (column, sum) in block.iter().zip(&mut self.sums) {
            *sum += weighted_sum(&times, column);
        }
    }
}

/// Visits `count` rows drawn from `0..size`, each with its turn modulo `LANES`.
#[inline]
fn indices(generator: &mut Xoshiro256PlusPlus, size: usize, count: usize, mut visit: impl FnMut(usize, usize)) {
    if size == BLOCK {
        for _ in 0..count / LANES {
            let word = generator.next_u64();
            for lane in 0..LANES {
                visit(lane, (word >> (BLOCK_BITS * lane)) as usize % BLOCK);
            }
        }
        let word = generator.next_u64();
        for lane in 0..count % LANES {
            visit(lane, (word >> (BLOCK_BITS * lane)) as usize % BLOCK);
        }
        return;
    }
    // Indices below the next power of two; one that is no row is drawn again.
    let range = size.next_power_of_two();
    let bits = range.trailing_zeros();
    let mut drawn = 0;
    while drawn < count {
        let mut word = generator.next_u64();
        for _ in 0..u64::BITS / bits.max(1) {
            let row = word as usize % range;
            word >>= bits;
            if row < size && drawn < count {
                visit(drawn % LANES, row);
                drawn += 1;
            }
        }
    }
}

/// Σ times · value, in eight sums side by side.
fn weighted_sum(times: &[i32; BLOCK], values: &[f64; BLOCK]) -> f64 {
    let mut lanes = [0.0; 8];
    for (times, values) in times.chunks_exact(8).zip(values.chunks_exact(8)) {
        for (lane, (&times, &value)) in lanes.iter_mut().zip(times.iter().zip(values)) {
            *lane += f64::from(times) * value;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Counts of each row: a column of zeros with a single one says how often its row was drawn.
    fn counts(rows: usize, watched: &[usize], resamples: usize) -> Vec<Vec<f64>> {
        let indicator = |&row: &usize| (0..rows).map(|other| f64::from(u8::from(other == row))).collect::<Vec<_>>();
        let columns: Vec<Vec<f64>> = watched.iter().map(indicator).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        bootstrap_sums(&columns, resamples, &mut ChaCha8Rng::seed_from_u64(5))
    }

    fn mean_and_covariance(pairs: &[(f64, f64)]) -> (f64, f64) {
        let n = pairs.len() as f64;
        let mean = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
        (mean.0, pairs.iter().map(|p| (p.0 - mean.0) * (p.1 - mean.1)).sum::<f64>() / n)
    }

    #[test]
    fn every_resample_draws_as_many_rows_as_there_are() {
        for rows in [1, 2, 3, 5, 1023, 1024, 1025, 2048, 3000, 5 * 1024 + 1] {
            let ones = vec![1.0; rows];
            for sums in bootstrap_sums(&[&ones, &ones], 20, &mut ChaCha8Rng::seed_from_u64(1)) {
                assert_eq!(sums, [rows as f64, rows as f64], "{rows}");
            }
        }
        assert_eq!(bootstrap_sums(&[&[]], 2, &mut ChaCha8Rng::seed_from_u64(1)), [[0.0], [0.0]]);
        assert!(bootstrap_sums(&[], 2, &mut ChaCha8Rng::seed_from_u64(1)).iter().all(Vec::is_empty));
    }

    #[test]
    fn counts_have_the_moments_of_the_multinomial() {
        // Each count has mean 1 and variance 1 − 1/n, two of them covariance −1/n: within a block, across blocks, and in
        // the last, short block.
        for (rows, a, b) in
            [(3, 0, 2), (700, 0, 699), (2500, 5, 6), (2500, 5, 1500), (2500, 1030, 2499), (2048, 0, 2047)]
        {
            let resamples = 40_000;
            let drawn = counts(rows, &[a, b], resamples);
            let pairs: Vec<_> = drawn.iter().map(|sums| (sums[0], sums[1])).collect();
            let (mean, covariance) = mean_and_covariance(&pairs);
            let (_, variance) = mean_and_covariance(&pairs.iter().map(|p| (p.0, p.0)).collect::<Vec<_>>());
            let share = 1.0 / rows as f64;
            // Five standard errors of each: 1/√B for the mean and the covariance, √(3/B) for the variance.
            let error = 5.0 / f64::from(resamples as u32).sqrt();
            assert!((mean - 1.0).abs() < error, "mean {mean} of {rows}");
            assert!((variance - (1.0 - share)).abs() < 1.8 * error, "variance {variance} of {rows}");
            assert!((covariance + share).abs() < error, "covariance {covariance} of {rows}");
        }
    }

    #[test]
    fn a_row_is_missed_as_often_as_chance_says() {
        // P(c = 0) = (1 − 1/n)^n, P(c = 1) = (1 − 1/n)^(n−1).
        let rows = 1500;
        let drawn = counts(rows, &[3, 1400], 40_000);
        for place in 0..2 {
            for (times, power) in [(0.0, rows), (1.0, rows - 1)] {
                let share = drawn.iter().filter(|sums| sums[place] == times).count() as f64 / 40_000.0;
                let expected = (1.0 - 1.0 / rows as f64).powi(power as i32);
                assert!((share - expected).abs() < 0.012, "{share} instead of {expected}");
            }
        }
    }

    #[test]
    fn columns_share_their_rows_and_threads_change_nothing() {
        let values: Vec<f64> = (0..5000).map(|row| f64::from(row % 97)).collect();
        let doubled: Vec<f64> = values.iter().map(|value| 2.0 * value).collect();
        let run = || bootstrap_sums(&[&values, &doubled], 50, &mut ChaCha8Rng::seed_from_u64(2));
        let together = run();
        assert!(together.iter().all(|sums| sums[1] == 2.0 * sums[0]));
        let alone = bootstrap_sums(&[&values], 50, &mut ChaCha8Rng::seed_from_u64(2));
        // Whole numbers are summed without rounding.
        assert!(alone.iter().zip(&together).all(|(alone, together)| alone[0] == together[0]));
        let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().map(|pool| pool.install(run));
        assert!(single.is_ok_and(|single| single == together));
    }
}
