//! `ExactFeed`: a small planted world with slates of one item, written out as a table, so that the optimal policy and its value are known.
//!
//! ```text
//! state    (type, patience 1 … P, satisfaction −L … L, boredom 0 … B of each topic)        types · P · (2L + 1) · (B + 1)^topics states
//! action   the item shown
//! outcome  feedback (none, click alone, + like, + purchase, + both)
//!            × (stays | leaves and comes back after d days, for each d | gone for good: terminates)
//! ```
//!
//! The probabilities are the functions of [`PlantedWorld`] that the simulator draws from; the reward is [`FeedReward`] of each outcome's
//! response. Nothing is approximated: with γ the value of a state is that of a visitor who is looked at for ever, so a simulation meets it
//! up to γ^h where its horizon is h slates.
//!
//! What must hold: no hidden deviation (it would be part of the state and is a real number), no worth of coverage (it asks which topics
//! were shown in the visit, which is not part of the state), and no more than [`MOST_STATES`] states.

use super::planted::{AD, Mood, PlantedWorld};
use super::reward::FeedReward;
use super::state::{FeedResponse, FeedState, SlotResponse, Visitor};
use super::visitor_model::VisitorModel;
use crate::error::Error;
use crate::tabular::{Outcome, TabularMdp};

/// States beyond which a world is too large to be written out.
pub const MOST_STATES: usize = 100_000;

/// A planted world as a table, with the way from visitors to its states.
#[derive(Debug, Clone, PartialEq)]
pub struct ExactFeed {
    mdp: TabularMdp,
    shape: Shape,
}

/// How states are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    types: usize,
    patience: usize,
    levels: i32,
    boredom: usize,
    topics: usize,
}

/// A state taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    user: u32,
    patience: u32,
    satisfaction: i32,
    boredom: Vec<u8>,
}

impl Shape {
    /// Number of states, if it is small enough.
    fn states(&self) -> Option<usize> {
        let mut states = self.types.checked_mul(self.patience)?.checked_mul(2 * self.levels as usize + 1)?;
        for _ in 0..self.topics {
            states = states.checked_mul(self.boredom)?;
        }
        (states <= MOST_STATES).then_some(states)
    }

    fn index(&self, parts: &Parts) -> usize {
        let mut index = parts.user as usize * self.patience + (parts.patience as usize - 1);
        index = index * (2 * self.levels as usize + 1) + (parts.satisfaction + self.levels) as usize;
        parts.boredom.iter().fold(index, |index, &level| index * self.boredom + usize::from(level))
    }

    fn parts(&self, mut index: usize) -> Parts {
        let mut boredom = vec![0; self.topics];
        for level in boredom.iter_mut().rev() {
            *level = (index % self.boredom) as u8;
            index /= self.boredom;
        }
        let levels = 2 * self.levels as usize + 1;
        let satisfaction = (index % levels) as i32 - self.levels;
        index /= levels;
        let (user, patience) = ((index / self.patience) as u32, (index % self.patience) as u32 + 1);
        Parts { user, patience, satisfaction, boredom }
    }
}

impl ExactFeed {
    /// Writes a world out.
    ///
    /// # Errors
    /// A hidden deviation (`world.deviation`), a worth of coverage (`reward.coverage`), too many states (`world.topics`).
    pub fn new(world: &PlantedWorld, reward: &FeedReward) -> Result<Self, Error> {
        let spec = world.spec();
        Error::unless(spec.deviation == 0.0, "world", "deviation", || {
            format!("{} makes states a real number; set it to 0", spec.deviation)
        })?;
        let coverage = reward.spec().coverage;
        Error::unless(coverage == 0.0, "reward", "coverage", || {
            format!("{coverage} pays for what the state does not hold; set it to 0")
        })?;
        let shape = Shape {
            types: spec.types as usize,
            patience: spec.patience as usize,
            levels: spec.satisfaction_levels,
            boredom: usize::from(spec.boredom_levels) + 1,
            topics: spec.topics as usize,
        };
        let states = shape.states();
        Error::unless(states.is_some(), "world", "topics", || {
            format!("there are more than {MOST_STATES} states; choose fewer topics or levels, or use RelaxedFeed")
        })?;
        let states = states.unwrap_or_default();
        let mut initial = vec![0.0; states];
        for user in 0..spec.types {
            let boredom = vec![0; shape.topics];
            let parts = Parts { user, patience: spec.patience, satisfaction: 0, boredom };
            initial[shape.index(&parts)] = 1.0 / f64::from(spec.types);
        }
        let writing = Writing { world, reward, shape };
        let mdp = TabularMdp::new(states, world.items().len(), &initial, |s, a| writing.outcomes(&shape.parts(s), a))?;
        Ok(Self { mdp, shape })
    }

    /// The table; actions are items.
    pub fn mdp(&self) -> &TabularMdp {
        &self.mdp
    }

    /// The state in which a visitor of the same world is.
    pub fn state(&self, visitor: &Visitor) -> usize {
        let Visitor { state, patience, satisfaction, boredom, .. } = visitor;
        assert!(*patience >= 1 && boredom.len() == self.shape.topics, "{visitor:?} is not of shape {:?}", self.shape);
        let (patience, satisfaction, boredom) = (*patience, *satisfaction, boredom.clone());
        self.shape.index(&Parts { user: state.user, patience, satisfaction, boredom })
    }

    /// Mean of `values` over the states in which a life begins.
    ///
    /// # Shapes
    /// `values [S]`
    pub fn start_value(&self, values: &[f64]) -> f64 {
        self.mdp.starts().map(|(state, probability)| probability * values[state]).sum()
    }
}

/// What outcomes are made of.
struct Writing<'a> {
    world: &'a PlantedWorld,
    reward: &'a FeedReward,
    shape: Shape,
}

impl Writing<'_> {
    fn outcomes(&self, parts: &Parts, item: usize) -> Vec<Outcome> {
        let items = self.world.items();
        let (topic, ad) = (items.topic[item] as usize, items.surface[item] == AD);
        let taste = self.world.taste(parts.user, &[], topic);
        let [click, like, purchase] = self.world.outcome(item as u32, taste, parts.boredom[topic]);
        let mut click = [click];
        self.world.choice().click_probabilities(&[self.world.examination(0)], &mut click);
        let [click] = click;
        let after = [
            (0b000, 1.0 - click, Mood::Unmoved),
            (0b001, click * (1.0 - like) * (1.0 - purchase), Mood::Disappointed),
            (0b011, click * like * (1.0 - purchase), Mood::Satisfied),
            (0b101, click * (1.0 - like) * purchase, Mood::Satisfied),
            (0b111, click * like * purchase, Mood::Satisfied),
        ];
        let level = |other: usize, &level: &u8| self.world.after_shown(level, u32::from(other == topic));
        let boredom: Vec<u8> = parts.boredom.iter().enumerate().map(|(other, l)| level(other, l)).collect();
        let mut outcomes = Vec::new();
        for (feedback, probability, mood) in after {
            if probability <= 0.0 {
                continue;
            }
            let start = (self.world.after_slate(parts.patience), parts.satisfaction);
            let (patience, satisfaction) = self.world.after_slot(start, ad, mood);
            let then = Parts { user: parts.user, patience, satisfaction, boredom: boredom.clone() };
            let slots = vec![SlotResponse { item: item as u32, position: 0, feedback }];
            self.departures(&then, FeedResponse { slots, ..FeedResponse::default() }, probability, &mut outcomes);
        }
        outcomes
    }

    /// Staying, leaving for each number of days, and leaving for good.
    fn departures(&self, then: &Parts, response: FeedResponse, probability: f64, outcomes: &mut Vec<Outcome>) {
        let before = FeedState { topic_shown: vec![1; self.shape.topics], ..FeedState::default() };
        let worth = |response: &FeedResponse| self.reward.reward(response, &before);
        let (leaves, returns) = (self.world.leaves_at(then.patience), self.world.returns_at(then.satisfaction));
        if leaves < 1.0 {
            let (probability, reward) = (probability * (1.0 - leaves), worth(&response));
            outcomes.push(Outcome { probability, next_state: self.shape.index(then), reward, terminates: false });
        }
        if leaves <= 0.0 {
            return;
        }
        let mut response = FeedResponse { left: true, ..response };
        for (day, share) in (1..).zip(self.world.away_shares()) {
            response.away_days = Some(day);
            let boredom = then.boredom.iter().map(|&level| self.world.after_days(level, day)).collect();
            let patience = self.world.spec().patience;
            let begin = Parts { user: then.user, patience, satisfaction: 0, boredom };
            outcomes.push(Outcome {
                probability: probability * leaves * returns * share,
                next_state: self.shape.index(&begin),
                reward: worth(&response),
                terminates: false,
            });
        }
        response.away_days = None;
        let (probability, reward) = (probability * leaves * (1.0 - returns), worth(&response));
        outcomes.push(Outcome { probability, next_state: 0, reward, terminates: true });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::planted_spec::PlantedSpec;
    use crate::feed::play::{evaluate_with_truth, greedy_by_click};
    use crate::feed::reward::FeedRewardSpec;
    use crate::feed::simulator::{FeedConfig, FeedSimulator};
    use crate::feed::testing::world;
    use crate::tabular::DynamicProgramming;

    const DISCOUNT: f64 = 0.95;

    fn reward_of(world: &PlantedWorld, spec: FeedRewardSpec) -> FeedReward {
        FeedReward::new(spec, world.tasks(), world.items(), "reward").unwrap()
    }

    fn spec() -> FeedRewardSpec {
        let surfaces = [("ad".to_owned(), 0.5)].into();
        FeedRewardSpec {
            surfaces,
            return_bonus: 0.5,
            return_within_days: 2,
            leave_cost: 0.2,
            ..FeedRewardSpec::default()
        }
    }

    #[test]
    fn states_are_numbered_without_gaps() {
        let world = world(PlantedSpec::small(), 1);
        let exact = ExactFeed::new(&world, &reward_of(&world, spec())).unwrap();
        let states = 2 * 4 * 5 * 9;
        assert_eq!((exact.mdp().states(), exact.mdp().actions()), (states, 8));
        for state in 0..states {
            assert_eq!(exact.shape.index(&exact.shape.parts(state)), state);
        }
    }

    /// The optimal policy's value and that of greed for clicks, by table and by simulation.
    #[test]
    fn simulation_meets_the_exact_values_and_greed_for_clicks_loses() {
        let world = world(PlantedSpec::small(), 1);
        let reward = reward_of(&world, spec());
        let exact = ExactFeed::new(&world, &reward).unwrap();
        let programming = DynamicProgramming::new(DISCOUNT);
        let solution = programming.value_iteration(exact.mdp()).unwrap();
        let policy = solution.policy();
        let optimal = exact.start_value(solution.values());
        // Greed needs no more than type and boredom, so it is a policy of the table.
        let mut greedy = vec![0.0; exact.mdp().states() * 8];
        for state in 0..exact.mdp().states() {
            let Parts { user, boredom, .. } = exact.shape.parts(state);
            let visitor = Visitor { state: FeedState { user, ..FeedState::default() }, boredom, ..Visitor::default() };
            let mut slate = Vec::new();
            greedy_by_click(&world, &visitor, 1, &mut slate);
            greedy[state * 8 + slate[0] as usize] = 1.0;
        }
        let greedy_value = exact.start_value(&programming.policy_evaluation(exact.mdp(), &greedy).unwrap());
        assert!(optimal > 1.2 * greedy_value, "the optimum {optimal} does not stand out from greed, {greedy_value}");
        let config = FeedConfig { slate: 1, recent: 5, horizon_days: u32::MAX, horizon_steps: 500 };
        let mut simulator = FeedSimulator::new(&world, config).unwrap();
        let best = |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| {
            *slate = vec![policy[exact.state(visitor)] as u32];
            1.0
        };
        let found = evaluate_with_truth(&mut simulator, best, (&reward, DISCOUNT), 10_000, 7);
        let greed = |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| greedy_by_click(&world, visitor, 1, slate);
        let greed = evaluate_with_truth(&mut simulator, greed, (&reward, DISCOUNT), 10_000, 7);
        for (name, found, exact) in [("optimal", &found, optimal), ("greedy", &greed, greedy_value)] {
            let (mean, error) = (found.mean(), found.standard_error());
            assert!((mean - exact).abs() < 3.5 * error, "{name}: {mean} ± {error} instead of {exact}");
            assert!(error < 0.02 * exact, "{name}: ± {error} says too little");
        }
        assert!(found.mean() > 1.15 * greed.mean());
        // Other weights of the same terms, without simulating again.
        let other = reward_of(&world, FeedRewardSpec { return_bonus: 0.0, ..spec() });
        let lower = found.reweigh(&other).iter().sum::<f64>() / 10_000.0;
        assert!(found.reweigh(&reward).iter().zip(&found.returns).all(|(a, b)| (a - b).abs() < 1e-9));
        assert!(lower < found.mean());
    }

    #[test]
    fn what_cannot_be_written_out_is_refused() {
        let refusal = |spec: PlantedSpec, reward: FeedRewardSpec| {
            let world = world(spec, 1);
            ExactFeed::new(&world, &reward_of(&world, reward)).unwrap_err().to_string()
        };
        let own = PlantedSpec { deviation: 0.5, ..PlantedSpec::small() };
        assert!(refusal(own, spec()).starts_with("world.deviation: 0.5 makes"));
        assert!(
            refusal(PlantedSpec { topics: 12, items: 24, ..PlantedSpec::small() }, spec())
                .starts_with("world.topics: ")
        );
        let coverage = FeedRewardSpec { coverage: 1.0, ..spec() };
        assert!(refusal(PlantedSpec::small(), coverage).starts_with("reward.coverage: 1 pays"));
    }
}
