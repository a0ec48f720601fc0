//! Serendipity: recommended items that are relevant and that a list of bestsellers would not have found.
//!
//! ```text
//! serendipity@k = Σ_u |{ i ∈ L_u[1..k] : i relevant to u, i ∉ PM_k }| / Σ_u |L_u[1..k]|
//! PM_k          = the k items with the most occurrences in the training log, of equal ones those of smaller index
//! ```
//!
//! The primitive recommender PM says what is expected; what is relevant beside it is the surprise. The sum is divided
//! by the recommended places, so the metric is the part of precision that bestsellers do not explain (the paper divides
//! by the unexpected places alone, which rewards a list for recommending fewer of them). An item that never occurs in
//! the log is never in PM_k, even where fewer than k items occur. Equal occurrences are settled by the index of the
//! item, so no order of lists or log changes the value.
//! Reference: Ge et al., "Beyond accuracy: evaluating recommender systems by coverage and serendipity", RecSys 2010,
//! §3.2.
//!
//! ```
//! use slatewise_eval::catalog::serendipity;
//!
//! // Item 0 is the bestseller. Of four places, one holds a relevant item that is none: item 2 of the second list.
//! let (lists, relevant) = ([[0, 1], [1, 2]], [[true, false], [false, true]]);
//! assert_eq!(serendipity(&lists, &relevant, 1, &[9, 1, 1])?, 0.0);
//! assert_eq!(serendipity(&lists, &relevant, 2, &[9, 8, 1])?, 0.25);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::{Error, Undefined};

/// Whether each item is among the `k` most popular ones.
pub fn most_popular(occurrences: &[u64], k: usize) -> Vec<bool> {
    let mut seen: Vec<usize> = (0..occurrences.len()).filter(|&item| occurrences[item] > 0).collect();
    seen.sort_unstable_by_key(|&item| (std::cmp::Reverse(occurrences[item]), item));
    let mut popular = vec![false; occurrences.len()];
    for &item in seen.iter().take(k) {
        popular[item] = true;
    }
    popular
}

/// Share of the recommended places that hold a relevant item outside the `k` most popular ones, in [0, 1].
///
/// # Shapes
/// `lists`: item indices, best first, any lengths; `relevant[list][place]` beside them; `occurrences`: one per
/// catalogue item.
///
/// # Errors
/// `k` = 0, lists and relevance of different lengths, an item beyond the catalogue; undefined when nothing was
/// recommended.
pub fn serendipity<L: AsRef<[u32]>, R: AsRef<[bool]>>(
    lists: &[L],
    relevant: &[R],
    k: usize,
    occurrences: &[u64],
) -> Result<f64, Error> {
    if k == 0 {
        return Err(Undefined::Zero { what: "k" }.into());
    }
    unequal(("lists", lists.len()), ("relevance", relevant.len()))?;
    let popular = most_popular(occurrences, k);
    let (mut found, mut places) = (0_u64, 0_u64);
    for (row, (list, relevant)) in lists.iter().zip(relevant).enumerate() {
        let (list, relevant) = (list.as_ref(), relevant.as_ref());
        unequal(("a list", list.len()), ("its relevance", relevant.len()))?;
        for (&item, &relevant) in list.iter().zip(relevant).take(k) {
            let Some(&popular) = popular.get(item as usize) else {
                let (item, items) = (item as usize, popular.len());
                return Err(Error::UnknownItem { what: "list", row: row + 1, item, items });
            };
            found += u64::from(relevant && !popular);
            places += 1;
        }
    }
    if places == 0 {
        return Err(Undefined::NoExposure.into());
    }
    Ok(found as f64 / places as f64)
}

fn unequal(left: (&'static str, usize), right: (&'static str, usize)) -> Result<(), Error> {
    if left.1 == right.1 {
        return Ok(());
    }
    Err(Error::UnequalLengths { left: left.0, left_len: left.1, right: right.0, right_len: right.1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equally_popular_items_are_settled_by_index() {
        assert_eq!(most_popular(&[2, 5, 5, 5], 2), [false, true, true, false]);
        assert_eq!(most_popular(&[0, 5, 0], 3), [false, true, false]);
    }

    #[test]
    fn short_lists_count_with_the_places_they_have() -> Result<(), Error> {
        // Three places in all at k = 2; items 1 and 2 are relevant and not the two bestsellers (0 and 3).
        let lists: [&[u32]; 2] = [&[1], &[2, 0, 1]];
        let relevant: [&[bool]; 2] = [&[true], &[true, true, true]];
        assert_eq!(serendipity(&lists, &relevant, 2, &[9, 1, 1, 8])?, 2.0 / 3.0);
        Ok(())
    }

    #[test]
    fn bad_input_is_refused_by_its_row() {
        let none: [[u32; 0]; 1] = [[]];
        assert_eq!(serendipity(&none, &[[]], 1, &[1]), Err(Error::Undefined(Undefined::NoExposure)));
        assert_eq!(serendipity(&none, &[[]], 0, &[1]), Err(Error::Undefined(Undefined::Zero { what: "k" })));
        assert!(matches!(serendipity(&[[1]], &[[true]], 1, &[1]), Err(Error::UnknownItem { row: 1, item: 1, .. })));
        assert!(matches!(serendipity(&[[0]], &[[true, false]], 1, &[1]), Err(Error::UnequalLengths { .. })));
    }
}
