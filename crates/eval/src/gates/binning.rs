//! Columns as bins: quantiles of numbers, values of categories, and a bin for no value.

use super::column::{Column, MISSING};

/// From this many rows on, quantiles are those of a part of the rows, chosen by a hash of their number.
const QUANTILE_ROWS: usize = 200_000;

/// Upper ends of at most `bins` quantile bins of the numbers that are there; the last bin has none. Equal quantiles fall together.
pub(super) fn quantile_edges(values: &[f64], bins: usize) -> Vec<f64> {
    let every = values.len().div_ceil(QUANTILE_ROWS).max(1) as u64;
    let taken =
        values.iter().enumerate().filter(|(row, value)| !value.is_nan() && mixed(*row as u64).is_multiple_of(every));
    let mut sorted: Vec<f64> = taken.map(|(_, value)| *value).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(&largest) = sorted.last() else { return Vec::new() };
    let mut edges: Vec<f64> = (1..bins).map(|bin| sorted[(bin * sorted.len() / bins).max(1) - 1]).collect();
    edges.dedup();
    // Nothing would lie above an edge at the largest number.
    edges.retain(|&edge| edge < largest);
    edges
}

/// The bin of a number: the first whose upper end it does not pass; none for NaN.
pub(super) fn bin_of(value: f64, edges: &[f64]) -> Option<usize> {
    (!value.is_nan()).then(|| edges.partition_point(|&edge| edge < value))
}

/// A bin per row and their number; the bin of no value is the last.
pub(super) struct Binned {
    pub bins: Vec<u32>,
    pub count: usize,
}

/// Quantile bins of numbers, a bin of its own for each code.
pub(super) fn binned(column: &Column<'_>, most: usize) -> Binned {
    match column {
        Column::Number(values) => {
            let edges = quantile_edges(values, most);
            let missing = edges.len() + 1;
            let bin = |value: &f64| bin_of(*value, &edges).unwrap_or(missing) as u32;
            Binned { bins: values.iter().map(bin).collect(), count: missing + 1 }
        }
        Column::Category(codes) => numbered(codes),
    }
}

/// Codes numbered from 0, so that sums per value fit in memory whatever the codes are.
fn numbered(codes: &[u32]) -> Binned {
    let largest = codes.iter().copied().filter(|&code| code != MISSING).max();
    let dense = largest.map_or(0, |largest| largest as usize + 1);
    if dense <= 4 * codes.len() {
        let bin = |&code: &u32| if code == MISSING { dense as u32 } else { code };
        return Binned { bins: codes.iter().map(bin).collect(), count: dense + 1 };
    }
    let mut sorted: Vec<u32> = codes.iter().copied().filter(|&code| code != MISSING).collect();
    sorted.sort_unstable();
    sorted.dedup();
    // A code's place; what is missing is the largest of all and falls behind the last.
    let bin = |code: &u32| sorted.partition_point(|known| known < code) as u32;
    Binned { bins: codes.iter().map(bin).collect(), count: sorted.len() + 1 }
}

/// splitmix64 (Steele, Lea & Flood, OOPSLA 2014): spreads row numbers evenly whatever period the rows have.
pub(super) fn mixed(row: u64) -> u64 {
    let mut z = row.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let values = [1.0, 2.0, 3.0, 4.0, f64::NAN, 5.0, 6.0, 7.0, 8.0];
        assert_eq!(quantile_edges(&values, 4), [2.0, 4.0, 6.0]);
        assert_eq!([0.5, 2.0, 2.5, 6.0, 9.0].map(|x| bin_of(x, &[2.0, 4.0, 6.0])), [0, 0, 1, 2, 3].map(Some));
        assert_eq!(bin_of(f64::NAN, &[2.0]), None);
        // A constant has one bin; a heavy value keeps to itself.
        assert_eq!(quantile_edges(&[7.0; 20], 10), [0.0; 0]);
        assert_eq!(quantile_edges(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0], 4), [0.0]);
        assert_eq!(quantile_edges(&[f64::NAN], 10), [0.0; 0]);
        let far = binned(&Column::Category(&[900, MISSING, 4, 900]), 0);
        assert_eq!((far.bins, far.count), (vec![1, 2, 0, 1], 3));
        let dense = binned(&Column::Category(&[3, MISSING, 0, 3]), 0);
        assert_eq!((dense.bins, dense.count), (vec![3, 4, 0, 3], 5));
        let none = binned(&Column::Category(&[MISSING]), 0);
        assert_eq!((none.bins, none.count), (vec![0], 1));
    }

    #[test]
    fn the_hash_is_splitmix64() {
        // First output of the generator with seed 0.
        assert_eq!(mixed(0), 0xe220_a839_7b1d_cdaf);
    }
}
