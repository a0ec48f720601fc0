//! Gini index of the exposure: 0 when all items are shown equally often, towards 1 when one takes it all.
//!
//! ```text
//! G = Σ_{j=1..N} (2j − N − 1) c_(j) / ( N Σ c ) ,   c_(1) ≤ … ≤ c_(N)
//! ```
//!
//! Taken over the whole catalogue: an item that is never shown is a zero, not absent. The largest value is (N − 1)/N.
//! Reference: Shani & Gunawardana, "Evaluating recommendation systems", Recommender Systems Handbook (2011), §8.3.3; the same value as
//! RecBole's `GiniIndex`.
//!
//! ```
//! assert_eq!(slatewise_eval::catalog::gini(&[5, 5, 5]), Ok(0.0));
//! assert_eq!(slatewise_eval::catalog::gini(&[0, 0, 0, 9]), Ok(0.75));
//! ```

use crate::error::{Metric, Undefined};

/// Inequality of exposure over the whole catalogue, in [0, 1).
///
/// # Errors
/// Undefined when nothing was recommended.
pub fn gini(exposure: &[u64]) -> Metric {
    let total: u64 = exposure.iter().sum();
    if total == 0 {
        return Err(Undefined::NoExposure);
    }
    let mut ascending = exposure.to_vec();
    ascending.sort_unstable();
    let items = ascending.len() as f64;
    let sum: f64 = ascending
        .iter()
        .zip(1_u32..)
        .map(|(&count, place)| (2.0 * f64::from(place) - items - 1.0) * count as f64)
        .sum();
    Ok(sum / (items * total as f64))
}
