//! Trade-off plot: what each of several policies reaches in two goals, the Pareto front through those that no other beats in both, and
//! curves swept by a setting beside them.
//!
//! ```text
//! purchases │ ①──②·            1 by critics
//!           │  ×  ·─③          2 fixed weights     numbers are listed to the right, points of the front are drawn in colour
//!           └─────────── clicks
//! ```

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use serde::Serialize;

use super::axis::Axis;
use super::canvas::{
    Chart, DrawingError, Frame, INK, LABEL_SIZE, MUTED, PlotWidth, RULE, SCALE, SERIES_COLOURS, Sheet, draw_no_data,
    draw_svg, shortened, text_style, widest,
};
use crate::pareto::pareto_front;
use crate::report::number::NumberFormat;
use crate::report::table::{Column, Table};

/// Points in two goals, both to be high.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TradeOffPlot {
    /// What stands above the figure.
    pub title: String,
    /// What stands below it, if anything.
    pub caption: Option<String>,
    /// Name of the goal on the horizontal axis.
    pub x_label: String,
    /// Name of the goal on the vertical axis.
    pub y_label: String,
    /// The points, finite; they are numbered in this order.
    pub points: Vec<TradeOff>,
    /// A path through settings of one policy, if any, with its name.
    pub sweep: Option<(String, Vec<(f64, f64)>)>,
}

/// What one policy reaches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TradeOff {
    /// Its name.
    pub name: String,
    /// In the goal on the horizontal axis.
    pub x: f64,
    /// In the goal on the vertical axis.
    pub y: f64,
}

impl TradeOffPlot {
    /// A plot without points.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { title: title.into(), x_label: x_label.into(), y_label: y_label.into(), ..Self::default() }
    }

    /// Adds a policy.
    #[must_use]
    pub fn point(mut self, name: impl Into<String>, x: f64, y: f64) -> Self {
        self.points.push(TradeOff { name: name.into(), x, y });
        self
    }

    /// Draws a path through settings of one policy.
    #[must_use]
    pub fn sweep(self, name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { sweep: Some((name.into(), points)), ..self }
    }

    /// Sets the words below the figure.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }

    /// The points that no other beats in both goals, by ascending x.
    pub fn front(&self) -> Vec<&TradeOff> {
        let flat: Vec<f64> = self.points.iter().flat_map(|point| [point.x, point.y]).collect();
        let mut front: Vec<&TradeOff> = pareto_front(&flat, 2).into_iter().map(|index| &self.points[index]).collect();
        front.sort_by(|a, b| a.x.total_cmp(&b.x));
        front
    }

    pub(super) fn table(&self) -> Table {
        let decimals = NumberFormat::Decimals(3);
        let columns = vec![
            Column::text("Point"),
            Column::number(self.x_label.clone(), decimals),
            Column::number(self.y_label.clone(), decimals),
            Column::text("On the front"),
        ];
        let front = self.front();
        self.points.iter().fold(Table::new(columns), |table, point| {
            let on_front = if front.contains(&point) { "yes" } else { "" };
            table.row([point.name.as_str().into(), point.x.into(), point.y.into(), on_front.into()])
        })
    }

    pub(super) fn draw(&self, width: PlotWidth) -> Result<String, DrawingError> {
        let (ticks, room) = match width {
            PlotWidth::Full => (8, 44),
            PlotWidth::Half => (5, 22),
        };
        let swept = || self.sweep.iter().flat_map(|(_, points)| points.iter().copied());
        let all = || self.points.iter().map(|point| (point.x, point.y)).chain(swept());
        let x = Axis::over(all().map(|point| point.0), ticks, true);
        let y = Axis::over(all().map(|point| point.1), 5, true);
        let mut names: Vec<String> = self
            .points
            .iter()
            .enumerate()
            .map(|(index, point)| shortened(&format!("{} {}", index + 1, point.name), room))
            .collect();
        names.extend(self.sweep.iter().map(|(name, _)| shortened(&format!("– {name}"), room)));
        let mut frame = Frame::new(x, y, &self.x_label, &self.y_label);
        frame.right = widest(&names) + 24;
        let line = LABEL_SIZE + 6;
        draw_svg(&self.title, (width.pixels(), (line * names.len() as i32 + 60).max(320)), |sheet| {
            let mut chart = frame.draw(sheet)?;
            if all().next().is_none() {
                return draw_no_data(sheet, &chart);
            }
            self.draw_lines(&mut chart)?;
            self.draw_points(sheet, &mut chart)?;
            let (right, _) = chart.plotting_area().get_pixel_range();
            for (row, name) in names.iter().enumerate() {
                let place = (right.end + 16 * SCALE, (24 + line * row as i32) * SCALE);
                sheet.draw(&Text::new(name.clone(), place, text_style(LABEL_SIZE, INK, HPos::Left, VPos::Center)))?;
            }
            Ok(())
        })
    }

    fn draw_lines(&self, chart: &mut Chart<'_, '_>) -> Result<(), DrawingError> {
        let stroke = SCALE as u32;
        if let Some((_, points)) = &self.sweep {
            chart.draw_series([PathElement::new(points.clone(), RULE.stroke_width(stroke))])?;
            chart.draw_series(points.iter().map(|&point| Circle::new(point, 2 * SCALE, RULE.filled())))?;
        }
        let front = self.front().iter().map(|point| (point.x, point.y)).collect::<Vec<_>>();
        chart.draw_series([PathElement::new(front, SERIES_COLOURS[0].stroke_width(2 * stroke))])?;
        Ok(())
    }

    fn draw_points(&self, sheet: &Sheet<'_>, chart: &mut Chart<'_, '_>) -> Result<(), DrawingError> {
        let front = self.front();
        for (index, point) in self.points.iter().enumerate() {
            let colour = if front.contains(&point) { SERIES_COLOURS[0] } else { MUTED };
            chart.draw_series([Circle::new((point.x, point.y), 4 * SCALE, colour.filled())])?;
            let (x, y) = chart.backend_coord(&(point.x, point.y));
            let style = text_style(LABEL_SIZE - 1, colour, HPos::Left, VPos::Bottom);
            sheet.draw(&Text::new((index + 1).to_string(), (x + 5 * SCALE, y - 3 * SCALE), style))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_runs_through_what_no_other_beats() -> Result<(), DrawingError> {
        let plot = TradeOffPlot::new("t", "clicks", "purchases")
            .point("both", 3.0, 2.0)
            .point("clicks", 4.0, 1.0)
            .point("neither", 2.0, 1.5)
            .sweep("fixed weights", vec![(1.0, 1.0), (5.0, 0.0)]);
        let names: Vec<&str> = plot.front().iter().map(|point| point.name.as_str()).collect();
        assert_eq!(names, ["both", "clicks"]);
        let svg = plot.draw(PlotWidth::Full)?;
        assert!(svg.contains("3 neither") && svg.contains("– fixed weights"), "{svg}");
        let empty = TradeOffPlot::new("t", "x", "y").draw(PlotWidth::Half)?;
        assert!(empty.contains("no data"));
        Ok(())
    }
}
