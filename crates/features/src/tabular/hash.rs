//! XXH64, the one hash of this module: of values (rows of hashed tables, groups) and of row numbers (which rows are held out).
//!
//! # Reference
//! Y. Collet, *xxHash fast digest algorithm*, version 0.1.1, section "XXH64 algorithm description".

use twox_hash::XxHash64;

use super::combination::MOST_COLUMNS;

/// Row of a hashed table with this many buckets: 1 + hash mod buckets; row 0 is "unknown or absent".
pub(super) fn bucket_row(value: &str, seed: u32, buckets: u32) -> u32 {
    // Below `buckets`, which is a u32.
    1 + (XxHash64::oneshot(seed.into(), value.as_bytes()) % u64::from(buckets)) as u32
}

/// Hash of a row number: XXH64 of its eight bytes, without what longer inputs need, since it is asked for once per row and column.
pub(super) fn of_row(row: u64, seed: u64) -> u64 {
    const PRIMES: [u64; 5] = [
        0x9e37_79b1_85eb_ca87,
        0xc2b2_ae3d_27d4_eb4f,
        0x1656_67b1_9e37_79f9,
        0x85eb_ca77_c2b2_ae63,
        0x27d4_eb2f_1656_67c5,
    ];
    let lane = row.wrapping_mul(PRIMES[1]).rotate_left(31).wrapping_mul(PRIMES[0]);
    let start = seed.wrapping_add(PRIMES[4]).wrapping_add(8);
    let mut hash = (start ^ lane).rotate_left(27).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3]);
    hash = (hash ^ (hash >> 33)).wrapping_mul(PRIMES[1]);
    hash = (hash ^ (hash >> 29)).wrapping_mul(PRIMES[2]);
    hash ^ (hash >> 32)
}

/// Hash of a text.
pub(super) fn of_text(text: &str, seed: u64) -> u64 {
    XxHash64::oneshot(seed, text.as_bytes())
}

/// Row of a hashed table with this many buckets for several texts, given the hash of each.
pub(super) fn bucket_of(hashes: &[u64; MOST_COLUMNS], buckets: u32) -> u32 {
    let mut bytes = [0; 8 * MOST_COLUMNS];
    bytes.as_chunks_mut::<8>().0.iter_mut().zip(hashes).for_each(|(bytes, hash)| *bytes = hash.to_le_bytes());
    1 + (XxHash64::oneshot(0, &bytes) % u64::from(buckets)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementation, which encoders on disk rely on.
    #[test]
    fn the_hash_is_the_standards() {
        assert_eq!(XxHash64::oneshot(0, b""), 0xef46_db37_51d8_e999);
        assert_eq!(XxHash64::oneshot(0, b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(bucket_row("abc", 0, 1000), 1 + (0x44bc_2cf5_ad77_0999_u64 % 1000) as u32);
    }

    #[test]
    fn a_row_number_is_hashed_as_its_bytes() {
        for (row, seed) in
            (0..2_000_u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(at as u32), at * 77))
        {
            assert_eq!(of_row(row, seed), XxHash64::oneshot(seed, &row.to_le_bytes()));
        }
    }

    #[test]
    fn rows_are_within_the_table_and_spread_over_it() {
        let mut count = [0_u32; 11];
        for value in 0..10_000 {
            count[bucket_row(&format!("user-{value}"), 1, 10) as usize] += 1;
        }
        // 1,000 each, standard deviation √(10,000 · 0.1 · 0.9) = 30.
        assert_eq!(count[0], 0);
        assert!(count[1..].iter().all(|count| count.abs_diff(1000) < 150), "{count:?}");
    }

    #[test]
    fn two_hashes_seldom_collide_in_the_same_pairs() {
        let rows = |seed| (0..200).map(|v| bucket_row(&format!("{v}"), seed, 50)).collect::<Vec<_>>();
        let (first, second) = (rows(0), rows(1));
        let pairs = || (0..200).flat_map(|i| (0..i).map(move |j| (i, j)));
        let one = pairs().filter(|&(i, j)| first[i] == first[j]).count();
        let both = pairs().filter(|&(i, j)| first[i] == first[j] && second[i] == second[j]).count();
        // 19,900 pairs: about 398 collide in one hash, about 8 in both.
        assert!((300..500).contains(&one) && both < 30, "{one} {both}");
    }
}
