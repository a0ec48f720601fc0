//! Offline learners on CartPole logs of mixed quality: CQL and IQL against behaviour cloning.
//!
//! ```text
//! per run: a log of 18,000 steps by a DQN early, in the middle and late ──▶ BC, DQN, BCQ, CQL, IQL ──▶ 20 greedy episodes each
//! ```
//!
//! The setting is [`OfflineCartPole`]'s default. What must hold is that a learner's mean return, less that of behaviour cloning on the same
//! log, is above 0; how good each gets is told.

use anyhow::Result;
use rayon::prelude::*;
use slatewise_eval::report::LinePlot;
use slatewise_rl::offline::deep::cart_pole::{Judged, OfflineCartPole};

use super::{Reproduction, Row, mean_curve};

pub(super) const ABOUT: &str = "CartPole logs of mixed quality: mean of 20 greedy episodes of offline learners";

/// Key, what it is, and its name among what is judged.
const ROWS: [(&str, &str, &str); 8] = [
    ("early", "log: early stage", "early"),
    ("middle", "log: middle stage", "middle"),
    ("late", "log: late stage", "late"),
    ("bc", "behavior cloning", "BC"),
    ("dqn", "offline double DQN", "offline DQN"),
    ("bcq", "discrete BCQ", "BCQ"),
    ("cql", "discrete CQL", "CQL"),
    ("iql", "IQL", "IQL"),
];

/// Reproduces the comparison.
pub(super) fn reproduce(runs: u64, seed: u64) -> Result<Reproduction> {
    let setting = OfflineCartPole::default();
    let found =
        (0..runs).into_par_iter().map(|run| Ok(setting.run(seed + run)?)).collect::<Result<Vec<Vec<Judged>>>>()?;
    let samples = |name: &str| -> Vec<f64> { found.iter().map(|run| of(run, name)).collect() };
    let mut rows: Vec<Row> = ROWS
        .into_iter()
        .map(|(key, what, name)| Row { key, what, samples: samples(name), source: "", bounds: None })
        .collect();
    let gains = [("cql_gain", "CQL less behavior cloning", "CQL"), ("iql_gain", "IQL less behavior cloning", "IQL")];
    for (key, what, name) in gains {
        let gain = |run: &Vec<Judged>| of(run, name) - of(run, "BC");
        let bounds = Some((0.0, f64::INFINITY));
        rows.push(Row { key, what, samples: found.iter().map(gain).collect(), source: "above 0", bounds });
    }
    let curves: Vec<Vec<f64>> = found.iter().map(|run| ROWS.map(|(_, _, name)| of(run, name)).to_vec()).collect();
    let title = format!("CartPole offline: {}", ROWS.map(|(_, _, name)| name).join(", "));
    let xs = (1..=ROWS.len()).map(|place| place as f64);
    let figure = LinePlot::new(title, "in this order", "return").series(mean_curve("mean return", xs, &curves));
    Ok(Reproduction { rows, figure })
}

/// NaN, which no bound admits, where nothing of the name was judged.
fn of(run: &[Judged], name: &str) -> f64 {
    run.iter().find(|judged| judged.name == name).map_or(f64::NAN, |judged| judged.mean_return)
}
