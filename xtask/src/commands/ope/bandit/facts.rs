//! Numbers of the log, the headline among them, and the headline in words.

use anyhow::Result;
use slatewise_eval::interval::high_confidence_lower_bound;
use slatewise_eval::off_policy::{BanditRounds, Headline, JudgeOptions, PropensityDiagnostics, Verdict};

use super::read::Read;
use crate::flat::Flat;

/// Adds what is known of the log and of the comparison.
pub(super) fn add_facts(facts: &mut Flat, read: &Read, options: &JudgeOptions, headline: &Headline) -> Result<()> {
    let rounds = &read.rounds;
    facts.number("mean_reward", headline.logging_value);
    let (share, actions) = rounds.unsupported();
    facts.number("unsupported_share", share);
    facts.count("unsupported_actions", actions);
    lower_bound(facts, rounds, options, headline)?;
    let propensities = PropensityDiagnostics::of(rounds.action(), rounds.propensities(), rounds.actions())?;
    match propensities.drifting_share {
        Some(share) => facts.number("propensity_drifting_share", share),
        None => facts.undefined("propensity_drifting_share", "no action has 20 rounds in either half of the log"),
    }
    if let Some(worst) = propensities.worst() {
        facts.count("propensity_worst_action", worst.action);
        facts.number("propensity_worst_inverse_mean", worst.inverse_mean);
        facts.number("propensity_worst_z", worst.z());
    }
    for warning in propensities.warnings() {
        facts.warning(warning);
    }
    if let Some(test) = headline.against_logging {
        facts.number("gain_over_logging", test.difference);
        facts.number("gain_over_logging_std_err", test.standard_error);
        facts.number("p_better_than_logging", test.p_better);
    }
    facts.value("better_than_logging", word(headline.than_logging).into());
    if let Some(best) = &headline.best_constant {
        facts.count("best_constant_action", best.action);
        facts.number("best_constant_value", best.value);
        facts.number("gain_over_best_constant", best.test.difference);
        facts.number("gain_over_best_constant_std_err", best.test.standard_error);
    }
    if let Some(p) = headline.p_better_than_constants {
        facts.number("p_better_than_constants", p);
    }
    facts.value("better_than_best_constant", word(headline.than_best_constant).into());
    facts.count("constants_judged", headline.constants_judged);
    facts.count("constants_not_judged", headline.constants_not_judged);
    facts.count("rows_used", rounds.len());
    facts.count("rows_rejected", read.rejected);
    for reason in &read.reasons {
        facts.warning(format!("rejected: {reason}"));
    }
    Ok(())
}

/// The bound that holds whatever the distribution of the weights.
fn lower_bound(facts: &mut Flat, rounds: &BanditRounds, options: &JudgeOptions, headline: &Headline) -> Result<()> {
    let key = "ips_high_confidence_lower";
    if !headline.refusals.is_empty() {
        facts.undefined(key, "refused with the estimates that rest on these weights");
        return Ok(());
    }
    let (low, _) = rounds.reward_range();
    let above = rounds.weights().iter().zip(rounds.rewards()).map(|(weight, reward)| weight * (reward - low).max(0.0));
    match high_confidence_lower_bound(&above.collect::<Vec<f64>>(), options.level)? {
        Some(bound) => facts.number(key, low + bound),
        None => facts.undefined(key, "fewer than 40 rounds"),
    }
    Ok(())
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "yes",
        Verdict::Worse => "no",
        Verdict::Undecided => "not shown",
        Verdict::Refused => "refused",
    }
}

/// The headline in words.
pub(super) fn sentences(headline: &Headline) -> Vec<String> {
    if let Some(first) = headline.refusals.first() {
        return vec![format!("This log cannot say what the evaluation policy would earn: {first}.")];
    }
    let mut sentences = Vec::new();
    if let Some(test) = &headline.against_logging {
        sentences.push(format!(
            "Better than the logging policy? {} ({:+.6} ± {:.6}, p {}).",
            capital(word(headline.than_logging)),
            test.difference,
            test.standard_error,
            probability(test.p_better)
        ));
    }
    let constants = headline.constants_judged + headline.constants_not_judged;
    let of = format!("{} of {constants} constant actions can be judged on this log", headline.constants_judged);
    sentences.push(match &headline.best_constant {
        Some(best) => format!(
            "Better than the best constant action? {} (action {}: {:.6}, {:+.6} ± {:.6}; largest p over all {}); {of}.",
            capital(word(headline.than_best_constant)),
            best.action,
            best.value,
            best.test.difference,
            best.test.standard_error,
            probability(headline.p_better_than_constants.unwrap_or(1.0))
        ),
        None => format!("Better than the best constant action? The log cannot say: {of}."),
    });
    sentences
}

/// A p value for people.
fn probability(p: f64) -> String {
    if p < 0.0001 { "below 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
