//! Catalogue coverage: the share of the catalogue that is recommended at least once.
//!
//! ```text
//! coverage = |{ i : c_i > 0 }| / N ,   c_i = exposure of item i
//! ```
//!
//! Reference: Herlocker et al., "Evaluating collaborative filtering recommender systems", TOIS 22 (2004), §4.2; Ge et al., "Beyond
//! accuracy: evaluating recommender systems by coverage and serendipity", RecSys 2010 ("catalog coverage").
//!
//! ```
//! assert_eq!(slatewise_eval::catalog::coverage(&[3, 0, 1, 0]), Ok(0.5));
//! ```

use crate::error::{Metric, Undefined};

/// Share of items with any exposure, in [0, 1].
///
/// # Errors
/// Undefined when the catalogue is empty.
pub fn coverage(exposure: &[u64]) -> Metric {
    if exposure.is_empty() {
        return Err(Undefined::NoSample);
    }
    let shown = exposure.iter().filter(|&&count| count > 0).count();
    Ok(shown as f64 / exposure.len() as f64)
}
