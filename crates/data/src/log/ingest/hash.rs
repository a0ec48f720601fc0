//! `RowHashes`: 128 bits per row over all its typed values, so that equal rows are found by two numbers.
//!
//! ```text
//! lane ← fold((lane ⊕ word) · odd constant)        fold: upper half of the 128-bit product ⊕ lower half
//! ```
//!
//! Two lanes with their own seeds and constants, fed column by column. A text is its words of 8 bytes and its length, a
//! number the bits of its value, no value a word of its own. Not cryptographic: it tells accidents apart, not attacks.
//!
//! # Reference
//! Folded multiply: Wang Yi, *wyhash* (2019); Orson Peters, *foldhash* (2024).

/// Fractional digits of π, as odd numbers.
const FACTORS: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];
const NOTHING: u64 = 0xa409_3822_299f_31d0;

/// The two lanes of each row.
#[derive(Debug)]
pub(super) struct RowHashes {
    lanes: Vec<[u64; 2]>,
}

impl RowHashes {
    pub(super) fn new(rows: usize, seed: u64) -> Self {
        let start = [mix(seed, FACTORS[1]), mix(!seed, FACTORS[0])];
        Self { lanes: vec![start; rows] }
    }

    /// Adds a number's bits.
    #[inline]
    pub(super) fn word(&mut self, row: usize, word: u64) {
        step(&mut self.lanes[row], word);
    }

    /// Adds that there is no value.
    #[inline]
    pub(super) fn nothing(&mut self, row: usize) {
        step(&mut self.lanes[row], NOTHING);
    }

    /// Adds a text.
    #[inline]
    pub(super) fn text(&mut self, row: usize, text: &[u8]) {
        let lanes = &mut self.lanes[row];
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            step(lanes, u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        step(lanes, u64::from_le_bytes(last));
        step(lanes, text.len() as u64 ^ FACTORS[0]);
    }

    /// The lanes as `_hash_a` and `_hash_b`.
    pub(super) fn finish(self) -> (Vec<i64>, Vec<i64>) {
        self.lanes.iter().map(|[a, b]| (*a as i64, *b as i64)).unzip()
    }
}

#[inline]
fn step(lanes: &mut [u64; 2], word: u64) {
    lanes[0] = mix(lanes[0] ^ word, FACTORS[0]);
    // The second lane sees the word's halves exchanged, so that what cancels in one does not in the other.
    lanes[1] = mix(lanes[1] ^ word.rotate_left(32), FACTORS[1]);
}

#[inline]
fn mix(word: u64, factor: u64) -> u64 {
    let product = u128::from(word) * u128::from(factor);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// One row of texts.
    fn of(cells: &[&str]) -> (i64, i64) {
        let mut hashes = RowHashes::new(1, 7);
        for cell in cells {
            hashes.text(0, cell.as_bytes());
        }
        let (a, b) = hashes.finish();
        (a[0], b[0])
    }

    #[test]
    fn the_border_between_cells_counts_and_so_does_their_order() {
        let rows: [&[&str]; 8] =
            [&["ab", "c"], &["a", "bc"], &["abc", ""], &["", "abc"], &["c", "ab"], &["abc"], &["\0"], &["\0\0"]];
        assert_eq!(rows.iter().map(|row| of(row)).collect::<HashSet<_>>().len(), rows.len());
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
    }

    #[test]
    fn no_value_is_neither_zero_nor_an_empty_text() {
        let mut hashes = RowHashes::new(3, 0);
        hashes.word(0, 0);
        hashes.nothing(1);
        hashes.text(2, b"");
        let (a, b) = hashes.finish();
        assert!(a[0] != a[1] && a[1] != a[2] && b[0] != b[1] && b[1] != b[2]);
    }

    #[test]
    fn a_million_neighbours_differ_in_each_lane_alone() {
        let mut hashes = RowHashes::new(1_000_000, 3);
        for row in 0..1_000_000 {
            hashes.word(row, row as u64 / 1000);
            hashes.word(row, row as u64 % 1000);
        }
        let (a, b) = hashes.finish();
        assert_eq!(a.into_iter().collect::<HashSet<_>>().len(), 1_000_000);
        assert_eq!(b.into_iter().collect::<HashSet<_>>().len(), 1_000_000);
    }

    #[test]
    fn one_bit_turns_half_of_each_lane() {
        let turned = |lane: usize| {
            let mut bits = 0;
            for at in 0..64 {
                let mut hashes = RowHashes::new(2, 11);
                hashes.word(0, 12_345);
                hashes.word(1, 12_345 ^ 1 << at);
                for row in 0..2 {
                    hashes.word(row, 1);
                }
                bits += (hashes.lanes[0][lane] ^ hashes.lanes[1][lane]).count_ones();
            }
            f64::from(bits) / 64.0
        };
        assert!((28.0..36.0).contains(&turned(0)) && (28.0..36.0).contains(&turned(1)), "{} {}", turned(0), turned(1));
    }
}
