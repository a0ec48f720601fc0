//! `Repeats`: which rows repeat the content of an earlier one, told by their hashes, in memory.
//!
//! ```text
//! hash, row ─┬─ 0000… ─▶ a table ─▶ row 17 repeats row 4      one part of the hashes after the other, on all threads:
//!            ├─ 0001… ─▶ a table ─▶                           the table of a part stays near, that of all hashes would not
//!            └─ …
//! ```

use rayon::prelude::*;

/// Parts of the hashes.
const PARTS: usize = 16;
/// A place that is free.
const FREE: u32 = u32::MAX;

/// The contents of rows.
pub(super) struct Repeats {
    hashes: Vec<[i64; 2]>,
    rows: Vec<u32>,
    /// By part, the places of its hashes.
    parts: Vec<Vec<u32>>,
}

impl Repeats {
    /// Bytes that it takes to tell so many rows apart; none where there are too many.
    pub(super) fn bytes(rows: u64) -> Option<u64> {
        (rows < u64::from(FREE)).then_some(32 * rows)
    }

    /// Nothing is seen yet of so many rows.
    pub(super) fn of(rows: u64) -> Self {
        let room = rows as usize;
        Self { hashes: Vec::with_capacity(room), rows: Vec::with_capacity(room), parts: vec![Vec::new(); PARTS] }
    }

    /// Adds a row, which is later than those before it.
    pub(super) fn push(&mut self, hash: [i64; 2], row: u32) {
        self.parts[spread(hash) as usize % PARTS].push(self.rows.len() as u32);
        self.hashes.push(hash);
        self.rows.push(row);
    }

    /// The rows that repeat another, ascending, each with the first of its content.
    pub(super) fn found(&self) -> Vec<(u32, u32)> {
        let mut found: Vec<(u32, u32)> = self.parts.par_iter().flat_map_iter(|places| self.of_part(places)).collect();
        found.sort_unstable();
        found
    }

    /// Those whose hashes lie in one part: a hash table of open addressing, which holds a piece of each hash and its place.
    fn of_part(&self, places: &[u32]) -> Vec<(u32, u32)> {
        let mut slots = vec![(0_u32, FREE); (2 * places.len()).next_power_of_two().max(2)];
        let (mask, mut found) = (slots.len() - 1, Vec::new());
        for &place in places {
            let hash = self.hashes[place as usize];
            let bits = spread(hash);
            let (mut at, piece) = ((bits >> 8) as usize & mask, (bits >> 32) as u32);
            loop {
                match slots[at] {
                    (_, FREE) => {
                        slots[at] = (piece, place);
                        break;
                    }
                    (other, first) if other == piece && self.hashes[first as usize] == hash => {
                        found.push((self.rows[place as usize], self.rows[first as usize]));
                        break;
                    }
                    _ => at = (at + 1) & mask,
                }
            }
        }
        found
    }
}

/// The hash may be of any origin: its bits are spread once more.
fn spread(hash: [i64; 2]) -> u64 {
    let product = u128::from(hash[0] as u64 ^ (hash[1] as u64).rotate_left(32)) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_repeats_the_first_of_its_content() {
        let mut repeats = Repeats::of(1_501);
        for row in 0..1_500 {
            repeats.push([i64::from(row % 500) << 40, -1], row);
        }
        repeats.push([0, 0], 1_500);
        let expected: Vec<(u32, u32)> = (500..1_500).map(|row| (row, row % 500)).collect();
        assert_eq!(repeats.found(), expected, "and one lane alone is not the content");
        assert_eq!(Repeats::of(0).found(), []);
    }
}
