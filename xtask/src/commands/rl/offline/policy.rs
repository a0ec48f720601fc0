//! `--policy`: which policy FQE judges.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use slatewise_rl::offline::tabular::{BehaviorCloning, TabularLog, TabularPolicy};

use super::learn::solve;
use super::{Algorithm, Arguments, from_json};

/// The policy that was named.
pub(super) fn target(arguments: &Arguments, log: &TabularLog) -> Result<TabularPolicy> {
    let name = arguments.policy.as_str();
    match (name, name.strip_prefix("greedy:")) {
        ("behavior", _) => Ok(BehaviorCloning::default().solve(log)?),
        ("uniform", _) => Ok(TabularPolicy::uniform(log.states(), log.actions())),
        (_, Some(algorithm)) => {
            // `all` is refused there, with the names.
            let algorithm = Algorithm::from_str(algorithm, false).unwrap_or(Algorithm::All);
            Ok(solve(algorithm, arguments, log)?.0.greedy())
        }
        (path, None) => from_file(Path::new(path), log),
    }
}

fn from_file(path: &Path, log: &TabularLog) -> Result<TabularPolicy> {
    let rows: Vec<Vec<f64>> = from_json(path, "a policy; write [[probability of each action], ...], a list per state")?;
    let (shown, states, actions) = (path.display(), log.states(), log.actions());
    if rows.len() != states {
        bail!(
            "{shown}: {} states, but the log has {states}; give one list per state, or the number by --states",
            rows.len()
        );
    }
    if let Some(state) = rows.iter().position(|row| row.len() != actions) {
        bail!(
            "{shown}: {} probabilities for state {state}, but the log has {actions} actions; give one per action, or their number by --actions",
            rows[state].len()
        );
    }
    TabularPolicy::new(actions, rows.concat()).with_context(|| shown.to_string())
}
