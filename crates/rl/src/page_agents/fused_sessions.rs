//! Q-learning over fusion weights where pages are chosen: `FusedSessions`, whose actions are rows of a grid of weights; `GridPages`, the
//! policy that follows.
//!
//! ```text
//! action w   ──▶ page argmax_a Σ_k w_k P_k(s, a) ──▶ SessionSimulator
//! ```
//!
//! Any learner over indices learns in it, such as [`QLearning`](crate::tabular::QLearning). The idea of learning fusion weights from
//! long-term feedback: Zhang et al. 2022, "Multi-task fusion via reinforcement learning for long-term user satisfaction in recommender
//! systems" (BatchRL-MTF). Differences: a grid in place of a continuous action, a table in place of networks, a simulator in place of a
//! batch of logs, whose weights were not logged here.

use rand_chacha::ChaCha8Rng;

use super::page_scores::PageScores;
use crate::deep::fusion::FusionGrid;
use crate::environment::{Environment, EnvironmentSpec};
use crate::policy::{ActionValues, Decision, Policy, degenerate};
use crate::session::{Response, SessionState};
use crate::simulator::SessionSimulator;
use crate::time_step::TimeStep;
use crate::value_learning::argmax;

/// Simulated sessions whose actions are weights.
#[derive(Debug, Clone)]
pub struct FusedSessions<'a> {
    simulator: SessionSimulator<'a>,
    scores: &'a PageScores<'a>,
    grid: &'a FusionGrid,
}

impl<'a> FusedSessions<'a> {
    /// The pages of `simulator`, chosen by `scores` under the weights of `grid`.
    pub fn new(simulator: SessionSimulator<'a>, scores: &'a PageScores<'a>, grid: &'a FusionGrid) -> Self {
        Self { simulator, scores, grid }
    }
}

impl Environment for FusedSessions<'_> {
    type Observation = SessionState;
    type Response = Response;

    fn spec(&self) -> EnvironmentSpec {
        EnvironmentSpec { name: "session simulator under weights", actions: self.grid.len(), ..self.simulator.spec() }
    }

    fn observation(&self) -> &SessionState {
        self.simulator.observation()
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) -> TimeStep<'_, SessionState, Response> {
        self.simulator.reset(rng)
    }

    fn step(&mut self, action: usize, rng: &mut ChaCha8Rng) -> TimeStep<'_, SessionState, Response> {
        let page = self.scores.best(self.simulator.observation(), self.grid.weights(action));
        self.simulator.step(page, rng)
    }
}

/// Shows the best page under the weights that look best in a state.
#[derive(Debug)]
pub struct GridPages<'a, V> {
    values: &'a V,
    scores: &'a PageScores<'a>,
    grid: &'a FusionGrid,
    scratch: Vec<f64>,
}

impl<'a, V: ActionValues<SessionState>> GridPages<'a, V> {
    /// By the values of a learner that learned in [`FusedSessions`] of this grid.
    pub fn new(values: &'a V, scores: &'a PageScores<'a>, grid: &'a FusionGrid) -> Self {
        let (actions, rows) = (values.actions(), grid.len());
        assert!(actions == rows, "values of shape [{actions}] for a grid of shape [{rows}, {}]", grid.tasks());
        Self { values, scores, grid, scratch: Vec::new() }
    }

    /// The weights that look best in a state.
    pub fn weights(&mut self, observation: &SessionState) -> &'a [f64] {
        self.scratch.clear();
        self.values.action_values(&mut std::iter::once(observation), &mut self.scratch);
        self.grid.weights(argmax(&self.scratch))
    }

    fn page(&mut self, observation: &SessionState) -> usize {
        let weights = self.weights(observation);
        self.scores.best(observation, weights)
    }
}

impl<V: ActionValues<SessionState>> Policy<SessionState> for GridPages<'_, V> {
    fn probabilities(&mut self, observation: &SessionState, probabilities: &mut [f64]) {
        degenerate(self.page(observation), probabilities);
    }

    fn decide(&mut self, observation: &SessionState, _rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: self.page(observation), propensity: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::simulate_sessions;
    use crate::learner::Learning;
    use crate::page_agents::FusedPages;
    use crate::policy::EpsilonSchedule;
    use crate::reward::RewardSpec;
    use crate::rollout::{Budget, rollout};
    use crate::session::StartStates;
    use crate::simulator::UserModel;
    use crate::state::{StateFeature, StateSpec};
    use crate::streams::Streams;
    use crate::tabular::{QLearning, TabularConfig};
    use crate::testing::{TinyShop, check_environment, check_policy, tiny_tables};

    #[test]
    fn learned_weights_earn_what_the_best_fixed_ones_do() {
        let shop = TinyShop::new(RewardSpec { diversity: 0.0, ..RewardSpec::default() });
        let (log, reward) = (&shop.log, shop.reward());
        let user = UserModel::new(tiny_tables(), 1.0);
        let starts = StartStates::from_log(log, 0..3).unwrap();
        let (scores, grid) = (PageScores::new(&user, reward), FusionGrid::simplex(4, 1).unwrap());
        let simulator = SessionSimulator::new(&user, &starts, 5);
        let environment = || FusedSessions::new(simulator.clone(), &scores, &grid);
        check_environment(environment, 11);

        let index = StateSpec { features: vec![StateFeature::LastItem] }.resolve(&log.catalogue);
        let mut learner = QLearning::new::<SessionState>(index, grid.len(), TabularConfig::default());
        let worth = |response: &Response, after: &SessionState| reward.components_after(*response, after).total();
        let mut learning = Learning::new(&mut learner, EpsilonSchedule::constant(0.5), worth);
        rollout(&mut [environment()], &mut learning, Budget::Steps(20_000), &mut Streams::new(3));

        let value = |policy: &mut dyn Policy<SessionState>| {
            simulate_sessions(policy, &simulator, reward, 4_000, 6).summary().mean_return
        };
        let fixed = |task: usize| {
            let mut weights = [0.0; 4];
            weights[task] = 1.0;
            value(&mut FusedPages::new(&scores, weights))
        };
        let of_tasks = [0, 1, 2, 3].map(fixed);
        let (lowest, highest) =
            of_tasks.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &v| (low.min(v), high.max(v)));
        let mut policy = GridPages::new(&learner, &scores, &grid);
        check_policy(&mut policy, &SessionState { history: vec![2], ..SessionState::default() }, 2);
        let learned = value(&mut policy);
        assert!(lowest < 0.95 * highest && learned > 0.98 * highest, "{learned} beside {of_tasks:?}");
    }
}
