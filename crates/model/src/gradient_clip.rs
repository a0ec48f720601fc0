//! Clipping of a gradient by its global norm.
//!
//! ```text
//! ‖g‖ = √(Σ over all parameters Σ gᵢ²)
//! g  ← g · min(1, c / ‖g‖)
//! ```
//!
//! The norm is taken over the whole model, so that clipping changes the step's length and not its direction; burn's own
//! clipping takes it per parameter. Embedding tables count with the summed gradients of their touched rows.
//!
//! # Reference
//! Pascanu, Mikolov, Bengio 2013, "On the difficulty of training recurrent neural networks", Algorithm 1.

use crate::Error;
use crate::error::device_error;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// What all gradients of a global norm are to be multiplied by so that it is at most `max_norm`.
pub(crate) fn clip_factor(norm: f64, max_norm: f64) -> f64 {
    if norm <= max_norm { 1.0 } else { max_norm / norm }
}

/// The global norm; `elsewhere` is the sum of squares of gradients that are not the module's. Infinite or NaN where gradients
/// are, and above about 10¹⁹, whose square f32 does not hold. Waits for the device.
pub(crate) fn global_norm<M: Module>(gradients: &GradientsParams, module: &M, elsewhere: f64) -> Result<f64, Error> {
    let mut squares = SumOfSquares { gradients, sum: None };
    module.visit(&mut squares);
    let of_module = match squares.sum {
        Some(sum) => sum.try_into_data().map_err(device_error)?.iter::<f64>().sum(),
        None => 0.0,
    };
    Ok((of_module + elsewhere).sqrt())
}

/// Whether all gradients are finite; false also where they are so large that their sum is not. Waits for the device.
pub(crate) fn is_finite<M: Module>(gradients: &GradientsParams, module: &M) -> Result<bool, Error> {
    let mut sums = Sums { gradients, sums: Vec::new() };
    module.visit(&mut sums);
    for sum in sums.sums {
        if !sum.try_into_data().map_err(device_error)?.iter::<f64>().all(f64::is_finite) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Multiplies all gradients of `module`.
pub(crate) fn scale<M: Module>(gradients: &mut GradientsParams, module: &M, factor: f64) {
    if factor != 1.0 {
        module.visit(&mut Scale { gradients, factor });
    }
}

/// Clips all gradients of `module` to a global norm of at most `max_norm`, without waiting for the device: the factor stays there.
pub fn clip_on_device<M: Module>(gradients: &mut GradientsParams, module: &M, max_norm: f64) {
    let mut squares = SumOfSquares { gradients, sum: None };
    module.visit(&mut squares);
    let Some(sum) = squares.sum else { return };
    // c / max(‖g‖, c) is 1 where the norm is within bounds.
    let factor = sum.sqrt().clamp_min(max_norm).recip() * max_norm;
    module.visit(&mut ScaleBy { gradients, factor });
}

struct SumOfSquares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else { return };
        // Row by row first: a single sum over millions of values is split by the number of threads.
        let sum = gradient.square().sum_dim(D - 1).sum();
        self.sum = Some(self.sum.take().map_or(sum.clone(), |total| total + sum));
    }
}

/// A NaN or an infinity among some values makes their sum one.
struct Sums<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Sums<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.sums.extend(self.gradients.get::<D>(param.id).map(Tensor::sum));
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}

struct ScaleBy<'a> {
    gradients: &'a mut GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for ScaleBy<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor.clone().reshape([1; D]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mlp, MlpConfig};
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Gradient of 3 · (w + b) with input 4/3: weight 4, bias 3, global norm 5.
    fn clipped(max_norm: f64, on_device: bool) -> Vec<f32> {
        let device = Device::flex().autodiff();
        let network: Mlp = MlpConfig::new([1]).init(1, &mut ChaCha8Rng::seed_from_u64(0), &device);
        let x = Tensor::<2>::from_data([[4.0 / 3.0]], &device);
        let mut gradients = GradientsParams::from_grads((network.forward(x) * 3.0).sum().backward(), &network);
        if on_device {
            clip_on_device(&mut gradients, &network, max_norm);
        } else if let Ok(norm) = global_norm(&gradients, &network, 0.0) {
            scale(&mut gradients, &network, clip_factor(norm, max_norm));
        }
        let layer = &network.layers()[0];
        let weight = gradients.get::<2>(layer.weight.id).map(|gradient| gradient.into_scalar::<f32>());
        let bias = layer.bias.as_ref().and_then(|bias| gradients.get::<1>(bias.id));
        weight.into_iter().chain(bias.map(|gradient| gradient.into_scalar::<f32>())).collect()
    }

    #[test]
    fn a_long_gradient_keeps_its_direction() {
        for on_device in [false, true] {
            let found = clipped(1.0, on_device);
            assert_eq!(found.len(), 2);
            assert!((found[0] - 0.8).abs() < 1e-6 && (found[1] - 0.6).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn a_short_gradient_stays() {
        assert_eq!(clipped(5.5, false), [4.0, 3.0]);
        assert_eq!(clipped(5.5, true), [4.0, 3.0]);
    }
}
