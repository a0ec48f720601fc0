//! `Gate`: how much of each expert a representation is made of, and the mixture that it makes.
//!
//! ```text
//! h = Σᵢ gᵢ eᵢ             g [B, n], each row sums to 1;   eᵢ [B, hidden], n of them
//! ```
//!
//! Gates over the same experts mix them all in one batched product, [`mixtures`]; a gate over some of them takes a sum of
//! outputs times a column of its weights, [`mixture`].

use burn::tensor::Tensor;

/// The weights of one gate on a batch, for whoever asks what a trunk does.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Where it stands in the trunk: `task.1`, `level.0.shared`.
    pub name: String,
    /// `[B, n]`, each row a distribution over the n experts of the gate.
    pub weight: Tensor<2>,
    /// Per column of `weight`: index into [`Trunk::experts`](super::Trunk::experts).
    pub experts: Vec<usize>,
}

/// Σᵢ `outputs[experts[i]]` · column `first + i` of `weight`; at least one expert.
///
/// # Shapes
/// - outputs: `[B, hidden]` each
/// - weight: `[B, ≥ first + experts.len()]`
/// - output: `[B, hidden]`
pub(super) fn mixture(outputs: &[Tensor<2>], experts: &[usize], weight: &Tensor<2>, first: usize) -> Tensor<2> {
    let term = |i: usize| outputs[experts[i]].clone() * weight.clone().narrow(1, first + i, 1);
    (1..experts.len()).fold(term(0), |sum, i| sum + term(i))
}

/// hₖ = Σᵢ gₖᵢ eᵢ for gates over the same experts.
///
/// # Shapes
/// - outputs: `[B, hidden]` each, n of them
/// - weight: `[B, gates, n]`
/// - output: per gate `[B, hidden]`
pub(super) fn mixtures(outputs: Vec<Tensor<2>>, weight: Tensor<3>) -> Vec<Tensor<2>> {
    let [rows, gates, experts] = weight.dims();
    let outputs = Tensor::cat(outputs, 1);
    let hidden = outputs.dims()[1] / experts;
    let mixed = weight.matmul(outputs.reshape([rows, experts, hidden])).reshape([rows, gates * hidden]);
    (0..gates).map(|gate| mixed.clone().narrow(1, gate * hidden, hidden)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn a_mixture_equals_hand_computation() {
        let device = Device::flex();
        let output = |values: [[f32; 2]; 2]| Tensor::<2>::from_data(values, &device);
        let outputs = [output([[9.0, 9.0], [9.0, 9.0]]), output([[1.0, 2.0], [3.0, 4.0]]), output([[10.0, 0.0]; 2])];
        let weight = Tensor::from_data([[7.0, 0.5, 0.25], [7.0, 0.0, 1.0]], &device);
        // Experts 2 and 1, columns 1 and 2: row 0 is 0.5 · [10, 0] + 0.25 · [1, 2], row 1 is [3, 4].
        let found = mixture(&outputs, &[2, 1], &weight, 1);
        found.into_data().assert_eq(&TensorData::from([[5.25_f32, 0.5], [3.0, 4.0]]), true);
    }

    #[test]
    fn mixtures_of_the_same_experts_equal_hand_computation() {
        let device = Device::flex();
        let outputs = vec![
            Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &device),
            Tensor::<2>::from_data([[10.0, 0.0], [0.0, 10.0]], &device),
        ];
        let weight = Tensor::<3>::from_data([[[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [0.0, 1.0]]], &device);
        let found = mixtures(outputs, weight);
        found[0].clone().into_data().assert_eq(&TensorData::from([[5.5_f32, 1.0], [0.75, 8.5]]), true);
        found[1].clone().into_data().assert_eq(&TensorData::from([[1.0_f32, 2.0], [0.0, 10.0]]), true);
    }
}
