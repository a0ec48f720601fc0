//! `SparseGradient`: the gradient of one table on the rows that a batch touched, duplicates summed.
//!
//! ```text
//! rows of the batch   7   3   7   9          unique   7      3    9
//! gradients           g₀  g₁  g₂  g₃   ──►   sum    g₀+g₂   g₁   g₃
//! ```
//!
//! Sums run in the order of the batch and one thread owns a table, so they do not depend on the number of threads. The
//! index from row to place is an array for a small table and an open-addressing hash table for a large one: it stays in
//! the cache whatever the table's size.

use super::table::mix;

/// Tables up to this many rows have an index of their own size.
const DIRECT_ROWS: usize = 1 << 16;

/// Unique rows and their summed gradients; the memory is kept from batch to batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct SparseGradient {
    pub(crate) width: usize,
    direct: bool,
    /// Place in `unique` plus 1; 0 where empty.
    index: Vec<u32>,
    touched: Vec<u32>,
    pub(crate) unique: Vec<u32>,
    /// `[unique, width]`
    pub(crate) sum: Vec<f32>,
}

impl SparseGradient {
    /// Empties it for a batch with at most `lookups` rows of a table of this shape.
    pub(super) fn start(&mut self, rows: usize, width: usize, lookups: usize) {
        for &position in &self.touched {
            self.index[position as usize] = 0;
        }
        self.touched.clear();
        self.unique.clear();
        self.sum.clear();
        (self.width, self.direct) = (width, rows <= DIRECT_ROWS);
        let size = if self.direct { rows } else { (2 * lookups).next_power_of_two() };
        if self.index.len() < size {
            self.index.resize(size, 0);
        }
    }

    /// Adds the gradient of one lookup.
    #[inline]
    pub(super) fn add(&mut self, row: u32, gradient: &[f32]) {
        let mask = self.index.len() - 1;
        let mut position = if self.direct { row as usize } else { mix(u64::from(row)) as usize & mask };
        loop {
            match self.index[position] {
                0 => {
                    self.unique.push(row);
                    self.index[position] = self.unique.len() as u32;
                    self.touched.push(position as u32);
                    self.sum.extend_from_slice(gradient);
                    return;
                }
                place if self.direct || self.unique[place as usize - 1] == row => {
                    let first = (place as usize - 1) * self.width;
                    self.sum[first..][..self.width].iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
                    return;
                }
                _ => position = (position + 1) & mask,
            }
        }
    }

    /// Sum of the squares of all values.
    pub(super) fn squares(&self) -> f64 {
        self.sum.iter().map(|&g| f64::from(g) * f64::from(g)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use std::collections::BTreeMap;

    #[test]
    fn duplicates_are_summed_for_small_and_large_tables() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
        let mut gradient = SparseGradient::default();
        // The same memory serves tables of several sizes in turn.
        for rows in [50_u32, 40_000_000, 7, 70_000] {
            let lookups: Vec<(u32, [f32; 2])> = (0..500)
                .map(|_| (rng.random_range(0..rows.min(300)) * (rows / 300).max(1), [rng.random(), 1.0]))
                .collect();
            gradient.start(rows as usize, 2, lookups.len());
            let mut expected: BTreeMap<u32, [f32; 2]> = BTreeMap::new();
            for (row, value) in &lookups {
                gradient.add(*row, value);
                let sum = expected.entry(*row).or_default();
                *sum = [sum[0] + value[0], sum[1] + value[1]];
            }
            let found: BTreeMap<u32, [f32; 2]> =
                gradient.unique.iter().zip(gradient.sum.chunks(2)).map(|(&row, sum)| (row, [sum[0], sum[1]])).collect();
            assert_eq!(found, expected);
            assert_eq!(found.len(), gradient.unique.len(), "each row stands once");
        }
    }
}
