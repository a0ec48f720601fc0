//! Line plot: named curves over a common x axis, with optional bands, each named at its right end.
//!
//! ```
//! use slatewise_eval::report::{LinePlot, Series};
//!
//! let curve = Series::new("click", vec![(1.0, 0.68), (2.0, 0.71)]).band(vec![(0.66, 0.70), (0.69, 0.73)]);
//! let plot = LinePlot::new("Validation AUC", "epoch", "AUC").series(curve);
//! assert_eq!(plot.series.len(), 1);
//! ```
//!
//! A point that is not finite breaks the curve; a curve without points is named "(no data)".

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use serde::Serialize;

use super::axis::Axis;
use super::canvas::{
    Chart, DrawingError, Frame, INK, LABEL_SIZE, PlotWidth, SCALE, Sheet, draw_no_data, draw_svg, series_colour,
    shortened, text_style, text_width,
};
use crate::report::number::NumberFormat;
use crate::report::table::{Column, Table};

/// Curves over a common axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LinePlot {
    /// What stands above the figure.
    pub title: String,
    /// What stands below it, if anything.
    pub caption: Option<String>,
    /// Name of the horizontal axis.
    pub x_label: String,
    /// Name of the vertical axis.
    pub y_label: String,
    /// The curves.
    pub series: Vec<Series>,
}

/// A named curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Series {
    /// Name, at the curve's right end.
    pub name: String,
    /// Points (x, y), x ascending.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper bound per point, if any.
    pub band: Option<Vec<(f64, f64)>>,
}

impl LinePlot {
    /// A plot without curves.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { title: title.into(), x_label: x_label.into(), y_label: y_label.into(), ..Self::default() }
    }

    /// Adds a curve.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Sets the words below the figure.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }

    /// Where each curve starts, ends, and how far it goes.
    pub(super) fn table(&self) -> Table {
        let decimals = NumberFormat::Decimals(4);
        let mut table = Table::new(vec![
            Column::text("Series"),
            Column::number("Points", NumberFormat::Count),
            Column::number("First", decimals),
            Column::number("Last", decimals),
            Column::number("Lowest", decimals),
            Column::number("Highest", decimals),
        ]);
        for series in &self.series {
            let values = || series.points.iter().map(|point| point.1).filter(|value| value.is_finite());
            table = table.row([
                series.name.as_str().into(),
                series.points.len().into(),
                values().next().unwrap_or(f64::NAN).into(),
                values().next_back().unwrap_or(f64::NAN).into(),
                values().fold(f64::NAN, f64::min).into(),
                values().fold(f64::NAN, f64::max).into(),
            ]);
        }
        table
    }

    pub(super) fn draw(&self, width: PlotWidth) -> Result<String, DrawingError> {
        let points = || self.series.iter().flat_map(|series| series.points.iter().copied());
        let bounds = self.series.iter().flat_map(|series| series.band.iter().flatten()).flat_map(|&(l, u)| [l, u]);
        let (x_ticks, name_room) = match width {
            PlotWidth::Full => (10, 24),
            PlotWidth::Half => (6, 16),
        };
        let x = Axis::over(points().map(|point| point.0), x_ticks, false);
        let y = Axis::over(points().map(|point| point.1).chain(bounds), 5, true);
        let mut frame = Frame::new(x, y, &self.x_label, &self.y_label);
        let names: Vec<_> = self.series.iter().map(|series| shortened(&series.legend(), name_room)).collect();
        // A single curve is named by the title.
        let named = names.len() > 1;
        frame.right = names
            .iter()
            .filter(|_| named)
            .map(|name| text_width(name, LABEL_SIZE))
            .max()
            .map_or(16, |width| width + 32);
        draw_svg(&self.title, (width.pixels(), 320), |sheet| {
            let mut chart = frame.draw(sheet)?;
            if points().all(|point| !point.1.is_finite()) {
                return draw_no_data(sheet, &chart);
            }
            for (index, series) in self.series.iter().enumerate() {
                series.draw_band(&mut chart, series_colour(index))?;
            }
            for (index, series) in self.series.iter().enumerate() {
                series.draw_curve(&mut chart, index)?;
            }
            if named { self.draw_names(sheet, &chart, &names) } else { Ok(()) }
        })
    }

    /// Names the curves to the right of their last points, moved apart where they would overlap.
    fn draw_names(&self, sheet: &Sheet<'_>, chart: &Chart<'_, '_>, names: &[String]) -> Result<(), DrawingError> {
        let (x, y) = chart.plotting_area().get_pixel_range();
        let mut places: Vec<(i32, usize)> = self
            .series
            .iter()
            .enumerate()
            .map(|(index, series)| {
                let last = series.points.iter().rev().find(|point| point.1.is_finite());
                (last.map_or(y.end, |point| chart.backend_coord(point).1), index)
            })
            .collect();
        places.sort_unstable();
        spread(&mut places, (LABEL_SIZE + 4) * SCALE, y.end);
        for (height, index) in places {
            let start = x.end + 8 * SCALE;
            let colour = series_colour(index).stroke_width(3 * SCALE as u32);
            sheet.draw(&PathElement::new([(start, height), (start + 10 * SCALE, height)], colour))?;
            let style = text_style(LABEL_SIZE, INK, HPos::Left, VPos::Center);
            sheet.draw(&Text::new(names[index].clone(), (start + 14 * SCALE, height), style))?;
        }
        Ok(())
    }
}

/// Moves ascending heights at least `gap` apart, down first, then up again from the floor.
fn spread(places: &mut [(i32, usize)], gap: i32, floor: i32) {
    for index in 1..places.len() {
        places[index].0 = places[index].0.max(places[index - 1].0 + gap);
    }
    let mut ceiling = floor;
    for place in places.iter_mut().rev() {
        place.0 = place.0.min(ceiling);
        ceiling = place.0 - gap;
    }
}

impl Series {
    /// A curve without a band.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, band: None }
    }

    /// Gives each point a lower and an upper bound.
    #[must_use]
    pub fn band(self, band: Vec<(f64, f64)>) -> Self {
        Self { band: Some(band), ..self }
    }

    fn legend(&self) -> String {
        let empty = self.points.iter().all(|point| !point.1.is_finite());
        if empty { format!("{} (no data)", self.name) } else { self.name.clone() }
    }

    fn draw_band(&self, chart: &mut Chart<'_, '_>, colour: RGBColor) -> Result<(), DrawingError> {
        let Some(band) = &self.band else { return Ok(()) };
        let bounded: Vec<_> = self
            .points
            .iter()
            .zip(band)
            .filter(|(point, (lower, upper))| point.0.is_finite() && lower.is_finite() && upper.is_finite())
            .map(|(point, &(lower, upper))| (point.0, lower, upper))
            .collect();
        if bounded.len() < 2 {
            return Ok(());
        }
        let down = bounded.iter().map(|&(x, _, upper)| (x, upper));
        let back = bounded.iter().rev().map(|&(x, lower, _)| (x, lower));
        let outline: Vec<_> = down.chain(back).collect();
        chart.draw_series([Polygon::new(outline, colour.mix(0.15).filled())])?;
        Ok(())
    }

    fn draw_curve(&self, chart: &mut Chart<'_, '_>, index: usize) -> Result<(), DrawingError> {
        let colour = series_colour(index);
        for stretch in self.points.split(|point| !(point.0.is_finite() && point.1.is_finite())) {
            match stretch {
                [] => {}
                [single] => {
                    chart.draw_series([Circle::new(*single, 3 * SCALE, colour.filled())])?;
                }
                _ => {
                    let style = colour.stroke_width(2 * SCALE as u32);
                    chart.draw_series([PathElement::new(stretch.to_vec(), style)])?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_moved_apart_and_stay_inside() {
        let mut places = [(10, 0), (12, 1), (98, 2), (99, 3)];
        spread(&mut places, 10, 100);
        assert_eq!(places, [(10, 0), (20, 1), (90, 2), (100, 3)]);
    }
}
