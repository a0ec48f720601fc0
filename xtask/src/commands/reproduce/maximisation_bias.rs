//! Sutton & Barto 2018, example 6.7 and figure 6.5: Q-learning takes luck for value and goes left; double Q-learning much less.
//!
//! ε-greedy choice alone goes left in 5 % of episodes, which is the best there is.

use anyhow::Result;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use slatewise_eval::report::LinePlot;
use slatewise_rl::environments::MaximisationBias;
use slatewise_rl::tabular::{DoubleQLearning, QLearning, StepSize, TabularConfig};
use slatewise_rl::{
    Agent, Budget, Decision, Environment, EpsilonSchedule, Identity, Learner, Learning, StepType, Streams, TimeStep,
    rollout,
};

use super::{Reproduction, Row, mean_curve};

pub(super) const ABOUT: &str =
    "Maximisation bias, Sutton & Barto 2018, example 6.7: how often Q-learning and double Q-learning go left";

const EPISODES: u64 = 300;
const EPSILON: f64 = 0.1;
const CONFIG: TabularConfig =
    TabularConfig { discount: 1.0, step_size: StepSize::Constant(0.1), initial_value: 0.0, min_support: 0 };

/// A learner at work, and whether each of its episodes went left.
struct Noted<A> {
    agent: A,
    went_left: Vec<bool>,
}

impl<A: Agent<MaximisationBias>> Agent<MaximisationBias> for Noted<A> {
    fn decide(
        &mut self,
        observations: &mut dyn Iterator<Item = &usize>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        self.agent.decide(observations, decisions, rng);
    }

    fn observe(
        &mut self,
        slot: usize,
        decision: Option<Decision>,
        step: &TimeStep<'_, usize, f64>,
        rng: &mut ChaCha8Rng,
    ) {
        match (step.step_type, self.went_left.last_mut()) {
            (StepType::First, _) => self.went_left.push(false),
            // The only step after which an episode goes on is the one to the left.
            (StepType::Mid, Some(went_left)) => *went_left = true,
            _ => {}
        }
        self.agent.observe(slot, decision, step, rng);
    }
}

/// Per episode, in per cent: 100 where it went left.
fn lefts(mut learner: impl Learner<usize, State = usize>, mut streams: Streams) -> Vec<f64> {
    learner.set_support(Some(MaximisationBias::support()));
    let exploration = EpsilonSchedule::constant(EPSILON);
    let agent = Learning::new(&mut learner, exploration, |reward: &f64, _: &usize| *reward);
    let mut noted = Noted { agent, went_left: Vec::new() };
    rollout(&mut [MaximisationBias::new()], &mut noted, Budget::Episodes(EPISODES), &mut streams);
    noted.went_left.iter().map(|&left| if left { 100.0 } else { 0.0 }).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Reproduces the figure.
pub(super) fn reproduce(runs: u64, seed: u64) -> Result<Reproduction> {
    let (states, actions) = (Identity { states: 2 }, MaximisationBias::new().spec().actions);
    let one_run = |run| {
        let q_learning = QLearning::new(states, actions, CONFIG);
        let double = DoubleQLearning::new(states, actions, CONFIG);
        (lefts(q_learning, Streams::of_session(seed, run)), lefts(double, Streams::of_session(seed, run)))
    };
    let (q_learning, double): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (0..runs).into_par_iter().map(one_run).unzip();
    let of_all = |runs: &[Vec<f64>]| -> Vec<f64> { runs.iter().map(|run| mean(run)).collect() };
    let at_end = |runs: &[Vec<f64>]| -> Vec<f64> { runs.iter().map(|run| mean(&run[run.len() - 50..])).collect() };
    let differences = q_learning.iter().zip(&double).map(|(q_learning, double)| mean(q_learning) - mean(double));
    let rows = vec![
        Row {
            key: "q_learning_left",
            what: "Q-learning, % left, all 300 episodes",
            samples: of_all(&q_learning),
            source: "at first mostly left",
            bounds: None,
        },
        Row {
            key: "double_q_learning_left",
            what: "double Q-learning, % left, all 300 episodes",
            samples: of_all(&double),
            source: "essentially unaffected",
            bounds: None,
        },
        Row {
            key: "difference",
            what: "Q-learning less double, % left, run by run",
            samples: differences.collect(),
            source: "clearly above 0",
            bounds: Some((10.0, f64::INFINITY)),
        },
        Row {
            key: "q_learning_left_at_end",
            what: "Q-learning, % left, last 50 episodes",
            samples: at_end(&q_learning),
            source: "always above 5",
            bounds: Some((5.0, f64::INFINITY)),
        },
        Row {
            key: "double_q_learning_left_at_end",
            what: "double Q-learning, % left, last 50 episodes",
            samples: at_end(&double),
            source: "near 5",
            bounds: None,
        },
    ];
    let xs = || (1..=EPISODES).map(|episode| episode as f64);
    let figure = LinePlot::new("Maximisation bias: episodes that go left", "episode", "% left")
        .series(mean_curve("Q-learning", xs(), &q_learning))
        .series(mean_curve("double Q-learning", xs(), &double));
    Ok(Reproduction { rows, figure })
}
