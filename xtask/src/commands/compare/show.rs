//! A comparison as JSON, as a table on the terminal, and as a page.

use std::fmt::Write as _;

use slatewise_eval::Undefined;
use slatewise_eval::comparison::{Comparison, Outcome, Verdict};
use slatewise_eval::report::{
    Bar, BarPlot, Block, Callout, Cell, Column, Fact, NumberFormat, Plot, Report, Section, Table,
};

use super::Findings;
use crate::flat::Flat;

/// Numbers of a metric, in the order in which they are written.
const KEYS: [&str; 11] = [
    "mean_a",
    "mean_b",
    "difference",
    "lower",
    "upper",
    "p",
    "p_corrected",
    "effect_size",
    "share_a_higher",
    "share_tied",
    "share_b_higher",
];

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AIsBetter => "A is better",
        Verdict::BIsBetter => "B is better",
        Verdict::NoDifferenceShown => "no difference shown",
    }
}

impl Findings {
    fn verdict(&self, comparison: &Comparison) -> &'static str {
        match &comparison.outcome {
            Ok(outcome) => words(outcome.verdict(self.level, self.lower_is_better(&comparison.name))),
            Err(_) => "undefined",
        }
    }
}

/// The flat object of `--json`, with the remarks as warnings.
pub(super) fn flat(findings: &Findings, lonely_files: &[String]) -> Flat {
    let mut flat = Flat::default();
    for comparison in &findings.comparisons {
        let name = &comparison.name;
        match &comparison.outcome {
            Ok(outcome) => add_outcome(&mut flat, name, outcome),
            Err(reason) => {
                KEYS.iter().for_each(|key| flat.undefined(format!("{name}/{key}"), reason.to_string()));
            }
        }
        flat.count(format!("{name}/units"), comparison.units);
        flat.count(format!("{name}/units_left_out"), comparison.left_out);
        flat.value(format!("{name}/verdict"), findings.verdict(comparison).into());
    }
    let (mut used, mut alone) = (0, 0);
    for file in &findings.joined {
        let (prefix, aligned) = (&file.prefix, &file.aligned);
        flat.count(format!("{prefix}common_units"), aligned.units);
        flat.count(format!("{prefix}units_only_a"), aligned.only_a);
        flat.count(format!("{prefix}units_only_b"), aligned.only_b);
        used += 2 * aligned.units;
        alone += aligned.only_a + aligned.only_b;
        for (side, names) in [("A", &aligned.metrics_only_a), ("B", &aligned.metrics_only_b)] {
            names
                .iter()
                .for_each(|name| flat.warning(format!("{prefix}{name}: only {side} has it; it is not compared")));
        }
    }
    flat.count("rows_used", used);
    flat.count("rows_rejected", alone);
    if alone > 0 {
        flat.warning(format!("{alone} units stand in one run only and are left out"));
    }
    lonely_files.iter().for_each(|remark| flat.warning(remark.as_str()));
    flat
}

fn add_outcome(flat: &mut Flat, name: &str, outcome: &Outcome) {
    let bound = |of: fn((f64, f64)) -> f64| outcome.difference.bounds.map(of).ok_or(Undefined::OneUnit);
    let numbers = [
        Ok(outcome.mean_a),
        Ok(outcome.mean_b),
        Ok(outcome.difference.mean),
        bound(|bounds| bounds.0),
        bound(|bounds| bounds.1),
        Ok(outcome.p),
        Ok(outcome.p_corrected),
    ];
    for (key, number) in KEYS.iter().zip(&numbers) {
        flat.metric(format!("{name}/{key}"), number);
    }
    match outcome.effect_size {
        Some(size) => flat.number(format!("{name}/effect_size"), size),
        None => flat.undefined(format!("{name}/effect_size"), "the differences do not vary"),
    }
    for (key, share) in KEYS[8..].iter().zip([outcome.a_higher, outcome.tied, outcome.b_higher]) {
        flat.number(format!("{name}/{key}"), share);
    }
}

/// Prints the table for people.
pub(super) fn print_table(findings: &Findings, remarks: &[&str]) {
    let heading = ["metric", "mean A", "mean B", "B − A", "interval", "p corrected", "units", "verdict"];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(findings.comparisons.iter().map(|comparison| table_row(findings, comparison)));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let fill = " ".repeat(widths[column] - cell.chars().count());
            // Words stand at the left of their column, numbers at the right; nothing is filled up behind the last.
            let _ = match column {
                0 => write!(text, "{cell}{fill}"),
                7 => write!(text, "  {cell}"),
                _ => write!(text, "  {fill}{cell}"),
            };
        }
        text.push('\n');
    }
    for remark in remarks {
        let _ = writeln!(text, "note: {remark}");
    }
    #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
    {
        print!("{text}");
    }
}

fn table_row(findings: &Findings, comparison: &Comparison) -> [String; 8] {
    let (name, units) = (comparison.name.clone(), comparison.units.to_string());
    let verdict = findings.verdict(comparison).to_owned();
    let Ok(outcome) = &comparison.outcome else {
        let dash = || "–".to_owned();
        return [name, dash(), dash(), dash(), dash(), dash(), units, verdict];
    };
    let interval = outcome
        .difference
        .bounds
        .map_or_else(|| "–".to_owned(), |(lower, upper)| format!("[{}, {}]", short(lower), short(upper)));
    let p = if outcome.p_corrected < 1e-4 { "< 0.0001".to_owned() } else { format!("{:.4}", outcome.p_corrected) };
    let difference = short(outcome.difference.mean);
    [name, short(outcome.mean_a), short(outcome.mean_b), difference, interval, p, units, verdict]
}

/// Four decimals, or two digits of a number that would vanish in them.
fn short(value: f64) -> String {
    if value == 0.0 || value.abs() >= 1e-3 { format!("{value:.4}") } else { format!("{value:.1e}") }
}

/// The page: a table of everything, and a forest plot of the differences per file.
pub(super) fn report(findings: &Findings, remarks: &[&str]) -> Report {
    let level = 100.0 * findings.level;
    let mut table = Table::new(vec![
        Column::text("Metric"),
        Column::number("Mean A", NumberFormat::Decimals(4)),
        Column::number("Mean B", NumberFormat::Decimals(4)),
        Column::number("B − A", NumberFormat::Decimals(4)),
        Column::number("p", NumberFormat::Decimals(4)),
        Column::number("p corrected", NumberFormat::Decimals(4)),
        Column::number("Effect size", NumberFormat::Decimals(3)),
        Column::number("Units", NumberFormat::Count),
        Column::text("Verdict"),
    ])
    .caption(format!(
        "B − A with its {level:.0} % bootstrap interval over units; p of the sign-flip test, corrected for {} metrics.",
        findings.comparisons.iter().filter(|comparison| comparison.outcome.is_ok()).count()
    ));
    for comparison in &findings.comparisons {
        table = table.row(page_row(findings, comparison));
    }
    let mut section = Section::new("metrics", "Differences by metric").block(Block::Table(table));
    for (file, comparisons) in findings.by_file() {
        section = section.block(Block::Plot(forest(&file.prefix, comparisons)));
    }
    for &remark in remarks {
        section = section.block(Block::Callout(Callout::info("Note", remark)));
    }
    let units: usize = findings.joined.iter().map(|file| file.aligned.units).max().unwrap_or(0);
    Report::new("Comparison of two runs")
        .subtitle("The same units, judged under both runs")
        .fact(Fact::number("Units in common", units as f64, NumberFormat::Count))
        .section(section)
}

fn page_row(findings: &Findings, comparison: &Comparison) -> Vec<Cell> {
    let (name, verdict) = (Cell::from(comparison.name.as_str()), Cell::from(findings.verdict(comparison)));
    match &comparison.outcome {
        Ok(outcome) => vec![
            name,
            outcome.mean_a.into(),
            outcome.mean_b.into(),
            outcome.difference.into(),
            outcome.p.into(),
            outcome.p_corrected.into(),
            outcome.effect_size.map_or_else(|| Cell::undefined("the differences do not vary"), Cell::Number),
            comparison.units.into(),
            verdict,
        ],
        Err(reason) => {
            let undefined = std::iter::repeat_with(|| Cell::undefined(reason.to_string())).take(6);
            std::iter::once(name).chain(undefined).chain([comparison.units.into(), verdict]).collect()
        }
    }
}

fn forest(prefix: &str, comparisons: &[Comparison]) -> Plot {
    let title = match prefix.strip_suffix('/') {
        Some(stem) => format!("Differences of {stem}"),
        None => "Differences".to_owned(),
    };
    let plot = BarPlot::forest(title, "B − A", NumberFormat::Decimals(4)).reference("no difference", 0.0);
    let bars = comparisons.iter().map(|comparison| {
        let name = comparison.name.strip_prefix(prefix).unwrap_or(&comparison.name);
        match &comparison.outcome {
            Ok(outcome) => Bar::interval(name, &outcome.difference),
            Err(_) => Bar::new(name, f64::NAN),
        }
    });
    bars.fold(plot, BarPlot::bar).into()
}
