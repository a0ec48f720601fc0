//! `NetworkPolicy`: a softmax over the outputs of a network.
//!
//! ```text
//! π(a | s; θ) = exp(h(s, a; θ)) / Σ_b exp(h(s, b; θ))         over the actions that are allowed in s; 0 for the others
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | h, θ: preferences `[N, A]` | `network` |
//! | allowed | `support`; all, where there is none |
//!
//! The network computes in f32, the softmax in f64 on the host; a decision's propensity is the probability that it was drawn with.
//!
//! Reference: Sutton & Barto 2018, section 13.1.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use slatewise_model::Mlp;

use crate::deep::q_network::forward;
use crate::policy::{Decision, Policy, draw};
use crate::replay::EncodedState;
use crate::state::Encoder;
use crate::support::Support;

/// A policy with parameters; cloned, it is what a learner knew at one moment.
#[derive(Debug, Clone)]
pub struct NetworkPolicy<R> {
    pub(super) encoder: R,
    pub(super) network: Mlp,
    pub(super) actions: usize,
    pub(super) support: Option<Support>,
    pub(super) device: Device,
    pub(super) scratch: Vec<f64>,
}

impl<R> NetworkPolicy<R> {
    /// A policy by a network without autodiff on `device`, whose outputs are as many as there are actions.
    pub fn new(encoder: R, network: Mlp, actions: usize, device: &Device) -> Self {
        Self { encoder, network, actions, support: None, device: device.clone(), scratch: Vec::new() }
    }

    /// Restricts it to the actions that are allowed in the encoder's discrete states, or lifts the restriction.
    pub fn set_support(&mut self, support: Option<Support>) {
        self.support = support;
    }

    /// The weights.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// What the network sees of an observation.
    pub(super) fn represent<O>(&self, observation: &O) -> EncodedState
    where
        R: Encoder<O>,
    {
        let mut row = vec![0.0; self.encoder.width()];
        self.encoder.encode(observation, &mut row);
        EncodedState { row, cell: self.encoder.state(observation) }
    }

    /// Fills the scratch memory with π of every observation, `[N, A]`.
    fn fill<'o, O: 'o>(&mut self, observations: &mut dyn Iterator<Item = &'o O>)
    where
        R: Encoder<O>,
    {
        let (mut values, mut cells) = (std::mem::take(&mut self.scratch), Vec::new());
        values.clear();
        let noted = observations.inspect(|observation| {
            cells.extend(self.support.as_ref().map(|_| self.encoder.state(observation)));
        });
        forward(&self.encoder, |rows| self.network.forward(rows), &self.device, noted, &mut values);
        for (index, row) in values.chunks_exact_mut(self.actions).enumerate() {
            if let Some(support) = &self.support {
                support.mask(cells[index], row);
            }
            softmax(row);
        }
        self.scratch = values;
    }
}

/// Turns preferences into probabilities, in place; one at −∞ becomes 0.
fn softmax(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|x| *x = (*x - largest).exp());
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|x| *x /= sum);
}

impl<O, R: Encoder<O>> Policy<O> for NetworkPolicy<R> {
    fn probabilities(&mut self, observation: &O, probabilities: &mut [f64]) {
        self.fill(&mut std::iter::once(observation));
        probabilities.copy_from_slice(&self.scratch);
    }

    fn decide(&mut self, observation: &O, rng: &mut ChaCha8Rng) -> Decision {
        let mut decisions = Vec::with_capacity(1);
        self.decide_all(&mut std::iter::once(observation), &mut decisions, rng);
        decisions[0]
    }

    fn decide_all(
        &mut self,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        self.fill(observations);
        for row in self.scratch.chunks_exact(self.actions) {
            let action = draw(row.iter().copied(), rng);
            decisions.push(Decision { action, propensity: row[action] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use crate::testing::check_policy;
    use burn::module::{Module, ModuleMapper, Param};
    use burn::tensor::{Tensor, TensorData};
    use rand::SeedableRng;
    use slatewise_model::MlpConfig;

    /// Sets the weight of a linear layer, and its bias to 0.
    struct ByHand;

    impl ModuleMapper for ByHand {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let weight = vec![0.0, 3.0_f32.ln(), 0.0, 500.0, 500.0, 500.0];
            let values = if D == 2 { weight } else { vec![0.0; 3] };
            param.map(|old| {
                let count = values.len();
                Tensor::<1>::from_data(TensorData::new(values, [count]), &old.device()).reshape(old.dims())
            })
        }
    }

    /// The preferences in state s are row s of the weight.
    fn by_hand() -> NetworkPolicy<Identity> {
        let device = Device::flex();
        let network = MlpConfig::new([3]).init(2, &mut ChaCha8Rng::seed_from_u64(0), &device).map(&mut ByHand);
        NetworkPolicy::new(Identity { states: 2 }, network, 3, &device)
    }

    #[test]
    fn probabilities_equal_hand_computation() {
        let (mut policy, mut found) = (by_hand(), [0.0; 3]);
        policy.probabilities(&0, &mut found);
        assert!(found.iter().zip([0.2, 0.6, 0.2]).all(|(f, e)| (f - e).abs() < 1e-6), "{found:?}");
        policy.probabilities(&1, &mut found);
        assert_eq!(found, [1.0 / 3.0; 3]);
        check_policy(&mut policy, &0, 3);
    }

    #[test]
    fn a_masked_action_has_probability_0() {
        let mut policy = by_hand();
        policy.set_support(Some(Support::of(2, 3, |state, action| state == 1 || action != 2)));
        let mut found = [0.0; 3];
        policy.probabilities(&0, &mut found);
        assert!((found[0] - 0.25).abs() < 1e-6 && (found[1] - 0.75).abs() < 1e-6 && found[2] == 0.0, "{found:?}");
        check_policy(&mut policy, &0, 3);
        check_policy(&mut policy, &1, 3);
    }
}
