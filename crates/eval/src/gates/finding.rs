//! `Finding`: what a gate saw, and how to mend it, in one line.

use std::fmt;

use serde::Serialize;

use crate::report::{Block, Column, Section, Table};

/// How bad it is; ordered from mild to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Look at it before trusting any number.
    Warning,
    /// Numbers made with this mean nothing.
    Stop,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Stop => "stop",
        })
    }
}

/// What a gate saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The gate: `leak`, `drift`, `propensity`, `splits`, or a caller's own.
    pub gate: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The column at fault, where one is.
    pub column: Option<String>,
    /// What was seen, with its numbers.
    pub evidence: String,
    /// What to do.
    pub mend: String,
}

/// `severity: gate: column: evidence; mend`, one line whatever the column is called.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.severity, self.gate)?;
        if let Some(column) = &self.column {
            write!(f, "column `{}`: ", visible(column))?;
        }
        write!(f, "{}; {}", visible(&self.evidence), visible(&self.mend))
    }
}

/// Findings as a section of a report: a table, gravest first. The renderings escape every word in it.
pub fn section(findings: &[Finding]) -> Section {
    let section = Section::new("gates", "Gates");
    if findings.is_empty() {
        return section.paragraph("No gate found anything.");
    }
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let heading = ["Severity", "Gate", "Column", "Evidence", "Mend"].map(Column::text);
    let table = order.into_iter().fold(Table::new(heading.into()), |table, finding| {
        let column = finding.column.as_deref().map(visible).unwrap_or_default();
        let evidence = [visible(&finding.evidence), visible(&finding.mend)];
        let [evidence, mend] = evidence.map(Into::into);
        table.row([finding.severity.to_string().into(), finding.gate.into(), column.into(), evidence, mend])
    });
    section.block(Block::Table(table))
}

/// Text without characters that break the line or turn its direction: they are written as `\u{…}`.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if hidden(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::report::Report;

    fn finding(severity: Severity, column: &str) -> Finding {
        let (evidence, mend) = ("AUC .9".to_owned(), "drop it".to_owned());
        Finding { gate: "leak", severity, column: Some(column.to_owned()), evidence, mend }
    }

    #[test]
    fn a_finding_is_one_line() {
        let nasty = finding(Severity::Warning, "a\nb\u{202e}c");
        assert_eq!(nasty.to_string(), "warning: leak: column `a\\nb\\u{202e}c`: AUC .9; drop it");
        let bare = Finding { column: None, ..nasty };
        assert_eq!(bare.to_string(), "warning: leak: AUC .9; drop it");
    }

    #[test]
    fn names_with_markup_do_no_harm_and_the_gravest_comes_first() -> Result<(), Error> {
        let findings = [finding(Severity::Notice, "<script>alert(1)</script>"), finding(Severity::Stop, "a|b`*_")];
        let report = Report::new("t").section(section(&findings));
        let html = report.to_html()?;
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        let markdown = report.to_markdown();
        let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with("| ")).collect();
        // Heading, stop, notice; a bar in a name opens no sixth cell.
        assert!(
            rows[1].starts_with("| stop | leak | a\\|b\\`\\*\\_ |") && rows[2].starts_with("| notice "),
            "{rows:?}"
        );
        assert!(rows.iter().all(|row| row.replace("\\|", "").matches('|').count() == 6), "{rows:?}");
        assert!(Report::new("t").section(section(&[])).to_markdown().contains("No gate found anything."));
        Ok(())
    }
}
