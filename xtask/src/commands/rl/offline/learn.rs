//! The methods on one log, and what their policies are worth on it.

use anyhow::{Result, bail};
use slatewise_rl::Error;
use slatewise_rl::offline::tabular::{
    BehaviorCloning, DiscreteBcq, DiscreteCql, FittedQEvaluation, FittedQIteration, FixedPoint, Iql, OfflineSolution,
    TabularLog, TabularPolicy,
};

use super::policy::target;
use super::{Algorithm, Arguments};

/// The methods that learn a policy, by their keys in the result.
const LEARNERS: [(&str, Algorithm); 5] = [
    ("behavior_cloning", Algorithm::BehaviorCloning),
    ("fqi", Algorithm::Fqi),
    ("bcq", Algorithm::Bcq),
    ("cql", Algorithm::Cql),
    ("iql", Algorithm::Iql),
];

/// What came of one method.
pub(super) struct Learned {
    pub(super) key: &'static str,
    pub(super) policy: TabularPolicy,
    /// Q and V, if the method has them; of FQE, those of the policy, or why there are none.
    pub(super) solution: Option<Result<OfflineSolution, Error>>,
    /// The policy's value from the start, by FQE.
    pub(super) worth: Result<f64, String>,
}

/// Everything that was asked for.
pub(super) fn learn(arguments: &Arguments, log: &TabularLog) -> Result<Vec<Learned>> {
    let judge = judge(arguments);
    let mut learned = Vec::new();
    for (key, algorithm) in LEARNERS {
        if arguments.algorithm.wants(algorithm) {
            let (policy, solution) = solve(algorithm, arguments, log)?;
            let worth = judge.solve(log, &policy).map(|found| log.at_start(found.values()));
            let worth = worth.map_err(|error| error.to_string());
            learned.push(Learned { key, policy, solution: solution.map(Ok), worth });
        }
    }
    if arguments.algorithm.wants(Algorithm::Fqe) {
        let policy = target(arguments, log)?;
        let solution = judge.solve(log, &policy);
        // With `all`, a policy that the log cannot judge costs its own values; asked for by name, it is an error.
        if arguments.algorithm == Algorithm::Fqe {
            let solution = solution?;
            let worth = Ok(log.at_start(solution.values()));
            learned.push(Learned { key: "fqe", policy, solution: Some(Ok(solution)), worth });
        } else {
            let worth = solution.as_ref().map(|found| log.at_start(found.values())).map_err(ToString::to_string);
            learned.push(Learned { key: "fqe", policy, solution: Some(solution), worth });
        }
    }
    Ok(learned)
}

fn fixed_point(arguments: &Arguments) -> FixedPoint {
    FixedPoint {
        discount: arguments.gamma,
        accuracy: arguments.accuracy,
        max_sweeps: arguments.max_sweeps,
        unseen_value: arguments.unseen_value.unwrap_or(0.0),
    }
}

fn judge(arguments: &Arguments) -> FittedQEvaluation {
    FittedQEvaluation { fixed_point: fixed_point(arguments), unsupported: arguments.unseen_value }
}

/// The policy of a method, and its values if it has any.
pub(super) fn solve(
    algorithm: Algorithm,
    arguments: &Arguments,
    log: &TabularLog,
) -> Result<(TabularPolicy, Option<OfflineSolution>)> {
    let &Arguments { smoothing, alpha, threshold, expectile, temperature, .. } = arguments;
    let fixed_point = fixed_point(arguments);
    let solution = match algorithm {
        Algorithm::BehaviorCloning => return Ok((BehaviorCloning { smoothing }.solve(log)?, None)),
        Algorithm::Fqi => FittedQIteration { fixed_point }.solve(log)?,
        Algorithm::Bcq => DiscreteBcq { fixed_point, threshold }.solve(log)?,
        Algorithm::Cql => DiscreteCql { fixed_point, alpha }.solve(log)?,
        Algorithm::Iql => Iql { fixed_point, expectile, temperature, ..Iql::new(arguments.gamma) }.solve(log)?,
        Algorithm::All | Algorithm::Fqe => {
            bail!("--policy greedy:ALGORITHM takes behavior-cloning, fqi, bcq, cql or iql; name one of them")
        }
    };
    Ok((solution.policy().clone(), Some(solution)))
}
