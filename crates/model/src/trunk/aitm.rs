//! AITM, adaptive information transfer: tasks form a chain, and each takes what it wants from the one before.
//!
//! ```text
//! qₖ     = MLPₖ(x)                       own network of task k               [B, input] → [B, d]
//! z₁     = q₁
//! pₖ₋₁   = ReLU(Vₖ₋₁ zₖ₋₁ + bₖ₋₁)        what task k - 1 passes on           [B, d]
//! w_u    = softmax over u ∈ {pₖ₋₁, qₖ} of ⟨h₂(u), h₃(u)⟩ / √d                [B, 2]
//! zₖ     = Σ_u w_u h₁(u)                 the representation of task k > 1    [B, d]
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | q_t | output of `bottom[t]` |
//! | g_t | `transfer[t]`, from task t to task t + 1 |
//! | h₁, h₂, h₃ | `attention.value`, `attention.query`, `attention.key`: one set for the whole chain, as in the paper |
//!
//! The order of the tasks is the order of the steps: impression, click, purchase.
//!
//! Differences from the paper: 1. no dropout; 2. the paper calls h₁ to h₃ feed-forward networks, here they are linear
//! maps without bias, which is how public implementations read it. The calibrator, which asks that a later step be no
//! likelier than an earlier one, is a loss and stands with the losses.
//!
//! # Reference
//! Xi, Chen, Yan, Zhang, Zhu, Zhuang, Chen 2021, "Modeling the Sequential Dependence among Audience Multi-step
//! Conversions with Multi-task Learning in Targeted Display Advertising", KDD.

use super::gate::{Gate, mixture};
use super::validate_widths;
use crate::mlp::weight_only;
use crate::{Error, Mlp, MlpConfig};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Shape of an [`Aitm`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AitmConfig {
    /// Output width of each layer of a task's network; the last one is the width d of the representation.
    pub widths: Vec<usize>,
}

/// One network per task, and the transfer from each task to the next.
#[derive(Module, Debug)]
pub struct Aitm {
    bottom: Vec<Mlp>,
    transfer: Vec<Mlp>,
    attention: Option<Attention>,
}

/// h₁, h₂ and h₃; a single task has nothing to attend to.
#[derive(Module, Debug)]
struct Attention {
    value: Linear,
    query: Linear,
    key: Linear,
}

/// One link of the chain: h₁(pₖ₋₁) and h₁(qₖ), and their weights `[B, 2]`.
struct Link {
    values: [Tensor<2>; 2],
    weight: Tensor<2>,
}

impl AitmConfig {
    /// Draws the weights for `input` values and `tasks` tasks: the tasks' networks, the transfers, then h₁ to h₃.
    pub fn init(&self, input: usize, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Aitm {
        let bottom = MlpConfig::new(self.widths.clone()).with_activated_last();
        let width = bottom.output(input);
        let transfer = MlpConfig::new([width]).with_activated_last();
        Aitm {
            bottom: (0..tasks).map(|_| bottom.init(input, rng, device)).collect(),
            transfer: (1..tasks).map(|_| transfer.init(width, rng, device)).collect(),
            attention: (tasks > 1).then(|| Attention {
                value: weight_only(width, width, rng, device),
                query: weight_only(width, width, rng, device),
                key: weight_only(width, width, rng, device),
            }),
        }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        validate_widths(&self.widths)
    }
}

impl Aitm {
    /// zₖ of each task, in the order of the chain.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: per task `[B, d]`
    pub fn forward(&self, x: &Tensor<2>) -> Vec<Tensor<2>> {
        self.chain(x).0
    }

    /// Per task after the first: the weights of what was passed on, and of its own network.
    pub(super) fn gates(&self, x: &Tensor<2>) -> Vec<Gate> {
        let links = self.chain(x).1.into_iter().enumerate();
        let gate = |(i, link): (usize, Link)| Gate {
            name: format!("task.{}", i + 1),
            weight: link.weight,
            experts: vec![2 * i, 2 * i + 1],
        };
        links.map(gate).collect()
    }

    /// Per task after the first: h₁ of what was passed on, and of its own network.
    pub(super) fn experts(&self, x: &Tensor<2>) -> Vec<(String, Tensor<2>)> {
        let links = self.chain(x).1.into_iter().enumerate();
        let of_link = |(i, Link { values: [transfer, own], .. }): (usize, Link)| {
            [(format!("task.{}.transfer", i + 1), transfer), (format!("task.{}.own", i + 1), own)]
        };
        links.flat_map(of_link).collect()
    }

    fn chain(&self, x: &Tensor<2>) -> (Vec<Tensor<2>>, Vec<Link>) {
        let mut hidden: Vec<Tensor<2>> = self.bottom.iter().map(|bottom| bottom.forward(x.clone())).collect();
        let mut links = Vec::new();
        for (task, transfer) in self.transfer.iter().enumerate() {
            let Some(attention) = &self.attention else { break };
            let passed_on = transfer.forward(hidden[task].clone());
            let link = attention.link([passed_on, hidden[task + 1].clone()]);
            hidden[task + 1] = mixture(&link.values, &[0, 1], &link.weight, 0);
            links.push(link);
        }
        (hidden, links)
    }
}

impl Attention {
    fn link(&self, candidates: [Tensor<2>; 2]) -> Link {
        let scale = (candidates[0].dims()[1] as f32).sqrt().recip();
        let score = |u: &Tensor<2>| (self.query.forward(u.clone()) * self.key.forward(u.clone())).sum_dim(1) * scale;
        let scores = candidates.iter().map(score).collect();
        let weight = activation::softmax(Tensor::cat(scores, 1), 1);
        Link { values: candidates.map(|u| self.value.forward(u)), weight }
    }
}

#[cfg(test)]
mod tests {
    use super::super::on_host::{assert_close, linear, relu, softmax, values, weighted};
    use super::*;
    use rand::SeedableRng;

    const X: [[f32; 3]; 2] = [[0.5, -1.0, 2.0], [1.5, 0.7, -0.3]];

    fn aitm(tasks: usize) -> Aitm {
        AitmConfig { widths: vec![4] }.init(3, tasks, &mut ChaCha8Rng::seed_from_u64(4), &Device::flex())
    }

    #[test]
    fn a_chain_of_three_equals_the_equations_written_out() -> Result<(), &'static str> {
        let aitm = aitm(3);
        let attention = aitm.attention.as_ref().ok_or("no attention")?;
        let found: Vec<Vec<f64>> =
            aitm.forward(&Tensor::from_data(X, &Device::flex())).into_iter().map(values).collect();
        let mlp = |mlp: &Mlp, x: &[f64]| relu(&linear(&mlp.layers()[0], x));
        let score = |u: &[f64]| {
            let (query, key) = (linear(&attention.query, u), linear(&attention.key, u));
            query.iter().zip(key).map(|(query, key)| query * key).sum::<f64>() / 2.0 // √d of d = 4
        };
        for (row, x) in X.iter().enumerate() {
            let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
            let mut z = mlp(&aitm.bottom[0], &x);
            assert_close(&found[0][row * 4..][..4], &z);
            for (task, found) in found.iter().enumerate().skip(1) {
                let (p, q) = (mlp(&aitm.transfer[task - 1], &z), mlp(&aitm.bottom[task], &x));
                let values = [linear(&attention.value, &p), linear(&attention.value, &q)];
                z = weighted(&softmax(&[score(&p), score(&q)]), &[&values[0], &values[1]]);
                assert_close(&found[row * 4..][..4], &z);
            }
        }
        Ok(())
    }

    #[test]
    fn gates_and_experts_make_the_representation() {
        let (aitm, x) = (aitm(3), Tensor::<2>::from_data(X, &Device::flex()));
        let (gates, experts) = (aitm.gates(&x), aitm.experts(&x));
        let names: Vec<&str> = experts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["task.1.transfer", "task.1.own", "task.2.transfer", "task.2.own"]);
        let outputs: Vec<Tensor<2>> = experts.into_iter().map(|(_, output)| output).collect();
        for (gate, hidden) in gates.iter().zip(&aitm.forward(&x)[1..]) {
            assert_close(&values(mixture(&outputs, &gate.experts, &gate.weight, 0)), &values(hidden.clone()));
        }
    }

    #[test]
    fn a_single_task_attends_to_nothing() {
        let aitm = aitm(1);
        assert_eq!((aitm.num_params(), aitm.forward(&Tensor::zeros([2, 3], &Device::flex())).len()), (3 * 4 + 4, 1));
    }
}
