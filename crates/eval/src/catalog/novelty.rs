//! Novelty: the mean self-information of the recommended items, in bits.
//!
//! ```text
//! novelty          = Σ_i c_i ( −log2( n_i / Σ n ) ) / Σ_i c_i      n_i = occurrences of item i in the training log
//! novelty by users = Σ_i c_i ( −log2( u_i / U ) ) / Σ_i c_i        u_i = users of item i in it, U = users in it
//! ```
//!
//! with c_i the exposure. A bit more means half as well known. The second form is the paper's; the first takes the
//! item's share of the log's events, which needs no user ids and counts an item that few users use often as well known.
//! Reference: Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 107 (2010).
//!
//! ```
//! use slatewise_eval::catalog::{novelty, novelty_by_users};
//!
//! assert_eq!(novelty(&[1, 1], &[4, 4]), Ok(1.0));
//! // Of 8 users, 4 know the first item and 2 the second.
//! assert_eq!(novelty_by_users(&[1, 1], &[4, 2], 8), Ok(1.5));
//! ```

use crate::error::{Metric, Undefined};

/// Mean self-information of a recommended item in bits, ≥ 0, by its share of the training log's events.
///
/// # Errors
/// Undefined when nothing was recommended, or when a recommended item never occurs in the training log (its
/// self-information is infinite).
///
/// # Panics
/// If `exposure` and `occurrences` differ in length.
pub fn novelty(exposure: &[u64], occurrences: &[u64]) -> Metric {
    self_information(exposure, occurrences, occurrences.iter().sum())
}

/// Mean self-information of a recommended item in bits, ≥ 0, by the share of the training log's users who have it.
///
/// # Shapes
/// `item_users`: number of distinct users per catalogue item; `users`: number of distinct users in the log, not below
/// any of them.
///
/// # Errors
/// Undefined when nothing was recommended, or when a recommended item has no user in the training log.
///
/// # Panics
/// If `exposure` and `item_users` differ in length, or an item has more than `users` users.
pub fn novelty_by_users(exposure: &[u64], item_users: &[u64], users: u64) -> Metric {
    assert!(item_users.iter().all(|&of_item| of_item <= users), "an item has more users than the {users} of the log");
    self_information(exposure, item_users, users)
}

fn self_information(exposure: &[u64], known: &[u64], total: u64) -> Metric {
    assert_eq!(exposure.len(), known.len(), "exposure and training counts: one value per catalogue item");
    let shown: u64 = exposure.iter().sum();
    if shown == 0 {
        return Err(Undefined::NoExposure);
    }
    let mut bits = 0.0;
    for (item, (&count, &known)) in exposure.iter().zip(known).enumerate() {
        if count > 0 {
            if known == 0 {
                return Err(Undefined::NeverSeen { item });
            }
            bits += count as f64 * (total as f64 / known as f64).log2();
        }
    }
    Ok(bits / shown as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_never_seen_is_named() {
        assert_eq!(novelty(&[1, 2], &[4, 0]), Err(Undefined::NeverSeen { item: 1 }));
        assert_eq!(novelty(&[0, 0], &[4, 0]), Err(Undefined::NoExposure));
        assert_eq!(novelty(&[1, 0], &[1, 3]), Ok(2.0));
        assert_eq!(novelty_by_users(&[0, 1], &[4, 0], 4), Err(Undefined::NeverSeen { item: 1 }));
    }

    #[test]
    fn an_item_that_everybody_has_is_no_news() {
        assert_eq!(novelty_by_users(&[3, 0], &[5, 1], 5), Ok(0.0));
    }
}
