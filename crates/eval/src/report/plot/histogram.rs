//! Histogram: how values are spread.
//!
//! ```
//! use slatewise_eval::report::Histogram;
//!
//! let plot = Histogram::of("Session length", "clicks", &[1.0, 2.0, 2.0, 9.0, f64::NAN], 4);
//! assert_eq!(plot.edges, [1.0, 3.0, 5.0, 7.0, 9.0]);
//! assert_eq!(plot.counts, [3, 0, 0, 1]);
//! ```
//!
//! Bins are `[edge, next edge)`, the last one closed. Values that are not finite stand in no bin and are counted in the caption.

use plotters::prelude::*;
use serde::Serialize;

use super::axis::Axis;
use super::canvas::{DrawingError, Frame, PlotWidth, SERIES_COLOURS, draw_no_data, draw_svg};
use crate::report::number::NumberFormat;
use crate::report::table::{Column, Table};

/// Counts between edges.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Histogram {
    /// What stands above the figure.
    pub title: String,
    /// What stands below it, if anything.
    pub caption: Option<String>,
    /// Name of the horizontal axis.
    pub x_label: String,
    /// Edges of the bins, ascending; one more than counts.
    pub edges: Vec<f64>,
    /// Values per bin.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// Counts values in bins of equal width between the smallest and the largest.
    pub fn of(title: impl Into<String>, x_label: impl Into<String>, values: &[f64], bins: usize) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let low = finite().fold(f64::INFINITY, f64::min);
        let high = finite().fold(f64::NEG_INFINITY, f64::max);
        let mut plot = Self { title: title.into(), x_label: x_label.into(), ..Self::default() };
        if finite().next().is_some() && bins > 0 {
            let width = if high > low { (high - low) / bins as f64 } else { 1.0 };
            plot.edges = (0..=bins).map(|edge| low + edge as f64 * width).collect();
            plot.counts = vec![0; bins];
            for value in finite() {
                plot.counts[(((value - low) / width) as usize).min(bins - 1)] += 1;
            }
        }
        let dropped = values.len() - finite().count();
        if dropped > 0 {
            plot.caption = Some(format!("{dropped} of {} values are undefined and not drawn.", values.len()));
        }
        plot
    }

    /// Sets the words below the figure.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }

    /// Lower edge, upper edge and count of each bin.
    fn bins(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        self.edges.windows(2).zip(&self.counts).map(|(edges, &count)| (edges[0], edges[1], count as f64))
    }

    pub(super) fn table(&self) -> Table {
        let columns = vec![
            Column::number("From", NumberFormat::Decimals(3)),
            Column::number("to", NumberFormat::Decimals(3)),
            Column::number("Count", NumberFormat::Count),
        ];
        self.bins()
            .fold(Table::new(columns), |table, (from, to, count)| table.row([from.into(), to.into(), count.into()]))
    }

    pub(super) fn draw(&self, width: PlotWidth) -> Result<String, DrawingError> {
        let ticks = match width {
            PlotWidth::Full => 10,
            PlotWidth::Half => 6,
        };
        let x = Axis::over(self.edges.iter().copied(), ticks, false);
        let y = Axis::over(self.counts.iter().map(|&count| count as f64).chain([0.0]), 5, true);
        let frame = Frame::new(x, y, &self.x_label, "count");
        draw_svg(&self.title, (width.pixels(), 300), |sheet| {
            let mut chart = frame.draw(sheet)?;
            if self.counts.iter().all(|&count| count == 0) {
                return draw_no_data(sheet, &chart);
            }
            let colour = SERIES_COLOURS[0].filled();
            chart.draw_series(self.bins().filter(|bin| bin.2 > 0.0).map(|(from, to, count)| {
                let mut bar = Rectangle::new([(from, 0.0), (to, count)], colour);
                bar.set_margin(0, 0, 1, 1);
                bar
            }))?;
            Ok(())
        })
    }
}
