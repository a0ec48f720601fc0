//! Shannon entropy of the exposure, in bits or in nats.
//!
//! ```text
//! H = − Σ_i p_i log2 p_i ,   p_i = c_i / Σ c ,   0 log 0 = 0          in nats: ln in place of log2, H · ln 2
//! ```
//!
//! 0 when one item takes it all, log2 N when all N are shown equally often. (RecBole's `ShannonEntropy` divides this,
//! in nats, by the number of distinct items; that is not an entropy.)
//! Reference: Shannon (1948); for recommenders Shani & Gunawardana, Recommender Systems Handbook (2011), §8.3.3.
//!
//! ```
//! use slatewise_eval::catalog::{shannon_entropy, shannon_entropy_nats};
//!
//! assert_eq!(shannon_entropy(&[2, 2, 2, 2, 0]), Ok(2.0));
//! assert_eq!(shannon_entropy_nats(&[1, 1]), Ok(std::f64::consts::LN_2));
//! ```

use crate::error::{Metric, Undefined};

/// Entropy of the exposure in bits, in [0, log2 N].
///
/// # Errors
/// Undefined when nothing was recommended.
pub fn shannon_entropy(exposure: &[u64]) -> Metric {
    entropy(exposure, f64::log2)
}

/// Entropy of the exposure in nats, in [0, ln N].
///
/// # Errors
/// Undefined when nothing was recommended.
pub fn shannon_entropy_nats(exposure: &[u64]) -> Metric {
    entropy(exposure, f64::ln)
}

fn entropy(exposure: &[u64], logarithm: impl Fn(f64) -> f64) -> Metric {
    let total: u64 = exposure.iter().sum();
    if total == 0 {
        return Err(Undefined::NoExposure);
    }
    let shares = exposure.iter().filter(|&&count| count > 0).map(|&count| count as f64 / total as f64);
    // The sum of a single share of 1 is -0.0 without the addition.
    Ok(0.0 - shares.map(|share| share * logarithm(share)).sum::<f64>())
}
