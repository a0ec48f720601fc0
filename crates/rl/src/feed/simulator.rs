//! `FeedSimulator`: a visitor who is shown slates, leaves, and returns on a later day; one episode is a visitor's whole life.
//!
//! ```text
//! reset(rng)         a new visitor                                                       ▶ restart
//! step(slate, rng)   clicks and what follows them, slot by slot; leaves? returns? when?   ▶ transition
//!                    gone for good                                                       ▶ termination, discount 0
//!                    `horizon_steps` slates shown, or the next visit is on day `horizon_days` or later   ▶ truncation, discount 1
//! ```
//!
//! A step makes n K + 4 draws, whatever happens, n slots and K tasks: two policies under one seed meet the same chance.
//! The reward is no part of it: see [`FeedReward`](super::FeedReward), which needs the state [`before`](FeedSimulator::before) the step.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::state::{FeedResponse, FeedState, SlotResponse, Visitor};
use super::visitor_model::{ChoiceModel, VisitorModel};
use crate::error::Error;
use crate::time_step::TimeStep;

/// Longest slate.
pub(super) const MOST_SLOTS: usize = 64;

/// One answer of a [`FeedSimulator`].
pub type FeedStep<'a> = TimeStep<'a, FeedState, &'a FeedResponse>;

/// Slates and the horizon, under `[feed]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedConfig {
    /// Slots of a slate, 1 to 64.
    pub slate: usize,
    /// Items that a state remembers.
    pub recent: usize,
    /// Days after the first visit from which on nobody is looked at any more, ≥ 1.
    pub horizon_days: u32,
    /// Slates after which a visitor is looked at no more, ≥ 1.
    pub horizon_steps: u32,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self { slate: 5, recent: 30, horizon_days: 30, horizon_steps: 1_000 }
    }
}

impl FeedConfig {
    /// Checks the settings against a catalogue of `items`; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str, items: usize) -> Result<(), Error> {
        let slate = self.slate;
        Error::unless((1..=MOST_SLOTS).contains(&slate), key, "slate", || {
            format!("{slate} must lie in 1 to {MOST_SLOTS}")
        })?;
        Error::unless(slate <= items, key, "slate", || {
            format!("{slate} slots cannot be filled with {items} items; choose fewer slots")
        })?;
        Error::unless(self.horizon_days >= 1, key, "horizon_days", || "must be at least 1".to_owned())?;
        Error::unless(self.horizon_steps >= 1, key, "horizon_steps", || "must be at least 1".to_owned())
    }
}

/// Simulated visitors of a model.
#[derive(Debug)]
pub struct FeedSimulator<'a, M: VisitorModel + ?Sized> {
    model: &'a M,
    config: FeedConfig,
    visitor: Visitor,
    before: FeedState,
    response: FeedResponse,
    steps: u32,
    /// P(examined) by position, `[n]`.
    examination: Vec<f64>,
    /// P(click) by position, `[n]`.
    click: Vec<f64>,
    /// P(task | click), `[n, K]`, the click's own column unused.
    after_click: Vec<f64>,
}

impl<M: VisitorModel + ?Sized> Clone for FeedSimulator<'_, M> {
    fn clone(&self) -> Self {
        Self {
            model: self.model,
            config: self.config.clone(),
            visitor: self.visitor.clone(),
            before: self.before.clone(),
            response: self.response.clone(),
            steps: self.steps,
            examination: self.examination.clone(),
            click: self.click.clone(),
            after_click: self.after_click.clone(),
        }
    }
}

impl<'a, M: VisitorModel + ?Sized> FeedSimulator<'a, M> {
    /// Visitors of `model`; `reset` comes before the first step.
    ///
    /// # Errors
    /// A setting out of its range (`feed.…`).
    pub fn new(model: &'a M, config: FeedConfig) -> Result<Self, Error> {
        config.validate("feed", model.items().len())?;
        let (slots, tasks) = (config.slate, model.tasks().len());
        assert!((1..=32).contains(&tasks), "{tasks} tasks; feedback holds 1 to 32");
        Ok(Self {
            model,
            visitor: Visitor::default(),
            before: FeedState::default(),
            response: FeedResponse::default(),
            steps: 0,
            examination: (0..slots).map(|position| model.examination(position)).collect(),
            click: vec![0.0; slots],
            after_click: vec![0.0; slots * tasks],
            config,
        })
    }

    /// The model.
    pub fn model(&self) -> &'a M {
        self.model
    }

    /// Slates and the horizon.
    pub fn config(&self) -> &FeedConfig {
        &self.config
    }

    /// What a policy sees now.
    pub fn state(&self) -> &FeedState {
        &self.visitor.state
    }

    /// What a policy saw before the last step.
    pub fn before(&self) -> &FeedState {
        &self.before
    }

    /// What the last step brought about.
    pub fn response(&self) -> &FeedResponse {
        &self.response
    }

    /// The visitor with all that is hidden, for policies that know the truth.
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// Slates shown to this visitor in all visits.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// A new visitor.
    pub fn reset(&mut self, rng: &mut ChaCha8Rng) -> FeedStep<'_> {
        self.model.begin(&mut self.visitor, rng);
        self.steps = 0;
        self.response.slots.clear();
        (self.response.left, self.response.away_days, self.response.ended) = (false, None, false);
        self.before.copy_from(&self.visitor.state);
        TimeStep::restart(&self.visitor.state)
    }

    /// Shows a slate of distinct items, as many as it has slots; the caller resets after a last step.
    pub fn step(&mut self, slate: &[u32], rng: &mut ChaCha8Rng) -> FeedStep<'_> {
        self.check(slate);
        self.before.copy_from(&self.visitor.state);
        self.answer(slate, rng);
        let [leave, back, day]: [f64; 3] = std::array::from_fn(|_| rng.random());
        self.visitor.state.take_in(&self.response.slots, self.model.items(), self.config.recent);
        self.model.experience(&mut self.visitor, &self.response.slots);
        self.steps += 1;
        let left = leave < self.model.leave_probability(&self.visitor);
        let returns = left && back < self.model.return_probability(&self.visitor);
        let away_days = returns.then(|| self.model.away_days(&self.visitor, day));
        if let Some(days) = away_days {
            self.visitor.state.begin_visit(days);
            self.model.begin_visit(&mut self.visitor, days);
        }
        let gone = left && !returns;
        let over = self.steps >= self.config.horizon_steps || self.visitor.state.day >= self.config.horizon_days;
        (self.response.left, self.response.away_days, self.response.ended) = (left, away_days, gone || over);
        let (response, state) = (&self.response, &self.visitor.state);
        match (gone, over) {
            (true, _) => TimeStep::termination(response, state),
            (false, true) => TimeStep::truncation(response, state),
            (false, false) => TimeStep::transition(response, state),
        }
    }

    fn check(&self, slate: &[u32]) {
        let (slots, items) = (self.config.slate, self.model.items().len());
        assert!(slate.len() == slots, "a slate of shape [{}] for slots of shape [{slots}]", slate.len());
        for (position, &item) in slate.iter().enumerate() {
            assert!((item as usize) < items, "item {item} of a catalogue of shape [{items}]");
            assert!(!slate[..position].contains(&item), "item {item} stands twice in the slate {slate:?}");
        }
    }

    /// Draws the feedback of every slot.
    fn answer(&mut self, slate: &[u32], rng: &mut ChaCha8Rng) {
        let tasks = self.model.tasks().len();
        for (position, &item) in slate.iter().enumerate() {
            let out = &mut self.after_click[position * tasks..][..tasks];
            self.model.probabilities(&self.visitor, item, out);
            self.click[position] = out[0];
        }
        let choice = self.model.choice();
        choice.click_probabilities(&self.examination, &mut self.click);
        self.response.slots.clear();
        let (mut chosen, mut mass, single) = (None, 0.0, rng.random::<f64>());
        if choice == ChoiceModel::Single {
            chosen = self.click.iter().position(|p| {
                mass += p;
                mass > single
            });
        }
        for (position, &item) in slate.iter().enumerate() {
            let own: f64 = rng.random();
            let clicked = match choice {
                ChoiceModel::Independent => own < self.click[position],
                ChoiceModel::Single => chosen == Some(position),
            };
            let mut feedback = u32::from(clicked);
            for task in 1..tasks {
                let happens = rng.random::<f64>() < self.after_click[position * tasks + task];
                feedback |= u32::from(clicked && happens) << task;
            }
            self.response.slots.push(SlotResponse { item, position: position as u8, feedback });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::planted_spec::PlantedSpec;
    use crate::feed::testing::world;
    use rand::SeedableRng;

    fn config(slate: usize) -> FeedConfig {
        FeedConfig { slate, recent: 7, horizon_days: 20, horizon_steps: 40 }
    }

    #[test]
    fn episodes_keep_the_semantics_and_repeat() {
        let world = world(PlantedSpec { deviation: 0.5, ..PlantedSpec::default() }, 1);
        let play = |simulator: &mut FeedSimulator<'_, _>| {
            let (mut rng, mut trace) = (ChaCha8Rng::seed_from_u64(5), Vec::new());
            for _ in 0..200 {
                let first = simulator.reset(&mut rng);
                assert!(first.response.is_none() && first.discount == 1.0 && first.observation.day == 0);
                loop {
                    let start = simulator.steps();
                    let slate = [start % 120, (start + 7) % 120, (start + 33) % 120];
                    let step = simulator.step(&slate, &mut rng);
                    let (last, terminates, state) = (step.is_last(), step.terminates(), step.observation.clone());
                    let response = simulator.response().clone();
                    assert_eq!(response.ended, last);
                    assert_eq!(terminates, response.left && response.away_days.is_none());
                    let over = simulator.steps() >= 40 || state.day >= 20;
                    assert_eq!(last, terminates || over);
                    assert!(state.recent.len() <= 7 && response.slots.len() == 3);
                    assert!(response.slots.iter().all(|slot| slot.feedback == 0 || slot.clicked()));
                    if let Some(days) = response.away_days {
                        assert!(state.step == 0 && state.day == simulator.before().day + days && state.clicks == 0);
                    } else {
                        assert_eq!(state.step, simulator.before().step + 1);
                    }
                    trace.push((state, response));
                    if last {
                        break;
                    }
                }
            }
            trace
        };
        let mut simulator = FeedSimulator::new(&world, config(3)).unwrap();
        let first = play(&mut simulator);
        assert!(first == play(&mut simulator), "the same seed gave two different courses of events");
        assert!(first.iter().any(|(state, _)| state.visit > 1) && first.len() > 1_000);
        let truncated = first.iter().filter(|(_, r)| r.ended && !(r.left && r.away_days.is_none())).count();
        assert!(truncated > 0);
    }

    #[test]
    fn every_step_draws_the_same() {
        for choice in [ChoiceModel::Independent, ChoiceModel::Single] {
            let world = world(PlantedSpec { choice, ..PlantedSpec::default() }, 2);
            let mut simulator = FeedSimulator::new(&world, config(2)).unwrap();
            for slate in [[0, 1], [50, 119], [7, 3]] {
                let mut rng = ChaCha8Rng::seed_from_u64(9);
                simulator.reset(&mut rng);
                let before = rng.get_word_pos();
                simulator.step(&slate, &mut rng);
                assert_eq!(rng.get_word_pos() - before, 2 * (2 * 3 + 4)); // n K + 4 numbers of two words
                let most = if choice == ChoiceModel::Single { 1 } else { 2 };
                assert!(simulator.response().slots.iter().filter(|slot| slot.clicked()).count() <= most);
            }
        }
    }

    #[test]
    fn clicks_occur_as_often_as_they_say() {
        for choice in [ChoiceModel::Independent, ChoiceModel::Single] {
            let world = world(PlantedSpec { types: 1, click: 0.0, choice, ..PlantedSpec::default() }, 3);
            let mut simulator = FeedSimulator::new(&world, config(2)).unwrap();
            let (mut rng, draws) = (ChaCha8Rng::seed_from_u64(1), 20_000);
            let (mut clicks, mut likes) = ([0.0; 2], 0.0);
            for _ in 0..draws {
                simulator.reset(&mut rng);
                simulator.step(&[0, 8], &mut rng);
                for slot in &simulator.response().slots {
                    clicks[usize::from(slot.position)] += f64::from(u8::from(slot.clicked())) / f64::from(draws);
                    likes += f64::from(u8::from(slot.has(1))) / f64::from(draws);
                }
            }
            let [first, second] = [0, 8].map(|item| world.outcome(item, world.taste(0, &[], item as usize % 6), 0));
            let mut expected = [first[0], second[0]];
            choice.click_probabilities(&[1.0, 0.5_f64.sqrt()], &mut expected);
            // Five standard errors of a share near 1/2.
            for (found, expected) in clicks.iter().zip(expected) {
                assert!((found - expected).abs() < 0.018, "{choice:?}: {clicks:?} instead of {expected:?}");
            }
            let liked = expected[0] * first[1] + expected[1] * second[1];
            assert!((likes - liked).abs() < 0.025, "{choice:?}: {likes} instead of {liked}");
        }
    }

    #[test]
    fn settings_are_checked() {
        let message =
            |text: &str| toml::from_str::<FeedConfig>(text).map(|c| c.validate("feed", 4).unwrap_err().to_string());
        assert_eq!(
            message("slate = 5").unwrap(),
            "feed.slate: 5 slots cannot be filled with 4 items; choose fewer slots"
        );
        assert_eq!(message("slate = 65").unwrap(), "feed.slate: 65 must lie in 1 to 64");
        assert_eq!(message("slate = 2\nhorizon_days = 0").unwrap(), "feed.horizon_days: must be at least 1");
        assert!(toml::from_str::<FeedConfig>("slots = 5").is_err());
    }
}
