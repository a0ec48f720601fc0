//! Plots: the data and the words of a figure, drawn as SVG when the page is rendered.
//!
//! | plot | for | file |
//! |---|---|---|
//! | [`LinePlot`] | curves over epochs or episodes, with bands | `line.rs` |
//! | [`ReliabilityPlot`] | predicted against observed, by bins | `reliability.rs` |
//! | [`BarPlot`] | one number per name, as bars or as points with intervals (a forest plot) | `bar.rs` |
//! | [`StackedBarPlot`] | how several wholes divide into the same parts | `stacked.rs` |
//! | [`TradeOffPlot`] | what policies reach in two goals, and their Pareto front | `trade_off.rs` |
//! | [`Histogram`] | how values are spread | `histogram.rs` |
//!
//! `canvas.rs` and `axis.rs` hold what they share: sizes, colours, text, axes with round ticks. Every plot can also be had as the table of its numbers.

mod axis;
mod bar;
mod canvas;
mod histogram;
mod line;
mod reliability;
mod stacked;
mod trade_off;

use serde::Serialize;

pub use bar::{Bar, BarPlot, BarStyle, Reference};
pub(super) use canvas::{PlotWidth, SERIES_COLOURS};
pub use histogram::Histogram;
pub use line::{LinePlot, Series};
pub use reliability::{ReliabilityPlot, ReliabilitySeries};
pub use stacked::{StackedBar, StackedBarPlot};
pub use trade_off::{TradeOff, TradeOffPlot};

use super::table::Table;
use crate::error::Error;

/// A figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Plot {
    /// Curves.
    Line(LinePlot),
    /// Calibration.
    Reliability(ReliabilityPlot),
    /// Bars, or points with intervals.
    Bar(BarPlot),
    /// Bars divided into parts.
    Stacked(StackedBarPlot),
    /// Two goals.
    TradeOff(TradeOffPlot),
    /// Distribution.
    Histogram(Histogram),
}

impl Plot {
    /// What stands above the figure.
    pub fn title(&self) -> &str {
        match self {
            Self::Line(plot) => &plot.title,
            Self::Reliability(plot) => &plot.title,
            Self::Bar(plot) => &plot.title,
            Self::Stacked(plot) => &plot.title,
            Self::TradeOff(plot) => &plot.title,
            Self::Histogram(plot) => &plot.title,
        }
    }

    /// What stands below it, if anything.
    pub fn caption(&self) -> Option<&str> {
        match self {
            Self::Line(plot) => plot.caption.as_deref(),
            Self::Reliability(plot) => plot.caption.as_deref(),
            Self::Bar(plot) => plot.caption.as_deref(),
            Self::Stacked(plot) => plot.caption.as_deref(),
            Self::TradeOff(plot) => plot.caption.as_deref(),
            Self::Histogram(plot) => plot.caption.as_deref(),
        }
    }

    /// The numbers behind the figure.
    pub fn table(&self) -> Table {
        match self {
            Self::Line(plot) => plot.table(),
            Self::Reliability(plot) => plot.table(),
            Self::Bar(plot) => plot.table(),
            Self::Stacked(plot) => plot.table(),
            Self::TradeOff(plot) => plot.table(),
            Self::Histogram(plot) => plot.table(),
        }
    }

    /// The names that the page lists above the figure, in the order of [`SERIES_COLOURS`]; empty where the drawing names its series itself.
    pub(super) fn legend(&self) -> Vec<&str> {
        match self {
            Self::Reliability(plot) => plot.legend(),
            Self::Stacked(plot) => plot.legend(),
            Self::Line(_) | Self::Bar(_) | Self::TradeOff(_) | Self::Histogram(_) => Vec::new(),
        }
    }

    /// The figure as an SVG file of its own, on white, named by its title.
    ///
    /// # Errors
    /// The drawing library's refusal, with the plot's title.
    pub fn to_svg_file(&self) -> Result<String, Error> {
        let element = self.to_svg(PlotWidth::Full)?;
        let body = element.strip_prefix("<svg").unwrap_or(&element);
        let (attributes, drawing) = body.split_once('>').unwrap_or(("", body));
        let namespace = r#"xmlns="http://www.w3.org/2000/svg""#;
        let background = r#"<rect width="100%" height="100%" fill="white"/>"#;
        Ok(format!("<svg {namespace}{attributes}>\n{background}{drawing}\n"))
    }

    /// The figure as one `<svg>` element without ids.
    ///
    /// # Errors
    /// The drawing library's refusal, with the plot's title.
    pub(super) fn to_svg(&self, width: PlotWidth) -> Result<String, Error> {
        match self {
            Self::Line(plot) => plot.draw(width),
            Self::Reliability(plot) => plot.draw(width),
            Self::Bar(plot) => plot.draw(width),
            Self::Stacked(plot) => plot.draw(width),
            Self::TradeOff(plot) => plot.draw(width),
            Self::Histogram(plot) => plot.draw(width),
        }
        .map_err(|error| Error::Plot { title: self.title().to_owned(), reason: error.to_string() })
    }
}

impl From<LinePlot> for Plot {
    fn from(plot: LinePlot) -> Self {
        Self::Line(plot)
    }
}

impl From<ReliabilityPlot> for Plot {
    fn from(plot: ReliabilityPlot) -> Self {
        Self::Reliability(plot)
    }
}

impl From<BarPlot> for Plot {
    fn from(plot: BarPlot) -> Self {
        Self::Bar(plot)
    }
}

impl From<StackedBarPlot> for Plot {
    fn from(plot: StackedBarPlot) -> Self {
        Self::Stacked(plot)
    }
}

impl From<Histogram> for Plot {
    fn from(plot: Histogram) -> Self {
        Self::Histogram(plot)
    }
}

impl From<TradeOffPlot> for Plot {
    fn from(plot: TradeOffPlot) -> Self {
        Self::TradeOff(plot)
    }
}
