//! A small Markov decision process with known values.
//!
//! ```text
//! states 0 … 3 and a terminal one, 3 actions, horizon 5, discount 0.9, r ~ Bernoulli(r(s, a))
//!
//! Q_t(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V_t+1(s') ,   V_t(s) = Σ_a π_e(a|s) Q_t(s, a) ,   V_5 = 0
//! V = mean_s V_0(s), exactly
//! ```

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use slatewise_eval::Error;
use slatewise_eval::off_policy::{
    Estimator, PerDecisionIs, PerDecisionWis, SequentialDirectMethod, SequentialDoublyRobust, StepModel, Steps,
    Trajectories, TrajectoryIs, TrajectoryWis, WeightedDoublyRobust,
};

use crate::chance::{coin, draw, expectation, logistic, normals, softmax};
use crate::study::{Simulator, Subject};

const STATES: usize = 4;
const ACTIONS: usize = 3;
const HORIZON: usize = 5;
const DISCOUNT: f64 = 0.9;
/// Probability that a step ends the trajectory.
const ENDING: f64 = 0.1;

struct State {
    logging: Vec<f64>,
    evaluation: Vec<f64>,
    /// Mean reward per action.
    reward: Vec<f64>,
    /// Probability of each next state per action, the terminal one last.
    next: Vec<Vec<f64>>,
}

/// The simulator.
pub(crate) struct Process {
    states: Vec<State>,
    /// Q_t(s, a) of the evaluation policy.
    q: Vec<Vec<Vec<f64>>>,
    /// What the model says of it.
    q_hat: Vec<Vec<Vec<f64>>>,
}

impl Process {
    /// A world drawn from a generator. `apart` is how far the policies' logits lie apart; a wrong model is Q turned
    /// upside down within its range.
    pub(crate) fn new(apart: f64, wrong_model: bool, rng: &mut ChaCha8Rng) -> Self {
        let states: Vec<State> = (0..STATES).map(|_| State::new(apart, rng)).collect();
        let q = action_values(&states);
        let mut q_hat = q.clone();
        if wrong_model {
            let mut most = 0.0;
            for of_time in q_hat.iter_mut().rev() {
                most = 1.0 + DISCOUNT * most;
                of_time.iter_mut().flatten().for_each(|value| *value = most - *value);
            }
        }
        Self { states, q, q_hat }
    }
}

impl State {
    fn new(apart: f64, rng: &mut ChaCha8Rng) -> Self {
        let (shared, own) = (normals(ACTIONS, rng), normals(ACTIONS, rng));
        let moved: Vec<f64> = shared.iter().zip(own).map(|(shared, own)| 0.5 * shared + apart * own).collect();
        let next = |_| {
            let mut live = softmax(&normals(STATES, rng), 1.0);
            live.iter_mut().for_each(|probability| *probability *= 1.0 - ENDING);
            live.push(ENDING);
            live
        };
        let next = (0..ACTIONS).map(next).collect();
        let reward = normals(ACTIONS, rng).into_iter().map(logistic).collect();
        Self { logging: softmax(&shared, 0.5), evaluation: softmax(&moved, 1.0), reward, next }
    }
}

/// Q_t(s, a) of the evaluation policy by dynamic programming.
fn action_values(states: &[State]) -> Vec<Vec<Vec<f64>>> {
    let mut value = vec![0.0; STATES + 1];
    let mut backwards = Vec::with_capacity(HORIZON);
    for _ in 0..HORIZON {
        let of_state = |state: &State| -> Vec<f64> {
            let actions = state.reward.iter().zip(&state.next);
            actions.map(|(reward, next)| reward + DISCOUNT * expectation(next, &value)).collect()
        };
        let q: Vec<Vec<f64>> = states.iter().map(of_state).collect();
        value = states.iter().zip(&q).map(|(state, q)| expectation(&state.evaluation, q)).chain([0.0]).collect();
        backwards.push(q);
    }
    backwards.reverse();
    backwards
}

/// Columns of a log under way.
#[derive(Default)]
struct Columns {
    trajectory: Vec<u32>,
    step: Vec<f64>,
    reward: Vec<f64>,
    propensity: Vec<f64>,
    evaluation: Vec<f64>,
    q_logged: Vec<f64>,
    value: Vec<f64>,
}

impl Simulator for Process {
    type Log = Trajectories;

    fn truth(&self) -> f64 {
        let first = self.states.iter().zip(&self.q[0]);
        first.map(|(state, q)| expectation(&state.evaluation, q)).sum::<f64>() / STATES as f64
    }

    fn log(&self, units: usize, rng: &mut ChaCha8Rng) -> Result<Trajectories, Error> {
        let mut columns = Columns::default();
        for trajectory in 0..units {
            let mut place = rng.random_range(0..STATES);
            for time in 0..HORIZON {
                let (state, q_hat) = (&self.states[place], &self.q_hat[time][place]);
                let action = draw(&state.logging, rng);
                columns.trajectory.push(trajectory as u32);
                columns.step.push(time as f64);
                columns.reward.push(coin(state.reward[action], rng));
                columns.propensity.push(state.logging[action]);
                columns.evaluation.push(state.evaluation[action]);
                columns.q_logged.push(q_hat[action]);
                columns.value.push(expectation(&state.evaluation, q_hat));
                place = draw(&state.next[action], rng);
                if place == STATES {
                    break;
                }
            }
        }
        let steps = Steps {
            trajectory: &columns.trajectory,
            step: &columns.step,
            reward: &columns.reward,
            propensity: &columns.propensity,
            evaluation: &columns.evaluation,
            done: None,
            model: Some(StepModel { q_logged: &columns.q_logged, value: &columns.value }),
        };
        Trajectories::new(&steps, DISCOUNT, Some(HORIZON))
    }
}

/// Every estimator for trajectories.
pub(crate) fn subjects(wrong_model: bool) -> Vec<Subject<Trajectories>> {
    let plain = |estimator: Box<dyn Estimator<Trajectories> + Send + Sync>| Subject {
        estimator,
        biased: false,
        non_negative: false,
    };
    vec![
        Subject { non_negative: true, ..plain(Box::new(TrajectoryIs)) },
        plain(Box::new(TrajectoryWis)),
        Subject { non_negative: true, ..plain(Box::new(PerDecisionIs)) },
        plain(Box::new(PerDecisionWis)),
        plain(Box::new(SequentialDoublyRobust)),
        plain(Box::new(WeightedDoublyRobust)),
        Subject { biased: wrong_model, non_negative: true, ..plain(Box::new(SequentialDirectMethod)) },
    ]
}
