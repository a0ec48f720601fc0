//! Diversity within a list, and what one more item adds to it.
//!
//! ```text
//! ILD(L)        = 2 / (n (n − 1)) Σ_{i < j} d(L_i, L_j)    mean distance of all pairs
//! ILD@k         = mean of ILD(L[1..k]) over the lists in which at least two items stand
//! gain(x | W)   = 1 / |W| Σ_{w ∈ W} d(x, w)         mean distance of a new item to the recent ones; 0 for an empty W
//! ```
//!
//! for any [`Distance`] d; both lie in [0, 1] under [`ItemDistance`](super::ItemDistance) and in [0, 2] under
//! [`CosineDistance`](super::CosineDistance). `diversity_gain` is the per-step form of ILD: over a list built item by
//! item, the gains weighted by |W| sum up to the sum over pairs. It enters the reward, so it neither allocates nor
//! sorts.
//! References: Smyth & McClave, "Similarity vs. diversity", ICCBR 2001, for the mean over pairs and for an item's
//! diversity relative to a set; Ziegler et al., WWW 2005, for lists. A first item earns no gain, so that a reward never
//! pays for merely starting.
//!
//! ```
//! use slatewise_eval::catalog::{ItemDistance, diversity_gain, intra_list_diversity};
//!
//! let distance = ItemDistance::from_codes(&[&[0, 0, 1], &[0, 1, 1]])?;
//! assert_eq!(intra_list_diversity(&[0, 1, 2], &distance), Some((0.5 + 1.0 + 0.5) / 3.0));
//! assert_eq!(diversity_gain(2, &[0, 1], &distance), 0.75);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::distance::Distance;
use crate::error::{Metric, Undefined};

/// Mean distance between the items of a list, in the range of the distance; none for fewer than two items.
///
/// # Panics
/// If an item is not in the catalogue of `distance`.
pub fn intra_list_diversity<D: Distance + ?Sized>(items: &[u32], distance: &D) -> Option<f64> {
    let pairs = items.len() * items.len().saturating_sub(1) / 2;
    if pairs == 0 {
        return None;
    }
    let mut sum = 0.0;
    for (index, &a) in items.iter().enumerate() {
        sum += items[index + 1..].iter().map(|&b| distance.between(a, b)).sum::<f64>();
    }
    Some(sum / pairs as f64)
}

/// Mean over lists of the diversity of their first `k` items; lists with fewer than two of them are left out.
///
/// # Errors
/// Undefined when `k` = 0, when no list holds two items, or when the distance is not defined for an item that one of
/// them holds.
///
/// # Panics
/// If an item is not in the catalogue of `distance`.
pub fn mean_intra_list_diversity<L: AsRef<[u32]>, D: Distance + ?Sized>(lists: &[L], k: usize, distance: &D) -> Metric {
    if k == 0 {
        return Err(Undefined::Zero { what: "k" });
    }
    let (mut sum, mut with_pairs) = (0.0, 0_u32);
    for list in lists.iter().map(AsRef::as_ref) {
        let first = &list[..k.min(list.len())];
        if let Some(of_list) = intra_list_diversity(first, distance) {
            first.iter().try_for_each(|&item| distance.check(item))?;
            sum += of_list;
            with_pairs += 1;
        }
    }
    if with_pairs > 0 { Ok(sum / f64::from(with_pairs)) } else { Err(Undefined::NoPair) }
}

/// Mean distance of a new item to the recent ones, in the range of the distance; 0 for an empty window.
///
/// # Panics
/// If an item is not in the catalogue of `distance`.
pub fn diversity_gain<D: Distance + ?Sized>(item: u32, history_window: &[u32], distance: &D) -> f64 {
    if history_window.is_empty() {
        return 0.0;
    }
    history_window.iter().map(|&recent| distance.between(item, recent)).sum::<f64>() / history_window.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CosineDistance, ItemDistance};
    use crate::error::Error;

    #[test]
    fn short_lists_have_no_pairs_and_a_first_item_no_gain() -> Result<(), Error> {
        let distance = ItemDistance::from_codes(&[&[0, 1, 0]])?;
        assert_eq!(intra_list_diversity(&[], &distance), None);
        assert_eq!(intra_list_diversity(&[1], &distance), None);
        assert_eq!(diversity_gain(1, &[], &distance), 0.0);
        Ok(())
    }

    #[test]
    fn gains_build_up_to_the_list() -> Result<(), Error> {
        let distance = ItemDistance::from_codes(&[&[0, 1, 0, 2], &[5, 5, 4, 4]])?;
        let list = [3, 0, 2, 1];
        let built: f64 = (1..list.len()).map(|n| n as f64 * diversity_gain(list[n], &list[..n], &distance)).sum();
        assert!(intra_list_diversity(&list, &distance).is_some_and(|ild| (ild - built / 6.0).abs() < 1e-15));
        Ok(())
    }

    #[test]
    fn the_mean_leaves_out_lists_without_pairs_and_names_an_item_without_distance() -> Result<(), Error> {
        // Directions right, up, left, none.
        let distance = CosineDistance::from_columns(&[&[1.0, 0.0, -1.0, 0.0], &[0.0, 1.0, 0.0, 0.0]])?;
        let mean = |lists: &[&[u32]], k| mean_intra_list_diversity(lists, k, &distance);
        // Right and up: 1; right and left: 2; the list of one item, whatever it is, has no pair.
        assert_eq!(mean(&[&[0, 1], &[0, 2, 3], &[3]], 2), Ok(1.5));
        assert_eq!(mean(&[&[0, 1], &[0, 2, 3]], 3), Err(Undefined::NoDirection { item: 3 }));
        assert_eq!(mean(&[&[0, 1]], 1), Err(Undefined::NoPair));
        assert_eq!(mean(&[&[0, 1]], 0), Err(Undefined::Zero { what: "k" }));
        Ok(())
    }
}
