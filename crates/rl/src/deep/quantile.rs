//! QR-DQN: learns the distribution of the return, as N returns that are equally likely (quantiles), and acts on their mean.
//!
//! Dabney, Rowland, Bellemare & Munos 2018, "Distributional reinforcement learning with quantile regression" (algorithm 1, κ = 1):
//!
//! ```text
//! Q(s, a) = 1/N Σ_i θ_i(s, a)          a* = argmax_a Q(s', a)          T θ_j = r + γ θ_j(s', a*)
//! minimise  Σ_i 1/N Σ_j ρ_i(T θ_j − θ_i(s, a))
//! ρ_i(u) = |τ̂_i − [u < 0]| huber(u),   τ̂_i = (2 i + 1) / (2 N)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | N | `quantiles` |
//! | θ(s, a), T θ `[B, N]` | `theta`, `target` |
//! | u `[B, N, N]` | `u` |
//!
//! Differences from the paper: 1. with prioritised replay a row's loss is its priority.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::value_learning::sarsa_target;

/// Quantiles of the return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuantileConfig {
    /// N ≥ 1 (paper: 200).
    pub quantiles: usize,
}

impl Default for QuantileConfig {
    fn default() -> Self {
        Self { quantiles: 200 }
    }
}

/// T θ_j for every quantile of the next action: each is a value to bootstrap from by itself.
///
/// # Shapes
/// `theta_t [N]` → `target [N]`, overwritten
pub fn quantile_targets(r_t: f64, discount_t: f64, theta_t: &[f64], target: &mut [f64]) {
    for (index, target) in target.iter_mut().enumerate() {
        *target = sarsa_target(r_t, discount_t, theta_t, index);
    }
}

impl QuantileConfig {
    /// 1/N Σ θ_i of every action.
    ///
    /// # Shapes
    /// `theta [B, A · N]` → `[B, A]`
    pub(super) fn means(theta: Tensor<2>, actions: usize) -> Tensor<2> {
        let [rows, width] = theta.dims();
        theta.reshape([rows * actions, width / actions]).mean_dim(1).reshape([rows, actions])
    }

    /// Σ_i 1/N Σ_j ρ_i(T θ_j − θ_i) per row.
    ///
    /// # Shapes
    /// `theta [B, N]`, `target [B, N]` → `[B, 1]`
    pub(super) fn loss(theta: Tensor<2>, target: Tensor<2>) -> Tensor<2> {
        let [rows, count] = theta.dims();
        let tau: Vec<f32> = (0..count).map(|i| (2 * i + 1) as f32 / (2 * count) as f32).collect();
        let tau = Tensor::<3>::from_data(TensorData::new(tau, [1, count, 1]), &theta.device());
        let u = target.reshape([rows, 1, count]) - theta.reshape([rows, count, 1]);
        let below = u.clone().detach().lower_elem(0.0).float();
        let clipped = u.clone().clamp(-1.0, 1.0);
        let huber = clipped.clone() * (u - clipped * 0.5);
        let rho = (tau - below).abs() * huber;
        rho.mean_dim(2).sum_dim(1).reshape([rows, 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn targets_and_means_equal_hand_computation() {
        let mut target = [0.0; 2];
        quantile_targets(1.0, 0.5, &[2.0, 6.0], &mut target);
        assert_eq!(target, [2.0, 4.0]);
        quantile_targets(1.0, 0.0, &[f64::NEG_INFINITY; 2], &mut target);
        assert_eq!(target, [1.0, 1.0]);
        let theta = Tensor::<2>::from_data([[1.0, 3.0, -2.0, 0.0]], &Device::flex());
        let means: Vec<f32> = QuantileConfig::means(theta, 2).into_data().iter::<f32>().collect();
        assert_eq!(means, [2.0, -1.0]);
    }

    #[test]
    fn loss_and_its_gradient_equal_hand_computation() {
        let device = Device::flex().autodiff();
        let theta = Tensor::<2>::from_data([[0.0, 1.0]], &device).require_grad();
        let loss = QuantileConfig::loss(theta.clone(), Tensor::from_data([[0.5, 3.0]], &device));
        // τ̂ = ¼, ¾. i = 0: u = 0.5, 3 → ¼ · (0.125 + 2.5) / 2. i = 1: u = −0.5, 2 → (¼ · 0.125 + ¾ · 1.5) / 2.
        let expected = 0.25 * 2.625 / 2.0 + (0.25 * 0.125 + 0.75 * 1.5) / 2.0;
        assert!((loss.clone().into_scalar::<f32>() - expected).abs() < 1e-6);
        let mut gradients = loss.sum().backward();
        let gradient: Vec<f32> = theta.grad_remove(&mut gradients).unwrap().into_data().iter::<f32>().collect();
        // −(¼ · 0.5 + ¼ · 1) / 2 and −(¼ · (−0.5) + ¾ · 1) / 2.
        assert!((gradient[0] + 0.1875).abs() < 1e-6 && (gradient[1] + 0.3125).abs() < 1e-6, "{gradient:?}");
    }
}
