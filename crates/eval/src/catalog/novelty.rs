//! Novelty: the mean self-information of the recommended items, in bits.
//!
//! ```text
//! novelty = Σ_i c_i ( −log2( n_i / Σ n ) ) / Σ_i c_i ,   c_i = exposure, n_i = occurrences of item i in the training log
//! ```
//!
//! A bit more means half as well known. Reference: Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems",
//! PNAS 107 (2010), with the item's share of the log's events in place of its share of users, which needs no user ids.
//!
//! ```
//! assert_eq!(slatewise_eval::catalog::novelty(&[1, 1], &[4, 4]), Ok(1.0));
//! ```

use crate::error::{Metric, Undefined};

/// Mean self-information of a recommended item in bits, ≥ 0.
///
/// # Errors
/// Undefined when nothing was recommended, or when a recommended item never occurs in the training log (its self-information is infinite).
///
/// # Panics
/// If `exposure` and `occurrences` differ in length.
pub fn novelty(exposure: &[u64], occurrences: &[u64]) -> Metric {
    assert_eq!(exposure.len(), occurrences.len(), "exposure and occurrences: one value per catalogue item");
    let shown: u64 = exposure.iter().sum();
    if shown == 0 {
        return Err(Undefined::NoExposure);
    }
    let events = occurrences.iter().sum::<u64>() as f64;
    let mut bits = 0.0;
    for (item, (&count, &seen)) in exposure.iter().zip(occurrences).enumerate() {
        if count > 0 {
            if seen == 0 {
                return Err(Undefined::NeverSeen { item });
            }
            bits += count as f64 * (events / seen as f64).log2();
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
    }
}
