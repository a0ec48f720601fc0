//! The document model: report, sections, blocks.
//!
//! ```
//! use slatewise_eval::report::{Block, Callout, Fact, NumberFormat, Report, Section};
//!
//! let report = Report::new("E-shop clickstream")
//!     .subtitle("Shared bottom, DQN")
//!     .fact(Fact::number("Sessions", 24_026.0, NumberFormat::Count))
//!     .section(
//!         Section::new("assumptions", "Assumptions")
//!             .paragraph("What had to be taken for granted.")
//!             .block(Block::Callout(Callout::warning("Clicks only", "The log does not say what was shown."))),
//!     );
//! assert!(report.to_json().contains("\"id\": \"assumptions\""));
//! ```

use serde::Serialize;

use super::number::NumberFormat;
use super::plot::Plot;
use super::table::{Cell, Table};

/// All that one run has to say.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Heading of the page.
    pub title: String,
    /// One line below it.
    pub subtitle: Option<String>,
    /// The few numbers to read first.
    pub facts: Vec<Fact>,
    /// The rest, in order.
    pub sections: Vec<Section>,
}

/// A chapter of a [`Report`].
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Section {
    /// Anchor in the page: letters, digits and hyphens.
    pub id: String,
    /// Heading, also in the table of contents.
    pub heading: String,
    /// What stands in it, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a [`Section`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Running text.
    Paragraph(String),
    /// Labelled values.
    Facts(Vec<Fact>),
    /// A table.
    Table(Table),
    /// A plot over the full width.
    Plot(Plot),
    /// Two plots to a line, side by side where the page is wide enough.
    Row(Vec<Plot>),
    /// A remark that must not be overlooked.
    Callout(Callout),
}

/// A labelled value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// The value.
    pub value: Cell,
    /// How a number is rounded.
    pub format: NumberFormat,
    /// A few words below it, if any.
    pub note: Option<String>,
}

/// A remark set off from the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Callout {
    /// How urgent it is.
    pub kind: CalloutKind,
    /// A few words.
    pub title: String,
    /// The remark.
    pub text: String,
}

/// How urgent a [`Callout`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CalloutKind {
    /// Good to know: an assumption, a definition.
    Info,
    /// Read before trusting the numbers.
    Warning,
}

impl Report {
    /// An empty report.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Sets the line below the title.
    #[must_use]
    pub fn subtitle(self, subtitle: impl Into<String>) -> Self {
        Self { subtitle: Some(subtitle.into()), ..self }
    }

    /// Adds a number to read first.
    #[must_use]
    pub fn fact(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    /// Adds a section.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The report as indented JSON; numbers unrounded, `null` where not finite.
    #[expect(
        clippy::expect_used,
        reason = "serde_json fails on maps with other keys than strings; a report has no maps"
    )]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report holds strings, numbers and lists only") + "\n"
    }

    /// The anchor of each section: its id reduced to letters, digits and hyphens, numbered where two would collide.
    pub(super) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::with_capacity(self.sections.len());
        for section in &self.sections {
            let kept = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
            let slug: String = section.id.chars().map(kept).collect();
            let slug = if slug.is_empty() { "section".to_owned() } else { slug };
            let mut anchor = slug.clone();
            let mut number = 2;
            while anchors.contains(&anchor) {
                anchor = format!("{slug}-{number}");
                number += 1;
            }
            anchors.push(anchor);
        }
        anchors
    }
}

impl Section {
    /// An empty section.
    pub fn new(id: impl Into<String>, heading: impl Into<String>) -> Self {
        Self { id: id.into(), heading: heading.into(), blocks: Vec::new() }
    }

    /// Adds a block.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Adds running text.
    #[must_use]
    pub fn paragraph(self, text: impl Into<String>) -> Self {
        self.block(Block::Paragraph(text.into()))
    }
}

impl Fact {
    /// A value in words.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: Cell::Text(value.into()), format: NumberFormat::Count, note: None }
    }

    /// A number, an interval, or an undefined value.
    pub fn number(label: impl Into<String>, value: impl Into<Cell>, format: NumberFormat) -> Self {
        Self { label: label.into(), value: value.into(), format, note: None }
    }

    /// Sets the words below the value.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// The value as it reads.
    pub(super) fn text(&self) -> String {
        self.value.text(self.format)
    }
}

impl Callout {
    /// Good to know.
    pub fn info(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind: CalloutKind::Info, title: title.into(), text: text.into() }
    }

    /// Read before trusting the numbers.
    pub fn warning(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind: CalloutKind::Warning, title: title.into(), text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_clean_and_distinct() {
        let report = ["data", "Data!", "data", ""]
            .into_iter()
            .fold(Report::new("t"), |report, id| report.section(Section::new(id, "heading")));
        assert_eq!(report.anchors(), ["data", "data-", "data-2", "section"]);
    }

    #[test]
    fn json_has_null_for_what_is_not_finite() {
        let report = Report::new("t").fact(Fact::number("AUC", f64::NAN, NumberFormat::Decimals(3)));
        let json = report.to_json();
        assert!(json.contains("\"value\": null"), "{json}");
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
}
