//! PLE, progressive layered extraction: experts of one task beside experts of all, level upon level. One level is CGC.
//!
//! ```text
//! level l of L, x⁰ₖ = x⁰ₛ = x; inputs xₖ of task k = 1..T, xₛ of the shared side:
//!
//! eₖᵢ = MLPₖᵢ(xₖ)                 m experts of task k          [B, width] → [B, hidden]
//! eₛᵢ = MLPₛᵢ(xₛ)                 mₛ shared experts
//! gₖ  = softmax(Wₖ xₖ)            over eₖ₁ .. eₖₘ, eₛ₁ ..      [B, m + mₛ]
//! gₛ  = softmax(Wₛ xₛ)            over all experts             [B, T m + mₛ]       not at the last level
//! xₖ' = Σ gₖᵢ e,  xₛ' = Σ gₛᵢ e
//!
//! hₖ  = xₖ of the last level                                   [B, hidden]
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | number of levels | `levels` |
//! | m_k, m_s | `task_experts`, `shared_experts` |
//! | E_(k,i), E_(s,i) at level l | `level[l].task_expert[k][i]`, `level[l].shared_expert[i]` |
//! | W_g^k, W_g^s | `level[l].task_gate[k].weight`, `level[l].shared_gate.weight` |
//!
//! A gradient of task k reaches the experts of another task only through a shared gate, so at the last level not at all:
//! that is what keeps tasks that disagree from pulling at one another, where MMoE's gates can but hope to.
//!
//! Differences from the paper: 1. every task has the same number of experts; 2. an expert may have several layers, each
//! with a ReLU.
//!
//! # Reference
//! Tang, Liu, Zhao, Gong 2020, "Progressive Layered Extraction (PLE): A Novel Multi-Task Learning (MTL) Model for
//! Personalized Recommendations", RecSys.

use super::gate::{Gate, mixture};
use super::{validate_count, validate_widths};
use crate::mlp::weight_only;
use crate::{Error, Mlp, MlpConfig};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Shape of a [`Ple`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PleConfig {
    /// Number of levels, at least 1; 1 is CGC, the paper's PLE has 2.
    pub levels: usize,
    /// Experts that all tasks share, per level, at least 1.
    pub shared_experts: usize,
    /// Experts of each task, per level, at least 1.
    pub task_experts: usize,
    /// Output width of each layer of an expert; the last one is the width of the representation.
    pub widths: Vec<usize>,
}

/// Levels of experts and gates.
#[derive(Module, Debug)]
pub struct Ple {
    level: Vec<Level>,
}

/// One level: CGC, customised gate control.
#[derive(Module, Debug)]
struct Level {
    task_expert: Vec<Vec<Mlp>>,
    shared_expert: Vec<Mlp>,
    task_gate: Vec<Linear>,
    shared_gate: Option<Linear>,
}

/// What a level does with its inputs: experts of each task in task order, then the shared ones; gates alike.
struct Mixing {
    outputs: Vec<Tensor<2>>,
    gates: Vec<Gate>,
}

impl PleConfig {
    /// Draws the weights for `input` values and `tasks` tasks: level by level, experts first, then gates; tasks before
    /// what they share.
    pub fn init(&self, input: usize, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Ple {
        let hidden = self.widths.last().copied().unwrap_or(input);
        let level = (0..self.levels).map(|level| {
            let input = if level == 0 { input } else { hidden };
            self.level(input, tasks, level + 1 < self.levels, rng, device)
        });
        Ple { level: level.collect() }
    }

    fn level(&self, input: usize, tasks: usize, shared: bool, rng: &mut ChaCha8Rng, device: &Device) -> Level {
        let (own, common) = (self.task_experts, self.shared_experts);
        let mlp = MlpConfig::new(self.widths.clone()).with_activated_last();
        let mut experts = |count: usize| (0..count).map(|_| mlp.init(input, rng, device)).collect::<Vec<_>>();
        Level {
            task_expert: (0..tasks).map(|_| experts(own)).collect(),
            shared_expert: experts(common),
            task_gate: (0..tasks).map(|_| weight_only(input, own + common, rng, device)).collect(),
            shared_gate: shared.then(|| weight_only(input, tasks * own + common, rng, device)),
        }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        validate_count("model.trunk.levels", self.levels, "give at least one level: 1 is CGC, 2 or more PLE")?;
        let mend = "give at least one expert that the tasks share; for none use kind = \"independent\"";
        validate_count("model.trunk.shared_experts", self.shared_experts, mend)?;
        let mend = "give each task at least one expert; for none use kind = \"mmoe\"";
        validate_count("model.trunk.task_experts", self.task_experts, mend)?;
        validate_widths(&self.widths)
    }
}

impl Ple {
    /// The mixture of each task at the last level.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: per task `[B, hidden]`
    pub fn forward(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        self.level.iter().fold(self.inputs(x), |inputs, level| level.run(&inputs).mixtures())
    }

    /// Gates of all levels: those of the tasks, then the shared one, level by level.
    pub(super) fn gates(&self, x: Tensor<2>) -> Vec<Gate> {
        let mut before = 0;
        let gates = self.trace(x).into_iter().enumerate().flat_map(|(level, mixing)| {
            let first = before;
            before += mixing.outputs.len();
            mixing.gates.into_iter().map(move |gate| Gate {
                name: format!("level.{level}.{}", gate.name),
                weight: gate.weight,
                experts: gate.experts.iter().map(|expert| first + expert).collect(),
            })
        });
        gates.collect()
    }

    /// Outputs of the experts of all levels: those of the tasks, then the shared ones, level by level.
    pub(super) fn experts(&self, x: Tensor<2>) -> Vec<(String, Tensor<2>)> {
        let levels = self.trace(x).into_iter().zip(&self.level).enumerate();
        let experts = levels.flat_map(|(level, (mixing, weights))| {
            let names = weights.expert_names().into_iter().map(move |name| format!("level.{level}.{name}"));
            names.zip(mixing.outputs)
        });
        experts.collect()
    }

    /// Inputs of the first level: one per task and one for the shared side, all the same.
    fn inputs(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        let tasks = self.level.first().map_or(0, |level| level.task_gate.len());
        vec![x; tasks + 1]
    }

    fn trace(&self, x: Tensor<2>) -> Vec<Mixing> {
        let mut inputs = self.inputs(x);
        let run = |level: &Level| {
            let mixing = level.run(&inputs);
            inputs = mixing.mixtures();
            mixing
        };
        self.level.iter().map(run).collect()
    }
}

impl Level {
    /// Experts and gates on the inputs of the tasks, in task order, and the shared side's, which is the last.
    fn run(&self, inputs: &[Tensor<2>]) -> Mixing {
        let tasks = self.task_gate.len();
        let per_task = self.task_expert.first().map_or(0, Vec::len);
        let of_tasks = self.task_expert.iter().zip(inputs);
        let of_tasks = of_tasks.flat_map(|(experts, x)| experts.iter().map(|expert| expert.forward(x.clone())));
        let shared = self.shared_expert.iter().map(|expert| expert.forward(inputs[tasks].clone()));
        let outputs: Vec<Tensor<2>> = of_tasks.chain(shared).collect();

        let common = tasks * per_task..outputs.len();
        let weight = |gate: &Linear, x: &Tensor<2>| activation::softmax(gate.forward(x.clone()), 1);
        let task_gate = self.task_gate.iter().zip(inputs).enumerate().map(|(task, (gate, x))| Gate {
            name: format!("task.{task}"),
            weight: weight(gate, x),
            experts: (task * per_task..(task + 1) * per_task).chain(common.clone()).collect(),
        });
        let shared_gate = self.shared_gate.iter().map(|gate| Gate {
            name: "shared".into(),
            weight: weight(gate, &inputs[tasks]),
            experts: (0..outputs.len()).collect(),
        });
        let gates = task_gate.chain(shared_gate).collect();
        Mixing { outputs, gates }
    }

    /// In the order of [`Mixing::outputs`], as in the names of the weights.
    fn expert_names(&self) -> Vec<String> {
        let of_tasks = self.task_expert.iter().enumerate();
        let of_tasks =
            of_tasks.flat_map(|(task, experts)| (0..experts.len()).map(move |i| format!("task_expert.{task}.{i}")));
        of_tasks.chain((0..self.shared_expert.len()).map(|i| format!("shared_expert.{i}"))).collect()
    }
}

impl Mixing {
    /// The inputs of the next level: one mixture per gate.
    fn mixtures(&self) -> Vec<Tensor<2>> {
        self.gates.iter().map(|gate| mixture(&self.outputs, &gate.experts, &gate.weight, 0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::on_host::{assert_close, linear, relu, softmax, values, weighted};
    use super::*;
    use rand::SeedableRng;

    const X: [[f32; 3]; 2] = [[0.5, -1.0, 2.0], [1.5, 0.7, -0.3]];

    fn ple(levels: usize) -> Ple {
        let config = PleConfig { levels, shared_experts: 1, task_experts: 2, widths: vec![4] };
        config.init(3, 2, &mut ChaCha8Rng::seed_from_u64(8), &Device::flex())
    }

    /// The last layer of the equation block, for one row, with the weights read back: two levels, then one.
    #[test]
    fn two_levels_equal_the_equations_written_out() {
        let ple = ple(2);
        let found = ple.forward(Tensor::from_data(X, &Device::flex())).into_iter().map(values);
        let mlp = |mlp: &Mlp, x: &[f64]| relu(&linear(&mlp.layers()[0], x));
        let run = |level: &Level, inputs: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let own = |task: usize, i: usize| mlp(&level.task_expert[task][i], &inputs[task]);
            let [a, b, c, d] = [own(0, 0), own(0, 1), own(1, 0), own(1, 1)];
            let shared = mlp(&level.shared_expert[0], &inputs[2]);
            let gate = |gate: &Linear, x: &[f64]| softmax(&linear(gate, x));
            let mut outputs = vec![
                weighted(&gate(&level.task_gate[0], &inputs[0]), &[&a, &b, &shared]),
                weighted(&gate(&level.task_gate[1], &inputs[1]), &[&c, &d, &shared]),
            ];
            let all = [&a[..], &b, &c, &d, &shared];
            outputs.extend(level.shared_gate.iter().map(|weight| weighted(&gate(weight, &inputs[2]), &all)));
            outputs
        };
        for (task, found) in found.enumerate() {
            for (row, x) in X.iter().enumerate() {
                let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
                let first = run(&ple.level[0], &vec![x; 3]);
                assert_eq!(first.len(), 3);
                let last = run(&ple.level[1], &first);
                assert_eq!(last.len(), 2, "the last level has no shared gate");
                assert_close(&found[row * 4..][..4], &last[task]);
            }
        }
    }

    #[test]
    fn gates_name_their_experts() {
        let (ple, x) = (ple(2), Tensor::from_data(X, &Device::flex()));
        let (gates, experts) = (ple.gates(x.clone()), ple.experts(x));
        let named = |gate: &Gate| gate.experts.iter().map(|&i| experts[i].0.as_str()).collect::<Vec<_>>().join(" ");
        let found: Vec<_> = gates.iter().map(|gate| (gate.name.as_str(), named(gate))).collect();
        let level = |level: usize, names: &str| names.replace("L.", &format!("level.{level}."));
        let (first, second) = ("L.task_expert.0.0 L.task_expert.0.1", "L.task_expert.1.0 L.task_expert.1.1");
        let all = format!("{first} {second} L.shared_expert.0");
        let expected = [
            ("level.0.task.0", level(0, &format!("{first} L.shared_expert.0"))),
            ("level.0.task.1", level(0, &format!("{second} L.shared_expert.0"))),
            ("level.0.shared", level(0, &all)),
            ("level.1.task.0", level(1, &format!("{first} L.shared_expert.0"))),
            ("level.1.task.1", level(1, &format!("{second} L.shared_expert.0"))),
        ];
        assert_eq!(found, expected);
        for gate in &gates {
            assert_eq!(gate.weight.dims(), [2, gate.experts.len()]);
            let mixed = gate.weight.clone().sum_dim(1);
            assert!(values(mixed).iter().all(|sum| (sum - 1.0).abs() < 1e-6));
        }
    }

    /// At one level no gradient of a task reaches the experts of another; at two it does, through the shared gate.
    #[test]
    fn tasks_meet_in_the_shared_experts_only() {
        let x = || Tensor::<2>::from_data(X, &Device::flex().autodiff());
        for (levels, reached) in [(1, false), (2, true)] {
            let ple = ple(levels).train();
            let gradients = ple.forward(x())[0].clone().sum().backward();
            let moved = |mlp: &Mlp| {
                let gradient = mlp.layers()[0].weight.val().grad(&gradients);
                gradient.is_some_and(|gradient| values(gradient).iter().any(|value| *value != 0.0))
            };
            assert!(ple.level[0].task_expert[0].iter().any(moved));
            assert!(moved(&ple.level[0].shared_expert[0]));
            assert_eq!(ple.level[0].task_expert[1].iter().any(moved), reached, "{levels} levels");
        }
    }
}
