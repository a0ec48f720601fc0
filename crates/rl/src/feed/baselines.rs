//! Click baselines for the fidelity: popularity and first-order Markov, with the position's own rate, so that they are no straw men.
//!
//! ```text
//! popularity   P(click i at j) = rate_i · rate_j / rate                       rate_i   = (clicks_i + κ rate) / (shown_i + κ)
//! Markov       P(click i at j) = rate_{l → t} · rate_j / rate                 rate_lt  = (clicks_lt + κ rate_t) / (shown_lt + κ)
//!              l = topic of the visitor's last click, or none;  t = topic of i
//! ```
//!
//! κ = 20 pseudo-impressions; probabilities are cut at 0.999.

use super::items::FeedItems;
use super::log::FeedLog;
use super::state::{FeedState, SlotResponse};

/// κ.
const SMOOTHING: f64 = 20.0;

/// Clicks and impressions.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    clicks: f64,
    shown: f64,
}

impl Counts {
    fn add(&mut self, clicked: bool) {
        self.clicks += f64::from(u8::from(clicked));
        self.shown += 1.0;
    }

    fn rate(self, prior: f64) -> f64 {
        (self.clicks + SMOOTHING * prior) / (self.shown + SMOOTHING)
    }
}

/// Counted click rates.
#[derive(Debug, Clone)]
pub(super) struct ClickRates {
    item: Vec<f64>,
    /// Rate at a position over the rate of all.
    position: Vec<f64>,
    /// `[topics + 1, topics]`, the last row for who has not clicked.
    transition: Vec<f64>,
}

impl ClickRates {
    pub(super) fn count(log: &FeedLog, items: &FeedItems) -> Self {
        let topics = items.topics;
        let (mut all, mut item) = (Counts::default(), vec![Counts::default(); items.len()]);
        let mut position = vec![Counts::default(); log.slots];
        let mut transition = vec![Counts::default(); (topics + 1) * topics];
        let mut last = LastClick::default();
        log.replay(items, 0, |row, before, response, _| {
            last.begin(row == 0 || log.visitor[row] != log.visitor[row - 1], before);
            for slot in &response.slots {
                let topic = items.topic[slot.item as usize] as usize;
                for counts in [
                    &mut all,
                    &mut item[slot.item as usize],
                    &mut position[usize::from(slot.position)],
                    &mut transition[last.row(topics) * topics + topic],
                ] {
                    counts.add(slot.clicked());
                }
            }
            last.take_in(&response.slots, items);
        });
        let rate = all.rate(0.5).max(1e-6);
        let mut topic = vec![Counts::default(); topics];
        for (cell, counts) in transition.iter().enumerate() {
            topic[cell % topics].clicks += counts.clicks;
            topic[cell % topics].shown += counts.shown;
        }
        let of_topic: Vec<f64> = topic.into_iter().map(|counts| counts.rate(rate)).collect();
        let transition = transition.into_iter().enumerate().map(|(cell, counts)| counts.rate(of_topic[cell % topics]));
        Self {
            item: item.into_iter().map(|counts| counts.rate(rate)).collect(),
            position: position.into_iter().map(|counts| counts.rate(rate) / rate).collect(),
            transition: transition.collect(),
        }
    }

    fn at(&self, rate: f64, position: usize) -> f64 {
        (rate * self.position.get(position).copied().unwrap_or(1.0)).min(0.999)
    }

    pub(super) fn popularity(&self, item: u32, position: usize) -> f64 {
        self.at(self.item[item as usize], position)
    }

    pub(super) fn markov(&self, last: &LastClick, topic: usize, position: usize, topics: usize) -> f64 {
        self.at(self.transition[last.row(topics) * topics + topic], position)
    }
}

/// Topic of a visitor's last click, across visits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LastClick(Option<u32>);

impl LastClick {
    /// Forgets where a new visitor begins.
    pub(super) fn begin(&mut self, new: bool, before: &FeedState) {
        if new {
            assert!(
                before.visit == 0 && before.step == 0,
                "a visitor begins in visit {}, step {}",
                before.visit,
                before.step
            );
            self.0 = None;
        }
    }

    pub(super) fn take_in(&mut self, slots: &[SlotResponse], items: &FeedItems) {
        if let Some(slot) = slots.iter().rev().find(|slot| slot.clicked()) {
            self.0 = Some(items.topic[slot.item as usize]);
        }
    }

    fn row(self, topics: usize) -> usize {
        self.0.map_or(topics, |topic| topic as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::testing::two_topics;

    #[test]
    fn rates_equal_hand_computation() {
        // One visitor, slates of one item: 0 clicked, then 2 not, then 2 clicked.
        let log = FeedLog {
            tasks: vec!["click".to_owned()],
            slots: 1,
            visitor: vec![0; 3],
            segment: vec![0; 3],
            day: vec![0; 3],
            visit: vec![0; 3],
            step: vec![0, 1, 2],
            slate: vec![0, 2, 2],
            feedback: vec![1, 0, 1],
            propensity: vec![1.0; 3],
            left: vec![false; 3],
            away_days: vec![None; 3],
            ended: vec![false, false, true],
            discount: vec![1.0; 3],
        };
        let items = two_topics();
        assert!(log.validate(&items, 1, "log").is_ok());
        let rates = ClickRates::count(&log, &items);
        let rate = (2.0 + 10.0) / 23.0;
        let position = (2.0 + 20.0 * rate) / 23.0 / rate;
        let popular = (1.0 + 20.0 * rate) / 22.0 * position;
        assert!((rates.popularity(2, 0) - popular).abs() < 1e-12);
        // After topic 0, topic 1 was clicked in one of two showings; its own rate is the same.
        let topic = (1.0 + 20.0 * rate) / 22.0;
        let mut last = LastClick::default();
        last.take_in(&[SlotResponse { item: 0, position: 0, feedback: 1 }], &items);
        let markov = (1.0 + 20.0 * topic) / 22.0 * position;
        assert!((rates.markov(&last, 1, 0, 2) - markov).abs() < 1e-12);
        assert!((rates.markov(&LastClick::default(), 1, 0, 2) - topic * position).abs() < 1e-12);
    }
}
