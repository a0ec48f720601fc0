//! Baselines counted from a log of slates: what is clicked most, and what is clicked most after the topic clicked last.
//!
//! ```text
//! popularity   (clicks of i + m c) / (times i was shown + m)                                c: clicks per slot of the whole log
//! Markov       (clicks of i after topic t + m pop(i)) / (times shown after t + m)           t: topic of the last click, or none yet
//! ```

use rand_chacha::ChaCha8Rng;

use crate::feed::{FeedItems, FeedLog, FeedState, RankedSlates, SlatePolicy};

/// m: slots that the smoothing counts for.
const SMOOTHING: f64 = 20.0;

/// Ranks by clicks after the topic clicked last; [`popular`](Self::popular) by clicks alone.
#[derive(Debug, Clone)]
pub struct MarkovSlates {
    topic: Vec<u32>,
    /// By topic of the last click, none of them last.
    ranked: Vec<RankedSlates>,
    popular: RankedSlates,
}

impl MarkovSlates {
    /// Counts a log; `recent` is how many shown items a state remembers.
    pub fn count(log: &FeedLog, items: &FeedItems, slots: usize, recent: usize) -> Self {
        let (count, topics) = (items.len(), items.topics);
        let mut shown = vec![0.0; (topics + 1) * count];
        let mut clicked = shown.clone();
        log.replay(items, recent, |_, state, response, _| {
            let first = last_topic(state, &items.topic).unwrap_or(topics) * count;
            for slot in &response.slots {
                shown[first + slot.item as usize] += 1.0;
                clicked[first + slot.item as usize] += f64::from(u8::from(slot.clicked()));
            }
        });
        let sum = |of: &[f64], item: usize| of.iter().skip(item).step_by(count).sum::<f64>();
        let mean = clicked.iter().sum::<f64>() / shown.iter().sum::<f64>().max(1.0);
        let rate = |clicks: f64, shown: f64, prior: f64| (clicks + SMOOTHING * prior) / (shown + SMOOTHING);
        let popular: Vec<f64> = (0..count).map(|item| rate(sum(&clicked, item), sum(&shown, item), mean)).collect();
        let after = |topic: usize| {
            let cell = |item: usize| topic * count + item;
            let rates = (0..count).map(|item| rate(clicked[cell(item)], shown[cell(item)], popular[item]));
            RankedSlates::new(&rates.collect::<Vec<_>>(), slots)
        };
        let ranked = (0..=topics).map(after).collect();
        Self { topic: items.topic.clone(), ranked, popular: RankedSlates::new(&popular, slots) }
    }

    /// The same slate for everybody: what is clicked most.
    pub fn popular(&self) -> RankedSlates {
        self.popular.clone()
    }
}

/// Topic of the last click that is remembered.
fn last_topic(state: &FeedState, topic: &[u32]) -> Option<usize> {
    let last = state.recent.iter().rev().find(|seen| seen.feedback & 1 != 0)?;
    Some(topic[last.item as usize] as usize)
}

impl SlatePolicy for MarkovSlates {
    fn choose(&mut self, state: &FeedState, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        let topic = last_topic(state, &self.topic).unwrap_or(self.ranked.len() - 1);
        self.ranked[topic].choose(state, slate, rng)
    }
}
