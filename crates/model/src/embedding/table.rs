//! `Table`: the rows of one embedding table, in the host's memory.
//!
//! ```text
//! id ──► rows: itself; or h₁(id) ... hₖ(id) with hashing; or row 0 until it was seen often enough
//! embedding(id) = Σ over its rows of w[row]
//! ```

use super::config::{HashConfig, Storage, TableConfig};
use crate::mlp::uniform;
use rand_chacha::ChaCha8Rng;
use slatewise_features::TableLayout;

/// One embedding table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) weights: Weights,
    pub(crate) hash: Option<HashConfig>,
    pub(crate) admission: Option<Admission>,
}

/// `[rows, width]`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Weights {
    F32(Vec<f32>),
    Bf16(Vec<u16>),
}

/// How often each id was seen in training, up to the threshold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Admission {
    pub(crate) threshold: u8,
    pub(crate) seen: Vec<u8>,
}

impl Table {
    /// Draws U(-k, k) with k = 1/√width; row 0 is zero.
    pub(crate) fn draw(layout: &TableLayout, config: &TableConfig, rng: &mut ChaCha8Rng) -> Self {
        let rows = config.hash.map_or(layout.rows, |hash| hash.buckets);
        let bound = 1.0 / (layout.width.max(1) as f32).sqrt();
        let mut values = uniform(rows * layout.width, bound, rng);
        values.iter_mut().take(layout.width).for_each(|value| *value = 0.0);
        let weights = match config.storage.unwrap_or_default() {
            Storage::F32 => Weights::F32(values),
            Storage::Bf16 => Weights::Bf16(values.into_iter().map(nearest_bf16).collect()),
        };
        let admission =
            (config.admit_after > 1).then(|| Admission { threshold: config.admit_after, seen: vec![0; layout.rows] });
        Self { name: layout.name.clone(), rows, width: layout.width, weights, hash: config.hash, admission }
    }

    /// Rows that an id's embedding is the sum of.
    pub(crate) fn functions(&self) -> usize {
        self.hash.map_or(1, |hash| hash.functions)
    }

    /// Whether an id is its row.
    pub(crate) fn is_plain(&self) -> bool {
        self.hash.is_none() && self.admission.is_none()
    }

    /// Appends the rows of an id.
    pub(crate) fn push_rows(&self, id: u32, out: &mut Vec<u32>) {
        match (&self.hash, &self.admission) {
            (Some(hash), _) => out.extend((0..hash.functions).map(|function| hash.row(id, function))),
            (_, Some(admission)) if admission.seen[id as usize] < admission.threshold => out.push(0),
            _ => out.push(id),
        }
    }

    /// Adds a row's weights to `out`, of the table's width.
    pub(crate) fn add_row(&self, row: u32, out: &mut [f32]) {
        let first = row as usize * self.width;
        match &self.weights {
            Weights::F32(weights) => out.iter_mut().zip(&weights[first..][..self.width]).for_each(|(o, w)| *o += w),
            Weights::Bf16(weights) => {
                out.iter_mut().zip(&weights[first..][..self.width]).for_each(|(o, &w)| *o += from_bf16(w));
            }
        }
    }

    /// Puts a row's weights into `out`, of the table's width.
    #[inline]
    pub(crate) fn copy_row(&self, row: u32, out: &mut [f32]) {
        let first = row as usize * self.width;
        match &self.weights {
            Weights::F32(weights) => out.copy_from_slice(&weights[first..][..self.width]),
            Weights::Bf16(weights) => {
                out.iter_mut().zip(&weights[first..][..self.width]).for_each(|(o, &w)| *o = from_bf16(w));
            }
        }
    }

    /// Mean and largest Euclidean norm over the rows.
    pub(crate) fn row_norms(&self) -> (f64, f64) {
        let mut row = vec![0.0; self.width];
        let (mut sum, mut largest) = (0.0_f64, 0.0_f64);
        for index in 0..self.rows {
            self.copy_row(index as u32, &mut row);
            let norm = row.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>().sqrt();
            (sum, largest) = (sum + norm, largest.max(norm));
        }
        (sum / self.rows.max(1) as f64, largest)
    }
}

impl Admission {
    /// Counts an id that training met.
    pub(crate) fn meet(&mut self, id: u32) {
        let seen = &mut self.seen[id as usize];
        *seen = seen.saturating_add(1).min(self.threshold);
    }
}

impl HashConfig {
    /// The row of an id by one of the functions; the unknown id keeps its row 0, which no other reaches.
    fn row(&self, id: u32, function: usize) -> u32 {
        if id == 0 {
            return 0;
        }
        let hash = mix((u64::from(id) << 8) | function as u64);
        // The upper half of a product spreads evenly without a division.
        1 + ((u128::from(hash) * (self.buckets as u128 - 1)) >> 64) as u32
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): each bit of the result depends on each of the argument.
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

pub(crate) fn from_bf16(value: u16) -> f32 {
    f32::from_bits(u32::from(value) << 16)
}

/// The nearest bf16, ties to even; NaN and infinity stay what they are.
pub(crate) fn nearest_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    if !value.is_finite() {
        return (bits >> 16) as u16 | u16::from(value.is_nan());
    }
    (bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16) as u16
}

/// The bf16 below or above, at random in proportion to the distance.
pub(crate) fn random_bf16(value: f32, random: u16) -> u16 {
    if !value.is_finite() {
        return nearest_bf16(value);
    }
    (value.to_bits().wrapping_add(u32::from(random)) >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_rounds_to_the_nearest() {
        for value in [0.0_f32, 1.0, -2.5, 0.333_333_34, 1e-30, 3.0e38] {
            let back = from_bf16(nearest_bf16(value));
            assert!((back - value).abs() <= value.abs() / 256.0, "{value} came back as {back}");
        }
        assert!(from_bf16(nearest_bf16(f32::NAN)).is_nan());
        assert_eq!(from_bf16(nearest_bf16(f32::NEG_INFINITY)), f32::NEG_INFINITY);
        assert_eq!(from_bf16(nearest_bf16(1.0 + 1.0 / 256.0)), 1.0, "a tie goes to the even one");
    }

    #[test]
    fn random_rounding_is_right_on_average() {
        let value = 1.0 + 0.25 / 128.0;
        let mean: f64 =
            (0..=u16::MAX).map(|random| f64::from(from_bf16(random_bf16(value, random)))).sum::<f64>() / 65_536.0;
        assert!((mean - f64::from(value)).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn hashed_rows_are_spread_and_leave_row_0_alone() {
        let hash = HashConfig { buckets: 101, functions: 2 };
        let mut hits = vec![0; 101];
        for id in 1..=10_000 {
            for function in 0..2 {
                hits[hash.row(id, function) as usize] += 1;
            }
        }
        assert_eq!((hits[0], hash.row(0, 1)), (0, 0));
        // 20,000 draws on 100 rows: 200 each, deviation 14.
        assert!(hits[1..].iter().all(|&count| (120..280).contains(&count)), "{hits:?}");
        let same = (1..=10_000).filter(|&id| hash.row(id, 0) == hash.row(id, 1)).count();
        assert!((50..150).contains(&same), "the functions agree by chance alone, 1 in 100: {same}");
    }
}
