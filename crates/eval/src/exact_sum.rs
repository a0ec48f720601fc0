//! `ExactSum`: a sum that does not depend on the order of its terms, nor on how threads share them.
//!
//! ```text
//! x = ± m · 2^(e − 1075),  m < 2⁵³                    chunk c of 67 holds a whole number of units 2^(32 c − 1075)
//!
//! m · 2^(e mod 32)  =  low 32 bits  → chunk e div 32
//!                      the rest     → chunk e div 32 + 1
//! carries are passed on every 1000 terms, long before 63 bits are full
//! ```
//!
//! Adding is exact integer arithmetic, so that it is associative; the one rounding happens in [`ExactSum::value`].
//! Hence a metric of shuffled rows is the same to the last bit. Costs about as much as two ordinary additions.
//!
//! Reference: Neal, "Fast exact summation using small and large superaccumulators", arXiv:1505.05571 (2015), §3.

const CHUNKS: usize = 67;
const MANTISSA: u32 = 52;
const MANTISSA_BITS: u64 = MANTISSA as u64;
/// Terms between two passes of carries: each adds less than 2⁵³ to a chunk of 63 bits.
const TERMS: u32 = 1000;

/// A running sum of finite numbers. One that is not finite makes the sum so, as ordinary addition would.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExactSum {
    chunks: [i64; CHUNKS],
    until_carry: u32,
    not_finite: f64,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { chunks: [0; CHUNKS], until_carry: TERMS, not_finite: 0.0 }
    }
}

impl ExactSum {
    /// Adds one term.
    #[inline]
    pub(crate) fn add(&mut self, term: f64) {
        let bits = term.to_bits();
        let exponent = (bits >> MANTISSA) as usize & 0x7ff;
        let fraction = bits & ((1 << MANTISSA) - 1);
        if exponent == 0x7ff {
            self.not_finite += term;
            return;
        }
        // Subnormal numbers lack the leading one and share the exponent of the smallest normal ones.
        let (mantissa, exponent) = if exponent == 0 { (fraction, 1) } else { (fraction | 1 << MANTISSA, exponent) };
        let (chunk, shift) = (exponent >> 5, exponent & 31);
        let low = ((mantissa << shift) & 0xffff_ffff) as i64;
        let high = (mantissa >> (32 - shift)) as i64;
        let sign = if term < 0.0 { -1 } else { 1 };
        self.chunks[chunk] += sign * low;
        self.chunks[chunk + 1] += sign * high;
        self.until_carry -= 1;
        if self.until_carry == 0 {
            self.carry();
        }
    }

    /// Adds all terms of another sum.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.carry();
        other.carry();
        for (chunk, more) in self.chunks.iter_mut().zip(other.chunks) {
            *chunk += more;
        }
        self.not_finite += other.not_finite;
        self.carry();
    }

    /// The sum, rounded.
    pub(crate) fn value(&self) -> f64 {
        if self.not_finite != 0.0 {
            return self.not_finite;
        }
        let mut sum = self.clone();
        sum.carry();
        let sign = if sum.chunks[CHUNKS - 1] < 0 { -1.0 } else { 1.0 };
        if sign < 0.0 {
            sum.chunks.iter_mut().for_each(|chunk| *chunk = -*chunk);
            sum.carry();
        }
        let filled = sum.chunks.iter().enumerate().filter(|&(_, &chunk)| chunk != 0);
        // Half of the chunk times twice its unit: the lowest unit itself is no `f64`.
        sign * filled.map(|(index, &chunk)| 0.5 * chunk as f64 * power_of_two(32 * index)).sum::<f64>()
    }

    /// Leaves 32 bits in every chunk but the last, so that equal sums have equal chunks.
    #[inline(never)]
    fn carry(&mut self) {
        for index in 0..CHUNKS - 1 {
            let carried = self.chunks[index] >> 32;
            self.chunks[index] -= carried << 32;
            self.chunks[index + 1] += carried;
        }
        self.until_carry = TERMS;
    }
}

/// 2^(exponent − 1074), infinite beyond the largest `f64`.
fn power_of_two(exponent: usize) -> f64 {
    match exponent as u64 {
        subnormal @ 0..MANTISSA_BITS => f64::from_bits(1 << subnormal),
        normal @ MANTISSA_BITS..2098 => f64::from_bits((normal - MANTISSA_BITS + 1) << MANTISSA),
        _ => f64::INFINITY,
    }
}

impl FromIterator<f64> for ExactSum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        terms.into_iter().for_each(|term| sum.add(term));
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(terms: &[f64]) -> f64 {
        terms.iter().copied().collect::<ExactSum>().value()
    }

    #[test]
    fn cancels_without_loss() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]), 1.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[-0.75, 0.25]), -0.5);
        assert_eq!(sum(&[f64::from_bits(1), f64::from_bits(2)]), f64::from_bits(3));
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(sum(&[]), 0.0);
    }

    #[test]
    fn many_terms_do_not_overflow_a_chunk() {
        let largest = f64::from_bits(0x4010_0000_0000_0000 - 1);
        let many: ExactSum = std::iter::repeat_n(largest, 100_000).collect();
        assert_eq!(many.value(), 100_000.0 * largest);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn order_and_shares_do_not_matter(
            mut terms in prop::collection::vec(-1e9_f64..1e9, 0..50), cut in any::<prop::sample::Index>(),
        ) {
            let whole = sum(&terms);
            prop_assert!((whole - terms.iter().sum::<f64>()).abs() <= 1e-4);
            terms.reverse();
            prop_assert_eq!(whole.to_bits(), sum(&terms).to_bits());
            let (left, right) = terms.split_at(cut.index(terms.len() + 1));
            let mut merged: ExactSum = left.iter().copied().collect();
            merged.merge(right.iter().copied().collect());
            prop_assert_eq!(whole.to_bits(), merged.value().to_bits());
        }
    }
}
