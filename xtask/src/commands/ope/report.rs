//! The HTML report of an `ope` command: the headline, a forest plot of the estimates, the weights.

use slatewise_eval::off_policy::{Estimate, Outcome};
use slatewise_eval::report::{
    Bar, BarPlot, Block, Callout, Cell, Column, Fact, Histogram, NumberFormat, Report, Section, Table,
};

use super::findings::Findings;

const VALUE: NumberFormat = NumberFormat::Decimals(5);

/// Puts the findings into a report.
pub(super) fn report(findings: &Findings) -> Report {
    let mut report = Report::new("Off-policy evaluation").subtitle(&findings.title).fact(Fact::number(
        "Logging policy",
        findings.logging_value,
        VALUE,
    ));
    if let Some((weights, _)) = &findings.weights {
        let note = format!("of {} {}", NumberFormat::Count.format(weights.units as f64), findings.unit[1]);
        report = report
            .fact(
                Fact::number("Effective sample size", weights.effective_sample_size, NumberFormat::Decimals(1))
                    .note(note),
            )
            .fact(Fact::number("Mean weight", weights.mean, NumberFormat::Decimals(3)).note("1 is right"))
            .fact(Fact::number("Largest weight", weights.largest, NumberFormat::Decimals(1)));
    }
    report.section(estimates(findings)).section(weights(findings)).section(numbers(findings))
}

fn estimates(findings: &Findings) -> Section {
    let mut section = Section::new("estimates", "What the evaluation policy would have earned");
    for line in &findings.headline {
        section = section.paragraph(line);
    }
    for (names, reason) in by_reason(findings) {
        let verb = if names.len() == 1 { "is" } else { "are" };
        let title = format!("{} {verb} refused", names.join(", "));
        section = section.block(Block::Callout(Callout::warning(title, reason)));
    }
    let accepted: Vec<_> =
        findings.estimates.iter().filter_map(|estimate| Some((estimate, estimate.accepted()?))).collect();
    if !accepted.is_empty() {
        let forest = BarPlot::forest("Estimates", format!("value per {}", findings.unit[0]), VALUE)
            .reference("logging policy", findings.logging_value)
            .caption("Bootstrap intervals over units where there are any, else normal ones. Refused estimates are not drawn.");
        let forest = accepted.into_iter().fold(forest, |forest, (estimate, accepted)| {
            forest.bar(Bar::interval(&estimate.name, &accepted.bootstrap.unwrap_or(accepted.normal)))
        });
        section = section.block(Block::Plot(forest.into()));
    }
    let columns = vec![
        Column::text("Estimator"),
        Column::number("Value", VALUE),
        Column::number("Standard error", VALUE),
        Column::number("Normal", VALUE),
        Column::number("Empirical Bernstein", VALUE),
        Column::number("ESS in use", NumberFormat::Decimals(1)),
    ];
    let table = findings.estimates.iter().fold(Table::new(columns), |table, estimate| table.row(row(estimate)));
    section.block(Block::Table(table))
}

/// Refused estimates, those with the same reasons together.
fn by_reason(findings: &Findings) -> Vec<(Vec<&str>, String)> {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, reason) in findings.refused() {
        match groups.iter_mut().find(|group| group.1 == reason) {
            Some(group) => group.0.push(name),
            None => groups.push((vec![name], reason)),
        }
    }
    groups
}

fn row(estimate: &Estimate) -> Vec<Cell> {
    let in_use = estimate.weights.as_ref().and_then(|weights| weights.diagnostics());
    let effective = in_use.map_or(Cell::Empty, |weights| weights.effective_sample_size.into());
    let refused = matches!(estimate.outcome, Outcome::Refused { .. });
    let name = Cell::from(if refused { format!("{} (refused)", estimate.name) } else { estimate.name.clone() });
    match &estimate.outcome {
        Outcome::Accepted(accepted) => vec![
            name,
            accepted.value.into(),
            accepted.standard_error.map_or(Cell::Empty, Cell::from),
            accepted.normal.into(),
            accepted.bernstein.map_or(Cell::Empty, Cell::from),
            effective,
        ],
        Outcome::Refused { .. } | Outcome::Undefined(_) => {
            let reason = Cell::undefined(estimate.reason().unwrap_or_default());
            vec![name, reason, Cell::Empty, Cell::Empty, Cell::Empty, effective]
        }
    }
}

fn weights(findings: &Findings) -> Section {
    let weights = &findings.histogram;
    let zeros = NumberFormat::Count.format(weights.zeros as f64);
    let plot = Histogram {
        title: "Importance weights".to_owned(),
        caption: Some(format!("{zeros} weights are 0 and stand in no bin.")),
        x_label: "log10 of the weight; 0 is a weight of 1".to_owned(),
        edges: weights.exponents(),
        counts: weights.counts.clone(),
    };
    Section::new("weights", "Can this log speak for that policy?")
        .paragraph(
            "An importance weight is how much likelier the evaluation policy is to act as logged. Their mean should be 1; \
             a few large ones mean that few units carry the estimate.",
        )
        .block(Block::Plot(plot.into()))
}

fn numbers(findings: &Findings) -> Section {
    let table = Table::new(vec![Column::text("Number"), Column::number("Value", VALUE)]);
    let table = findings.facts.numbers().fold(table, |table, (key, value)| table.row([key.into(), value.into()]));
    let warnings = findings.facts.warnings().iter().cloned().chain(findings.warnings());
    let section = Section::new("numbers", "Numbers and warnings").block(Block::Table(table));
    warnings.fold(section, |section, warning| section.block(Block::Callout(Callout::warning("Warning", warning))))
}
