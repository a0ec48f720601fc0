//! `Optimum`: what no model can beat, because it knows the true probabilities.
//!
//! ```text
//! AUC       = Σ_{i,j} p_i (1 − p_j) ( [p_i > p_j] + ½ [p_i = p_j] ) / ( Σ p_i · Σ (1 − p_j) )
//! log loss  = −Σ ( p ln p + (1 − p) ln (1 − p) ) / n
//! ```
//!
//! Both are expectations over the responses that could have come, given the rows. The pairs are counted in 8,192 bins of
//! the logit from −32 to 32, so memory does not grow and the AUC is exact to about 10⁻³ of a bin's share.

use serde::{Deserialize, Serialize};

const BINS: usize = 8192;
const LARGEST_LOGIT: f64 = 32.0;

/// Sums over the rows seen.
#[derive(Debug, Clone)]
pub(super) struct Optimum {
    /// Σ p and Σ (1 − p) per bin.
    bins: Vec<(f64, f64)>,
    entropy: f64,
    rows: u64,
    events: u64,
}

/// The best that any model can reach on a task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BestPossible {
    /// Mean of the true probability.
    pub rate: f64,
    /// Responses that came.
    pub events: u64,
    /// Expected ROC AUC of the true probabilities.
    pub auc: f64,
    /// Expected log loss of the true probabilities, in nats per row.
    pub log_loss: f64,
}

impl Default for Optimum {
    fn default() -> Self {
        Self { bins: vec![(0.0, 0.0); BINS], entropy: 0.0, rows: 0, events: 0 }
    }
}

impl Optimum {
    pub(super) fn add(&mut self, probabilities: &[f64], came: &[i8]) {
        for &p in probabilities {
            let (with, without) = (p.ln(), (1.0 - p).ln());
            let place = ((with - without) / LARGEST_LOGIT + 1.0) * (BINS / 2) as f64;
            // Saturating: −∞ is 0.
            let bin = &mut self.bins[(place as usize).min(BINS - 1)];
            bin.0 += p;
            bin.1 += 1.0 - p;
            let term = |share: f64, log: f64| if share > 0.0 { share * log } else { 0.0 };
            self.entropy -= term(p, with) + term(1.0 - p, without);
        }
        self.rows += probabilities.len() as u64;
        self.events += came.iter().map(|&came| u64::from(came == 1)).sum::<u64>();
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.0 += more.0;
            bin.1 += more.1;
        }
        self.entropy += other.entropy;
        self.rows += other.rows;
        self.events += other.events;
    }

    pub(super) fn best(&self) -> BestPossible {
        let (mut below, mut won) = (0.0, 0.0);
        for (positive, negative) in &self.bins {
            won += positive * (below + 0.5 * negative);
            below += negative;
        }
        let positive: f64 = self.bins.iter().map(|bin| bin.0).sum();
        let rows = self.rows as f64;
        BestPossible {
            rate: positive / rows,
            events: self.events,
            auc: won / (positive * below),
            log_loss: self.entropy / rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut optimum = Optimum::default();
        optimum.add(&[0.8], &[1]);
        let mut other = Optimum::default();
        other.add(&[0.2], &[0]);
        optimum.merge(&other);
        let best = optimum.best();
        // Positives weigh .8 and .2, negatives .2 and .8: (.8·(.8 + ½·.2) + .2·½·.8)/(1·1) = .8.
        assert!((best.auc - 0.8).abs() < 1e-12 && (best.rate - 0.5).abs() < 1e-12, "{best:?}");
        assert!((best.log_loss - 0.500_402_423_538_188).abs() < 1e-12 && best.events == 1, "{best:?}");
    }
}
