//! C51: learns the distribution of the return, as probabilities of fixed returns (atoms), and acts on its mean.
//!
//! Bellemare, Dabney & Munos 2017, "A distributional perspective on reinforcement learning" (algorithm 1):
//!
//! ```text
//! z_i = V_min + i Δz, Δz = (V_max − V_min) / (N − 1)          p_i(s, a) = softmax_i of the network's N outputs for a
//! a* = argmax_a Σ_i z_i p_i(s', a)
//! for each j:  T z_j = clip(r + γ z_j, V_min, V_max),  b = (T z_j − V_min) / Δz,  l = ⌊b⌋, u = ⌈b⌉
//!              m_l += p_j(s', a*) (u − b),  m_u += p_j(s', a*) (b − l)
//! minimise  −Σ_i m_i ln p_i(s, a)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | N, V_min, V_max | `atoms`, `least`, `greatest` |
//! | p(s', a*) `[N]` | `p_t` |
//! | m `[N]` | `projected` |
//!
//! Differences from the paper:
//! 1. The loss has −Σ m ln m added, which has no gradient: it is the KL divergence, 0 at the target, and the priority that Hessel et
//!    al. 2018 use.
//! 2. Where b is whole all of p_j goes to that atom; the paper's rule would lose it.

use burn::tensor::{Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};

/// Atoms of the return.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CategoricalConfig {
    /// N ≥ 2 (paper: 51).
    pub atoms: usize,
    /// V_min, the least return there can be (paper: -10, for rewards clipped to [-1, 1]).
    pub least: f64,
    /// V_max above it (paper: 10).
    pub greatest: f64,
}

impl Default for CategoricalConfig {
    fn default() -> Self {
        Self { atoms: 51, least: -10.0, greatest: 10.0 }
    }
}

impl CategoricalConfig {
    /// z_i.
    pub fn atom(&self, index: usize) -> f64 {
        self.least + index as f64 * self.gap()
    }

    fn gap(&self) -> f64 {
        (self.greatest - self.least) / (self.atoms - 1) as f64
    }

    /// Adds m, the distribution of r_t + γ_t Z on the atoms, where Z has probabilities `p_t`.
    ///
    /// # Shapes
    /// - p_t: `[N]`; not read where `discount_t` is 0, as nothing follows
    /// - projected: `[N]`, zero on entry
    pub fn project(&self, r_t: f64, discount_t: f64, p_t: &[f64], projected: &mut [f64]) {
        let (atoms, given) = (projected.len(), p_t.len());
        assert!(atoms == self.atoms && given == atoms, "shapes [{given}] and [{atoms}] for {} atoms", self.atoms);
        let mut put = |z: f64, p: f64| {
            let b = ((z.clamp(self.least, self.greatest) - self.least) / self.gap()).clamp(0.0, (atoms - 1) as f64);
            let (lower, upper) = (b.floor(), b.ceil());
            if lower == upper {
                projected[lower as usize] += p;
            } else {
                projected[lower as usize] += p * (upper - b);
                projected[upper as usize] += p * (b - lower);
            }
        };
        if discount_t == 0.0 {
            return put(r_t, 1.0);
        }
        p_t.iter().enumerate().for_each(|(index, &p)| put(r_t + discount_t * self.atom(index), p));
    }

    /// Σ_i z_i p_i of every action.
    ///
    /// # Shapes
    /// `logits [B, A · N]` → `[B, A]`
    pub(super) fn means(&self, logits: Tensor<2>, actions: usize) -> Tensor<2> {
        let (rows, device) = (logits.dims()[0], logits.device());
        let atoms: Vec<f32> = (0..self.atoms).map(|index| self.atom(index) as f32).collect();
        let z = Tensor::<2>::from_data(TensorData::new(atoms, [self.atoms, 1]), &device);
        let p = activation::softmax(logits.reshape([rows * actions, self.atoms]), 1);
        p.matmul(z).reshape([rows, actions])
    }

    /// Σ m (ln m − ln p) per row, which is also its priority.
    ///
    /// # Shapes
    /// `logits [B, N]`, `m [B, N]` → `[B, 1]`
    pub(super) fn loss(logits: Tensor<2>, m: Tensor<2>) -> Tensor<2> {
        let ln_m = m.clone().clamp_min(1e-30).log();
        (m * (ln_m - activation::log_softmax(logits, 1))).sum_dim(1)
    }
}

/// softmax of one action's logits.
pub(super) fn probabilities(logits: &[f64], p: &mut Vec<f64>) {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    p.clear();
    p.extend(logits.iter().map(|logit| (logit - largest).exp()));
    let sum: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    const FIVE: CategoricalConfig = CategoricalConfig { atoms: 5, least: -2.0, greatest: 2.0 };

    fn projected(r_t: f64, discount_t: f64, p_t: [f64; 5]) -> Vec<f64> {
        let mut m = vec![0.0; 5];
        FIVE.project(r_t, discount_t, &p_t, &mut m);
        m
    }

    fn close(found: &[f64], expected: [f64; 5]) {
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12), "{found:?} instead of {expected:?}");
    }

    #[test]
    fn projection_equals_hand_computation() {
        // Atoms −2, −1, 0, 1, 2. 0.25 + 0.5 z: −0.75, −0.25, 0.25, 0.75, 1.25, of which the fractions go to the neighbours.
        let m = projected(0.25, 0.5, [0.1, 0.2, 0.4, 0.2, 0.1]);
        // −1: 0.1 · 0.75 + 0.2 · 0.25; 0: 0.1 · 0.25 + 0.2 · 0.75 + 0.4 · 0.75 + 0.2 · 0.25; ...
        close(&m, [0.0, 0.125, 0.525, 0.325, 0.025]);
        // The mean moves as the return does where nothing is clipped: 0.25 + 0.5 · 0.
        let mean: f64 = m.iter().enumerate().map(|(index, m)| m * FIVE.atom(index)).sum();
        assert!((mean - 0.25).abs() < 1e-12);
    }

    #[test]
    fn returns_beyond_the_atoms_are_clipped_and_whole_places_keep_all() {
        close(&projected(10.0, 1.0, [0.2; 5]), [0.0, 0.0, 0.0, 0.0, 1.0]);
        close(&projected(1.0, 1.0, [0.2; 5]), [0.0, 0.2, 0.2, 0.2, 0.4]);
    }

    #[test]
    fn nothing_follows_a_termination() {
        close(&projected(-0.5, 0.0, [f64::NAN; 5]), [0.0, 0.5, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn means_and_loss_equal_hand_computation() {
        let device = Device::flex();
        let config = CategoricalConfig { atoms: 2, least: 0.0, greatest: 4.0 };
        let ln3 = 3.0_f32.ln();
        let means = config.means(Tensor::from_data([[0.0, ln3, 0.0, 0.0]], &device), 2);
        let means: Vec<f32> = means.into_data().iter::<f32>().collect();
        assert!((means[0] - 3.0).abs() < 1e-6 && (means[1] - 2.0).abs() < 1e-6, "{means:?}"); // p = [¼, ¾], [½, ½]
        let m = Tensor::<2>::from_data([[0.0, 1.0], [0.25, 0.75]], &device);
        let logits = Tensor::<2>::from_data([[0.0, ln3], [0.0, ln3]], &device);
        let loss: Vec<f32> = CategoricalConfig::loss(logits, m).into_data().iter::<f32>().collect();
        assert!((loss[0] + 0.75_f32.ln()).abs() < 1e-6 && loss[1].abs() < 1e-6, "{loss:?}");
        let mut p = Vec::new();
        probabilities(&[1000.0, 1000.0 + f64::from(ln3)], &mut p);
        assert!((p[1] - 0.75).abs() < 1e-6);
    }
}
