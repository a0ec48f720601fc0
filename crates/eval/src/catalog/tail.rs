//! Tail share: how many of the recommended places go to the least popular items.
//!
//! ```text
//! tail share = Σ_{i ∈ T} c_i / Σ_i c_i ,   c_i = exposure of item i
//! T = the ⌊share · |seen|⌋ items (at least one) with the fewest occurrences in the training log,
//!     of equal ones those of smaller index
//! ```
//!
//! `seen` are the items that occur in the training log: an item that never does has no place in its ranking and belongs
//! to neither tail nor head. This is RecBole 1.2.1's `TailPercentage` (`tail_ratio` = 0.1 by default; above 1, the
//! largest number of occurrences), whose mean over lists is the share of places when lists are of equal length. Equal
//! occurrences are settled by the index of the item and so by nothing that the order of lists or log can change; number
//! the items by their ids, and the order of the items file changes nothing either.
//! Reference: Abdollahpouri et al., "Managing popularity bias in recommender systems with personalized re-ranking",
//! FLAIRS 2019 (average percentage of long-tail items).
//!
//! ```
//! use slatewise_eval::catalog::{Tail, tail_share};
//!
//! // Four items seen 9, 1, 2 and 0 times, shown 6, 1, 1 and 2 times. The tail of a third of those seen is item 1.
//! assert_eq!(tail_share(&[6, 1, 1, 2], &[9, 1, 2, 0], Tail::Share(0.34)), Ok(0.1));
//! // Seen at most twice: items 1 and 2.
//! assert_eq!(tail_share(&[6, 1, 1, 2], &[9, 1, 2, 0], Tail::AtMost(2)), Ok(0.2));
//! ```

use crate::error::{Metric, Undefined};

/// Which items are the tail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// This share of the items seen in training, in (0, 1], the least popular ones; at least one item.
    Share(f64),
    /// The items seen in training at most so many times.
    AtMost(u64),
}

impl Default for Tail {
    /// The least popular tenth, as in RecBole.
    fn default() -> Self {
        Self::Share(0.1)
    }
}

impl Tail {
    /// Whether each item belongs to the tail.
    pub fn of(self, occurrences: &[u64]) -> Vec<bool> {
        let mut tail = vec![false; occurrences.len()];
        let mut seen: Vec<usize> = (0..occurrences.len()).filter(|&item| occurrences[item] > 0).collect();
        match self {
            Self::AtMost(most) => seen.retain(|&item| occurrences[item] <= most),
            Self::Share(share) => {
                seen.sort_unstable_by_key(|&item| (occurrences[item], item));
                seen.truncate(((seen.len() as f64 * share) as usize).max(1));
            }
        }
        for item in seen {
            tail[item] = true;
        }
        tail
    }
}

/// Share of the recommended places that go to the tail, in [0, 1].
///
/// # Errors
/// Undefined when nothing was recommended, or when the training log is empty.
///
/// # Panics
/// If `exposure` and `occurrences` differ in length.
pub fn tail_share(exposure: &[u64], occurrences: &[u64], tail: Tail) -> Metric {
    assert_eq!(exposure.len(), occurrences.len(), "exposure and occurrences: one value per catalogue item");
    let total: u64 = exposure.iter().sum();
    if total == 0 {
        return Err(Undefined::NoExposure);
    }
    if occurrences.iter().all(|&seen| seen == 0) {
        return Err(Undefined::NoSample);
    }
    let shown: u64 = exposure.iter().zip(tail.of(occurrences)).filter(|(_, tail)| *tail).map(|(&count, _)| count).sum();
    Ok(shown as f64 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_are_settled_by_index_and_the_tail_is_never_empty() {
        let of = |share, occurrences: &[u64]| Tail::Share(share).of(occurrences);
        assert_eq!(of(0.5, &[1, 1, 1, 1]), [true, true, false, false]);
        assert_eq!(of(0.1, &[0, 3, 2, 2]), [false, false, true, false]);
        assert_eq!(of(1.0, &[0, 3, 2, 2]), [false, true, true, true]);
        // ⌊0.1 · 29⌋ = 2.
        assert_eq!(of(0.1, &(0..30).collect::<Vec<_>>()).iter().filter(|&&tail| tail).count(), 2);
    }

    #[test]
    fn without_lists_or_log_there_is_no_share() {
        assert_eq!(tail_share(&[0, 0], &[1, 1], Tail::default()), Err(Undefined::NoExposure));
        assert_eq!(tail_share(&[1, 0], &[0, 0], Tail::default()), Err(Undefined::NoSample));
    }
}
