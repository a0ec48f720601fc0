//! Reliability diagram: what the model promised against what came true, bin by bin.
//!
//! ```text
//! observed
//!   │        · ·       below the diagonal: promises too much; above: too little.
//!   │    · ·           The area of a dot grows with the rows in its bin.
//!   │ · ·
//!   └────────── predicted
//! ```
//!
//! Reference: Murphy & Winkler, "Reliability of subjective probability forecasts", Applied Statistics 26 (1977).

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use serde::Serialize;

use super::axis::Axis;
use super::canvas::{Chart, DrawingError, Frame, PlotWidth, RULE, SCALE, draw_no_data, draw_svg, series_colour};
use crate::prediction::ReliabilityBin;
use crate::report::number::NumberFormat;
use crate::report::table::{Column, Table};

/// Predicted against observed positive rates of one or more tasks.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ReliabilityPlot {
    /// What stands above the figure.
    pub title: String,
    /// What stands below it, if anything.
    pub caption: Option<String>,
    /// The tasks.
    pub series: Vec<ReliabilitySeries>,
}

/// The bins of one task.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ReliabilitySeries {
    /// The task.
    pub name: String,
    /// Its bins, ascending; empty ones are not drawn.
    pub bins: Vec<ReliabilityBin>,
}

impl ReliabilityPlot {
    /// A diagram without tasks.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a task.
    #[must_use]
    pub fn task(mut self, name: impl Into<String>, bins: Vec<ReliabilityBin>) -> Self {
        self.series.push(ReliabilitySeries { name: name.into(), bins });
        self
    }

    /// Sets the words below the figure.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }

    pub(super) fn legend(&self) -> Vec<&str> {
        // A single task needs no legend: the title names it.
        let names = self.series.iter().map(|series| series.name.as_str());
        if self.series.len() > 1 { names.collect() } else { Vec::new() }
    }

    pub(super) fn table(&self) -> Table {
        let decimals = NumberFormat::Decimals(4);
        let mut table = Table::new(vec![
            Column::text("Task"),
            Column::number("Scores from", decimals),
            Column::number("to", decimals),
            Column::number("Rows", NumberFormat::Count),
            Column::number("Predicted", decimals),
            Column::number("Observed", decimals),
        ]);
        for series in &self.series {
            for bin in &series.bins {
                table = table.row([
                    series.name.as_str().into(),
                    bin.lower.into(),
                    bin.upper.into(),
                    bin.count.into(),
                    bin.mean_score.unwrap_or(f64::NAN).into(),
                    bin.positive_rate.unwrap_or(f64::NAN).into(),
                ]);
            }
        }
        table
    }

    pub(super) fn draw(&self, width: PlotWidth) -> Result<String, DrawingError> {
        let points = || self.series.iter().flat_map(ReliabilitySeries::points);
        // Rare events crowd near 0: the axes end where the data do.
        let ends = points().flat_map(|(predicted, observed, _)| [predicted, observed]).chain([0.0]);
        let axis = Axis::over(ends.collect::<Vec<_>>().into_iter(), 5, true);
        let (size, inset) = match width {
            // A square plotting area in the middle of the column.
            PlotWidth::Full => ((width.pixels(), 420), 250),
            PlotWidth::Half => ((width.pixels(), 380), 20),
        };
        let mut frame = Frame::new(axis.clone(), axis.clone(), "predicted probability", "observed rate");
        frame.right = inset;
        if width == PlotWidth::Full {
            frame.left = inset;
        }
        draw_svg(&self.title, size, |sheet| {
            let mut chart = frame.draw(sheet)?;
            let diagonal = [(axis.from, axis.from), (axis.to, axis.to)];
            let dash = (5 * SCALE, 5 * SCALE);
            chart.draw_series([DashedPathElement::new(diagonal, dash.0, dash.1, RULE.stroke_width(SCALE as u32))])?;
            if points().next().is_none() {
                return draw_no_data(sheet, &chart);
            }
            for (index, series) in self.series.iter().enumerate() {
                series.draw(&mut chart, series_colour(index))?;
            }
            Ok(())
        })
    }
}

impl ReliabilitySeries {
    /// Predicted, observed and share of the rows, of the bins that hold any.
    fn points(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        let total: f64 = self.bins.iter().map(|bin| bin.count).sum();
        self.bins.iter().filter_map(move |bin| Some((bin.mean_score?, bin.positive_rate?, bin.count / total)))
    }

    fn draw(&self, chart: &mut Chart<'_, '_>, colour: RGBColor) -> Result<(), DrawingError> {
        let line: Vec<_> = self.points().map(|(predicted, observed, _)| (predicted, observed)).collect();
        chart.draw_series([PathElement::new(line, colour.mix(0.6).stroke_width(3))])?;
        let radius = |share: f64| (f64::from(SCALE) * (2.5 + 5.0 * share.sqrt())).round() as i32;
        chart
            .draw_series(self.points().map(|(predicted, observed, share)| {
                Circle::new((predicted, observed), radius(share), colour.filled())
            }))?;
        Ok(())
    }
}
