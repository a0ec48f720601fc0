//! `FeedState`: what a policy sees of a visitor; `Visitor`: that, and what only the truth knows; `FeedResponse`: what a slate brought about.
//!
//! ```text
//! life of a visitor   visit 0: step 0, 1, … leaves ──away days──▶ visit 1: step 0, 1, … leaves ──▶ … gone for good
//! feedback of a slot  bit k = task k happened; task 0 is the click, and no other task happens without it
//! satisfied           a click that another task followed (a like, a purchase);   disappointed: a click that none followed
//! ```

use super::items::FeedItems;

/// An item that was shown, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The item.
    pub item: u32,
    /// Its place in the slate, from 0.
    pub position: u8,
    /// Bit k = task k happened.
    pub feedback: u32,
    /// The visit in which it was shown.
    pub visit: u32,
    /// The step of that visit.
    pub step: u32,
}

/// What a policy sees. Counts are those of the present visit.
///
/// # Shapes
/// `topic_shown [T]`, `surface_shown [number of surfaces]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedState {
    /// Observable segment.
    pub user: u32,
    /// Days since the first visit.
    pub day: u32,
    /// Visits before this one.
    pub visit: u32,
    /// Slates shown in this visit.
    pub step: u32,
    /// The last items shown, also in visits before, newest last; as many as the simulator's `recent`.
    pub recent: Vec<Seen>,
    /// Clicks.
    pub clicks: u32,
    /// Clicks that another task followed.
    pub satisfied: u32,
    /// Clicks that none followed.
    pub disappointed: u32,
    /// Items of each topic shown.
    pub topic_shown: Vec<u32>,
    /// Items of each surface shown.
    pub surface_shown: Vec<u32>,
}

impl FeedState {
    /// The first visit of somebody in segment `user`, before the first slate.
    pub fn begin(&mut self, user: u32, items: &FeedItems) {
        (self.user, self.day, self.visit) = (user, 0, 0);
        self.recent.clear();
        self.topic_shown.resize(items.topics, 0);
        self.surface_shown.resize(items.surfaces.len(), 0);
        self.clear_visit();
    }

    /// The next visit, `away_days` later.
    pub fn begin_visit(&mut self, away_days: u32) {
        self.day = self.day.saturating_add(away_days);
        self.visit += 1;
        self.clear_visit();
    }

    fn clear_visit(&mut self) {
        (self.step, self.clicks, self.satisfied, self.disappointed) = (0, 0, 0, 0);
        self.topic_shown.fill(0);
        self.surface_shown.fill(0);
    }

    /// Takes in the answers to one slate; at most `most` items stay in `recent`.
    pub fn take_in(&mut self, slots: &[SlotResponse], items: &FeedItems, most: usize) {
        let kept = &slots[slots.len().saturating_sub(most)..];
        let surplus = (self.recent.len() + kept.len()).saturating_sub(most);
        self.recent.drain(..surplus);
        let (visit, step) = (self.visit, self.step);
        self.recent.extend(kept.iter().map(|&SlotResponse { item, position, feedback }| Seen {
            item,
            position,
            feedback,
            visit,
            step,
        }));
        for slot in slots {
            self.topic_shown[items.topic[slot.item as usize] as usize] += 1;
            self.surface_shown[usize::from(items.surface[slot.item as usize])] += 1;
            self.clicks += u32::from(slot.clicked());
            self.satisfied += u32::from(slot.satisfied());
            self.disappointed += u32::from(slot.disappointed());
        }
        self.step += 1;
    }

    /// What was shown by the last slate of this visit, oldest first; as far as `recent` reaches.
    pub fn last_slate(&self) -> &[Seen] {
        let before = |seen: &Seen| seen.visit != self.visit || seen.step + 1 != self.step;
        let start = self.recent.iter().rposition(before).map_or(0, |place| place + 1);
        &self.recent[start..]
    }

    /// Becomes a copy of another state, in the memory that it has.
    pub fn copy_from(&mut self, other: &Self) {
        let Self { recent, topic_shown, surface_shown, .. } = self;
        let lent = (std::mem::take(recent), std::mem::take(topic_shown), std::mem::take(surface_shown));
        let (mut recent, mut topic_shown, mut surface_shown) = lent;
        recent.clone_from(&other.recent);
        topic_shown.clone_from(&other.topic_shown);
        surface_shown.clone_from(&other.surface_shown);
        let Self { user, day, visit, step, clicks, satisfied, disappointed, .. } = *other;
        *self = Self { user, day, visit, step, recent, clicks, satisfied, disappointed, topic_shown, surface_shown };
    }
}

/// A visitor: what a policy sees and what it does not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visitor {
    /// What a policy sees.
    pub state: FeedState,
    /// Patience left in this visit; a fitted model, which cannot see it, leaves it at 0.
    pub patience: u32,
    /// Satisfaction with this visit, 0 at its beginning.
    pub satisfaction: i32,
    /// How tired of each topic, `[T]`; empty where the model knows none.
    pub boredom: Vec<u8>,
    /// Own taste on top of the segment's, `[T]`; empty where the model knows none.
    pub deviation: Vec<f64>,
}

/// What happened to one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotResponse {
    /// The item shown.
    pub item: u32,
    /// Its place in the slate, from 0.
    pub position: u8,
    /// Bit k = task k happened.
    pub feedback: u32,
}

impl SlotResponse {
    /// Whether task 0 happened.
    pub fn clicked(&self) -> bool {
        self.feedback & 1 != 0
    }

    /// Whether task k happened.
    pub fn has(&self, task: usize) -> bool {
        self.feedback >> task & 1 != 0
    }

    /// Whether there was a click and another task followed.
    pub fn satisfied(&self) -> bool {
        self.feedback > 1
    }

    /// Whether there was a click and no other task followed.
    pub fn disappointed(&self) -> bool {
        self.feedback == 1
    }
}

/// What a slate brought about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedResponse {
    /// One per slot, by position.
    pub slots: Vec<SlotResponse>,
    /// Whether the visitor left after it.
    pub left: bool,
    /// Days until the next visit, if the visitor left and comes back; also where that lies beyond the horizon.
    pub away_days: Option<u32>,
    /// Gone for good, or the horizon is over.
    pub ended: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::testing::two_topics;

    #[test]
    fn a_state_counts_its_visit_and_remembers_the_last_items() {
        let items = two_topics(); // Topics 0, 0, 1, 1; surfaces product, content, product, ad.
        let mut state = FeedState::default();
        state.begin(3, &items);
        let slot = |item, position, feedback| SlotResponse { item, position, feedback };
        state.take_in(&[slot(0, 0, 0b1), slot(2, 1, 0b101)], &items, 3);
        state.take_in(&[slot(3, 0, 0), slot(1, 1, 0b1)], &items, 3);
        assert_eq!((state.user, state.step, state.clicks, state.satisfied, state.disappointed), (3, 2, 3, 1, 2));
        assert_eq!((state.topic_shown.as_slice(), state.surface_shown.as_slice()), (&[2, 2][..], &[2, 1, 1][..]));
        assert_eq!(state.recent.iter().map(|seen| seen.item).collect::<Vec<_>>(), [2, 3, 1]);
        assert_eq!(state.last_slate().iter().map(|seen| seen.item).collect::<Vec<_>>(), [3, 1]);
        let mut copy = FeedState::default();
        copy.copy_from(&state);
        assert_eq!(copy, state);
        state.begin_visit(4);
        assert_eq!((state.day, state.visit, state.step, state.clicks), (4, 1, 0, 0));
        assert!(state.topic_shown == [0, 0] && state.recent.len() == 3 && state.last_slate().is_empty());
    }
}
