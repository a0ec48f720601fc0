//! `SlateTransition`: what was shown, what was chosen of it, and what followed; and the ring of the last N of them.

use serde::{Deserialize, Serialize};
use slatewise_model::{Numbers, StateReader, StateWriter};

use crate::error::Error;

/// A state before a slate is shown: what the network sees, and whom the user would choose.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlateState {
    /// `[W]`
    pub row: Vec<f32>,
    /// `[C]`: the items that may be shown, each below the number of items, none twice.
    pub candidates: Vec<usize>,
    /// v(s, i) `[C]`, each at least 0: unnormalised scores of the choice model, in the order of the candidates.
    pub scores: Vec<f64>,
    /// v(s, ⊥) ≥ 0; above 0 unless a user always chooses something.
    pub null_score: f64,
}

/// One slate, shown and answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlateTransition {
    /// s `[W]`.
    pub row: Vec<f32>,
    /// A `[L]`: the items shown, the first at the first position.
    pub slate: Vec<usize>,
    /// The item of A that was chosen; none if nothing was.
    pub chosen: Option<usize>,
    /// r `[T]`: a reward per task.
    pub rewards: Vec<f64>,
    /// In [0, 1]; 0 where nothing follows.
    pub discount: f64,
    /// s'; where nothing follows, its candidates may be empty.
    pub next: SlateState,
    /// A', where one was shown and is known; only `SlateTarget::Followed` asks for it. Its items are among the candidates of s'.
    pub next_slate: Option<Vec<usize>>,
}

impl SlateTransition {
    /// Panics where an array does not fit: `width` = W, `items` = I, `tasks` = T.
    pub(super) fn check(&self, width: usize, items: usize, tasks: usize) {
        let (before, after) = (self.row.len(), self.next.row.len());
        assert!(before == width && after == width, "rows of shapes [{before}] and [{after}] for a width of [{width}]");
        let (rewards, weights) = (self.rewards.len(), tasks);
        assert!(rewards == weights, "rewards of shape [{rewards}] under reward weights of shape [{weights}]");
        self.next.check(items);
        let known = |item: &usize| self.slate.contains(item);
        assert!(self.chosen.iter().all(known), "{:?} was chosen from a slate of {:?}", self.chosen, self.slate);
        let odd = self.slate.iter().find(|&&item| item >= items);
        assert!(odd.is_none(), "item {odd:?} on a slate over [{items}] items");
    }
}

impl SlateState {
    /// Panics where an array does not fit.
    pub(super) fn check(&self, items: usize) {
        let (candidates, scores) = (self.candidates.len(), self.scores.len());
        assert!(candidates == scores, "candidates of shape [{candidates}] with scores of shape [{scores}]");
        let odd = self.candidates.iter().find(|&&item| item >= items);
        assert!(odd.is_none(), "candidate {odd:?} over [{items}] items");
    }

    /// Places of items among the candidates.
    pub(super) fn places(&self, slate: &[usize]) -> Vec<usize> {
        let place = |item: &usize| {
            let found = self.candidates.iter().position(|candidate| candidate == item);
            assert!(found.is_some(), "item {item} of a slate is not among {} candidates", self.candidates.len());
            found.unwrap_or_default()
        };
        slate.iter().map(place).collect()
    }
}

/// The last N transitions; the oldest is overwritten first.
#[derive(Debug, Clone, Default)]
pub(super) struct SlateReplay {
    pub(super) transitions: Vec<SlateTransition>,
    capacity: usize,
    next: usize,
}

/// Stands for an item that is not there.
const NONE: u32 = u32::MAX;

impl SlateReplay {
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity >= 1, "a replay buffer of shape [{capacity}] holds nothing");
        Self { transitions: Vec::new(), capacity, next: 0 }
    }

    pub(super) fn push(&mut self, transition: SlateTransition) {
        if self.transitions.len() < self.capacity {
            self.transitions.push(transition);
        } else {
            self.transitions[self.next] = transition;
        }
        self.next = (self.next + 1) % self.capacity;
    }

    /// Writes all that is held, as columns; lists of different length one behind the other, with their lengths.
    pub(super) fn write(&self, out: &mut StateWriter<'_>, name: &str) -> Result<(), slatewise_model::Error> {
        let all = &self.transitions;
        let floats = |of: fn(&SlateTransition) -> &[f32]| all.iter().flat_map(of).copied().collect::<Vec<f32>>();
        let doubles = |of: fn(&SlateTransition) -> &[f64]| all.iter().flat_map(of).copied().collect::<Vec<f64>>();
        let items =
            |of: fn(&SlateTransition) -> &[usize]| all.iter().flat_map(of).map(|&x| x as u32).collect::<Vec<u32>>();
        let each = |of: fn(&SlateTransition) -> u32| all.iter().map(of).collect::<Vec<u32>>();
        let next_length = |t: &SlateTransition| t.next_slate.as_ref().map_or(NONE, |slate| slate.len() as u32);
        let (row, next_row) = (floats(|t| &t.row), floats(|t| &t.next.row));
        let (rewards, scores) = (doubles(|t| &t.rewards), doubles(|t| &t.next.scores));
        let discount: Vec<f64> = all.iter().map(|t| t.discount).collect();
        let null: Vec<f64> = all.iter().map(|t| t.next.null_score).collect();
        let (slate, candidates) = (items(|t| &t.slate), items(|t| &t.next.candidates));
        let next_slate = items(|t| t.next_slate.as_deref().unwrap_or_default());
        let (slate_length, candidates_length) =
            (each(|t| t.slate.len() as u32), each(|t| t.next.candidates.len() as u32));
        let (chosen, next_slate_length) = (each(|t| t.chosen.map_or(NONE, |item| item as u32)), each(next_length));
        let arrays = [
            ("row", Numbers::F32(&row)),
            ("next_row", Numbers::F32(&next_row)),
            ("rewards", Numbers::F64(&rewards)),
            ("discount", Numbers::F64(&discount)),
            ("scores", Numbers::F64(&scores)),
            ("null_score", Numbers::F64(&null)),
            ("slate", Numbers::U32(&slate)),
            ("slate_length", Numbers::U32(&slate_length)),
            ("chosen", Numbers::U32(&chosen)),
            ("candidates", Numbers::U32(&candidates)),
            ("candidates_length", Numbers::U32(&candidates_length)),
            ("next_slate", Numbers::U32(&next_slate)),
            ("next_slate_length", Numbers::U32(&next_slate_length)),
            ("next", Numbers::U32(&[self.next as u32])),
        ];
        out.arrays(name, arrays.map(|(name, numbers)| (name.to_owned(), numbers)).into())
    }

    /// A ring of this one's capacity with what was written, for rows of `width` and `tasks` rewards.
    pub(super) fn read(&self, from: &StateReader, name: &str, width: usize, tasks: usize) -> Result<Self, Error> {
        let mut arrays = from.arrays(name)?;
        let (mut row, mut next_row) = (arrays.f32("row")?.into_iter(), arrays.f32("next_row")?.into_iter());
        let (mut rewards, mut scores) = (arrays.f64("rewards")?.into_iter(), arrays.f64("scores")?.into_iter());
        let (discount, null) = (arrays.f64("discount")?, arrays.f64("null_score")?);
        let mut lists = ["slate", "candidates", "next_slate"].map(|_| Vec::new().into_iter());
        for (list, name) in lists.iter_mut().zip(["slate", "candidates", "next_slate"]) {
            *list = arrays.u32(name)?.into_iter().map(|item| item as usize).collect::<Vec<usize>>().into_iter();
        }
        let [mut slate, mut candidates, mut next_slate] = lists;
        let (slate_length, candidates_length) = (arrays.u32("slate_length")?, arrays.u32("candidates_length")?);
        let (chosen, next_slate_length) = (arrays.u32("chosen")?, arrays.u32("next_slate_length")?);
        let lengths = slate_length.iter().zip(&candidates_length).zip(&next_slate_length);
        let columns = chosen.iter().zip(discount).zip(null).zip(lengths);
        let transitions =
            columns.map(|(((&chosen, discount), null_score), ((&shown, &offered), &followed))| SlateTransition {
                row: row.by_ref().take(width).collect(),
                slate: slate.by_ref().take(shown as usize).collect(),
                chosen: (chosen != NONE).then_some(chosen as usize),
                rewards: rewards.by_ref().take(tasks).collect(),
                discount,
                next: SlateState {
                    row: next_row.by_ref().take(width).collect(),
                    candidates: candidates.by_ref().take(offered as usize).collect(),
                    scores: scores.by_ref().take(offered as usize).collect(),
                    null_score,
                },
                next_slate: (followed != NONE).then(|| next_slate.by_ref().take(followed as usize).collect()),
            });
        let transitions = transitions.collect();
        let next = arrays.u32("next")?.first().map_or(0, |&next| next as usize);
        Ok(Self { transitions, capacity: self.capacity, next })
    }
}
