//! `share`: where a value lies between 0 and 1, the same on every machine, evenly spread over values.

/// FNV-1a over seed and text, mixed once more so that texts that differ in their last letter lie far apart.
///
/// # Reference
/// G. Fowler, L. C. Noll, K.-P. Vo: FNV-1a, 64 bits (IETF draft-eastlake-fnv). The mixing is the last step of SplitMix64: G. L.
/// Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014.
pub(super) fn share(seed: i64, text: &str) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().iter().chain(text.as_bytes()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    // The 53 highest bits are a multiple of 2⁻⁵³.
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_depend_on_the_seed() {
        let count = |seed: i64| (0..10_000).filter(|number| share(seed, &number.to_string()) < 0.2).count();
        // Binomial: 2000 ± 40.
        assert!((1840..2160).contains(&count(0)), "{}", count(0));
        assert!((1840..2160).contains(&count(1)), "{}", count(1));
        assert_ne!(share(0, "7"), share(1, "7"));
    }
}
