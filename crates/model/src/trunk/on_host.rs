//! The layers on the host in f64, for tests that write an equation out.

use burn::nn::Linear;
use burn::tensor::Tensor;

pub(super) fn values(tensor: Tensor<2>) -> Vec<f64> {
    tensor.into_data().iter::<f32>().map(f64::from).collect()
}

/// x W + b of one row.
pub(super) fn linear(layer: &Linear, x: &[f64]) -> Vec<f64> {
    let [_, outputs] = layer.weight.dims();
    let weight = values(layer.weight.val());
    let bias: Vec<f64> = match &layer.bias {
        Some(bias) => bias.val().into_data().iter::<f32>().map(f64::from).collect(),
        None => vec![0.0; outputs],
    };
    let output = |j: usize| bias[j] + x.iter().enumerate().map(|(i, x)| x * weight[i * outputs + j]).sum::<f64>();
    (0..outputs).map(output).collect()
}

pub(super) fn relu(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.max(0.0)).collect()
}

pub(super) fn softmax(x: &[f64]) -> Vec<f64> {
    let sum: f64 = x.iter().map(|x| x.exp()).sum();
    x.iter().map(|x| x.exp() / sum).collect()
}

/// Σᵢ weightᵢ · vectorᵢ.
pub(super) fn weighted(weight: &[f64], vectors: &[&[f64]]) -> Vec<f64> {
    assert_eq!(weight.len(), vectors.len());
    let column = |j: usize| weight.iter().zip(vectors).map(|(weight, vector)| weight * vector[j]).sum();
    (0..vectors[0].len()).map(column).collect()
}

pub(super) fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} against {expected:?}");
    assert!(expected.iter().any(|value| *value != 0.0), "nothing to compare: {expected:?}");
    for (one, other) in found.iter().zip(expected) {
        assert!((one - other).abs() < 1e-6, "{found:?} against {expected:?}");
    }
}
