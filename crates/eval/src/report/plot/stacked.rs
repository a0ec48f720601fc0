//! Stacked bar plot: how each of several wholes divides into the same parts, a level bar per whole.
//!
//! ```text
//! click      ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▒▒▒▒▒░░░░░░░░      legend above: ▇ expert 0   ▒ expert 1   ░ expert 2
//! continues  ▇▇▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░
//! ```
//!
//! ```
//! use slatewise_eval::report::{NumberFormat, StackedBarPlot};
//!
//! let plot = StackedBarPlot::new("Gate weights", "share", NumberFormat::Percent(0), ["expert 0", "expert 1"])
//!     .bar("click", [0.75, 0.25])
//!     .bar("continues", [0.1, 0.9]);
//! assert_eq!(plot.bars.len(), 2);
//! ```

use plotters::prelude::*;
use serde::Serialize;

use super::axis::Axis;
use super::canvas::{
    DrawingError, Frame, PlotWidth, ROW, SCALE, draw_no_data, draw_row_name, draw_svg, series_colour, widest, wrapped,
};
use crate::report::number::NumberFormat;
use crate::report::table::{Cell, Column, Table};

/// Several wholes, divided into the same parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackedBarPlot {
    /// What stands above the figure.
    pub title: String,
    /// What stands below it, if anything.
    pub caption: Option<String>,
    /// Name of the numeric axis.
    pub x_label: String,
    /// How the values are rounded.
    pub format: NumberFormat,
    /// Names of the parts, left to right.
    pub parts: Vec<String>,
    /// The rows, top to bottom.
    pub bars: Vec<StackedBar>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackedBar {
    /// Its name.
    pub label: String,
    /// Size of each part, at least 0; not finite where the row has no such part.
    pub values: Vec<f64>,
}

impl StackedBarPlot {
    /// Bars without rows.
    pub fn new(
        title: impl Into<String>,
        x_label: impl Into<String>,
        format: NumberFormat,
        parts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            title: title.into(),
            caption: None,
            x_label: x_label.into(),
            format,
            parts: parts.into_iter().map(Into::into).collect(),
            bars: Vec::new(),
        }
    }

    /// Adds a row, with a value per part; missing ones are no part of it, further ones are cut.
    #[must_use]
    pub fn bar(mut self, label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.resize(self.parts.len(), f64::NAN);
        self.bars.push(StackedBar { label: label.into(), values });
        self
    }

    /// Sets the words below the figure.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }

    pub(super) fn legend(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    pub(super) fn table(&self) -> Table {
        let parts = self.parts.iter().map(|part| Column::number(part.as_str(), self.format));
        let columns = std::iter::once(Column::text("Name")).chain(parts).collect();
        self.bars.iter().fold(Table::new(columns), |table, bar| {
            let value = |&value: &f64| if value.is_finite() { Cell::from(value) } else { Cell::Empty };
            table.row(std::iter::once(bar.label.as_str().into()).chain(bar.values.iter().map(value)))
        })
    }

    pub(super) fn draw(&self, width: PlotWidth) -> Result<String, DrawingError> {
        let (wanted_ticks, label_characters) = match width {
            PlotWidth::Full => (8, 34),
            PlotWidth::Half => (4, 18),
        };
        let rows = self.bars.len().max(1) as i32;
        let labels: Vec<_> = self.bars.iter().map(|bar| wrapped(&bar.label, label_characters)).collect();
        // Rows count from the top.
        let y = Axis { from: f64::from(rows), to: 0.0, ticks: Vec::new(), format: NumberFormat::Count };
        let mut frame = Frame::new(self.axis(wanted_ticks), y, &self.x_label, "");
        frame.named_rows = true;
        frame.left = widest(labels.iter().flatten()) + 14;
        frame.right = 24;
        draw_svg(&self.title, (width.pixels(), rows * ROW + 54), |sheet| {
            let mut chart = frame.draw(sheet)?;
            if self.bars.is_empty() {
                return draw_no_data(sheet, &chart);
            }
            for (row, (bar, label)) in self.bars.iter().zip(&labels).enumerate() {
                let middle = row as f64 + 0.5;
                for (part, start, end) in segments(&bar.values) {
                    let corners = [(start, middle - 0.28), (end, middle + 0.28)];
                    let mut segment = Rectangle::new(corners, series_colour(part).filled());
                    // A hair's breadth of the page keeps two parts apart where colours come again.
                    segment.set_margin(0, 0, 0, SCALE as u32);
                    chart.draw_series([segment])?;
                }
                draw_row_name(sheet, &chart, row, label)?;
            }
            Ok(())
        })
    }

    /// The numeric axis: from 0 to the longest bar.
    fn axis(&self, wanted_ticks: usize) -> Axis {
        let ends: Vec<f64> = self.bars.iter().flat_map(|bar| segments(&bar.values)).map(|(_, _, end)| end).collect();
        // Shares that were rounded one by one add up to a little more than 1, which asks for no further tick.
        let ends = ends.into_iter().map(|end| (end * 1e6).round() / 1e6);
        let axis = Axis::over(ends.chain([0.0]), wanted_ticks, true);
        if let NumberFormat::Percent(_) = self.format { axis.in_percent() } else { axis }
    }
}

/// Part, start and end of each part of a bar that has a size.
fn segments(values: &[f64]) -> Vec<(usize, f64, f64)> {
    let sized = values.iter().enumerate().filter(|(_, value)| value.is_finite() && **value > 0.0);
    let mut start = 0.0;
    let segment = |(part, value): (usize, &f64)| {
        let from = start;
        start += value;
        (part, from, start)
    };
    sized.map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_end_to_end_and_missing_ones_take_no_room() {
        assert_eq!(segments(&[0.5, f64::NAN, 0.0, 0.25]), [(0, 0.0, 0.5), (3, 0.5, 0.75)]);
        assert!(segments(&[]).is_empty());
    }

    #[test]
    fn rounded_shares_end_at_one() {
        let plot = StackedBarPlot::new("t", "x", NumberFormat::Percent(0), ["a", "b"]).bar("one", [0.4, 0.600_000_1]);
        assert_eq!(plot.axis(8).to, 1.0);
    }

    #[test]
    fn the_table_leaves_missing_parts_empty() {
        let plot = StackedBarPlot::new("t", "x", NumberFormat::Percent(0), ["a", "b"]).bar("one", [1.0]);
        let table = plot.table();
        assert_eq!((table.text(0, 1), table.text(0, 2)), ("100\u{a0}%".to_owned(), String::new()));
    }
}
