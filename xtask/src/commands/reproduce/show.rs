//! The table, the object and the list that `reproduce` prints.

use std::fmt::Write as _;

use anyhow::Result;
use slatewise_eval::interval::{Interval, student_t_interval};

use super::{Name, Reproduction, Row};
use crate::flat::Flat;

const LEVEL: f64 = 0.95;

fn interval(row: &Row) -> Result<Interval> {
    Ok(student_t_interval(&row.samples, LEVEL)?)
}

/// Prints the names, what they are and how many runs they make.
pub(super) fn list(names: &[Name]) {
    let mut text = String::from("cargo xtask reproduce NAME [--runs N] [--seed S] [--out DIR] [--json]\n\n");
    for name in names {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:<18} {} ({} runs)", name.key(), name.about(), name.runs());
    }
    #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
    {
        print!("{text}");
    }
}

/// A row per number: ours with its interval, the source's, the bounds.
pub(super) fn to_text(name: Name, reproduction: &Reproduction, runs: u64, seed: u64) -> Result<String> {
    let mut cells = vec![["", "ours, 95 % interval", "source", "bounds", ""].map(str::to_owned)];
    for row in &reproduction.rows {
        let interval = interval(row)?;
        let (low, high) = interval.bounds.unwrap_or((f64::NAN, f64::NAN));
        let bounds = row.bounds.map_or_else(String::new, |(low, high)| match (low.is_finite(), high.is_finite()) {
            (true, true) => format!("{low} to {high}"),
            (true, false) => format!("above {low}"),
            _ => format!("below {high}"),
        });
        let verdict = match (row.bounds, row.holds()) {
            (None, _) => "",
            (Some(_), true) => "holds",
            (Some(_), false) => "FAILS",
        };
        let ours = format!("{:.3} [{low:.3}, {high:.3}]", interval.mean);
        cells.push([row.what.to_owned(), ours, row.source.to_owned(), bounds, verdict.to_owned()]);
    }
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = format!("{}\n{runs} runs, seed {seed}\n\n", name.about());
    for row in &cells {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    Ok(text)
}

/// The same as one object.
pub(super) fn to_flat(reproduction: &Reproduction, runs: u64, seed: u64) -> Result<Flat> {
    let mut flat = Flat::default();
    for row in &reproduction.rows {
        let interval = interval(row)?;
        let (low, high) = interval.bounds.unwrap_or((f64::NAN, f64::NAN));
        flat.number(row.key, interval.mean);
        flat.number(format!("{}_lower", row.key), low);
        flat.number(format!("{}_upper", row.key), high);
        flat.value(format!("{}_holds", row.key), row.holds().into());
    }
    flat.count("runs", runs as usize);
    flat.value("seed", seed.into());
    Ok(flat)
}
