//! Tabular learners against tables computed elsewhere; see `golden/tabular_update_trace/README.md`.

use std::error::Error;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use slatewise_rl::tabular::{QLearning, QTable, Sarsa, StepSize, TabularConfig};
use slatewise_rl::{Identity, Learner, Trajectory, Transition};

const TOLERANCE: f64 = 1e-10;

#[derive(Deserialize)]
struct Expected {
    n_states: usize,
    n_actions: usize,
    alpha: f64,
    gamma: f64,
    q_learning: Vec<Vec<f64>>,
    sarsa: Vec<Vec<f64>>,
}

fn transitions(text: &str) -> Result<Trajectory<usize>, Box<dyn Error>> {
    let mut trajectory = Trajectory { transitions: Vec::new() };
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [s, a, r, s2, a2, done, _] = fields[..] else { return Err(format!("7 fields expected: {line}").into()) };
        trajectory.transitions.push(Transition {
            observation: s.parse()?,
            action: a.parse()?,
            reward: r.parse()?,
            discount: if done == "1" { 0.0 } else { 1.0 },
            next_observation: s2.parse()?,
            next_action: Some(a2.parse()?),
        });
    }
    Ok(trajectory)
}

fn compare(name: &str, table: &QTable, expected: &[Vec<f64>]) {
    for (state, row) in expected.iter().enumerate() {
        for (action, (value, expected)) in table.row(state).iter().zip(row).enumerate() {
            assert!((value - expected).abs() < TOLERANCE, "{name}: Q({state}, {action}) is {value}, not {expected}");
        }
    }
}

#[test]
fn tabular_update_trace() -> Result<(), Box<dyn Error>> {
    let trajectory = [transitions(include_str!("golden/tabular_update_trace/transitions.csv"))?];
    let expected: Expected = serde_json::from_str(include_str!("golden/tabular_update_trace/expected.json"))?;
    let config = TabularConfig {
        discount: expected.gamma,
        step_size: StepSize::Constant(expected.alpha),
        initial_value: 0.0,
        min_support: 0,
    };
    let states = Identity { states: expected.n_states };
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut q_learning = QLearning::new(states, expected.n_actions, config);
    q_learning.learn_offline(&trajectory, 1, &mut rng);
    compare("Q-learning", q_learning.table(), &expected.q_learning);
    let mut sarsa = Sarsa::new(states, expected.n_actions, config);
    sarsa.learn_offline(&trajectory, 1, &mut rng);
    compare("SARSA", sarsa.table(), &expected.sarsa);
    Ok(())
}
