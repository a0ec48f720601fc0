//! What all plots share: the sheet, colours, the frame with its axes, and text.
//!
//! ```text
//! display size   920 × h (full)   450 × h (half)      lengths in plot code are display pixels
//! sheet          twice that, because plotters rounds to whole pixels; the viewBox scales it back
//! ```
//!
//! Colours are those of Okabe & Ito ("Color universal design", 2008), yellow left out, which keep apart for colour-blind readers; the
//! page's style sheet swaps the dark ones in its dark theme, by their hexadecimal value.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;

/// Sheet units per display pixel.
pub(super) const SCALE: i32 = 2;
/// Height of a named row in display pixels.
pub(super) const ROW: i32 = 34;
/// Size of tick and series labels, in display pixels.
pub(super) const LABEL_SIZE: i32 = 12;
/// Axis names, series names.
pub(super) const INK: RGBColor = RGBColor(0x2F, 0x36, 0x40);
/// Tick labels, remarks.
pub(super) const MUTED: RGBColor = RGBColor(0x6B, 0x73, 0x80);
/// Axis lines, reference lines.
pub(super) const RULE: RGBColor = RGBColor(0x9A, 0xA1, 0xAC);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xE6, 0xE8, 0xEB);
/// The colours of series, in order; more series start again from the first.
pub(in crate::report) const SERIES_COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x8A, 0x8F, 0x98),
];

pub(super) type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
pub(super) type DrawingError = DrawingAreaErrorKind<std::io::Error>;

/// How wide a plot stands on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum PlotWidth {
    /// The whole column.
    Full,
    /// One of two side by side.
    Half,
}

impl PlotWidth {
    /// In display pixels.
    pub(super) fn pixels(self) -> i32 {
        match self {
            Self::Full => 920,
            Self::Half => 450,
        }
    }
}

/// The colour of the n-th series.
pub(super) fn series_colour(index: usize) -> RGBColor {
    SERIES_COLOURS[index % SERIES_COLOURS.len()]
}

/// Draws on a fresh sheet of a size in display pixels, and returns an `<svg>` element that fills its container's width.
pub(super) fn draw_svg(
    title: &str,
    (width, height): (i32, i32),
    draw: impl FnOnce(&Sheet<'_>) -> Result<(), DrawingError>,
) -> Result<String, DrawingError> {
    let (width, height) = (width * SCALE, height * SCALE);
    let mut drawn = String::new();
    {
        let sheet = SVGBackend::with_string(&mut drawn, (width as u32, height as u32)).into_drawing_area();
        draw(&sheet)?;
        sheet.present()?;
    }
    // The backend's own opening tag fixes the size in pixels; ours scales, and names the figure to screen readers.
    let body = drawn.split_once('>').map_or("", |(_, body)| body);
    let label = maud::html! { (title) }.into_string().replace('"', "&quot;");
    Ok(format!(r#"<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{body}"#))
}

/// Text of a size in display pixels, anchored at a point.
pub(super) fn text_style(size: i32, colour: RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    // The backend divides sizes by 1.24.
    ("sans-serif", f64::from(size * SCALE) * 1.24).into_font().color(&colour).pos(Pos::new(horizontal, vertical))
}

/// A guess at a text's width in display pixels, on the safe side for the system's sans-serif.
pub(super) fn text_width(text: &str, size: i32) -> i32 {
    (text.chars().count() as f64 * f64::from(size) * 0.56).ceil() as i32
}

/// Cuts a text to a number of characters.
pub(super) fn shortened(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Breaks a text at spaces into at most two lines of a number of characters.
pub(super) fn wrapped(text: &str, characters: usize) -> Vec<String> {
    if text.chars().count() <= characters {
        return vec![text.to_owned()];
    }
    // A space may stand right behind the last character that fits.
    let limit = text.char_indices().nth(characters + 1).map_or(text.len(), |(index, _)| index);
    match text[..limit].rfind(' ').filter(|&space| space > 0) {
        Some(space) => vec![text[..space].to_owned(), shortened(text[space..].trim_start(), characters)],
        None => vec![shortened(text, characters)],
    }
}

/// Axes, grid and names of a plot.
pub(super) struct Frame<'t> {
    pub x: Axis,
    pub y: Axis,
    pub x_label: &'t str,
    /// Stands level above the axis: it is read without turning one's head.
    pub y_label: &'t str,
    /// Room on the left and right of the plotting area, in display pixels.
    pub left: i32,
    pub right: i32,
    /// Bars have names in place of an axis on the left.
    pub named_rows: bool,
}

impl<'t> Frame<'t> {
    /// A frame with a numeric axis on either side.
    pub(super) fn new(x: Axis, y: Axis, x_label: &'t str, y_label: &'t str) -> Self {
        let left = y.label_width() + 12;
        Self { x, y, x_label, y_label, left, right: 16, named_rows: false }
    }

    /// Draws the frame and returns the chart to draw in.
    pub(super) fn draw<'a, 'b>(&self, sheet: &'a Sheet<'b>) -> Result<Chart<'a, 'b>, DrawingError> {
        let top = if self.y_label.is_empty() { 10 } else { 30 };
        let mut chart = ChartBuilder::on(sheet)
            .margin_top(top * SCALE)
            .margin_right(self.right * SCALE)
            .x_label_area_size(24 * SCALE)
            .margin_bottom(if self.x_label.is_empty() { 0 } else { 20 * SCALE })
            .y_label_area_size(self.left * SCALE)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let label = |horizontal, vertical| text_style(LABEL_SIZE, MUTED, horizontal, vertical);
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(SCALE as u32))
            .axis_style(RULE.stroke_width(SCALE as u32))
            .set_all_tick_mark_size(4 * SCALE)
            .x_label_style(label(HPos::Center, VPos::Top))
            .disable_y_axis();
        if self.named_rows {
            mesh.disable_y_mesh();
        } else {
            mesh.disable_x_mesh();
        }
        mesh.draw()?;
        // plotters ties the labels of an axis to its line: a second, invisible axis gives labels without a line.
        if !self.named_rows {
            let mut labels = chart.configure_mesh();
            labels.disable_mesh().disable_x_axis().axis_style(TRANSPARENT).set_all_tick_mark_size(4 * SCALE);
            labels.y_label_style(label(HPos::Right, VPos::Center)).draw()?;
        }
        self.draw_names(sheet, &chart)?;
        Ok(chart)
    }

    /// Writes the axes' names, cut to the sheet's width.
    fn draw_names(&self, sheet: &Sheet<'_>, chart: &Chart<'_, '_>) -> Result<(), DrawingError> {
        let (width, height) = sheet.dim_in_pixel();
        let characters = width as usize * 2 / (LABEL_SIZE * SCALE) as usize;
        if !self.y_label.is_empty() {
            let style = text_style(LABEL_SIZE, INK, HPos::Left, VPos::Top);
            sheet.draw(&Text::new(shortened(self.y_label, characters * 4 / 5), (4 * SCALE, 4 * SCALE), style))?;
        }
        if !self.x_label.is_empty() {
            let (pixels, _) = chart.plotting_area().get_pixel_range();
            let x = (pixels.start + pixels.end) / 2;
            // Centred under the plotting area, which need not be the middle of the sheet.
            let room = 2 * x.min(width as i32 - x) as usize * characters / width as usize;
            let style = text_style(LABEL_SIZE, INK, HPos::Center, VPos::Bottom);
            sheet.draw(&Text::new(shortened(self.x_label, room * 4 / 5), (x, height as i32 - 4 * SCALE), style))?;
        }
        Ok(())
    }
}

/// Room for the widest of some texts, in display pixels.
pub(super) fn widest<'t>(texts: impl IntoIterator<Item = &'t String>) -> i32 {
    texts.into_iter().map(|text| text_width(text, LABEL_SIZE)).max().unwrap_or(0)
}

/// Writes the lines of a row's name to the left of the plotting area.
pub(super) fn draw_row_name(
    sheet: &Sheet<'_>,
    chart: &Chart<'_, '_>,
    row: usize,
    lines: &[String],
) -> Result<(), DrawingError> {
    let (x, _) = chart.plotting_area().get_pixel_range();
    let (_, middle) = chart.backend_coord(&(0.0, row as f64 + 0.5));
    let line_height = (LABEL_SIZE + 2) * SCALE;
    let first = middle - line_height * (lines.len() as i32 - 1) / 2;
    for (line, text) in lines.iter().enumerate() {
        let style = text_style(LABEL_SIZE, INK, HPos::Right, VPos::Center);
        let place = (x.start - 8 * SCALE, first + line_height * line as i32);
        sheet.draw(&Text::new(text.clone(), place, style))?;
    }
    Ok(())
}

/// Says in the middle of the plotting area that there is nothing to see.
pub(super) fn draw_no_data(sheet: &Sheet<'_>, chart: &Chart<'_, '_>) -> Result<(), DrawingError> {
    let (x, y) = chart.plotting_area().get_pixel_range();
    let style = text_style(LABEL_SIZE + 2, MUTED, HPos::Center, VPos::Center);
    sheet.draw(&Text::new("no data", ((x.start + x.end) / 2, (y.start + y.end) / 2), style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_wrapped_then_cut() {
        assert_eq!(wrapped("short", 10), ["short"]);
        assert_eq!(wrapped("greedy by the multi-task model's value", 14), ["greedy by the", "multi-task mo…"]);
        assert_eq!(wrapped("unbreakable-name", 6), ["unbre…"]);
        assert_eq!(wrapped("étés à la plage", 6), ["étés à", "la pl…"]);
    }
}
