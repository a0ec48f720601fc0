//! `RelaxedFeed`: an upper bound on what any policy can earn in a planted world, and a policy that plans by it.
//!
//! ```text
//! V(p, s)        = max{ 0,  c + W_0(p − slate_cost, s) }                                  before a slate
//! W_j(p, s)      = max over items i, each as it is at boredom 0 and as one that cannot be clicked, of
//!                  surface_i + Σ_m P_j(m | i) (worth_m + W_{j+1}(mood after slot (i, m)))    m: no click, satisfied, disappointed
//! W_n(p, s)      = (1 − l_p) γ V(p, s) + l_p [ −leave_cost + r_s (bonus + γ V(P, 0)) ]    leaves? returns?
//! ```
//!
//! with n slots, γ the discount, c the most that diversity and coverage of a slate can earn, bonus = return_bonus · P(d ≤ D), one such
//! V per visitor (type and deviation).
//!
//! **Why V(P, 0) bounds every policy.** Take any policy, also one that knows the visitor's type, deviation and boredom. In the world a
//! slate's slots answer, given the state, independently of each other, and patience and satisfaction are moved slot by slot in the order
//! of the positions. Let a planner
//!
//! 1. choose slot by slot, after having seen the answers to the slots above;
//! 2. have any item judged at boredom 0, and forgo any share of its chance of a click, by mixing with the same item unclickable;
//! 3. repeat items;
//! 4. earn c whatever the slate;
//! 5. stop when what follows is worth less than nothing.
//!
//! Boredom lowers the chance of a click and nothing else, so (2) includes every item at its true boredom. The planner can do what the policy
//! does, slot by slot, and then meets the same law of patience, satisfaction, leaving, returning and of all terms but diversity and
//! coverage, for which it gets at least as much. So its optimal value is at least the policy's; and that value depends on (p, s) alone,
//! because boredom no longer matters: it solves the equations above, a γ-contraction. Stopping makes V ≥ 0, so every horizon is covered
//! as well: the planner may stop there. For single choice, P_j(click | i) = w / (1 + w) with w = e_j p / (1 − p) where nothing was
//! clicked above, and 0 after a click; in the world that chance is w / (1 + w + weights below), which is at most that: (2) again. ∎
//!
//! Swept until the change is below 10⁻⁹ (1 − γ), the bound is raised by 10⁻⁹ for it. It is tight where boredom matters little and slates
//! are short; boredom is what it does not see.

use rand_chacha::ChaCha8Rng;

use super::planted::{AD, Mood, PlantedWorld};
use super::reward::FeedReward;
use super::state::Visitor;
use super::visitor_model::{ChoiceModel, VisitorModel};
use crate::error::Error;

/// Largest error of the values for want of further sweeps.
const ACCURACY: f64 = 1e-9;

/// The chances of an item at one level of boredom.
#[derive(Debug, Clone, Copy)]
struct Chances {
    /// P(click | examined).
    click: f64,
    /// P(another task follows | click).
    satisfied: f64,
    /// Mean worth of a click and what follows.
    worth: f64,
    /// Worth of being shown.
    shown: f64,
    ad: bool,
}

/// The relaxed problem of one visitor, solved.
#[derive(Debug, Clone)]
pub struct RelaxedFeed<'a> {
    world: &'a PlantedWorld,
    reward: &'a FeedReward,
    slots: usize,
    discount: f64,
    /// V(P, 0), raised by the accuracy.
    bound: f64,
    /// W, `[slots + 1, clicked 2, P + 1, 2L + 1]`.
    ahead: Vec<f64>,
}

/// A bound on the mean over visitors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueBound {
    /// Mean of the visitors' bounds.
    pub mean: f64,
    /// Its standard error; 0 where there is no hidden deviation and every type was solved.
    pub standard_error: f64,
}

impl<'a> RelaxedFeed<'a> {
    /// Solves the relaxed problem of a visitor's type and deviation.
    ///
    /// # Errors
    /// A discount outside [0, 1) (`relaxed.discount`) or no slot (`relaxed.slots`).
    pub fn new(
        world: &'a PlantedWorld,
        reward: &'a FeedReward,
        visitor: &Visitor,
        slots: usize,
        discount: f64,
    ) -> Result<Self, Error> {
        Error::unless((0.0..1.0).contains(&discount), "relaxed", "discount", || {
            format!("{discount} must lie in [0, 1)")
        })?;
        Error::unless(slots >= 1, "relaxed", "slots", || "must be at least 1".to_owned())?;
        let mut relaxed = Self { world, reward, slots, discount, bound: 0.0, ahead: Vec::new() };
        relaxed.solve(&relaxed.options(visitor));
        Ok(relaxed)
    }

    /// No policy is worth more, for this visitor from the first visit on.
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// Fills a slate slot by slot with what is best by the bound's own values, at the visitor's true boredom; gives its propensity, 1.
    /// It sees the truth and plans patience and satisfaction ahead, but not boredom.
    pub fn plan(&self, visitor: &Visitor, slate: &mut Vec<u32>) -> f64 {
        let items = self.world.items();
        let levels: Vec<u8> = items.topic.iter().map(|&topic| visitor.boredom[topic as usize]).collect();
        let mut mood = (self.world.after_slate(visitor.patience), visitor.satisfaction);
        slate.clear();
        for position in 0..self.slots {
            let mut best: Option<(f64, u32)> = None;
            for (item, &level) in (0..).zip(&levels) {
                if slate.contains(&item) {
                    continue;
                }
                let option = self.chances(visitor, item, level);
                let worth = self.slot_value(&option, self.click_alone(&option, position), position, mood);
                if best.is_none_or(|(other, _)| worth > other) {
                    best = Some((worth, item));
                }
            }
            if let Some((_, item)) = best {
                slate.push(item);
                mood = self.world.after_slot(mood, items.surface[item as usize] == AD, Mood::Unmoved);
            }
        }
        1.0
    }

    /// Every item, judged at boredom 0.
    fn options(&self, visitor: &Visitor) -> Vec<Chances> {
        (0..self.world.items().len() as u32).map(|item| self.chances(visitor, item, 0)).collect()
    }

    fn chances(&self, visitor: &Visitor, item: u32, level: u8) -> Chances {
        let (items, weights) = (self.world.items(), self.reward.weights());
        let (topic, surface) = (items.topic[item as usize] as usize, items.surface[item as usize]);
        let taste = self.world.taste(visitor.state.user, &visitor.deviation, topic);
        let [click, like, purchase] = self.world.outcome(item, taste, level);
        Chances {
            click,
            satisfied: 1.0 - (1.0 - like) * (1.0 - purchase),
            worth: weights[0] + like * weights[1] + purchase * weights[2],
            shown: weights[self.reward.tasks() + usize::from(surface)],
            ad: surface == AD,
        }
    }

    /// What a slot is worth if it is not clicked, with what comes after it.
    fn unclicked_value(&self, option: &Chances, position: usize, mood: (u32, i32), clicked: bool) -> f64 {
        let then = self.world.after_slot(mood, option.ad, Mood::Unmoved);
        option.shown + self.ahead[self.place(position + 1, clicked, then)]
    }

    /// P(click) at a position that nothing above was clicked at, without the slots below.
    fn click_alone(&self, option: &Chances, position: usize) -> f64 {
        let mut alone = [option.click];
        self.world.choice().click_probabilities(&[self.world.examination(position)], &mut alone);
        alone[0]
    }

    /// What a slot that is clicked with probability `click` is worth with what comes after it, where nothing above ended the choice.
    fn slot_value(&self, option: &Chances, click: f64, position: usize, mood: (u32, i32)) -> f64 {
        let single = self.world.choice() == ChoiceModel::Single;
        let then = |how| self.ahead[self.place(position + 1, single, self.world.after_slot(mood, option.ad, how))];
        let unmoved = self.unclicked_value(option, position, mood, false);
        if click <= 0.0 {
            return unmoved;
        }
        let (good, bad) = (then(Mood::Satisfied), then(Mood::Disappointed));
        let moved = option.shown + option.worth + option.satisfied * good + (1.0 - option.satisfied) * bad;
        (1.0 - click) * unmoved + click * moved
    }

    fn place(&self, position: usize, clicked: bool, (patience, satisfaction): (u32, i32)) -> usize {
        let spec = self.world.spec();
        let levels = 2 * spec.satisfaction_levels as usize + 1;
        let row = (position * 2 + usize::from(clicked)) * (spec.patience as usize + 1) + patience as usize;
        row * levels + (satisfaction + spec.satisfaction_levels) as usize
    }

    fn solve(&mut self, options: &[Chances]) {
        let (spec, weights) = (self.world.spec(), self.reward.weights());
        let levels = spec.satisfaction_levels;
        self.ahead = vec![0.0; self.place(self.slots + 1, false, (0, -levels))];
        let rest = self.reward.tasks() + self.world.items().surfaces.len();
        let [diversity, coverage, back, leave] = [0, 1, 2, 3].map(|term| weights[rest + term]);
        let topics = self.world.items().topics;
        let constant =
            diversity * most_diverse(self.slots, topics) + coverage * self.slots.min(topics) as f64 / self.slots as f64;
        let in_time = self.reward.spec().return_within_days as usize;
        let bonus = back * self.world.away_shares().iter().take(in_time).sum::<f64>();
        let moods: Vec<(u32, i32)> =
            (0..=spec.patience).flat_map(|p| (-levels..=levels).map(move |s| (p, s))).collect();
        let mut swept = false;
        loop {
            let value =
                |p: u32, s: i32| (constant + self.ahead[self.place(0, false, (self.world.after_slate(p), s))]).max(0.0);
            let fresh = value(spec.patience, 0);
            let ends: Vec<f64> = moods
                .iter()
                .map(|&(p, s)| {
                    let leaves = self.world.leaves_at(p);
                    let returns = self.world.returns_at(s) * (bonus + self.discount * fresh);
                    (1.0 - leaves) * self.discount * value(p, s) + leaves * (leave + returns)
                })
                .collect();
            let mut change = if swept { 0.0_f64 } else { f64::INFINITY };
            swept = true;
            for (&mood, end) in moods.iter().zip(ends) {
                for clicked in [false, true] {
                    let place = self.place(self.slots, clicked, mood);
                    change = change.max((self.ahead[place] - end).abs());
                    self.ahead[place] = end;
                }
            }
            for position in (0..self.slots).rev() {
                self.sweep_position(position, options, &moods);
            }
            if change <= ACCURACY * (1.0 - self.discount) {
                let start = self.place(0, false, (self.world.after_slate(spec.patience), 0));
                self.bound = (constant + self.ahead[start]).max(0.0) + ACCURACY;
                return;
            }
        }
    }

    fn sweep_position(&mut self, position: usize, options: &[Chances], moods: &[(u32, i32)]) {
        let clicks: Vec<f64> = options.iter().map(|option| self.click_alone(option, position)).collect();
        for &mood in moods {
            let (mut open, mut closed) = (f64::MIN, f64::MIN);
            for (option, &click) in options.iter().zip(&clicks) {
                open = open.max(self.slot_value(option, click, position, mood));
                open = open.max(self.unclicked_value(option, position, mood, false));
                closed = closed.max(self.unclicked_value(option, position, mood, true));
            }
            // After a click of a single choice nothing can be clicked; where slots are independent nobody asks for that.
            for (clicked, best) in [(false, open), (true, closed)] {
                let place = self.place(position, clicked, mood);
                self.ahead[place] = best;
            }
        }
    }
}

/// Most that the mean distance of a slate's pairs by topic can be, topics spread evenly; 0 for a single slot.
fn most_diverse(slots: usize, topics: usize) -> f64 {
    let pairs = |n: usize| (n * n.saturating_sub(1) / 2) as f64;
    let (each, more) = (slots / topics, slots % topics);
    let same = (topics - more) as f64 * pairs(each) + more as f64 * pairs(each + 1);
    if slots < 2 { 0.0 } else { 1.0 - same / pairs(slots) }
}

impl ValueBound {
    /// A bound on the mean discounted return over new visitors of a world, whatever the policy: exact over types without hidden
    /// deviation, else the mean over `visitors` that are drawn.
    ///
    /// # Errors
    /// As [`RelaxedFeed::new`].
    pub fn of(
        world: &PlantedWorld,
        reward: &FeedReward,
        (slots, discount): (usize, f64),
        visitors: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Self, Error> {
        let known = world.spec().deviation == 0.0;
        let count = if known { world.segments() } else { visitors.max(2) };
        let (mut visitor, mut bounds) = (Visitor::default(), Vec::with_capacity(count));
        for index in 0..count {
            if known {
                world.begin_typical(&mut visitor, index as u32);
            } else {
                world.begin(&mut visitor, rng);
            }
            bounds.push(RelaxedFeed::new(world, reward, &visitor, slots, discount)?.bound());
        }
        let mean = bounds.iter().sum::<f64>() / count as f64;
        let squares: f64 = bounds.iter().map(|bound| (bound - mean).powi(2)).sum();
        let standard_error = if known { 0.0 } else { (squares / (count as f64 - 1.0) / count as f64).sqrt() };
        Ok(Self { mean, standard_error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::exact::ExactFeed;
    use crate::feed::planted_spec::PlantedSpec;
    use crate::feed::play::{evaluate_slates, evaluate_with_truth, greedy_by_click};
    use crate::feed::policy::UniformSlates;
    use crate::feed::reward::FeedRewardSpec;
    use crate::feed::simulator::{FeedConfig, FeedSimulator};
    use crate::feed::testing::world;
    use crate::tabular::DynamicProgramming;
    use rand::SeedableRng;

    fn reward(world: &PlantedWorld) -> FeedReward {
        let surfaces = [("ad".to_owned(), 0.5)].into();
        let spec = FeedRewardSpec { surfaces, return_bonus: 0.5, leave_cost: 0.2, ..FeedRewardSpec::default() };
        FeedReward::new(spec, world.tasks(), world.items(), "reward").unwrap()
    }

    fn bound(world: &PlantedWorld, reward: &FeedReward, slots: usize) -> f64 {
        ValueBound::of(world, reward, (slots, 0.95), 1, &mut ChaCha8Rng::seed_from_u64(1)).unwrap().mean
    }

    /// Without boredom nothing is relaxed for a slate of one item: the bound is the optimum.
    #[test]
    fn without_boredom_the_bound_is_the_optimum() {
        let world = world(PlantedSpec { boredom_levels: 0, ..PlantedSpec::small() }, 1);
        let reward = reward(&world);
        let exact = ExactFeed::new(&world, &reward).unwrap();
        let solution = DynamicProgramming::new(0.95).value_iteration(exact.mdp()).unwrap();
        let optimum = exact.start_value(solution.values());
        assert!((bound(&world, &reward, 1) - optimum).abs() < 1e-6, "{} of {optimum}", bound(&world, &reward, 1));
    }

    #[test]
    fn with_boredom_the_bound_lies_above_the_optimum() {
        for seed in [1, 2, 3] {
            let world = world(PlantedSpec::small(), seed);
            let reward = reward(&world);
            let exact = ExactFeed::new(&world, &reward).unwrap();
            let solution = DynamicProgramming::new(0.95).value_iteration(exact.mdp()).unwrap();
            let (bound, optimum) = (bound(&world, &reward, 1), exact.start_value(solution.values()));
            assert!(bound > optimum && bound < 1.5 * optimum, "seed {seed}: bound {bound}, optimum {optimum}");
        }
    }

    /// Chance and greed for clicks < planning by the bound < the bound, for both choices.
    #[test]
    fn policies_stand_in_order_below_the_bound() {
        for choice in [ChoiceModel::Independent, ChoiceModel::Single] {
            let world = world(PlantedSpec { items: 60, choice, ..PlantedSpec::default() }, 1);
            let reward = reward(&world);
            let config = FeedConfig { slate: 3, horizon_days: 1_000, ..FeedConfig::default() };
            let mut simulator = FeedSimulator::new(&world, config).unwrap();
            let (visitors, judged) = (400, (&reward, 0.95));
            let random =
                evaluate_slates(&mut simulator, &mut UniformSlates { items: 60, slate: 3 }, judged, visitors, 3);
            let greed = |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| greedy_by_click(&world, visitor, 3, slate);
            let greed = evaluate_with_truth(&mut simulator, greed, judged, visitors, 3);
            let mut visitor = Visitor::default();
            let plans: Vec<_> = (0..4)
                .map(|segment| {
                    world.begin_typical(&mut visitor, segment);
                    RelaxedFeed::new(&world, &reward, &visitor, 3, 0.95).unwrap()
                })
                .collect();
            let plan = |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| {
                plans[visitor.state.user as usize].plan(visitor, slate)
            };
            let plan = evaluate_with_truth(&mut simulator, plan, judged, visitors, 3);
            let bound = bound(&world, &reward, 3);
            let means = [random.mean(), greed.mean(), plan.mean(), bound];
            assert!(2.0 * means[0].max(means[1]) < means[2] && means[2] < means[3], "{choice:?}: {means:?}");
            assert!(means[2] > 0.35 * means[3], "{choice:?}: {means:?}");
        }
    }

    #[test]
    fn diversity_cannot_exceed_even_spreading() {
        // Five slots over two topics: 3 + 2, so 3 + 1 of 10 pairs alike.
        assert!((most_diverse(5, 2) - 0.6).abs() < 1e-15);
        assert_eq!([most_diverse(1, 4), most_diverse(3, 4), most_diverse(4, 1)], [0.0, 1.0, 0.0]);
    }
}
