//! The tables of the study, as Markdown.

use std::fmt::Write;

use crate::study::{Coverage, LEVEL, Share, Summary};

/// Monte Carlo errors within which a coverage counts as nominal.
pub(crate) const BAND: f64 = 3.0;

/// One line of a scenario's table.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) biased: bool,
    pub(crate) summary: Summary,
}

/// One scenario's results.
pub(crate) struct Scenario {
    /// Short name, such as `a1`.
    pub(crate) key: &'static str,
    pub(crate) title: String,
    pub(crate) truth: f64,
    /// Of a log: the effective sample size in expectation, or the like.
    pub(crate) note: String,
    pub(crate) lines: Vec<Line>,
}

/// A table's head.
pub(crate) fn head(columns: &[&str]) -> String {
    format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()))
}

/// Percent with its Monte Carlo error; a dash without cases.
pub(crate) fn percent(share: Share) -> String {
    if share.cases == 0 {
        return "–".to_owned();
    }
    format!("{:.1} ± {:.1}", 100.0 * share.rate(), 100.0 * share.error())
}

/// The same with an arrow where it lies more than [`BAND`] Monte Carlo errors from the nominal rate.
fn marked(share: Share, two_sided: bool) -> String {
    let mark = match share.errors_from(LEVEL) {
        errors if errors < -BAND => " ↓",
        errors if errors > BAND && two_sided => " ↑",
        _ => "",
    };
    percent(share) + mark
}

fn cell(truth: Share, own: Share, biased: bool, two_sided: bool) -> String {
    if biased && truth.cases > 0 {
        format!("{}; own {}", percent(truth), marked(own, two_sided))
    } else {
        marked(truth, two_sided)
    }
}

impl Scenario {
    /// Its table with a heading.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!("### {}: {}\n\nTrue value {:.4}. {}\n\n", self.key, self.title, self.truth, self.note);
        let intervals = ["normal", "bootstrap", "Bernstein", "lower bound"];
        text +=
            &head(&[&["estimator", "bias × 1000", "RMSE × 1000", "SE / SD"], &intervals[..], &["refused"]].concat());
        for Line { name, biased, summary } in &self.lines {
            let (truth, own) = (&summary.of_truth, &summary.of_own_mean);
            let _ = writeln!(
                text,
                "| `{name}`{} | {:.2} ± {:.2} | {:.1} | {:.2} | {} | {} | {} | {} | {:.1} |",
                if *biased { " †" } else { "" },
                1e3 * summary.bias,
                1e3 * summary.bias_error,
                1e3 * summary.rmse,
                summary.error_ratio,
                cell(truth.normal, own.normal, *biased, true),
                cell(truth.bootstrap, own.bootstrap, *biased, true),
                cell(truth.bernstein, own.bernstein, *biased, false),
                cell(truth.lower_bound, own.lower_bound, *biased, false),
                100.0 * summary.refused.rate(),
            );
        }
        text
    }
}

/// Which pairs of estimator and scenario cover, and which do not.
pub(crate) fn verdicts(scenarios: &[Scenario]) -> String {
    let mut text = head(&["scenario", "normal and bootstrap cover", "one of them does not"]);
    for scenario in scenarios {
        let (mut covers, mut misses) = (Vec::new(), Vec::new());
        for Line { name, biased, summary } in &scenario.lines {
            let coverage = if *biased { &summary.of_own_mean } else { &summary.of_truth };
            let mark = if *biased { " †" } else { "" };
            match failures(coverage) {
                failures if failures.is_empty() => covers.push(format!("`{name}`{mark}")),
                failures => misses.push(format!("`{name}`{mark} ({})", failures.join(", "))),
            }
        }
        let list = |names: Vec<String>| if names.is_empty() { "–".to_owned() } else { names.join(", ") };
        let _ = writeln!(text, "| {} | {} | {} |", scenario.key, list(covers), list(misses));
    }
    text
}

/// The two-sided intervals outside the band.
fn failures(coverage: &Coverage) -> Vec<String> {
    let both = [("normal", coverage.normal), ("bootstrap", coverage.bootstrap)];
    let outside = both.into_iter().filter(|(_, share)| share.errors_from(LEVEL).abs() > BAND);
    outside.map(|(name, share)| format!("{name} {:.1}", 100.0 * share.rate())).collect()
}

/// Estimators whose distribution-free bounds hold less often than they promise; empty if there are none.
pub(crate) fn broken_bounds(scenarios: &[Scenario]) -> Vec<String> {
    let mut broken = Vec::new();
    for scenario in scenarios {
        for Line { name, biased, summary } in &scenario.lines {
            let coverage = if *biased { &summary.of_own_mean } else { &summary.of_truth };
            for (bound, share) in [("Bernstein", coverage.bernstein), ("lower bound", coverage.lower_bound)] {
                if share.cases > 0 && share.errors_from(LEVEL) < -BAND {
                    broken.push(format!("{} `{name}`: {bound} {}", scenario.key, percent(share)));
                }
            }
        }
    }
    broken
}
