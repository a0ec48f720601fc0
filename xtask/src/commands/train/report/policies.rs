//! The comparison of policies, the simulators it rests on, and how the learners learned.

use slatewise_eval::report::{
    Bar, BarPlot, Block, Callout, Cell, Column, LinePlot, NumberFormat, Plot, Section, Series, Table, TradeOffPlot,
};
use slatewise_rl::simulator::{FidelityReport, LengthSummary};

use super::Findings;
use crate::commands::train::policies::{Comparison, PolicyRow};

const TWO: NumberFormat = NumberFormat::Decimals(2);

/// A policy's name in tables and plots.
fn name(row: &PolicyRow) -> String {
    if row.is_baseline { row.policy.to_owned() } else { format!("{} ({})", row.policy, row.source) }
}

pub(super) fn comparison(findings: &Findings<'_>) -> Section {
    let comparison = &findings.policies.comparison;
    let mut forest = BarPlot::forest("Return per session in the judge's simulator", "return per session", TWO);
    for row in &comparison.rows {
        let bar = Bar::interval(name(row), &row.value);
        forest = forest.bar(if comparison.keeps(row) { bar.highlighted() } else { bar });
    }
    if let Some(best) = comparison.rows.iter().find(|row| row.policy == comparison.best_baseline) {
        forest = forest.reference("best baseline", best.value.mean);
    }
    Section::new("policies", "Policies")
        .paragraph(format!(
            "Each policy chooses which listing page to show next; a click earns {}, a premium click {}, and up to {} more for differing from the last clicks. Judged on {} simulated sessions per seed, {} seeds, all policies on the same visitors. The judge's simulator is counted from test sessions, which nothing learned from.",
            findings.config.reward.click,
            findings.config.reward.premium,
            findings.config.reward.diversity,
            comparison.sessions_per_seed,
            comparison.seeds,
        ))
        .block(verdict(comparison))
        .block(robustness(comparison))
        .block(Block::Table(table(comparison)))
        .block(Block::Plot(Plot::Bar(forest)))
        .block(Block::Plot(trade_offs(comparison).into()))
        .block(Block::Table(sensitivity(findings)))
}

/// The answer to "is it better than what one would do without it?".
fn verdict(comparison: &Comparison) -> Block {
    let Some(kept) = comparison.rows.iter().find(|row| comparison.keeps(row)) else {
        return Block::Callout(Callout::warning("No learned policy", "Nothing was kept."));
    };
    let (gain, best) = (&kept.gain, &comparison.best_baseline);
    let number = |x: f64| NumberFormat::Decimals(2).format(x);
    let bounds = gain
        .bounds
        .map_or_else(String::new, |(low, high)| format!(" (95 % interval {} to {})", number(low), number(high)));
    let said = format!(
        "{} earns {} per session; the best baseline, {best}, {}: a difference of {}{bounds}. It was chosen in the learner's simulator, before the judge was asked.",
        name(kept),
        number(kept.value.mean),
        number(kept.value.mean - gain.mean),
        number(gain.mean)
    );
    Block::Callout(match (gain.excludes(0.0), gain.mean > 0.0) {
        (true, true) => Callout::info("The kept policy beats every baseline", said),
        (true, false) => Callout::warning("The kept policy is worse than a baseline: do not deploy it", said),
        (false, _) => Callout::warning("The kept policy is not distinguishable from the best baseline", said),
    })
}

/// Whether the answer holds under other assumptions about visitors.
fn robustness(comparison: &Comparison) -> Block {
    let Some(kept) = comparison.rows.iter().find(|row| comparison.keeps(row)) else { return Block::Facts(Vec::new()) };
    let number = |x: f64| TWO.format(x);
    let said = kept.sensitivity.iter().enumerate().filter_map(|(place, (tau, value))| {
        let baselines = comparison.rows.iter().filter(|row| row.is_baseline);
        let best = baselines.max_by(|a, b| a.sensitivity[place].1.mean.total_cmp(&b.sensitivity[place].1.mean))?;
        let best_value = best.sensitivity[place].1.mean;
        let word = if value.mean > best_value { "ahead of" } else { "behind" };
        Some(format!(
            "at τ = {tau} it is {word} the best baseline there, {} ({} against {})",
            best.policy,
            number(value.mean),
            number(best_value)
        ))
    });
    let text = format!("The same policy under other patience exponents: {}.", said.collect::<Vec<_>>().join("; "));
    Block::Callout(Callout::info("Does it hold for less, or more, patient visitors?", text))
}

fn table(comparison: &Comparison) -> Table {
    let mut table = Table::new(vec![
        Column::text("Policy"),
        Column::text("Learned from"),
        Column::number("Return per session", TWO).highest(),
        Column::number("Gain on best baseline", TWO),
        Column::number("Clicks", TWO).highest(),
        Column::number("Premium clicks", TWO).highest(),
        Column::number("Diversity", TWO),
        Column::number("Pages shown", NumberFormat::Percent(0)),
    ])
    .caption("In the judge's simulator, per session after its first click; mean and 95 % interval over seeds. Gains are paired: the same visitors under both policies. Diversity: how unlike the last clicks a click was, 0 to 1. Pages shown: share of all pages that were ever shown.");
    for row in &comparison.rows {
        table = table.row([
            row.policy.into(),
            row.source.into(),
            row.value.into(),
            row.gain.into(),
            row.clicks.mean.into(),
            row.premium_clicks.mean.into(),
            row.diversity.mean.into(),
            row.coverage.mean.into(),
        ]);
        if comparison.keeps(row) {
            table = table.emphasised();
        }
    }
    table
}

/// Clicks that are not premium against premium ones, of policies that come near the best in either.
fn trade_offs(comparison: &Comparison) -> TradeOffPlot {
    let reached = |row: &PolicyRow| (row.clicks.mean - row.premium_clicks.mean, row.premium_clicks.mean);
    let most = |of: fn((f64, f64)) -> f64| comparison.rows.iter().map(|row| of(reached(row))).fold(0.0, f64::max);
    let (most_clicks, most_premium) = (most(|point| point.0), most(|point| point.1));
    let near = |row: &&PolicyRow| reached(row).0 > 0.5 * most_clicks && reached(row).1 > 0.5 * most_premium;
    let (x, y) = ("clicks that are not premium, per session", "premium clicks per session");
    let plot = comparison.rows.iter().filter(near).fold(
        TradeOffPlot::new("Clicks against premium clicks", x, y),
        |plot, row| {
            let (clicks, premium) = reached(row);
            plot.point(name(row), clicks, premium)
        },
    );
    let sweep = comparison.sweep.iter().map(|swept| (swept.clicks - swept.premium_clicks, swept.premium_clicks));
    plot.sweep("fixed weights, 0 to 1 on premium", sweep.collect()).caption("In the judge's simulator; policies that reach more than half of the most in both. Coloured: the Pareto front, policies that no other beats in both. Grey line: one multi-task model ranked by fixed weights, from all on clicks that are not premium to all on premium ones.")
}

/// Values under other patience exponents, which no log of clicks can tell.
fn sensitivity(findings: &Findings<'_>) -> Table {
    let comparison = &findings.policies.comparison;
    let own = findings.config.policy.simulator.patience_exponent;
    let exponents = comparison.rows.first().map_or(&[][..], |row| &row.sensitivity);
    let mut columns = vec![Column::text("Policy"), Column::number(format!("τ = {own} (declared)"), TWO).highest()];
    columns.extend(exponents.iter().map(|(tau, _)| Column::number(format!("τ = {tau}"), TWO).highest()));
    columns.push(Column::number("Learner's simulator", TWO).highest());
    columns.push(Column::number("Agrees with the log", NumberFormat::Percent(1)));
    let caption = "Return per session in the judge's simulator under other patience exponents: at τ = 0 visitors look at whatever page they are shown, at larger τ they leave sooner when it is not what they would have chosen. All policies are those learned under the declared τ. Beside them the return in the simulator that the policies learned in, and the share of logged test clicks after which a policy shows the page that the visitor went to.";
    comparison.rows.iter().fold(Table::new(columns).caption(caption), |table, row| {
        let others = row.sensitivity.iter().map(|(_, value)| Cell::from(value.mean));
        let last = [row.learner_value.mean.into(), row.agreement.mean.into()];
        table.row([Cell::from(name(row)), row.value.mean.into()].into_iter().chain(others).chain(last))
    })
}

pub(super) fn simulators(findings: &Findings<'_>) -> Section {
    let policies = findings.policies;
    let mut reward = Table::new(vec![
        Column::text("Part"),
        Column::number("Reward per session", TWO),
        Column::number("from clicks", TWO),
        Column::number("from premium clicks", TWO),
        Column::number("from diversity", TWO),
    ])
    .caption("What logged sessions earned after their first click, under the declared reward.");
    for part in &policies.logged_reward {
        let mean = &part.mean;
        let parts = [mean.total(), mean.click, mean.premium, mean.diversity].map(Cell::from);
        reward = reward.row([Cell::from(part.part)].into_iter().chain(parts));
    }
    Section::new("simulators", "Reward and simulators")
        .block(Block::Table(reward))
        .block(Block::Table(likelihood(&policies.learner_fidelity, "test")))
        .block(Block::Table(likelihood(&policies.judge_fidelity, "validation")))
        .block(Block::Table(lengths(findings)))
}

fn likelihood(report: &FidelityReport, part: &str) -> Table {
    let three = NumberFormat::Decimals(3);
    let mut table = Table::new(vec![
        Column::text("Tables"),
        Column::number("ln P(next item)", three).highest(),
        Column::number("ln P(its page)", three).highest(),
        Column::number("ln P(item | its page)", three).highest(),
        Column::number("Log loss of going on", NumberFormat::Decimals(4)).lowest(),
    ])
    .caption(format!(
        "How well each model of visitors foretells {part} sessions, on which none of them was fitted; means in nats."
    ));
    for (name, likelihood) in &report.likelihood {
        table = table.row([
            name.as_str().into(),
            likelihood.next_item.into(),
            likelihood.next_listing.into(),
            likelihood.choice.into(),
            likelihood.continuation_log_loss.into(),
        ]);
    }
    table
}

fn lengths(findings: &Findings<'_>) -> Table {
    let mut table = Table::new(vec![
        Column::text("Sessions"),
        Column::number("Mean clicks", TWO),
        Column::number("Median", NumberFormat::Count),
        Column::number("75 %", NumberFormat::Count),
        Column::number("90 %", NumberFormat::Count),
        Column::number("99 %", NumberFormat::Count),
    ])
    .caption("Length of sessions: logged test sessions beside simulated visitors whom nobody advises.");
    let policies = findings.policies;
    let rows: [(&str, &LengthSummary); 3] = [
        ("logged, test", &policies.learner_fidelity.logged_length),
        ("learner's simulator", &policies.learner_fidelity.simulated_length),
        ("judge's simulator", &policies.judge_fidelity.simulated_length),
    ];
    for (name, length) in rows {
        let quantiles = [length.median, length.p75, length.p90, length.p99].map(|q| Cell::from(f64::from(q)));
        table = table.row([Cell::from(name), length.mean.into()].into_iter().chain(quantiles));
    }
    table
}

pub(super) fn learning(findings: &Findings<'_>) -> Section {
    let plots = findings.policies.curves.iter().map(|curve| {
        let points = curve.steps.iter().zip(&curve.mean).map(|(&steps, &mean)| (steps as f64, mean));
        let band = curve.lowest.iter().zip(&curve.highest).map(|(&low, &high)| (low, high));
        let series = Series::new(curve.learner, points.collect()).band(band.collect());
        Plot::Line(LinePlot::new(curve.learner, "steps in the simulator", "return per session").series(series))
    });
    Section::new("learning", "Learning curves")
        .paragraph("Return of the greedy policy in the learner's simulator, mean over seeds; the band runs from the lowest to the highest seed. The first point is what the log alone taught.")
        .block(Block::Row(plots.collect()))
}
