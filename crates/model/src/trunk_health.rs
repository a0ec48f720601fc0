//! `TrunkHealth`: whether a trunk's gates choose, whether its experts are used, and whether they differ.
//!
//! ```text
//! entropy        mean over rows of -Σᵢ gᵢ ln gᵢ / ln n        0: one expert takes all, on each row   1: uniform
//! utilisation    mean over rows of gᵢ, per expert             sums to 1; below 1 / (10 n) counts as unused
//! similarity     mean over rows and pairs i < j of cos(eᵢ, eⱼ) 1: the experts say the same
//! ```
//!
//! Read them together: entropy near 0 with few experts used is a collapsed gate; entropy near 1 is a gate that does not
//! choose, and with a similarity near 1 too the experts are copies and one would do. Entropy near 0 with even
//! utilisation is the good case: each row has its expert, and all are needed.
//!
//! # Reference
//! Collapse and its measures in mixtures of experts: Shazeer et al. 2017, "Outrageously Large Neural Networks: The
//! Sparsely-Gated Mixture-of-Experts Layer", ICLR, section 4.

use crate::error::device_error;
use crate::{Error, Trunk};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The state of each gate of a trunk on some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrunkHealth {
    /// In the trunk's order; empty where nothing is mixed.
    pub gates: Vec<GateHealth>,
}

/// The state of one gate and the experts that it mixes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateHealth {
    /// Where the gate stands in the trunk.
    pub name: String,
    /// Names of the experts.
    pub experts: Vec<String>,
    /// Mean entropy divided by ln n, 0 to 1; `None` with a single expert.
    pub entropy: Option<f64>,
    /// Mean weight per expert, summing to 1.
    pub utilisation: Vec<f64>,
    /// Number of experts whose mean weight is below 1 / (10 n).
    pub unused: usize,
    /// Mean pairwise cosine similarity of the experts' outputs, -1 to 1, over rows and pairs where neither is zero;
    /// `None` where there is no such pair.
    pub similarity: Option<f64>,
}

impl TrunkHealth {
    /// Runs gates and experts on some rows and reads the result from the device in one go.
    ///
    /// # Shapes
    /// - x: `[B, input]`, the trunk's input on the trunk's device; a few thousand rows are plenty
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] without rows, [`Error::Device`] where the result cannot be read.
    pub fn measure(trunk: &Trunk, x: Tensor<2>) -> Result<Self, Error> {
        let rows = x.dims()[0];
        if rows == 0 {
            return Err(Error::EmptyBatch);
        }
        let gates = trunk.gates(x.clone());
        let (names, outputs): (Vec<String>, Vec<Tensor<2>>) = trunk.experts(x).into_iter().unzip();
        let mut tensors: Vec<Tensor<2>> = gates.iter().map(|gate| gate.weight.clone()).collect();
        tensors.extend(outputs);
        let mut arrays = read(tensors)?;
        let outputs = arrays.split_off(gates.len());
        let health = gates.iter().zip(&arrays).map(|(gate, weight)| {
            let experts = gate.experts.iter().map(|&expert| names[expert].clone()).collect();
            let outputs: Vec<&[f32]> = gate.experts.iter().map(|&expert| outputs[expert].as_slice()).collect();
            GateHealth::new(gate.name.clone(), experts, weight, &outputs, rows)
        });
        Ok(Self { gates: health.collect() })
    }
}

/// The tensors' values, one round trip for all.
fn read(tensors: Vec<Tensor<2>>) -> Result<Vec<Vec<f32>>, Error> {
    if tensors.is_empty() {
        return Ok(Vec::new());
    }
    let sizes: Vec<usize> = tensors.iter().map(|tensor| tensor.dims().iter().product()).collect();
    let flat = tensors.into_iter().zip(&sizes).map(|(tensor, &size)| tensor.reshape([size])).collect();
    let data = Tensor::<1>::cat(flat, 0).try_into_data().map_err(device_error)?;
    let mut values = data.iter::<f32>();
    Ok(sizes.iter().map(|&size| values.by_ref().take(size).collect()).collect())
}

impl GateHealth {
    /// Measures a gate from host arrays.
    ///
    /// # Shapes
    /// - experts: n names
    /// - weight: `[rows, n]`, each row a distribution
    /// - outputs: n of `[rows, hidden]`
    pub fn new(name: String, experts: Vec<String>, weight: &[f32], outputs: &[&[f32]], rows: usize) -> Self {
        let count = experts.len();
        assert_eq!(weight.len(), rows * count, "{} weights of {rows} rows and {count} experts", weight.len());
        assert_eq!(outputs.len(), count, "{} outputs of {count} experts", outputs.len());
        let utilisation = utilisation(weight, count);
        let unused = utilisation.iter().filter(|&&share| share < 0.1 / count as f64).count();
        let (entropy, similarity) = (normalised_entropy(weight, count), mean_cosine(outputs, rows));
        Self { name, experts, entropy, utilisation, unused, similarity }
    }
}

/// Mean weight of each of `count` experts over the rows of `weight`.
fn utilisation(weight: &[f32], count: usize) -> Vec<f64> {
    let mut sum = vec![0.0; count];
    for row in weight.chunks_exact(count) {
        sum.iter_mut().zip(row).for_each(|(sum, &weight)| *sum += f64::from(weight));
    }
    let rows = (weight.len() / count) as f64;
    sum.into_iter().map(|sum| sum / rows).collect()
}

/// Mean over rows of -Σ g ln g / ln `count`, with 0 ln 0 = 0.
fn normalised_entropy(weight: &[f32], count: usize) -> Option<f64> {
    let term = |&weight: &f32| if weight > 0.0 { -f64::from(weight) * f64::from(weight).ln() } else { 0.0 };
    let rows = (weight.len() / count) as f64;
    (count > 1).then(|| weight.iter().map(term).sum::<f64>() / rows / (count as f64).ln())
}

/// Mean over rows and pairs of the cosine of two experts' outputs, leaving out pairs with a zero vector.
fn mean_cosine(outputs: &[&[f32]], rows: usize) -> Option<f64> {
    let (mut sum, mut pairs) = (0.0, 0_usize);
    for row in 0..rows {
        let of_row = outputs.iter().map(|output| {
            let width = output.len() / rows;
            &output[row * width..][..width]
        });
        let vectors: Vec<(&[f32], f64)> =
            of_row.map(|vector| (vector, dot(vector, vector).sqrt())).filter(|(_, length)| *length > 0.0).collect();
        for (i, (one, length)) in vectors.iter().enumerate() {
            for (other, other_length) in &vectors[i + 1..] {
                sum += dot(one, other) / (length * other_length);
                pairs += 1;
            }
        }
    }
    (pairs > 0).then(|| sum / pairs as f64)
}

fn dot(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AitmConfig, MmoeConfig, PleConfig, SharedBottomConfig, TrunkConfig};
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use slatewise_features::FeatureLayout;

    fn health(weight: &[f32], outputs: &[&[f32]], rows: usize) -> GateHealth {
        let experts = (0..outputs.len()).map(|i| format!("expert.{i}")).collect();
        GateHealth::new("task.0".into(), experts, weight, outputs, rows)
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-7), "{found:?} against {expected}");
    }

    #[test]
    fn a_collapsed_gate_has_entropy_zero_and_a_uniform_one_entropy_one() {
        let expert = [1.0_f32, 0.0, 0.0, 1.0];
        let collapsed = health(&[0.0, 1.0, 0.0, 1.0], &[&expert, &expert], 2);
        assert_eq!((collapsed.entropy, collapsed.utilisation, collapsed.unused), (Some(0.0), vec![0.0, 1.0], 1));
        let uniform = health(&[0.5; 4], &[&expert, &expert], 2);
        close(uniform.entropy, 1.0);
        assert_eq!((uniform.utilisation, uniform.unused), (vec![0.5, 0.5], 0));
        // Each row chooses, and both experts are needed.
        let specialised = health(&[0.0, 1.0, 1.0, 0.0], &[&expert, &expert], 2);
        assert_eq!((specialised.entropy, specialised.utilisation), (Some(0.0), vec![0.5, 0.5]));
        assert_eq!(health(&[1.0, 1.0], &[&expert], 2).entropy, None, "a single expert leaves nothing to choose");
    }

    #[test]
    fn entropy_and_utilisation_equal_hand_computation() {
        // Row 0: 1/2, 1/4, 1/4 has 3/2 ln 2. Row 1: 0, 1, 0 has 0. Mean 3/4 ln 2, divided by ln 3.
        let one = [1.0_f32; 2];
        let found = health(&[0.5, 0.25, 0.25, 0.0, 1.0, 0.0], &[&one, &one, &one], 2);
        close(found.entropy, 0.75 * 2.0_f64.ln() / 3.0_f64.ln());
        assert_eq!(found.utilisation, [0.25, 0.625, 0.125]);
        // Of 4 experts, a mean weight below 1/40 is unused; 1/32 is not.
        let shares = [0.9375, 0.03125, 0.015625, 0.015625];
        assert_eq!(health(&shares, &[&one[..1]; 4], 1).unused, 2);
    }

    #[test]
    fn similarity_equals_hand_computation() {
        // Row 0: [3, 4], [4, 3], [-3, -4]: cosines 24/25, -1, -24/25. Row 1: [1, 0], [0, 2] and a zero: cosine 0.
        let outputs: [&[f32]; 3] = [&[3.0, 4.0, 1.0, 0.0], &[4.0, 3.0, 0.0, 2.0], &[-3.0, -4.0, 0.0, 0.0]];
        close(health(&[1.0 / 3.0; 6], &outputs, 2).similarity, -0.25);
        let zeros = [0.0_f32; 4];
        assert_eq!(health(&[0.5; 4], &[&zeros, &zeros], 2).similarity, None);
    }

    #[test]
    fn every_gate_of_a_trunk_is_measured() -> Result<(), Error> {
        let layout = FeatureLayout { tables: vec![], fields: vec![], dense: vec!["a".into(), "b".into(), "c".into()] };
        let device = Device::flex();
        let x = Tensor::<2>::from_data([[1.0, -2.0, 0.5], [0.3, 0.9, -1.0], [2.0, 0.0, 1.0]], &device);
        let measure = |trunk: TrunkConfig| {
            let trunk = trunk.init(&layout, 2, &mut ChaCha8Rng::seed_from_u64(2), &device);
            TrunkHealth::measure(&trunk, x.clone())
        };
        let widths = vec![16];
        assert!(measure(TrunkConfig::SharedBottom(SharedBottomConfig { widths: widths.clone() }))?.gates.is_empty());
        let mmoe = TrunkConfig::Mmoe(MmoeConfig { experts: 3, widths: widths.clone() });
        let ple = PleConfig { levels: 2, shared_experts: 1, task_experts: 2, widths: widths.clone() };
        let aitm = TrunkConfig::Aitm(AitmConfig { widths });
        for (trunk, gates) in [(mmoe, vec![3, 3]), (TrunkConfig::Ple(ple), vec![3, 3, 5, 3, 3]), (aitm, vec![2])] {
            let health = measure(trunk)?;
            assert_eq!(health.gates.iter().map(|gate| gate.experts.len()).collect::<Vec<_>>(), gates);
            for gate in &health.gates {
                assert!((gate.utilisation.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{gate:?}");
                assert!(gate.entropy.is_some_and(|entropy| (0.5..1.0).contains(&entropy)), "{gate:?}");
                assert!(gate.similarity.is_some_and(|similarity| similarity.abs() < 1.0), "{gate:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn measure_reads_the_gates_and_experts_that_the_trunk_reports() -> Result<(), Error> {
        let layout = FeatureLayout { tables: vec![], fields: vec![], dense: vec!["a".into(), "b".into()] };
        let (device, config) = (Device::flex(), MmoeConfig { experts: 2, widths: vec![5] });
        let trunk = TrunkConfig::Mmoe(config).init(&layout, 3, &mut ChaCha8Rng::seed_from_u64(2), &device);
        let x = Tensor::<2>::from_data([[1.0, -2.0], [0.3, 0.9]], &device);
        let host = |tensor: &Tensor<2>| tensor.clone().into_data().iter::<f32>().collect::<Vec<f32>>();
        let outputs: Vec<Vec<f32>> = trunk.experts(x.clone()).iter().map(|(_, output)| host(output)).collect();
        let gate = &trunk.gates(x.clone())[2];
        let expected = health(&host(&gate.weight), &[&outputs[0], &outputs[1]], 2);
        let found = TrunkHealth::measure(&trunk, x)?.gates.swap_remove(2);
        assert_eq!(found, GateHealth { name: "task.2".into(), ..expected });
        Ok(())
    }
}
