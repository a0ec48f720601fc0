//! `ItemNetwork`: Q(s, a) for actions that are items with features, thousands of them, in place of an output each.
//!
//! ```text
//! s  [B, W] ──MLP──▶ u [B, H], V [B, 1]
//! x  [A, F] ──MLP──▶ v [A, H]                         features of the items, constant
//! Q(s, a) = V(s) + u(s)ᵀ v(x_a) / √H                  [B, A], one product for all pairs
//! ```
//!
//! What is learned of one item is known of others like it, also of items that were never shown, and the number of weights does
//! not grow with the catalogue. Which items may be chosen is said outside: by a [`Support`](crate::Support), or by asking for the
//! values of candidates alone ([`Dqn::candidate_values`](super::Dqn::candidate_values)).
//!
//! Sources: Zheng et al. 2018, "DRN: a deep reinforcement learning framework for news recommendation" (Q from features of user and
//! item, a value of the state beside it); the product of two towers is that of Covington, Adams & Sargin 2016, "Deep neural networks
//! for YouTube recommendations".
//!
//! Differences from DRN: 1. the advantage is a product of two towers, not an MLP over each pair, so that a batch of B states against A
//! items costs B + A passes and one product instead of B · A passes; 2. the advantage is not centred.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use slatewise_model::{Mlp, MlpConfig};

use crate::error::Error;

/// The features of every item, row by row; action `a` is row `a`.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemFeatures {
    values: Vec<f32>,
    width: usize,
}

impl ItemFeatures {
    /// Features `[A, F]`, row by row, of `width` = F numbers each.
    ///
    /// # Errors
    /// No item, rows that are not full, a number that is not finite.
    pub fn new(values: Vec<f32>, width: usize) -> Result<Self, Error> {
        let full = width > 0 && !values.is_empty() && values.len().is_multiple_of(width);
        Error::unless(full, "items", "features", || {
            format!("{} numbers in rows of {width}: give at least one full row", values.len())
        })?;
        let odd = values.iter().position(|value| !value.is_finite());
        Error::unless(odd.is_none(), "items", "features", || {
            let index = odd.unwrap_or(0);
            format!("item {}, feature {}: {} must be finite", index / width, index % width, values[index])
        })?;
        Ok(Self { values, width })
    }

    /// Number of items, A.
    pub fn items(&self) -> usize {
        self.values.len() / self.width
    }
}

/// The network.
#[derive(Module, Debug)]
pub struct ItemNetwork {
    state: Mlp,
    item: Mlp,
    /// `[A, F]`; no gradient is taken of it.
    features: Param<Tensor<2>>,
}

impl ItemNetwork {
    /// Draws the weights for rows of `input` numbers: hidden layers of these widths in either tower, H the last of them.
    pub(super) fn new(
        input: usize,
        hidden: &[usize],
        items: &ItemFeatures,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let width = hidden.last().copied().unwrap_or(items.width);
        let tower = |last: usize| MlpConfig::new(hidden.iter().copied().chain([last]).collect::<Vec<_>>());
        let features = TensorData::new(items.values.clone(), [items.items(), items.width]);
        Self {
            state: tower(width + 1).init(input, rng, device),
            item: tower(width).init(items.width, rng, device),
            features: Param::from_data(features, device).set_require_grad(false),
        }
    }

    /// Q of every item, or of some.
    ///
    /// # Shapes
    /// - x: `[B, W]`; items: `[C]`, indices
    /// - output: `[B, A]`, or `[B, C]`
    pub fn forward(&self, x: Tensor<2>, items: Option<Tensor<1, Int>>) -> Tensor<2> {
        let features = self.features.val();
        let features = items.map_or_else(|| features.clone(), |items| features.clone().select(0, items));
        let item = self.item.forward(features);
        let width = item.dims()[1];
        let state = self.state.forward(x);
        let value = state.clone().narrow(1, width, 1);
        state.narrow(1, 0, width).matmul(item.transpose()) * (width as f32).sqrt().recip() + value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep::{Dqn, DqnConfig};
    use crate::learner::{Learner, Place};
    use crate::policy::ActionValues;
    use crate::state::Identity;
    use crate::testing::{chain_learns, check_learner};
    use crate::transition::Transition;
    use crate::{Numbers, value_learning::argmax};
    use rand::{RngExt, SeedableRng};

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn the_value_is_that_of_the_equation() {
        let (device, mut rng) = (Device::flex(), ChaCha8Rng::seed_from_u64(1));
        let items = ItemFeatures::new(vec![1.0, 0.0, 0.5, -1.0, 2.0, 1.0], 2).unwrap();
        let network = ItemNetwork::new(3, &[4], &items, &mut rng, &device);
        let x = Tensor::<2>::from_data([[0.1, -0.2, 0.3], [1.0, 0.0, -1.0]], &device);
        let (state, item) = (
            values(network.state.forward(x.clone())),
            values(network.item.forward(Tensor::from_data([[1.0, 0.0], [0.5, -1.0], [2.0, 1.0]], &device))),
        );
        let found = values(network.forward(x.clone(), None));
        for row in 0..2 {
            for of in 0..3 {
                let dot: f32 = (0..4).map(|h| state[row * 5 + h] * item[of * 4 + h]).sum();
                assert!((found[row * 3 + of] - (state[row * 5 + 4] + dot / 2.0)).abs() < 1e-6);
            }
        }
        let some = values(network.forward(x, Some(Tensor::from_data([2, 0], &device))));
        assert_eq!(some, [found[2], found[0], found[5], found[3]]);
    }

    #[test]
    fn faults_of_the_features_are_named() {
        let message = |values: Vec<f32>, width| ItemFeatures::new(values, width).unwrap_err().to_string();
        assert_eq!(message(vec![1.0; 5], 2), "items.features: 5 numbers in rows of 2: give at least one full row");
        assert_eq!(message(vec![1.0, f32::NAN], 1), "items.features: item 1, feature 0: NaN must be finite");
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum() {
        let config = DqnConfig {
            hidden: vec![32],
            discount: 0.9,
            learning_rate: 3e-3,
            batch_size: 32,
            // The whole run: V is shared, so that actions no longer in the memory would drift with the others.
            replay_capacity: 20_000,
            learning_starts: 64,
            target_update_every: 50,
            ..DqnConfig::default()
        };
        let make = || {
            let items = ItemFeatures::new(vec![1.0, 0.0, 0.0, 1.0], 2).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            Dqn::over_items(Identity { states: 5 }, &items, config.clone(), &Device::flex(), &mut rng)
        };
        check_learner(make);
        chain_learns(make(), 0.9, 20_000, 0.05);
    }

    /// Two thousand items, of which every other one is never tried; the reward is a product of a state's taste and an item's
    /// features, so that the best of all may be one of the untried.
    #[test]
    fn items_never_tried_are_judged_by_their_features() {
        const ITEMS: usize = 2_000;
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let features: Vec<f32> = (0..ITEMS * 4).map(|_| rng.random_range(-1.0..1.0)).collect();
        let reward = |state: &[f32; 4], item: usize| -> f64 {
            features[item * 4..][..4].iter().zip(state).map(|(x, s)| f64::from(x * s)).sum()
        };
        let config = DqnConfig {
            hidden: vec![32],
            discount: 0.0,
            learning_rate: 3e-3,
            learn_every: 4,
            learning_starts: 256,
            double: false,
            ..DqnConfig::default()
        };
        let items = ItemFeatures::new(features.clone(), 4).unwrap();
        let mut learner = Dqn::over_items(Numbers::plain(), &items, config, &Device::flex(), &mut rng);
        let draw = |rng: &mut ChaCha8Rng| -> [f32; 4] { std::array::from_fn(|_| rng.random_range(-1.0..1.0)) };
        for _ in 0..6_000 {
            let (state, item) = (draw(&mut rng), 2 * rng.random_range(0..ITEMS / 2));
            let represented = learner.represent(&state);
            let transition = Transition {
                observation: represented.clone(),
                action: item,
                reward: reward(&state, item),
                discount: 0.0,
                next_observation: represented,
                next_action: None,
            };
            learner.update(&transition, Place { slot: 0, last: true }, &mut rng);
        }
        let (mut untried, mut share) = (0, 0.0);
        for _ in 0..50 {
            let (state, mut q) = (draw(&mut rng), Vec::new());
            learner.action_values(&mut std::iter::once(&state), &mut q);
            let chosen = argmax(&q);
            let best = (0..ITEMS).map(|item| reward(&state, item)).fold(f64::NEG_INFINITY, f64::max);
            share += reward(&state, chosen) / best / 50.0;
            untried += chosen % 2;
            let candidates = [chosen + 1 - 2 * (chosen % 2), chosen, 7];
            let some = learner.candidate_values(&state, &candidates);
            assert!(some.iter().zip(candidates).all(|(value, item)| (value - q[item]).abs() < 1e-5), "{some:?}");
        }
        assert!(share > 0.95, "chosen items earn {share} of the best");
        assert!((10..40).contains(&untried), "{untried} of 50 choices fell on items never tried");
    }
}
