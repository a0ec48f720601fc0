//! `soft_update`: a target network follows the learned one by a share per step.
//!
//! ```text
//! θ⁻ ← (1 − τ) θ⁻ + τ θ
//! ```
//!
//! Lillicrap et al. 2016, "Continuous control with deep reinforcement learning"; the average is Polyak & Juditsky's (1992).

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The target network after one step; both of one shape and without autodiff, τ = `rate` in \[0, 1\].
pub(crate) fn soft_update<M: Module>(target: M, online: &M, rate: f64) -> M {
    let mut weights = Weights(Vec::new());
    online.visit(&mut weights);
    target.map(&mut Towards { weights: weights.0.into_iter(), rate })
}

/// All weights of a network in its order, each flat.
struct Weights(Vec<Tensor<1>>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let count = value.dims().iter().product::<usize>();
        self.0.push(value.reshape([count]));
    }
}

struct Towards {
    weights: std::vec::IntoIter<Tensor<1>>,
    rate: f64,
}

impl ModuleMapper for Towards {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(weight) = self.weights.next() else { return param };
        let rate = self.rate;
        param.map(|lagging| {
            let shape = lagging.dims();
            lagging * (1.0 - rate) + weight.reshape(shape) * rate
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use slatewise_model::{Mlp, MlpConfig};

    #[test]
    fn every_weight_moves_by_its_share() {
        let make =
            |seed| -> Mlp { MlpConfig::new(vec![3, 2]).init(2, &mut ChaCha8Rng::seed_from_u64(seed), &Device::flex()) };
        let (target, learned) = (make(1), make(2));
        let weights = |network: &Mlp| {
            let mut weights = Weights(Vec::new());
            network.visit(&mut weights);
            weights.0.into_iter().flat_map(|w| w.into_data().iter::<f32>().collect::<Vec<_>>()).collect::<Vec<f32>>()
        };
        let (before, aim) = (weights(&target), weights(&learned));
        let after = weights(&soft_update(target.clone(), &learned, 0.25));
        assert_eq!(after.len(), 2 * 3 + 3 + 3 * 2 + 2);
        let moved = |((&a, &b), &o): ((&f32, &f32), &f32)| (a - (0.75 * b + 0.25 * o)).abs() < 1e-6;
        assert!(after.iter().zip(&before).zip(&aim).all(moved));
        assert_eq!(weights(&soft_update(target, &learned, 1.0)), aim);
    }
}
