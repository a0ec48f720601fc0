//! `SurfaceQ`: Q-learning decides which surface fills the next slot; within a surface the best item by the model's scores.
//!
//! ```text
//! state    cell of FeedCells × place in the slate        action   a surface: product, content, ad
//! slot j   the item of that surface with the highest Σ_k w_k P_k that is not on the slate yet
//! Q(s, j, a) ← … r_j + γ_j max_a' Q(s', j', a')    r_j: what the slot earned, and its share of what the slate earned beside its slots
//!              within a slate γ_j = 1 and s' = s, j' = j + 1;  after the last slot γ_j = γ, s' the state after the slate, j' = 0
//! ```
//!
//! A slate counts as one step in time however many slots it has.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::agent::{AgentReward, FeedAgent};
use super::encoding::FeedCells;
use super::response_scores::ResponseScores;
use crate::deep::fusion::{FusionForm, fuse};
use crate::feed::{FeedItems, FeedState, ShownSlate};
use crate::state::Discretiser;
use crate::tabular::{QTable, StepSize, TabularConfig};
use crate::value_learning::argmax;

/// The agent.
#[derive(Debug)]
pub struct SurfaceQ<'a> {
    scores: &'a ResponseScores,
    surface: Vec<u8>,
    surfaces: usize,
    cells: FeedCells,
    table: QTable,
    step_size: StepSize,
    reward: AgentReward<'a>,
    slots: usize,
    epsilon: f64,
    actions: Vec<usize>,
    buffer: Vec<f64>,
}

impl<'a> SurfaceQ<'a> {
    /// Explores each slot with probability `epsilon` in [0, 1].
    pub fn new(
        scores: &'a ResponseScores,
        items: &FeedItems,
        (cells, config): (FeedCells, TabularConfig),
        reward: AgentReward<'a>,
        (slots, epsilon): (usize, f64),
    ) -> Self {
        let surfaces = items.surfaces.len();
        let table = QTable::new(cells.states() * slots, surfaces, config.initial_value);
        let (surface, step_size) = (items.surface.clone(), config.step_size);
        let (actions, buffer) = (Vec::new(), Vec::new());
        Self { scores, surface, surfaces, cells, table, step_size, reward, slots, epsilon, actions, buffer }
    }

    fn row(&self, state: &FeedState, slot: usize) -> usize {
        self.cells.state(state) * self.slots + slot
    }

    /// The surface of highest value among those that still have an item.
    fn best(&self, row: usize, left: &[usize]) -> usize {
        let values = self.table.row(row).iter().zip(left);
        let values: Vec<f64> = values.map(|(value, left)| if *left > 0 { *value } else { f64::NEG_INFINITY }).collect();
        argmax(&values)
    }
}

impl FeedAgent for SurfaceQ<'_> {
    fn choose(&mut self, state: &FeedState, explore: bool, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        self.scores.scores(state, &mut self.buffer);
        let worth = &self.reward.reward.weights()[..self.scores.tasks()];
        let ranking = fuse(FusionForm::Linear, &self.buffer, worth);
        let mut left = vec![0; self.surfaces];
        self.surface.iter().for_each(|&surface| left[usize::from(surface)] += 1);
        slate.clear();
        self.actions.clear();
        let mut propensity = 1.0;
        for slot in 0..self.slots {
            let greedy = self.best(self.row(state, slot), &left);
            let (explores, drawn) = (rng.random::<f64>() < self.epsilon, rng.random_range(0..self.surfaces));
            let drawn = if left[drawn] > 0 { drawn } else { greedy };
            let surface = if explore && explores { drawn } else { greedy };
            let best = ranking.iter().map(|&item| item as u32);
            let mut best = best.filter(|item| usize::from(self.surface[*item as usize]) == surface);
            let Some(item) = best.find(|item| !slate.contains(item)) else { break };
            slate.push(item);
            left[surface] -= 1;
            self.actions.push(surface);
            if explore {
                let uniform = self.epsilon / self.surfaces as f64;
                propensity *= if surface == greedy { 1.0 - self.epsilon + uniform } else { uniform };
            }
        }
        propensity
    }

    fn observe(&mut self, shown: &ShownSlate<'_>, _rng: &mut ChaCha8Rng) {
        let slots = self.actions.len();
        let shared = self.reward.beside_slots(shown) / slots.max(1) as f64;
        for slot in 0..slots {
            let (next, discount) = if slot + 1 < slots {
                (self.row(shown.before, slot + 1), 1.0)
            } else {
                (self.row(shown.after, 0), self.reward.discount * shown.discount)
            };
            let value = self.table.row(next).iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let target = self.reward.of_slot(shown, slot) + shared + discount * value;
            let row = self.row(shown.before, slot);
            self.table.update(row, self.actions[slot], target, self.step_size);
        }
    }
}
