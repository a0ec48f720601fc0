//! The report: one document model, rendered as JSON, Markdown and one self-contained HTML page.
//!
//! ```text
//! Report ── title, subtitle, key facts
//!   └─ Section ── id, heading
//!        └─ Block ── Paragraph · Facts · Table · Plot · Row of plots · Callout
//! ```
//!
//! The three renderings say the same; the same report gives the same bytes. The HTML page needs neither network nor scripts: plots are inline
//! SVG without ids (so two of them cannot collide), drawn by plotters, and each carries its numbers in a fold-out table. A value that is
//! not defined reads "undefined", never NaN.
//!
//! ```
//! use slatewise_eval::report::{Block, Column, NumberFormat, Report, Section, Table};
//!
//! let table = Table::new(vec![Column::text("Policy"), Column::number("Return", NumberFormat::Decimals(2)).highest()])
//!     .row(["random".into(), 1.25.into()])
//!     .row(["DQN".into(), 1.5.into()]);
//! let report = Report::new("E-shop").section(Section::new("policies", "Policies").block(Block::Table(table)));
//! assert!(report.to_markdown().contains("| DQN | **1.50** |"));
//! assert!(report.to_html()?.contains("<strong>1.50</strong>"));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

mod document;
mod html;
mod markdown;
mod number;
mod plot;
mod table;

pub use document::{Block, Callout, CalloutKind, Fact, Report, Section};
pub use number::NumberFormat;
pub use plot::{
    Bar, BarPlot, BarStyle, Histogram, LinePlot, Plot, Reference, ReliabilityPlot, ReliabilitySeries, Series,
    StackedBar, StackedBarPlot, TradeOff, TradeOffPlot,
};
pub use table::{Best, Cell, Column, ColumnKind, Table};
