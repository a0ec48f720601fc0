//! Average popularity: how often the recommended items occur in the training log, on average.
//!
//! ```text
//! ARP = Σ_i c_i n_i / Σ_i c_i ,   c_i = exposure, n_i = occurrences of item i in the training log
//! ```
//!
//! Reference: Yin et al., "Challenging the long tail recommendation", VLDB 2012. Lists of equal length give the mean over lists that
//! RecBole's `AveragePopularity` reports.
//!
//! ```
//! // Shown twice: an item seen 30 times; shown once: one seen 3 times.
//! assert_eq!(slatewise_eval::catalog::average_popularity(&[2, 1], &[30, 3]), Ok(21.0));
//! ```

use crate::error::{Metric, Undefined};

/// Mean number of training occurrences of a recommended item, ≥ 0.
///
/// # Errors
/// Undefined when nothing was recommended.
///
/// # Panics
/// If `exposure` and `occurrences` differ in length.
pub fn average_popularity(exposure: &[u64], occurrences: &[u64]) -> Metric {
    assert_eq!(exposure.len(), occurrences.len(), "exposure and occurrences: one value per catalogue item");
    let total: u64 = exposure.iter().sum();
    if total == 0 {
        return Err(Undefined::NoExposure);
    }
    let sum: f64 = exposure.iter().zip(occurrences).map(|(&shown, &seen)| shown as f64 * seen as f64).sum();
    Ok(sum / total as f64)
}
