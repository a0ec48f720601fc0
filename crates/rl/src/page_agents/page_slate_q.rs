//! `PageSlateQ`: SlateQ over pages, tabular and readable: a page is worth what its items lead to, each as likely as the user model says.
//!
//! Ie et al. 2019, "SlateQ: a tractable decomposition for reinforcement learning with recommendation sets", with the shop's pages as slates:
//!
//! ```text
//! Q(s, a) = stay(a | s) Σ_{i in a} choice(i | s, a) Q̄(s, i)              leaving is worth 0
//! after a click on i:   Q̄(s, i) ← Q̄(s, i) + α [ r + γ max_a' Q(s', a') − Q̄(s, i) ]
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s in Q̄ | `PageState::cell`, of the declared state |
//! | stay, choice | `user`, by the situation (last item, depth) |
//! | Q̄ `[S, I]` | `table` |
//!
//! What a click on an item leads to is learned once, whatever page it stood on; a page that was hardly ever shown has a value as soon as its
//! items have. Differences from the paper:
//! 1. A table over declared cells in place of a network; pages are given, so the best slate is found by looking at each.
//! 2. Departures are part of the choice model, in logs as in the simulator, so a transition without a click teaches nothing, and one with a
//!    click is always followed by what the model says of the next state. A log must be handed over with patience 0 (rewards as they were):
//!    how many take a page up is said by `stay` already.
//! 3. While a `Support` is set (offline), the maximum is over the pages that the log supports.

use rand_chacha::ChaCha8Rng;

use crate::learner::{Learner, Place};
use crate::policy::ActionValues;
use crate::session::SessionState;
use crate::simulator::UserModel;
use crate::state::{Discretiser, StateIndex};
use crate::support::Support;
use crate::tabular::{QTable, TabularConfig};
use crate::transition::{Trajectory, Transition};
use crate::value_learning::q_learning_target;

/// What is kept of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageState {
    /// The declared state.
    pub cell: usize,
    /// Clicks so far, ≥ 1.
    pub depth: usize,
    /// The item clicked last.
    pub last_item: u32,
}

/// The learner.
#[derive(Debug, Clone)]
pub struct PageSlateQ<'a> {
    index: StateIndex<'a>,
    user: &'a UserModel,
    config: TabularConfig,
    /// Q̄ `[S, I]`.
    table: QTable,
    support: Option<Support>,
    q_t: Vec<f64>,
}

impl<'a> PageSlateQ<'a> {
    /// A learner with every Q̄ at `config.initial_value`, whose choice model is `user`.
    pub fn new(index: StateIndex<'a>, user: &'a UserModel, config: TabularConfig) -> Self {
        let table = QTable::new(index.states(), user.tables().items(), config.initial_value);
        Self { index, user, config, table, support: None, q_t: Vec::new() }
    }

    /// Q̄, per declared state and item.
    pub fn table(&self) -> &QTable {
        &self.table
    }

    /// Appends Q(s, ·), −∞ where a support rules a page out.
    fn page_values(&self, state: PageState, values: &mut Vec<f64>) {
        let (tables, start) = (self.user.tables(), values.len());
        let situation = tables.situation_of(state.last_item, state.depth);
        let items = self.table.row(state.cell);
        values.extend((0..tables.listings()).map(|page| {
            let of_items = tables.choices(situation, page).map(|(item, p)| f64::from(p) * items[item as usize]);
            f64::from(self.user.stay_probability(situation, page)) * of_items.sum::<f64>()
        }));
        if let Some(support) = &self.support {
            support.mask(state.cell, &mut values[start..]);
        }
    }
}

impl ActionValues<SessionState> for PageSlateQ<'_> {
    fn actions(&self) -> usize {
        self.user.tables().listings()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &SessionState>, values: &mut Vec<f64>) {
        observations.for_each(|session| self.page_values(self.represent(session), values));
    }
}

impl Learner<SessionState> for PageSlateQ<'_> {
    type State = PageState;

    fn represent(&self, observation: &SessionState) -> PageState {
        let (depth, last_item) = (observation.depth(), observation.last_item());
        PageState { cell: self.index.state(observation), depth, last_item }
    }

    fn support_of(&self, trajectories: &[Trajectory<PageState>]) -> Support {
        let (states, pages) = (self.index.states(), self.user.tables().listings());
        Support::count(trajectories, states, pages, self.config.min_support, |state| state.cell)
    }

    fn set_support(&mut self, support: Option<Support>) {
        self.support = support;
    }

    fn go_online(&mut self) {
        self.support = None;
        self.table.forget_visits();
    }

    fn update(&mut self, transition: &Transition<PageState>, _place: Place, _rng: &mut ChaCha8Rng) {
        let (before, after) = (transition.observation, transition.next_observation);
        if after.depth == before.depth {
            return; // the visitor left
        }
        let mut q_t = std::mem::take(&mut self.q_t);
        q_t.clear();
        self.page_values(after, &mut q_t);
        let target = q_learning_target(transition.reward, self.config.discount, &q_t);
        self.q_t = q_t;
        self.table.update(before.cell, after.last_item as usize, target, self.config.step_size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::Learning;
    use crate::logged::logged_trajectories;
    use crate::policy::EpsilonSchedule;
    use crate::reward::RewardSpec;
    use crate::rollout::{Budget, rollout};
    use crate::session::{Response, StartStates};
    use crate::simulator::{SessionSimulator, Situation};
    use crate::state::{StateFeature, StateSpec};
    use crate::streams::Streams;
    use crate::tabular::StepSize;
    use crate::testing::{TinyShop, tiny_log, tiny_tables};
    use rand::SeedableRng;

    fn session(history: &[u32]) -> SessionState {
        SessionState { history: history.to_vec(), ..SessionState::default() }
    }

    #[test]
    fn one_update_equals_hand_computation() {
        let log = tiny_log();
        let user = UserModel::new(tiny_tables(), 1.0);
        let index = StateSpec { features: vec![StateFeature::LastItem] }.resolve(&log.catalogue);
        let (discount, step_size) = (0.9, StepSize::Constant(0.5));
        let config = TabularConfig { discount, step_size, initial_value: 1.0, ..TabularConfig::default() };
        let mut learner = PageSlateQ::new(index, &user, config);
        let (before, after) = (learner.represent(&session(&[3])), learner.represent(&session(&[3, 0])));
        let transition = |next_observation| Transition {
            observation: before,
            action: 0,
            reward: 2.0,
            discount: 1.0,
            next_observation,
            next_action: None,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        learner.update(&transition(after), Place::default(), &mut rng);
        // After the second click, on item 0 (situation 1), 0.75 go on, and pages weigh [2, 3]; every Q̄ is 1, so the best page is worth
        // 0.75: 1 + 0.5 (2 + 0.9 · 0.75 − 1).
        assert!((learner.table().row(3)[0] - 1.8375).abs() < 1e-6, "{:?}", learner.table().row(3));
        assert_eq!(learner.table().visited(), 1);
        // Who leaves stays where they were, and teaches nothing.
        learner.update(&transition(before), Place::default(), &mut rng);
        assert_eq!(learner.table().visited(), 1);
        // Page 0 after item 3 at the first click (situation 6): 0.5 go on, pages weigh [7, 3], so all of them look at it: 0.5 (0.2 Q̄(3, 0) + 0.8).
        let mut values = Vec::new();
        learner.action_values(&mut std::iter::once(&session(&[3])), &mut values);
        assert!((values[0] - 0.5 * (0.2 * 1.8375 + 0.8)).abs() < 1e-6, "{values:?}");
    }

    #[test]
    fn it_reaches_the_optimal_values_of_the_simulator() {
        let shop = TinyShop::new(RewardSpec { diversity: 0.0, ..RewardSpec::default() });
        let (log, reward) = (&shop.log, shop.reward());
        let user = UserModel::new(tiny_tables(), 1.0);
        let (tables, discount) = (user.tables(), 0.8);
        // Value iteration over situations: Q(c, a) = stay Σ choice (r + γ max Q(c')), c' = (item, the deeper bucket).
        let worth = |item: u32| reward.components(Response::Clicked(item), &[]).total();
        let mut v = vec![0.0; tables.situations()];
        for _ in 0..200 {
            let q = |c: usize, page: usize| -> f64 {
                let of_items = tables
                    .choices(Situation(c), page)
                    .map(|(item, p)| f64::from(p) * (worth(item) + discount * v[tables.situation_of(item, 2).0]));
                f64::from(user.stay_probability(Situation(c), page)) * of_items.sum::<f64>()
            };
            v = (0..tables.situations()).map(|c| q(c, 0).max(q(c, 1))).collect();
        }

        let features = vec![StateFeature::LastItem, StateFeature::Depth(vec![2])];
        let index = StateSpec { features }.resolve(&log.catalogue);
        let config = TabularConfig { discount, ..TabularConfig::default() };
        let mut learner = PageSlateQ::new(index, &user, config);
        let starts = StartStates::from_log(log, 0..3).unwrap();
        let reward_of = |response: &Response, after: &SessionState| reward.components_after(*response, after).total();
        let mut learning = Learning::new(&mut learner, EpsilonSchedule::constant(0.5), reward_of);
        let simulator = SessionSimulator::new(&user, &starts, 20);
        rollout(&mut [simulator], &mut learning, Budget::Steps(60_000), &mut Streams::new(2));
        for start in [0, 2] {
            let mut values = Vec::new();
            learner.action_values(&mut std::iter::once(&session(&[start])), &mut values);
            let (found, expected) = (values[0].max(values[1]), v[tables.situation_of(start, 1).0]);
            assert!((found - expected).abs() < 0.02 * expected, "after item {start}: {found} for {expected}");
        }
    }

    #[test]
    fn a_log_restricts_pages_until_it_is_left_behind() {
        let shop = TinyShop::new(RewardSpec::default());
        let (log, reward) = (&shop.log, shop.reward());
        let user = UserModel::new(tiny_tables(), 0.0);
        let index = StateSpec { features: vec![StateFeature::LastListing] }.resolve(&log.catalogue);
        let config = TabularConfig { min_support: 1, ..TabularConfig::default() };
        let mut learner = PageSlateQ::new(index, &user, config);
        let trajectories = logged_trajectories(log, 0..3, reward, &user, |state| learner.represent(state)).unwrap();
        learner.learn_offline(&trajectories, 1, &mut ChaCha8Rng::seed_from_u64(0));
        // Sessions [0, 3, 1] and [0, 1]: from listing 0 to both listings, from listing 1 to listing 0 alone.
        let values = |learner: &PageSlateQ<'_>| {
            let mut values = Vec::new();
            learner.action_values(&mut std::iter::once(&session(&[3])), &mut values);
            values
        };
        assert_eq!(values(&learner)[1], f64::NEG_INFINITY);
        learner.go_online();
        assert!(values(&learner)[1].is_finite());
    }
}
