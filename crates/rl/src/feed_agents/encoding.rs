//! What an agent sees of a visitor: a row of numbers for networks, a cell for tables.
//!
//! ```text
//! row    one-hot segment | per topic ln(1 + shown) , of the last slate | per surface ln(1 + shown)
//!        | ln(1 + step, visit, clicks, satisfied, disappointed) | balance / 3
//! cell   segment × balance of this visit (< 0, 0, > 0) × slates of this visit (0, 1 … 2, 3 …) × ads shown (0, 1 …)
//! ```
//!
//! The balance is satisfied minus disappointed clicks of this visit, within −3 to 3.

use crate::feed::{FeedItems, FeedState};
use crate::state::{Discretiser, Encoder};

/// A state as a row of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEncoding {
    segments: usize,
    topics: usize,
    surfaces: usize,
    topic: Vec<u32>,
}

impl FeedEncoding {
    /// For visitors of so many segments who are shown these items.
    pub fn new(items: &FeedItems, segments: usize) -> Self {
        Self { segments, topics: items.topics, surfaces: items.surfaces.len(), topic: items.topic.clone() }
    }

    /// The row of a state, `[W]`.
    pub fn row(&self, state: &FeedState) -> Vec<f32> {
        let mut row = vec![0.0; self.width()];
        self.encode(state, &mut row);
        row
    }
}

/// Satisfied minus disappointed clicks.
fn balance(state: &FeedState) -> f64 {
    (f64::from(state.satisfied) - f64::from(state.disappointed)).clamp(-3.0, 3.0)
}

impl Discretiser<FeedState> for FeedEncoding {
    fn states(&self) -> usize {
        1
    }

    fn state(&self, _observation: &FeedState) -> usize {
        0
    }
}

impl Encoder<FeedState> for FeedEncoding {
    fn width(&self) -> usize {
        self.segments + 2 * self.topics + self.surfaces + 6
    }

    fn encode(&self, state: &FeedState, row: &mut [f32]) {
        row[state.user as usize] = 1.0;
        let (shown, rest) = row[self.segments..].split_at_mut(self.topics);
        let (last, rest) = rest.split_at_mut(self.topics);
        let (surfaces, rest) = rest.split_at_mut(self.surfaces);
        let logarithm = |count: u32| (f64::from(count)).ln_1p() as f32;
        shown.iter_mut().zip(&state.topic_shown).for_each(|(x, &count)| *x = logarithm(count));
        state.last_slate().iter().for_each(|seen| last[self.topic[seen.item as usize] as usize] += 0.5);
        surfaces.iter_mut().zip(&state.surface_shown).for_each(|(x, &count)| *x = logarithm(count));
        let counts = [state.step, state.visit, state.clicks, state.satisfied, state.disappointed];
        rest.iter_mut().zip(counts).for_each(|(x, count)| *x = logarithm(count));
        rest[5] = (balance(state) / 3.0) as f32;
    }
}

/// A state as one of few cells, the declared discretisation of tabular agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedCells {
    segments: usize,
    /// Which surface's count is looked at; none where there is no such surface.
    ads: Option<usize>,
}

impl FeedCells {
    /// For visitors of so many segments who are shown these items; the surface `ad` is looked at, if there is one.
    pub fn new(items: &FeedItems, segments: usize) -> Self {
        Self { segments, ads: items.surfaces.iter().position(|name| name == "ad") }
    }
}

impl Discretiser<FeedState> for FeedCells {
    fn states(&self) -> usize {
        self.segments * 3 * 3 * 2
    }

    fn state(&self, state: &FeedState) -> usize {
        let balance = balance(state);
        let balance = if balance < 0.0 { 0 } else { 1 + usize::from(balance > 0.0) };
        let step = match state.step {
            0 => 0,
            1 | 2 => 1,
            _ => 2,
        };
        let ads = usize::from(self.ads.is_some_and(|ads| state.surface_shown[ads] > 0));
        ((state.user as usize * 3 + balance) * 3 + step) * 2 + ads
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::SlotResponse;

    fn items() -> FeedItems {
        FeedItems {
            topic: vec![0, 1],
            topics: 2,
            surface: vec![0, 1],
            surfaces: vec!["product".into(), "ad".into()],
            ..FeedItems::default()
        }
    }

    #[test]
    fn rows_and_cells_equal_hand_computation() {
        let (items, mut state) = (items(), FeedState::default());
        state.begin(1, &items);
        let (encoding, cells) = (FeedEncoding::new(&items, 2), FeedCells::new(&items, 2));
        assert_eq!((encoding.width(), cells.states(), cells.state(&state)), (14, 36, ((3 + 1) * 3) * 2));
        let slot = |item, position, feedback| SlotResponse { item, position, feedback };
        state.take_in(&[slot(0, 0, 0b1), slot(1, 1, 0)], &items, 8);
        // Disappointed once, one slate, an ad shown.
        assert_eq!(cells.state(&state), (3 * 3 + 1) * 2 + 1);
        let two = 2.0_f32.ln();
        let third = -1.0 / 3.0;
        let row = [0.0, 1.0, two, two, 0.5, 0.5, two, two, two, 0.0, two, 0.0, two, third];
        let found = encoding.row(&state);
        assert!(found.iter().zip(row).all(|(found, row)| (found - row).abs() < 1e-6), "{found:?} instead of {row:?}");
    }
}
