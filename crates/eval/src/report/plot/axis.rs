//! `Axis`: a range of numbers with round ticks.
//!
//! ```text
//! values .013 to .094, about 5 ticks      step = the smallest of 1, 2, 5 × 10ⁿ not below the range / 5 = .02
//! ends_on_ticks     .00  .02  .04  .06  .08  .10         for the vertical axis
//! otherwise          .013 ·  .04 · .06 · .08 · .094      for the horizontal axis: curves touch both sides
//! ```

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::canvas::{LABEL_SIZE, text_width};
use crate::report::number::NumberFormat;

/// The range of an axis and its ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub from: f64,
    pub to: f64,
    pub ticks: Vec<f64>,
    pub format: NumberFormat,
}

impl Axis {
    /// From the smallest to the largest finite value, about `wanted` ticks. `ends_on_ticks` widens the range to the next ticks.
    pub(super) fn over(values: impl Iterator<Item = f64> + Clone, wanted: usize, ends_on_ticks: bool) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.clone().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = match (low <= high, low < high) {
            (false, _) => (0.0, 1.0),
            (true, true) => (low, high),
            (true, false) if low == 0.0 => (0.0, 1.0),
            (true, false) => (low - low.abs() / 2.0, low + low.abs() / 2.0),
        };
        let mut step = round_step((high - low) / wanted as f64);
        // Epochs and counts have no halves.
        if finite.clone().all(|value| value.fract() == 0.0) {
            step = step.max(1.0);
        }
        let (first, last) = if ends_on_ticks {
            ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil())
        } else {
            ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor())
        };
        let ticks = (first as i64..=last as i64).map(|index| index as f64 * step).collect();
        let (from, to) = if ends_on_ticks { (first * step, last * step) } else { (low, high) };
        let decimals = (-(step.log10() + 1e-9).floor()).clamp(0.0, 9.0) as u8;
        Self { from, to, ticks, format: NumberFormat::Decimals(decimals) }
    }

    /// The axis of shares: its ticks read as per cent.
    pub(super) fn in_percent(mut self) -> Self {
        if let NumberFormat::Decimals(decimals) = self.format {
            self.format = NumberFormat::Percent(decimals.saturating_sub(2));
        }
        self
    }

    /// Width of the widest tick label in display pixels.
    pub(super) fn label_width(&self) -> i32 {
        self.ticks.iter().map(|&tick| text_width(&self.format.format(tick), LABEL_SIZE)).max().unwrap_or(0)
    }
}

/// plotters asks the axis where a value stands, where the ticks are and how they read.
impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (value - self.from) / (self.to - self.from);
        (f64::from(start) + share * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light points would be a second, finer grid.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }

    fn format_ext(&self, value: &f64) -> String {
        self.format.format(*value)
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below a length.
fn round_step(length: f64) -> f64 {
    let power = 10_f64.powf(length.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&step| step >= length * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        let axis = Axis::over([0.013, 0.094].into_iter(), 5, true);
        assert_eq!((axis.from, axis.to, axis.format), (0.0, 0.1, NumberFormat::Decimals(2)));
        let epochs = Axis::over([1.0, 3.0].into_iter(), 8, false);
        assert_eq!((epochs.from, epochs.to, epochs.ticks), (1.0, 3.0, vec![1.0, 2.0, 3.0]));
        let nothing = Axis::over([f64::NAN].into_iter(), 5, true);
        assert_eq!((nothing.from, nothing.to), (0.0, 1.0));
        let constant = Axis::over([4.0, 4.0].into_iter(), 4, true);
        assert!(constant.from < 4.0 && constant.to > 4.0);
    }
}
