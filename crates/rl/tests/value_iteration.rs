//! Dynamic programming on tables from files; see `golden/value_iteration/README.md`.

use std::error::Error;

use serde::Deserialize;
use slatewise_rl::tabular::{DynamicProgramming, MdpFile};

const TOLERANCE: f64 = 1e-8;

#[derive(Deserialize)]
struct Expected {
    v_star: Vec<f64>,
    q_star: Vec<Vec<f64>>,
    optimal_actions_sets: Vec<Vec<usize>>,
    start_value: f64,
    v_uniform: Vec<f64>,
}

fn close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < TOLERANCE, "{name}[{place}] is {found}, not {expected}");
    }
}

fn check(mdp: &str, expected: &str) -> Result<(), Box<dyn Error>> {
    let (file, expected): (MdpFile, Expected) = (serde_json::from_str(mdp)?, serde_json::from_str(expected)?);
    let (mdp, gamma) = (file.to_mdp()?, file.gamma.ok_or("no gamma")?);
    let programming = DynamicProgramming::new(gamma);
    for solution in [programming.value_iteration(&mdp)?, programming.policy_iteration(&mdp)?] {
        close("V*", solution.values(), &expected.v_star);
        for (state, (row, best)) in expected.q_star.iter().zip(&expected.optimal_actions_sets).enumerate() {
            close(&format!("Q*({state}, ·)"), solution.row(state), row);
            assert_eq!(&solution.best_actions(state).collect::<Vec<_>>(), best, "state {state}");
            assert_eq!(Some(&solution.policy()[state]), best.first(), "state {state}");
        }
        let start: f64 = mdp.starts().map(|(state, probability)| probability * solution.values()[state]).sum();
        close("start", &[start], &[expected.start_value]);
    }
    let uniform = vec![1.0 / mdp.actions() as f64; mdp.states() * mdp.actions()];
    close("V of the uniform policy", &programming.policy_evaluation(&mdp, &uniform)?, &expected.v_uniform);
    Ok(())
}

#[test]
fn frozen_lake() -> Result<(), Box<dyn Error>> {
    check(
        include_str!("golden/value_iteration/frozenlake_4x4.mdp.json"),
        include_str!("golden/value_iteration/frozenlake_4x4.expected.json"),
    )
}

#[test]
fn ten_states_drawn_by_chance() -> Result<(), Box<dyn Error>> {
    check(
        include_str!("golden/value_iteration/random10x3.mdp.json"),
        include_str!("golden/value_iteration/random10x3.expected.json"),
    )
}
