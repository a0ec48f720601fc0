//! Prioritised and n-step replay against values computed elsewhere; see the READMEs under `golden/`.

use std::collections::BTreeMap;
use std::error::Error;

use serde::Deserialize;
use slatewise_rl::{NStep, Place, Priorities, PrioritisedConfig, Transition};

#[derive(Deserialize)]
struct Expected<T> {
    values: T,
}

#[derive(Deserialize)]
struct Errors {
    td_errors: Vec<f64>,
    alpha: f64,
    beta: f64,
    eps: f64,
}

#[derive(Deserialize)]
struct Sampling {
    p: Vec<f64>,
    is_weights_normalised_by_max: Vec<f64>,
    is_weights_raw: Vec<f64>,
    sum_tree_total: f64,
    sum_tree_lookup: BTreeMap<String, usize>,
}

#[test]
fn per_probabilities() -> Result<(), Box<dyn Error>> {
    let input: Errors = serde_json::from_str(include_str!("golden/per_probabilities/input.json"))?;
    let expected: Expected<Sampling> = serde_json::from_str(include_str!("golden/per_probabilities/expected.json"))?;
    let (expected, count) = (expected.values, input.td_errors.len());
    let config = PrioritisedConfig { alpha: input.alpha, beta: input.beta, epsilon: input.eps, ..Default::default() };
    let mut priorities = Priorities::new(config, count);
    for (index, &error) in input.td_errors.iter().enumerate() {
        priorities.push(index);
        priorities.set_error(index, error);
    }
    let close = |name: &str, found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-10, "{name}: {found} instead of {expected}");
    };
    close("total", priorities.tree().total(), expected.sum_tree_total);
    for index in 0..count {
        let p = priorities.probability(index);
        close("P", p, expected.p[index]);
        close("raw weight", (count as f64 * p).powf(-input.beta), expected.is_weights_raw[index]);
        close("weight", priorities.weight(index, input.beta), expected.is_weights_normalised_by_max[index]);
    }
    for (share, &leaf) in &expected.sum_tree_lookup {
        let mass = share.parse::<f64>()? * priorities.tree().total();
        assert_eq!(priorities.tree().find(mass), leaf, "at a share of {share}");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Trace {
    rewards: Vec<f64>,
    done: Vec<u8>,
    gamma: f64,
    n: usize,
}

#[derive(Deserialize)]
struct Joined {
    transitions: Vec<JoinedStep>,
}

#[derive(Deserialize)]
struct JoinedStep {
    t: usize,
    n_step_return: f64,
    bootstrap_discount: f64,
    bootstrap_state_index: Option<usize>,
}

#[test]
fn nstep_trace() -> Result<(), Box<dyn Error>> {
    let input: Trace = serde_json::from_str(include_str!("golden/nstep_trace/input.json"))?;
    let expected: Joined = serde_json::from_str(include_str!("golden/nstep_trace/expected.json"))?;
    let mut n_step = NStep::new(input.n, input.gamma);
    let mut found = Vec::new();
    for (t, (&reward, &done)) in input.rewards.iter().zip(&input.done).enumerate() {
        let discount = if done == 1 { 0.0 } else { 1.0 };
        let step =
            Transition { observation: t, action: 0, reward, discount, next_observation: t + 1, next_action: None };
        let last = done == 1 || t + 1 == input.rewards.len();
        n_step.push(&step, Place { slot: 0, last }, |joined| found.push(joined.clone()));
    }
    assert_eq!(found.len(), expected.transitions.len());
    for (found, expected) in found.iter().zip(&expected.transitions) {
        let t = expected.t;
        assert_eq!(found.observation, t);
        assert!((found.reward - expected.n_step_return).abs() < 1e-12, "return of step {t}: {}", found.reward);
        let factor = input.gamma * found.discount;
        assert!((factor - expected.bootstrap_discount).abs() < 1e-12, "factor of step {t}: {factor}");
        if let Some(state) = expected.bootstrap_state_index {
            assert_eq!(found.next_observation, state, "state of step {t}");
        }
    }
    Ok(())
}
