//! Environments against gymnasium itself; see `golden/gymnasium/README.md`.

use std::error::Error;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use slatewise_rl::environments::{Acrobot, CartPole, CliffWalking, FrozenLake, MdpEnvironment, MountainCar, Taxi};
use slatewise_rl::tabular::{DynamicProgramming, Outcome};
use slatewise_rl::{Environment, Observations};

/// How far a single step may be off; where sines and cosines are rounded as NumPy's on x86-64, it is not off at all.
const STEP: f64 = 1e-12;

/// What is known of each table.
#[derive(Deserialize)]
struct Known {
    states: usize,
    actions: usize,
    max_steps: Option<u32>,
    gamma: f64,
    starts: Vec<(usize, f64)>,
    v_star: Vec<f64>,
}

fn known(name: &str) -> Result<Known, Box<dyn Error>> {
    let mut values: serde_json::Value = serde_json::from_str(include_str!("golden/gymnasium/values.json"))?;
    Ok(serde_json::from_value(values[name].take())?)
}

/// Fields of every line but the first.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

/// Compares table, starts and limit exactly, and the optimal values by both iterations to 1e-8.
fn check_table(name: &str, table: &str, environment: &MdpEnvironment) -> Result<(), Box<dyn Error>> {
    let (known, mdp, spec) = (known(name)?, environment.mdp(), environment.spec());
    let counts = (mdp.states(), mdp.actions(), spec.max_steps);
    assert_eq!(counts, (known.states, known.actions, known.max_steps), "{name}");
    assert_eq!(spec.observations, Observations::States(known.states), "{name}");
    let mut expected = vec![Vec::new(); known.states * known.actions];
    for row in rows(table) {
        let [state, action, probability, next_state, reward, terminated] = row[..] else {
            return Err(format!("{name}: 6 fields expected: {row:?}").into());
        };
        let (state, action): (usize, usize) = (state.parse()?, action.parse()?);
        expected[state * known.actions + action].push(Outcome {
            probability: probability.parse()?,
            next_state: next_state.parse()?,
            reward: reward.parse()?,
            terminates: terminated == "1",
        });
    }
    for (pair, expected) in expected.iter().enumerate() {
        let (state, action) = (pair / known.actions, pair % known.actions);
        assert_eq!(mdp.outcomes(state, action), expected, "{name}: state {state}, action {action}");
    }
    let starts: Vec<(usize, f64)> = mdp.starts().collect();
    assert_eq!(starts.len(), known.starts.len(), "{name}");
    for ((state, probability), (expected_state, expected)) in starts.iter().zip(&known.starts) {
        assert!(state == expected_state && (probability - expected).abs() < 1e-12, "{name}: start {state}");
    }
    let programming = DynamicProgramming::new(known.gamma);
    for solution in [programming.value_iteration(mdp)?, programming.policy_iteration(mdp)?] {
        for (state, (value, expected)) in solution.values().iter().zip(&known.v_star).enumerate() {
            assert!((value - expected).abs() < 1e-8, "{name}: V*({state}) is {value}, not {expected}");
        }
    }
    Ok(())
}

#[test]
fn tables_are_gymnasiums_outcome_by_outcome() -> Result<(), Box<dyn Error>> {
    let dry = FrozenLake { slippery: false, ..FrozenLake::small() };
    let slippery = CliffWalking { slippery: true };
    check_table(
        "frozen_lake_4x4",
        include_str!("golden/gymnasium/frozen_lake_4x4.csv"),
        &FrozenLake::small().environment()?,
    )?;
    check_table("frozen_lake_4x4_dry", include_str!("golden/gymnasium/frozen_lake_4x4_dry.csv"), &dry.environment()?)?;
    check_table(
        "frozen_lake_8x8",
        include_str!("golden/gymnasium/frozen_lake_8x8.csv"),
        &FrozenLake::large().environment()?,
    )?;
    check_table(
        "cliff_walking",
        include_str!("golden/gymnasium/cliff_walking.csv"),
        &CliffWalking::default().environment(),
    )?;
    check_table(
        "cliff_walking_slippery",
        include_str!("golden/gymnasium/cliff_walking_slippery.csv"),
        &slippery.environment(),
    )?;
    check_table("taxi", include_str!("golden/gymnasium/taxi.csv"), &Taxi.environment())
}

/// A row of a trace.
struct Recorded<const S: usize, const O: usize> {
    trace: usize,
    /// Action, reward, whether it terminated, and the observation; none on a trace's first row.
    step: Option<(usize, f64, bool, [f32; O])>,
    state: [f64; S],
}

fn trace<const S: usize, const O: usize>(text: &str) -> Result<Vec<Recorded<S, O>>, Box<dyn Error>> {
    let mut recorded = Vec::new();
    for row in rows(text) {
        assert_eq!(row.len(), 4 + S + O, "{row:?}");
        let mut state = [0.0; S];
        for (x, field) in state.iter_mut().zip(&row[4..]) {
            *x = field.parse()?;
        }
        let mut observation = [0.0; O];
        for (x, field) in observation.iter_mut().zip(&row[4 + S..]).filter(|(_, field)| !field.is_empty()) {
            *x = field.parse()?;
        }
        let step = match row[1] {
            "" => None,
            action => Some((action.parse()?, row[2].parse()?, row[3] == "1", observation)),
        };
        recorded.push(Recorded { trace: row[0].parse()?, step, state });
    }
    Ok(recorded)
}

/// Steps from every recorded state, and whole episodes from their starts, to `whole`: a difference in the last bit of a sine grows
/// from step to step. Returns how many episodes terminated.
fn check_trace<E, const S: usize, const O: usize>(
    recorded: &[Recorded<S, O>],
    from: impl Fn([f64; S]) -> E,
    state: impl Fn(&E) -> [f64; S],
    whole: f64,
) -> usize
where
    E: Environment<Observation = [f32; O], Response = f64>,
{
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut running = from(recorded[0].state);
    let mut terminations = 0;
    for (row, pair) in recorded.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let Some((action, reward, terminated, observation)) = after.step else {
            running = from(after.state);
            continue;
        };
        let place = format!("trace {}, line {}", after.trace, row + 3);
        let mut single = from(before.state);
        for (kind, environment) in [&mut single, &mut running].into_iter().enumerate() {
            let step = environment.step(action, &mut rng);
            assert_eq!((step.response, step.terminates()), (Some(reward), terminated), "{place}");
            for (found, expected) in step.observation.iter().zip(observation) {
                assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{place}: {found} not {expected}");
            }
            for (found, expected) in state(environment).iter().zip(after.state) {
                let off = (found - expected).abs() / f64::max(expected.abs(), 1.0);
                assert!(off <= [STEP, whole][kind], "{place}: {found} instead of {expected}");
            }
        }
        terminations += usize::from(terminated);
    }
    terminations
}

#[test]
fn cart_pole_moves_as_gymnasiums() -> Result<(), Box<dyn Error>> {
    let recorded = trace(include_str!("golden/gymnasium/cart_pole.csv"))?;
    let ends = check_trace(&recorded, |state| CartPole::new().with_state(state), CartPole::state, 1e-9);
    assert_eq!(ends, 3);
    Ok(())
}

#[test]
fn mountain_car_moves_as_gymnasiums() -> Result<(), Box<dyn Error>> {
    let recorded = trace(include_str!("golden/gymnasium/mountain_car.csv"))?;
    let ends = check_trace(&recorded, |state| MountainCar::new().with_state(state), MountainCar::state, 1e-9);
    assert_eq!(ends, 2);
    Ok(())
}

#[test]
fn acrobot_moves_as_gymnasiums() -> Result<(), Box<dyn Error>> {
    let recorded = trace(include_str!("golden/gymnasium/acrobot.csv"))?;
    let ends = check_trace(&recorded, |state| Acrobot::new().with_state(state), Acrobot::state, 1e-6);
    assert_eq!(ends, 3);
    Ok(())
}
