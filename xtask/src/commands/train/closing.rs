//! The closing table on the console: every policy beside the baselines.

use super::evaluate::Evaluation;
use super::policies::{Policies, PolicyRow};
use crate::console::Console;

pub(super) fn print(evaluation: &Evaluation, policies: &Policies, console: Console) {
    let comparison = &policies.comparison;
    console.stage("Policies, judged in a simulator counted from test sessions, which nothing learned from");
    console.line(format!(
        "{:<29} {:<20} {:>20} {:>22} {:>7} {:>8} {:>9} {:>10}",
        "policy",
        "learned from",
        "return per session",
        "gain on best baseline",
        "clicks",
        "premium",
        "coverage",
        "diversity"
    ));
    for row in &comparison.rows {
        console.line(line(row, comparison.keeps(row)));
    }
    console.line(format!(
        "mean [95 % interval] over {} seeds of {} sessions; best baseline: {}; * kept: best in the learner's simulator",
        comparison.seeds, comparison.sessions_per_seed, comparison.best_baseline
    ));
    if let Some(verdict) = next_item_verdict(evaluation) {
        console.line(verdict);
    }
}

fn line(row: &PolicyRow, is_kept: bool) -> String {
    let interval = |interval: &slatewise_eval::interval::Interval, sign: bool| {
        let bounds = interval.bounds.map_or_else(String::new, |(low, high)| format!(" [{low:.2}, {high:.2}]"));
        if sign { format!("{:+.2}{bounds}", interval.mean) } else { format!("{:.2}{bounds}", interval.mean) }
    };
    let kept = if is_kept { "*" } else { "" };
    format!(
        "{:<29} {:<20} {:>20} {:>22} {:>7.2} {:>8.2} {:>7.0} % {:>10.2}",
        format!("{}{kept}", row.policy),
        row.source,
        interval(&row.value, false),
        interval(&row.gain, true),
        row.clicks.mean,
        row.premium_clicks.mean,
        100.0 * row.coverage.mean,
        row.diversity.mean
    )
}

/// One sentence: whether the model is worth running at all.
pub(super) fn next_item_verdict(evaluation: &Evaluation) -> Option<String> {
    let of = |name: &str| evaluation.next_item.iter().find(|result| result.recommender == name);
    let (model, chain) = (of("multi-task model")?, of("Markov chain")?);
    let (ours, theirs) = (&model.ranking.over_transitions, &chain.ranking.over_transitions);
    let word = if ours.mrr >= theirs.mrr { "above" } else { "below" };
    Some(format!(
        "Next item: the model's MRR of {:.4} is {word} the Markov chain's {:.4}, on the same {} transitions",
        ours.mrr, theirs.mrr, model.ranking.transitions
    ))
}
