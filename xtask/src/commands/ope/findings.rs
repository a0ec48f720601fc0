//! `Findings`: what an `ope` command found out, before it is written as JSON, text or HTML.

use std::fmt::Write as _;

use serde_json::Value;
use slatewise_eval::off_policy::{Estimate, Outcome, WeightDiagnostics, WeightHistogram, WeightUse};
use slatewise_eval::report::NumberFormat;

use crate::flat::Flat;

/// Effective sample size below which intervals are told to be optimistic (docs/off_policy_coverage.md).
const FEW: f64 = 100.0;

/// Everything about one log and one evaluation policy.
#[derive(Debug)]
pub(super) struct Findings {
    /// What was judged, for headings: the file.
    pub(super) title: String,
    /// What a unit is, one and many: round, rounds.
    pub(super) unit: [&'static str; 2],
    /// The estimates, in order.
    pub(super) estimates: Vec<Estimate>,
    /// Weights of the units, for the histogram.
    pub(super) histogram: WeightHistogram,
    /// Diagnostics of the weights as they are, with the name that the effective sample size and the largest weight go by.
    pub(super) weights: Option<(WeightDiagnostics, [&'static str; 2])>,
    /// Numbers of the log and of the command's own.
    pub(super) facts: Flat,
    /// What to read first, in a sentence or two.
    pub(super) headline: Vec<String>,
    /// Mean reward or return of the logging policy.
    pub(super) logging_value: f64,
}

impl Findings {
    /// Prints to standard output.
    pub(super) fn print(&self, json: bool) {
        if json {
            self.to_flat().print(true);
        } else {
            #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
            {
                print!("{}", self.to_text());
            }
        }
    }

    /// One flat object. A refused estimate is null; `<name>_refused` has the reasons, `<name>_withheld` what the formula gives.
    fn to_flat(&self) -> Flat {
        let mut flat = Flat::default();
        for estimate in &self.estimates {
            add_estimate(&mut flat, estimate);
        }
        let refused: Vec<Value> = self.refused().map(|(name, _)| Value::from(name)).collect();
        flat.value("refused", Value::from(refused));
        if let Some((weights, [effective, largest])) = &self.weights {
            flat.number(*effective, weights.effective_sample_size);
            flat.number(*largest, weights.largest);
            flat.number("mean_weight", weights.mean);
            match weights.mean_standard_error {
                Some(error) => flat.number("mean_weight_std_err", error),
                None => flat.undefined("mean_weight_std_err", "a single unit says nothing about its spread"),
            }
            flat.number("largest_weight_share", weights.largest_share);
            flat.number("zero_weight_share", weights.zero_share);
        }
        flat.extend(&self.facts);
        flat.value("headline", Value::from(self.headline.join(" ")));
        for warning in self.warnings() {
            flat.warning(warning);
        }
        flat
    }

    /// Refused estimates with their reasons.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&str, String)> {
        self.estimates.iter().filter_map(|estimate| match &estimate.outcome {
            Outcome::Refused { reasons, .. } => {
                let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                Some((estimate.name.as_str(), reasons.join("; ")))
            }
            Outcome::Accepted(_) | Outcome::Undefined(_) => None,
        })
    }

    /// What to be careful with, beyond refusals.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let few = |weights: &WeightDiagnostics| weights.effective_sample_size < FEW && weights.largest > 0.0;
        let relies = |estimate: &&Estimate| {
            let full = matches!(estimate.weights, Some(WeightUse::Full(_) | WeightUse::Shrunk { .. }));
            full && estimate.accepted().is_some()
        };
        if self.estimates.iter().any(|estimate| relies(&estimate))
            && let Some((weights, _)) = self.weights.as_ref().filter(|(weights, _)| few(weights))
        {
            warnings.push(format!(
                "the effective sample size is {:.1} {} only: intervals of weighted estimates are narrower than the truth",
                weights.effective_sample_size, self.unit[1]
            ));
        }
        for estimate in &self.estimates {
            match estimate.weights {
                Some(WeightUse::ModelBacked { model_share, .. }) if model_share > 0.5 => warnings.push(format!(
                    "{}: the reward model answers for {:.0} % of the weight",
                    estimate.name,
                    100.0 * model_share
                )),
                _ => {}
            }
        }
        warnings
    }

    /// Aligned lines for a terminal.
    fn to_text(&self) -> String {
        let mut text = String::new();
        for line in &self.headline {
            push(&mut text, line);
        }
        text.push('\n');
        let width = self.estimates.iter().map(|estimate| estimate.name.len()).max().unwrap_or(0).max(14);
        let level = self.estimates.iter().find_map(|estimate| estimate.accepted()).map_or(0.95, |a| a.normal.level);
        push(
            &mut text,
            &format!("{:<width$}  {:>12}  {:>12}  {:.0} % interval", "estimator", "value", "std. error", 100.0 * level),
        );
        push(&mut text, &format!("{:<width$}  {:>12.6}", "logging policy", self.logging_value));
        for estimate in &self.estimates {
            push(&mut text, &line_of(estimate, width));
        }
        let refused: Vec<_> = self.refused().collect();
        if let Some((_, first)) = refused.first() {
            text.push('\n');
            // One reason is usually everyone's.
            let alike = refused.iter().all(|(_, reason)| reason == first);
            for (name, reason) in if alike { &refused[..1] } else { &refused[..] } {
                push(
                    &mut text,
                    &format!("refused{}: {reason}", if alike { String::new() } else { format!(" {name}") }),
                );
            }
        }
        text.push('\n');
        if let Some((weights, _)) = &self.weights {
            push(
                &mut text,
                &format!(
                    "weights of {} {}: effective sample size {:.1}, mean {:.4}, largest {:.4} ({:.1} % of the sum), {:.1} % are 0",
                    NumberFormat::Count.format(weights.units as f64),
                    self.unit[1],
                    weights.effective_sample_size,
                    weights.mean,
                    weights.largest,
                    100.0 * weights.largest_share,
                    100.0 * weights.zero_share
                ),
            );
        }
        text.push_str(&self.facts.to_text());
        for warning in self.warnings() {
            push(&mut text, &format!("warning: {warning}"));
        }
        text
    }
}

fn push(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

fn line_of(estimate: &Estimate, width: usize) -> String {
    match &estimate.outcome {
        Outcome::Accepted(accepted) => {
            let error = accepted.standard_error.map_or_else(|| "undefined".to_owned(), |error| format!("{error:.6}"));
            let interval = accepted.bootstrap.unwrap_or(accepted.normal).bounds;
            let interval = interval.map_or_else(String::new, |(lower, upper)| format!("[{lower:.6}, {upper:.6}]"));
            format!("{:<width$}  {:>12.6}  {error:>12}  {interval}", estimate.name, accepted.value)
        }
        Outcome::Refused { .. } => format!("{:<width$}  {:>12}", estimate.name, "refused"),
        Outcome::Undefined(reason) => format!("{:<width$}  {:>12}  {reason}", estimate.name, "undefined"),
    }
}

fn add_estimate(flat: &mut Flat, estimate: &Estimate) {
    let name = &estimate.name;
    match &estimate.outcome {
        Outcome::Accepted(accepted) => {
            flat.number(name, accepted.value);
            match accepted.standard_error {
                Some(error) => flat.number(format!("{name}_std_err"), error),
                None => flat.undefined(format!("{name}_std_err"), "a single unit says nothing about its spread"),
            }
            for (kind, interval) in
                [("", Some(accepted.normal)), ("_bootstrap", accepted.bootstrap), ("_bernstein", accepted.bernstein)]
            {
                if let Some((lower, upper)) = interval.and_then(|interval| interval.bounds) {
                    flat.number(format!("{name}{kind}_lower"), lower);
                    flat.number(format!("{name}{kind}_upper"), upper);
                }
            }
        }
        Outcome::Refused { reasons, withheld } => {
            let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            flat.undefined(name, format!("refused: {}", texts.join("; ")));
            flat.value(format!("{name}_refused"), Value::from(texts));
            flat.value(format!("{name}_withheld"), Value::from(*withheld));
        }
        Outcome::Undefined(reason) => flat.undefined(name, reason.to_string()),
    }
}
