//! Markdown rendering: headings, pipe tables, quotes for callouts; a plot becomes the table of its numbers.
//!
//! ```text
//! # title                    - **label**: value (note)          > **Warning: title.** text
//! | Policy | Return |        the best cell is bold, as are all cells of an emphasised row
//! |:---|---:|
//! ```

use std::fmt::Write as _;

use super::document::{Block, Callout, CalloutKind, Fact, Report};
use super::plot::Plot;
use super::table::{ColumnKind, Table};

impl Report {
    /// The report as Markdown (with pipe tables).
    pub fn to_markdown(&self) -> String {
        let mut out = format!("# {}\n", escaped(&self.title));
        if let Some(subtitle) = &self.subtitle {
            push(&mut out, &escaped(subtitle));
        }
        facts(&mut out, &self.facts);
        for section in &self.sections {
            push(&mut out, &format!("## {}", escaped(&section.heading)));
            for block in &section.blocks {
                match block {
                    Block::Paragraph(text) => push(&mut out, &escaped(text)),
                    Block::Facts(list) => facts(&mut out, list),
                    Block::Table(content) => table(&mut out, content),
                    Block::Plot(content) => plot(&mut out, content),
                    Block::Row(plots) => plots.iter().for_each(|content| plot(&mut out, content)),
                    Block::Callout(content) => callout(&mut out, content),
                }
            }
        }
        out
    }
}

/// Adds a paragraph.
fn push(out: &mut String, text: &str) {
    out.push('\n');
    out.push_str(text);
    out.push('\n');
}

fn facts(out: &mut String, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    let lines: Vec<_> = facts
        .iter()
        .map(|fact| {
            let note = fact.note.as_ref().map(|note| format!(" ({})", escaped(note))).unwrap_or_default();
            format!("- **{}**: {}{note}", escaped(&fact.label), escaped(&fact.text()))
        })
        .collect();
    push(out, &lines.join("\n"));
}

fn callout(out: &mut String, callout: &Callout) {
    let kind = match callout.kind {
        CalloutKind::Info => "Note",
        CalloutKind::Warning => "Warning",
    };
    push(out, &format!("> **{kind}: {}.** {}", escaped(&callout.title), escaped(&callout.text)));
}

fn plot(out: &mut String, plot: &Plot) {
    push(out, &format!("**{}**", escaped(plot.title())));
    table(out, &plot.table());
    if let Some(caption) = plot.caption() {
        push(out, &escaped(caption));
    }
}

fn table(out: &mut String, table: &Table) {
    out.push('\n');
    for column in &table.columns {
        let _ = write!(out, "| {} ", escaped(&column.heading));
    }
    out.push_str("|\n");
    for column in &table.columns {
        out.push_str(match column.kind {
            ColumnKind::Text => "|:---",
            ColumnKind::Number(_) => "|---:",
        });
    }
    out.push_str("|\n");
    for row in 0..table.rows.len() {
        for column in 0..table.columns.len() {
            let text = escaped(&table.text(row, column));
            let bold = !text.is_empty() && (table.is_best(row, column) || table.emphasised_row == Some(row));
            let text = if bold { format!("**{text}**") } else { text };
            let bounds = table.bounds_text(row, column).map(|bounds| format!(" {bounds}")).unwrap_or_default();
            let _ = write!(out, "| {text}{bounds} ");
        }
        out.push_str("|\n");
    }
    if let Some(caption) = &table.caption {
        push(out, &escaped(caption));
    }
}

/// Takes the meaning from characters that Markdown would read, and keeps everything on one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '*' | '_' | '`' | '\\' | '<' | '[' => out.extend(['\\', character]),
            '\n' | '\r' => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Interval;
    use crate::report::{Cell, Column, NumberFormat, Section};

    #[test]
    fn a_report_reads_as_written() {
        let interval = Interval { mean: 0.5, bounds: Some((0.4, 0.6)), level: 0.95, samples: 5 };
        let table =
            Table::new(vec![Column::text("Policy"), Column::number("HR@10", NumberFormat::Decimals(2)).highest()])
                .row(["a|b".into(), interval.into()])
                .row(["none".into(), Cell::undefined("no rows")]);
        let report = Report::new("Title").fact(Fact::new("Rows", "12").note("kept")).section(
            Section::new("s", "Section").block(Block::Table(table)).block(Block::Callout(Callout::warning("A", "b"))),
        );
        let expected = "# Title\n\n- **Rows**: 12 (kept)\n\n## Section\n\n| Policy | HR@10 |\n|:---|---:|\n\
                        | a\\|b | **0.50** [0.40, 0.60] |\n| none | undefined |\n\n> **Warning: A.** b\n";
        assert_eq!(report.to_markdown(), expected);
    }
}
