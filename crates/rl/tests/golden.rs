//! Tabular learners against tables computed elsewhere; see `golden/tabular_update_trace/README.md` and `golden/nstep_trace/README.md`.

use std::error::Error;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use slatewise_rl::tabular::{
    DoubleQLearning, ExpectedSarsa, NStepSarsa, QLearning, QTable, Sarsa, Side, StepSize, TabularConfig, TargetPolicy,
    Ties,
};
use slatewise_rl::{Identity, Learner, Place, Trajectory, Transition};

const TOLERANCE: f64 = 1e-10;

#[derive(Deserialize)]
struct Expected {
    n_states: usize,
    n_actions: usize,
    alpha: f64,
    gamma: f64,
    epsilon: f64,
    q_learning: Vec<Vec<f64>>,
    sarsa: Vec<Vec<f64>>,
    expected_sarsa_ties_shared: Vec<Vec<f64>>,
    expected_sarsa_first_argmax: Vec<Vec<f64>>,
    #[serde(rename = "double_q_A")]
    double_q_a: Vec<Vec<f64>>,
    #[serde(rename = "double_q_B")]
    double_q_b: Vec<Vec<f64>>,
}

/// The transitions, and which table of double Q-learning learns from each.
fn transitions(text: &str) -> Result<(Trajectory<usize>, Vec<Side>), Box<dyn Error>> {
    let mut trajectory = Trajectory { transitions: Vec::new() };
    let mut sides = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [s, a, r, s2, a2, done, coin] = fields[..] else { return Err(format!("7 fields expected: {line}").into()) };
        sides.push(if coin == "1" { Side::Second } else { Side::First });
        trajectory.transitions.push(Transition {
            observation: s.parse()?,
            action: a.parse()?,
            reward: r.parse()?,
            discount: if done == "1" { 0.0 } else { 1.0 },
            next_observation: s2.parse()?,
            next_action: Some(a2.parse()?),
        });
    }
    Ok((trajectory, sides))
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
    let (trajectory, sides) = transitions(include_str!("golden/tabular_update_trace/transitions.csv"))?;
    let trajectory = [trajectory];
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
    for (ties, table) in
        [(Ties::Shared, &expected.expected_sarsa_ties_shared), (Ties::First, &expected.expected_sarsa_first_argmax)]
    {
        let policy = TargetPolicy { epsilon: expected.epsilon, ties };
        let mut expected_sarsa = ExpectedSarsa::new(states, expected.n_actions, config, policy);
        expected_sarsa.learn_offline(&trajectory, 1, &mut rng);
        compare("Expected SARSA", expected_sarsa.table(), table);
    }
    let mut double = DoubleQLearning::new(states, expected.n_actions, config);
    for (transition, side) in trajectory[0].transitions.iter().zip(sides) {
        double.update_side(side, transition);
    }
    compare("double Q-learning, A", double.table(Side::First), &expected.double_q_a);
    compare("double Q-learning, B", double.table(Side::Second), &expected.double_q_b);
    Ok(())
}

#[derive(Deserialize)]
struct Steps {
    rewards: Vec<f64>,
    done: Vec<u8>,
    gamma: f64,
    n: usize,
}

#[derive(Deserialize)]
struct Targets {
    transitions: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    n_step_return: f64,
    bootstrap_discount: f64,
    bootstrap_state_index: Option<usize>,
}

/// With α = 1 a state's value becomes its target. State t holds 1 + t at first, so a target says from where it was bootstrapped.
#[test]
fn nstep_trace() -> Result<(), Box<dyn Error>> {
    let steps: Steps = serde_json::from_str(include_str!("golden/nstep_trace/input.json"))?;
    let expected: Targets = serde_json::from_str(include_str!("golden/nstep_trace/expected.json"))?;
    let (count, mut rng) = (steps.rewards.len(), ChaCha8Rng::seed_from_u64(0));
    let config =
        TabularConfig { discount: steps.gamma, step_size: StepSize::Constant(1.0), ..TabularConfig::default() };
    let mut learner = NStepSarsa::new(Identity { states: count + 1 }, 1, config, steps.n);
    // An episode of one step that ends gives a state a value of our choice.
    for state in 0..=count {
        let value = Transition {
            observation: state,
            action: 0,
            reward: 1.0 + state as f64,
            discount: 0.0,
            next_observation: state,
            next_action: None,
        };
        learner.update(&value, Place { slot: 0, last: true }, &mut rng);
    }
    for (t, (&reward, &done)) in steps.rewards.iter().zip(&steps.done).enumerate() {
        let transition = Transition {
            observation: t,
            action: 0,
            reward,
            discount: if done == 1 { 0.0 } else { 1.0 },
            next_observation: t + 1,
            next_action: Some(0),
        };
        learner.update(&transition, Place { slot: 0, last: done == 1 || t + 1 == count }, &mut rng);
    }
    for (t, target) in expected.transitions.iter().enumerate() {
        let value = target.bootstrap_state_index.map_or(0.0, |state| 1.0 + state as f64);
        let (ours, theirs) = (learner.table().row(t)[0], target.n_step_return + target.bootstrap_discount * value);
        assert!((ours - theirs).abs() < 1e-12, "step {t}: {ours} instead of {theirs}");
    }
    Ok(())
}
