//! Bar plot: one number per name, level, with its value written beside it.
//!
//! ```text
//! popularity  ▇▇▇▇▇ 0.139                      random   ──●──        0.11 [0.10, 0.12]
//! Markov      ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇ 0.538          DQN            ──●──  0.19 [0.18, 0.21]
//! BarStyle::Bars: the axis starts at 0          BarStyle::Points: a forest plot, the axis spans the intervals
//! ```
//!
//! ```
//! use slatewise_eval::report::{Bar, BarPlot, NumberFormat};
//!
//! let plot = BarPlot::new("HR@10", "share of next products found", NumberFormat::Decimals(3))
//!     .bar(Bar::new("popularity", 0.1388))
//!     .bar(Bar::new("multi-task model", 0.5421).highlighted())
//!     .sorted();
//! assert_eq!(plot.bars.len(), 2);
//! ```

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use serde::Serialize;

use super::axis::Axis;
use super::canvas::{
    Chart, DrawingError, Frame, INK, LABEL_SIZE, MUTED, PlotWidth, ROW, RULE, SCALE, SERIES_COLOURS, Sheet,
    draw_no_data, draw_row_name, draw_svg, shortened, text_style, text_width, widest, wrapped,
};
use crate::interval::Interval;
use crate::report::number::NumberFormat;
use crate::report::table::{Cell, Column, Table};

/// One number per name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BarPlot {
    /// What stands above the figure.
    pub title: String,
    /// What stands below it, if anything.
    pub caption: Option<String>,
    /// Name of the numeric axis.
    pub x_label: String,
    /// How the values are rounded.
    pub format: NumberFormat,
    /// Bars or points.
    pub style: BarStyle,
    /// Whether the rows are drawn by descending value, undefined ones last, in place of the order given.
    pub sorted: bool,
    /// A value to compare with, if any.
    pub reference: Option<Reference>,
    /// The rows, top to bottom.
    pub bars: Vec<Bar>,
}

/// How values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BarStyle {
    /// Bars from 0.
    Bars,
    /// Points, with whiskers where there are intervals.
    Points,
}

/// A line across all rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    /// What it stands for.
    pub label: String,
    /// Where it stands.
    pub value: f64,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Its value; not finite reads "undefined".
    pub value: f64,
    /// Lower and upper bound, if any.
    pub bounds: Option<(f64, f64)>,
    /// Whether it is brought out by colour.
    pub highlighted: bool,
}

impl Bar {
    /// A value without an interval.
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, bounds: None, highlighted: false }
    }

    /// A mean with its interval.
    pub fn interval(label: impl Into<String>, interval: &Interval) -> Self {
        Self { bounds: interval.bounds, ..Self::new(label, interval.mean) }
    }

    /// Brings the row out by colour.
    #[must_use]
    pub fn highlighted(self) -> Self {
        Self { highlighted: true, ..self }
    }
}

impl BarPlot {
    /// Bars without rows.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, format: NumberFormat) -> Self {
        Self {
            title: title.into(),
            caption: None,
            x_label: x_label.into(),
            format,
            style: BarStyle::Bars,
            sorted: false,
            reference: None,
            bars: Vec::new(),
        }
    }

    /// Points with intervals (a forest plot), without rows.
    pub fn forest(title: impl Into<String>, x_label: impl Into<String>, format: NumberFormat) -> Self {
        Self { style: BarStyle::Points, ..Self::new(title, x_label, format) }
    }

    /// Adds a row.
    #[must_use]
    pub fn bar(mut self, bar: Bar) -> Self {
        self.bars.push(bar);
        self
    }

    /// Draws the rows by descending value.
    #[must_use]
    pub fn sorted(self) -> Self {
        Self { sorted: true, ..self }
    }

    /// Draws a line across all rows.
    #[must_use]
    pub fn reference(self, label: impl Into<String>, value: f64) -> Self {
        Self { reference: Some(Reference { label: label.into(), value }), ..self }
    }

    /// Sets the words below the figure.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }

    /// The rows in the order in which they are drawn.
    fn ordered(&self) -> Vec<&Bar> {
        let mut bars: Vec<_> = self.bars.iter().collect();
        if self.sorted {
            let key = |bar: &Bar| if bar.value.is_finite() { bar.value } else { f64::NEG_INFINITY };
            bars.sort_by(|a, b| key(b).total_cmp(&key(a)));
        }
        bars
    }

    pub(super) fn table(&self) -> Table {
        let with_bounds = self.bars.iter().any(|bar| bar.bounds.is_some());
        let mut columns = vec![Column::text("Name"), Column::number("Value", self.format)];
        if with_bounds {
            columns.extend(["Lower", "Upper"].map(|heading| Column::number(heading, self.format)));
        }
        self.ordered().into_iter().fold(Table::new(columns), |table, bar| {
            let bound = |of: fn((f64, f64)) -> f64| bar.bounds.map_or(Cell::Empty, |bounds| of(bounds).into());
            table.row([bar.label.as_str().into(), bar.value.into(), bound(|b| b.0), bound(|b| b.1)])
        })
    }

    /// A row's value as it is written beside it.
    fn value_text(&self, bar: &Bar) -> String {
        let value = self.format.format(bar.value);
        match bar.bounds {
            Some((lower, upper)) if bar.value.is_finite() => {
                format!("{value} [{}, {}]", self.format.format(lower), self.format.format(upper))
            }
            _ => value,
        }
    }

    /// The numeric axis: over all values, intervals and the reference, and from 0 for bars.
    fn axis(&self, wanted_ticks: usize) -> Axis {
        let finite = self.bars.iter().filter(|bar| bar.value.is_finite());
        let mut ends: Vec<f64> = finite.flat_map(|bar| bar.bounds.map_or([bar.value; 2], |b| [b.0, b.1])).collect();
        ends.extend(self.reference.iter().map(|reference| reference.value));
        if self.style == BarStyle::Bars || ends.is_empty() {
            ends.push(0.0);
        }
        let axis = Axis::over(ends.into_iter(), wanted_ticks, true);
        if let NumberFormat::Percent(_) = self.format { axis.in_percent() } else { axis }
    }

    pub(super) fn draw(&self, width: PlotWidth) -> Result<String, DrawingError> {
        let (wanted_ticks, label_characters) = match width {
            PlotWidth::Full => (8, 34),
            PlotWidth::Half => (4, 18),
        };
        let bars = self.ordered();
        let rows = bars.len().max(1) as i32;
        let labels: Vec<_> = bars.iter().map(|bar| wrapped(&bar.label, label_characters)).collect();
        let values: Vec<_> = bars.iter().map(|bar| self.value_text(bar)).collect();
        // Rows count from the top.
        let y = Axis { from: f64::from(rows), to: 0.0, ticks: Vec::new(), format: NumberFormat::Count };
        let mut frame = Frame::new(self.axis(wanted_ticks), y, &self.x_label, "");
        frame.named_rows = true;
        frame.left = widest(labels.iter().flatten()) + 14;
        frame.right = widest(&values) + 20;
        let reference_room = if self.reference.is_some() { 18 } else { 0 };
        let height = rows * ROW + 54 + reference_room;
        draw_svg(&self.title, (width.pixels(), height), |sheet| {
            let (header, body) = sheet.split_vertically(reference_room * SCALE);
            let mut chart = frame.draw(&body)?;
            if bars.is_empty() {
                return draw_no_data(sheet, &chart);
            }
            for (row, bar) in bars.iter().enumerate() {
                self.draw_row(&mut chart, row, bar)?;
                draw_words(sheet, &chart, row, (&labels[row], &values[row]))?;
            }
            self.draw_reference(&header, &mut chart, rows)
        })
    }

    fn draw_row(&self, chart: &mut Chart<'_, '_>, row: usize, bar: &Bar) -> Result<(), DrawingError> {
        if !bar.value.is_finite() {
            return Ok(());
        }
        let colour = if bar.highlighted || self.bars.iter().all(|bar| !bar.highlighted) {
            SERIES_COLOURS[0]
        } else {
            SERIES_COLOURS[6]
        };
        let middle = row as f64 + 0.5;
        if self.style == BarStyle::Bars {
            let corners = [(0.0, middle - 0.28), (bar.value, middle + 0.28)];
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
        }
        if let Some((lower, upper)) = bar.bounds.filter(|(lower, upper)| lower.is_finite() && upper.is_finite()) {
            let whisker = if self.style == BarStyle::Bars { INK } else { colour };
            let style = whisker.stroke_width(2 * SCALE as u32);
            let cap = |x: f64| PathElement::new([(x, middle - 0.13), (x, middle + 0.13)], style);
            chart.draw_series([PathElement::new([(lower, middle), (upper, middle)], style), cap(lower), cap(upper)])?;
        }
        if self.style == BarStyle::Points {
            chart.draw_series([Circle::new((bar.value, middle), 5 * SCALE, colour.filled())])?;
        }
        Ok(())
    }

    fn draw_reference(&self, header: &Sheet<'_>, chart: &mut Chart<'_, '_>, rows: i32) -> Result<(), DrawingError> {
        let Some(reference) = self.reference.as_ref().filter(|reference| reference.value.is_finite()) else {
            return Ok(());
        };
        let line = [(reference.value, 0.0), (reference.value, f64::from(rows))];
        let style = RULE.stroke_width(SCALE as u32);
        chart.draw_series([DashedPathElement::new(line, 4 * SCALE, 4 * SCALE, style)])?;
        let (x, _) = chart.backend_coord(&(reference.value, 0.0));
        let label = shortened(&reference.label, 40);
        let half = text_width(&label, LABEL_SIZE) * SCALE / 2;
        let x = x.min(header.dim_in_pixel().0 as i32 - half).max(half);
        let style = text_style(LABEL_SIZE, MUTED, HPos::Center, VPos::Top);
        header.draw(&Text::new(label, (x, 4 * SCALE), style))
    }
}

/// Writes a row's name to the left of the plotting area and its value to the right.
fn draw_words(
    sheet: &Sheet<'_>,
    chart: &Chart<'_, '_>,
    row: usize,
    (label, value): (&[String], &str),
) -> Result<(), DrawingError> {
    draw_row_name(sheet, chart, row, label)?;
    let (x, _) = chart.plotting_area().get_pixel_range();
    let (_, middle) = chart.backend_coord(&(0.0, row as f64 + 0.5));
    let colour = if value == "undefined" { MUTED } else { INK };
    let style = text_style(LABEL_SIZE, colour, HPos::Left, VPos::Center);
    sheet.draw(&Text::new(value.to_owned(), (x.end + 10 * SCALE, middle), style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_puts_undefined_rows_last() {
        let plot = BarPlot::new("t", "x", NumberFormat::Decimals(1))
            .bar(Bar::new("undefined", f64::NAN))
            .bar(Bar::new("low", 1.0))
            .bar(Bar::new("high", 2.0))
            .sorted();
        let order: Vec<_> = plot.ordered().iter().map(|bar| bar.label.as_str()).collect();
        assert_eq!(order, ["high", "low", "undefined"]);
    }
}
