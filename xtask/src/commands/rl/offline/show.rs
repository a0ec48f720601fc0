//! What was learned, as one flat object and as tables for people.

use std::fmt::Write as _;

use serde_json::Value;
use slatewise_rl::offline::tabular::TabularLog;

use super::learn::Learned;
use super::{Algorithm, Arguments};
use crate::flat::Flat;

/// States that a warning lists.
const LISTED: usize = 10;

/// The object.
pub(super) fn to_flat(arguments: &Arguments, log: &TabularLog, learned: &[Learned]) -> Flat {
    let mut flat = Flat::default();
    flat.count("n_states", log.states());
    flat.count("n_actions", log.actions());
    flat.number("gamma", arguments.gamma);
    for (algorithm, key, value) in [
        (Algorithm::BehaviorCloning, "smoothing", arguments.smoothing),
        (Algorithm::Bcq, "threshold", arguments.threshold),
        (Algorithm::Cql, "alpha", arguments.alpha),
        (Algorithm::Iql, "expectile", arguments.expectile),
        (Algorithm::Iql, "temperature", arguments.temperature),
    ] {
        if arguments.algorithm.wants(algorithm) {
            flat.number(key, value);
        }
    }
    for one in learned {
        add(&mut flat, log, one);
    }
    flat.count("pairs_in_log", log.supported_pairs());
    flat.count("rows_used", log.rows());
    for remark in remarks(arguments, log) {
        flat.warning(remark);
    }
    flat
}

fn add(flat: &mut Flat, log: &TabularLog, learned: &Learned) {
    let Learned { key, policy, solution, worth } = learned;
    let states = || 0..log.states();
    match solution {
        Some(Ok(solution)) => {
            // An action without value is −∞, which JSON writes as null.
            flat.value(format!("{key}_q"), states().map(|state| Value::from(solution.row(state))).collect());
            flat.value(format!("{key}_v"), Value::from(solution.values()));
        }
        Some(Err(error)) => {
            flat.undefined(format!("{key}_q"), error.to_string());
            flat.undefined(format!("{key}_v"), error.to_string());
        }
        None => {}
    }
    flat.value(format!("{key}_policy"), states().map(|state| Value::from(policy.row(state))).collect());
    if *key != "fqe" {
        flat.value(format!("{key}_greedy"), states().map(|state| Value::from(best(log, learned, state))).collect());
    }
    let name = if *key == "fqe" { "fqe_value".to_owned() } else { format!("{key}_policy_value") };
    match worth {
        Ok(value) => flat.number(name, *value),
        Err(reason) => flat.undefined(name, reason),
    }
}

/// The likeliest action, where the log says anything.
fn best(log: &TabularLog, learned: &Learned, state: usize) -> Option<usize> {
    (!log.pairs(state).is_empty()).then(|| learned.policy.greedy_action(state))
}

/// Where the log is silent.
fn remarks(arguments: &Arguments, log: &TabularLog) -> Vec<String> {
    let mut remarks = Vec::new();
    let (pairs, missing) = (log.states() * log.actions(), log.states() * log.actions() - log.supported_pairs());
    if missing > 0 {
        remarks.push(format!(
            "{missing} of {pairs} pairs of state and action are not in the log: they have no value and are never chosen"
        ));
    }
    let unseen = log.unseen_states();
    if !unseen.is_empty() {
        let listed: Vec<String> = unseen.iter().take(LISTED).map(ToString::to_string).collect();
        remarks.push(format!(
            "{} states are reached but never acted in ({}{}): each counts as worth {}; declare another value by --unseen-value",
            unseen.len(),
            listed.join(", "),
            if unseen.len() > LISTED { ", ..." } else { "" },
            arguments.unseen_value.unwrap_or(0.0)
        ));
    }
    if arguments.initial.is_none() && log.breaks() > 0 {
        remarks.push(format!(
            "{} rows go on elsewhere than the row before, which is not `done`, had led; each counts as the begin of an episode; \
             if rows are out of order, declare where episodes begin by --initial",
            log.breaks()
        ));
    }
    remarks
}

/// A table per method, a row per state.
pub(super) fn to_text(arguments: &Arguments, log: &TabularLog, learned: &[Learned], warnings: &[String]) -> String {
    // Writing to a string cannot fail.
    let mut text = format!(
        "{} transitions, {} states, {} actions, γ {}\n",
        log.rows(),
        log.states(),
        log.actions(),
        arguments.gamma
    );
    for one in learned {
        let _ = match &one.worth {
            Ok(worth) => writeln!(text, "\n{}: its policy is worth {worth:.8} from the start", one.key),
            Err(reason) => writeln!(text, "\n{}: what its policy is worth is not known, because {reason}", one.key),
        };
        one_table(&mut text, log, one);
    }
    if !warnings.is_empty() {
        text.push('\n');
    }
    for warning in warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    text
}

/// State, V, best action, then Q or, where there is none, the policy's probabilities.
fn one_table(text: &mut String, log: &TabularLog, learned: &Learned) {
    let solution = learned.solution.as_ref().and_then(|solution| solution.as_ref().ok());
    let symbol = if solution.is_some() { "Q" } else { "π" };
    let _ = write!(text, "{:>6}", "state");
    if solution.is_some() {
        let _ = write!(text, "  {:>14}", "V");
    }
    let _ = write!(text, "  {:>6}", "best");
    for action in 0..log.actions() {
        let _ = write!(text, "  {:>14}", format!("{symbol}(s, {action})"));
    }
    for state in 0..log.states() {
        let _ = write!(text, "\n{state:>6}");
        if let Some(solution) = solution {
            let _ = write!(text, "  {:>14.8}", solution.values()[state]);
        }
        let best = best(log, learned, state).map_or("-".to_owned(), |action| action.to_string());
        let _ = write!(text, "  {best:>6}");
        for &value in solution.map_or(learned.policy.row(state), |solution| solution.row(state)) {
            let shown = if value.is_finite() { format!("{value:.8}") } else { "-".to_owned() };
            let _ = write!(text, "  {shown:>14}");
        }
    }
    text.push('\n');
}
