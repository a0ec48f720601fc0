//! `FeedLog`: slates shown to visitors with propensities, answers and returns, in columns.
//!
//! ```text
//! row   visitor  segment  day  visit  step | slate [n]  feedback [n]  propensity | left  away_days  ended  discount
//! ```
//!
//! Rows of a visitor stand together and in order, so that the states can be played again ([`FeedLog::replay`]): a log holds no state.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::items::FeedItems;
use super::play::{ShownSlate, play};
use super::policy::SlatePolicy;
use super::simulator::FeedSimulator;
use super::state::{FeedResponse, FeedState, SlotResponse, Visitor};
use super::visitor_model::VisitorModel;
use crate::error::Error;

/// A logged data set.
///
/// # Shapes
/// `slate` and `feedback` `[rows, slots]`, everything else `[rows]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedLog {
    /// Names of the feedback, task 0 the click.
    pub tasks: Vec<String>,
    /// n.
    pub slots: usize,
    /// Number of the visitor, never falling.
    pub visitor: Vec<u32>,
    /// Observable segment.
    pub segment: Vec<u32>,
    /// Days since the visitor's first visit.
    pub day: Vec<u32>,
    /// Visits before this one.
    pub visit: Vec<u32>,
    /// Slates before this one in the visit.
    pub step: Vec<u32>,
    /// Items shown, by position.
    pub slate: Vec<u32>,
    /// Bit k = task k happened, by position.
    pub feedback: Vec<u32>,
    /// Probability with which the logging policy showed this slate.
    pub propensity: Vec<f64>,
    /// Whether the visitor left after it.
    pub left: Vec<bool>,
    /// Days until the next visit, where the visitor left and came back.
    pub away_days: Vec<Option<u32>>,
    /// Whether nothing of this visitor follows.
    pub ended: Vec<bool>,
    /// 0 where the visitor is gone for good, else 1.
    pub discount: Vec<f64>,
}

impl FeedLog {
    /// Logs `visitors` simulated visitors, numbered from 0, under a policy.
    pub fn simulate<M: VisitorModel + ?Sized>(
        simulator: &mut FeedSimulator<'_, M>,
        policy: &mut dyn SlatePolicy,
        visitors: u64,
        seed: u64,
    ) -> Self {
        let (tasks, slots) = (simulator.model().tasks().to_vec(), simulator.config().slate);
        let mut log = Self { tasks, slots, ..Self::default() };
        let choose = |visitor: &Visitor, slate: &mut Vec<u32>, rng: &mut _| policy.choose(&visitor.state, slate, rng);
        play(simulator, choose, |shown| log.push(shown), visitors, seed);
        log
    }

    /// Appends what was shown.
    pub fn push(&mut self, shown: &ShownSlate<'_>) {
        let (given, slots) = (shown.slate.len(), self.slots);
        assert!(given == slots, "a slate of shape [{given}] in a log of shape [rows, {slots}]");
        self.visitor.push(shown.visitor as u32);
        self.segment.push(shown.before.user);
        self.day.push(shown.before.day);
        self.visit.push(shown.before.visit);
        self.step.push(shown.before.step);
        self.slate.extend_from_slice(shown.slate);
        self.feedback.extend(shown.response.slots.iter().map(|slot| slot.feedback));
        self.propensity.push(shown.propensity);
        self.left.push(shown.response.left);
        self.away_days.push(shown.response.away_days);
        self.ended.push(shown.response.ended);
        self.discount.push(shown.discount);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.visitor.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.visitor.is_empty()
    }

    /// Items of a row, `[n]`.
    pub fn slate(&self, row: usize) -> &[u32] {
        &self.slate[row * self.slots..][..self.slots]
    }

    /// Number of distinct visitors.
    pub fn visitors(&self) -> usize {
        self.visitor.chunk_by(|a, b| a == b).count()
    }

    /// The rows of visitors numbered within a range: a split by visitor.
    pub fn part(&self, visitors: Range<u32>) -> Self {
        let first = self.visitor.partition_point(|&visitor| visitor < visitors.start);
        let rows = first..self.visitor.partition_point(|&visitor| visitor < visitors.end).max(first);
        let wide = rows.start * self.slots..rows.end * self.slots;
        Self {
            tasks: self.tasks.clone(),
            slots: self.slots,
            visitor: self.visitor[rows.clone()].to_vec(),
            segment: self.segment[rows.clone()].to_vec(),
            day: self.day[rows.clone()].to_vec(),
            visit: self.visit[rows.clone()].to_vec(),
            step: self.step[rows.clone()].to_vec(),
            slate: self.slate[wide.clone()].to_vec(),
            feedback: self.feedback[wide].to_vec(),
            propensity: self.propensity[rows.clone()].to_vec(),
            left: self.left[rows.clone()].to_vec(),
            away_days: self.away_days[rows.clone()].to_vec(),
            ended: self.ended[rows.clone()].to_vec(),
            discount: self.discount[rows].to_vec(),
        }
    }

    /// The answers of a row; replaces `response`.
    pub fn response(&self, row: usize, response: &mut FeedResponse) {
        let wide = row * self.slots..(row + 1) * self.slots;
        let pairs = self.slate[wide.clone()].iter().zip(&self.feedback[wide]).enumerate();
        response.slots.clear();
        response.slots.extend(pairs.map(|(position, (&item, &feedback))| SlotResponse {
            item,
            position: position as u8,
            feedback,
        }));
        (response.left, response.away_days, response.ended) = (self.left[row], self.away_days[row], self.ended[row]);
    }

    /// Plays the states again, which remember `recent` items: `observe(row, before, response, after)`, where `after` of a visitor who left
    /// and came back is the beginning of the next visit.
    pub fn replay(
        &self,
        items: &FeedItems,
        recent: usize,
        mut observe: impl FnMut(usize, &FeedState, &FeedResponse, &FeedState),
    ) {
        let (mut state, mut before, mut response) =
            (FeedState::default(), FeedState::default(), FeedResponse::default());
        for row in 0..self.len() {
            if row == 0 || self.visitor[row] != self.visitor[row - 1] {
                state.begin(self.segment[row], items);
            }
            self.response(row, &mut response);
            before.copy_from(&state);
            state.take_in(&response.slots, items, recent);
            if let Some(days) = response.away_days {
                state.begin_visit(days);
            }
            observe(row, &before, &response, &state);
        }
    }

    /// Checks the columns; `key` is the place named in messages, `segments` the number of them.
    ///
    /// # Errors
    /// No rows, columns of other lengths, items or segments that do not exist, visitors that stand apart, visits that do not follow each other.
    pub fn validate(&self, items: &FeedItems, segments: usize, key: &str) -> Result<(), Error> {
        let rows = self.len();
        Error::unless(rows > 0, key, "visitor", || "the log holds no row".to_owned())?;
        let tasks = self.tasks.len();
        Error::unless((1..=32).contains(&tasks), key, "tasks", || format!("{tasks} tasks; name 1 to 32"))?;
        let lengths = [
            ("segment", self.segment.len(), rows),
            ("day", self.day.len(), rows),
            ("visit", self.visit.len(), rows),
            ("step", self.step.len(), rows),
            ("slate", self.slate.len(), rows * self.slots),
            ("feedback", self.feedback.len(), rows * self.slots),
            ("propensity", self.propensity.len(), rows),
            ("left", self.left.len(), rows),
            ("away_days", self.away_days.len(), rows),
            ("ended", self.ended.len(), rows),
            ("discount", self.discount.len(), rows),
        ];
        for (name, found, wanted) in lengths {
            Error::unless(found == wanted, key, name, || format!("{found} values for {rows} rows; give {wanted}"))?;
        }
        let (most, count) = (self.slate.iter().max().copied().unwrap_or(0), items.len());
        Error::unless((most as usize) < count, key, "slate", || format!("holds item {most} of {count} items"))?;
        let most = self.segment.iter().max().copied().unwrap_or(0);
        Error::unless((most as usize) < segments, key, "segment", || format!("holds {most} of {segments} segments"))?;
        for row in 1..rows {
            self.check_order(row).map_or(Ok(()), |(name, problem)| {
                Error::unless(false, key, name, || format!("row {}: {problem}", row + 1))
            })?;
        }
        Ok(())
    }

    /// What is wrong between a row and the one before.
    fn check_order(&self, row: usize) -> Option<(&'static str, &'static str)> {
        let (now, before) = (self.visitor[row], self.visitor[row - 1]);
        if now < before {
            return Some(("visitor", "numbers fall; sort the rows by visitor and time"));
        }
        let follows = if self.left[row - 1] {
            (self.visit[row - 1] + 1, 0)
        } else {
            (self.visit[row - 1], self.step[row - 1] + 1)
        };
        let found = (self.visit[row], self.step[row]);
        if now == before && (found != follows || self.ended[row - 1]) {
            return Some(("step", "does not follow the row before; sort the rows by visitor and time"));
        }
        (now != before && found != (0, 0)).then_some(("visit", "a visitor's first row is step 0 of visit 0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::planted_spec::PlantedSpec;
    use crate::feed::policy::UniformSlates;
    use crate::feed::simulator::FeedConfig;
    use crate::feed::testing::world;

    #[test]
    fn states_are_played_again_as_they_were() {
        let world = world(PlantedSpec::default(), 1);
        let config = FeedConfig { slate: 3, recent: 10, horizon_days: 15, ..FeedConfig::default() };
        let mut simulator = FeedSimulator::new(&world, config).unwrap();
        let mut policy = UniformSlates { items: 120, slate: 3 };
        let (mut states, mut log) =
            (Vec::new(), FeedLog { slots: 3, tasks: world.tasks().to_vec(), ..FeedLog::default() });
        let choose = |visitor: &Visitor, slate: &mut Vec<u32>, rng: &mut _| policy.choose(&visitor.state, slate, rng);
        let observe = |shown: &ShownSlate<'_>| {
            states.push((shown.before.clone(), shown.response.clone(), shown.after.clone()));
            log.push(shown);
        };
        play(&mut simulator, choose, observe, 100, 3);
        assert!(log.validate(world.items(), 4, "log").is_ok() && log.visitors() == 100);
        let mut rows = 0;
        log.replay(world.items(), 10, |row, before, response, after| {
            assert_eq!((before, response, after), (&states[row].0, &states[row].1, &states[row].2));
            rows += 1;
        });
        assert_eq!(rows, log.len());
        assert!(log.propensity.iter().all(|p| (p - 1.0 / (120.0 * 119.0 * 118.0)).abs() < 1e-18));
        assert_eq!(log, FeedLog::simulate(&mut simulator, &mut UniformSlates { items: 120, slate: 3 }, 100, 3));
        let (first, second) = (log.part(0..40), log.part(40..100));
        assert_eq!((first.visitors(), second.visitors(), first.len() + second.len()), (40, 60, log.len()));
        assert!(second.validate(world.items(), 4, "log").is_ok() && log.part(200..300).is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let world = world(PlantedSpec::small(), 1);
        let mut simulator = FeedSimulator::new(&world, FeedConfig { slate: 1, ..FeedConfig::default() }).unwrap();
        let log = FeedLog::simulate(&mut simulator, &mut UniformSlates { items: 8, slate: 1 }, 20, 1);
        let message = |change: fn(&mut FeedLog)| {
            let mut bad = log.clone();
            change(&mut bad);
            bad.validate(world.items(), 2, "log").unwrap_err().to_string()
        };
        assert_eq!(message(|log| log.slate[0] = 8), "log.slate: holds item 8 of 8 items");
        assert!(message(|log| log.step[1] += 1).starts_with("log.step: row 2: does not follow the row before"));
        assert!(message(|log| log.visitor[0] = 9).starts_with("log.visitor: row 2: numbers fall"));
        assert!(message(|log| log.left.truncate(1)).starts_with("log.left: "));
        assert_eq!(message(|log| *log = FeedLog::default()), "log.visitor: the log holds no row");
    }
}
