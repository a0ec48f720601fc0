//! Losses: weighted, masked, and averaged over the rows whose label counts. One file each.
//!
//! ```text
//! L = Σᵢ wᵢ ℓ(zᵢ, yᵢ) / Σᵢ wᵢ           0 where Σ w = 0
//! ```
//!
//! Weights arrive divided by their sum over the batch ([`upload`](crate::upload) does it in f64 on the host), so what
//! remains here is a weighted sum, nothing is divided by a device value, and a batch without labels gives 0 and not 0/0. A
//! weight of zero multiplies the gradient by zero: a masked row teaches nothing.

mod binary;
mod chain;
mod focal;
mod ordinal;
mod regression;
mod slate;
mod softmax;
mod watch_time;

pub use binary::binary_cross_entropy;
pub use chain::{LogProbabilities, ordering_penalty};
pub use focal::focal_cross_entropy;
pub(crate) use ordinal::initial_thresholds;
pub use ordinal::ordinal_cross_entropy;
pub use regression::{pinball, squared_error};
pub use slate::slate_cross_entropy;
pub use softmax::{smoothed_softmax_cross_entropy, softmax_cross_entropy};
pub use watch_time::watch_time_cross_entropy;

/// What the tests of the losses share.
#[cfg(test)]
mod testing {
    use burn::tensor::{Device, Tensor, TensorData};

    /// A column `[rows, columns]` of host values.
    pub(super) fn tensor(values: &[f32], columns: usize, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / columns, columns]), device)
    }

    pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    /// Within 1e-6, relative to numbers above 1.
    pub(super) fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len(), "{found:?} against {expected:?}");
        for (one, other) in found.iter().zip(expected) {
            assert!((one - other).abs() <= 1e-6 * other.abs().max(1.0), "{found:?} against {expected:?}");
        }
    }

    /// The loss of these logits `[rows, columns]`, and its gradient.
    pub(super) fn with_gradient(
        logits: &[f32],
        columns: usize,
        loss: impl Fn(Tensor<2>, &Device) -> Tensor<1>,
    ) -> (Vec<f32>, Vec<f32>) {
        let device = Device::flex().autodiff();
        let logits = tensor(logits, columns, &device).require_grad();
        let loss = loss(logits.clone(), &device);
        let gradients = loss.clone().sum().backward();
        let gradient = logits.grad(&gradients).map(values).unwrap_or_default();
        assert_eq!(gradient.len(), logits.dims().iter().product::<usize>(), "the loss does not depend on the logits");
        (values(loss.inner()), gradient)
    }
}
