//! Response tables read off a response model: what it predicts, averaged over logged histories of each situation.
//!
//! ```text
//! for every situation (last item, depth bucket)
//!   up to m logged histories that end in it, evenly spread over the sessions
//!     (none: histories that end in the item at another depth; none: the item alone)
//!   continues  = mean of P(continues | history)
//!   listing a  = mean of Σ_{i in a} P(next item = i | history)
//!   choice i|a = mean of P(click i | history, shown) / Σ_{j in a} P(click j | history, shown)
//! ```
//!
//! A model generalises over histories that a counter never saw; tables make it fast enough to simulate millions of steps.
//! What is lost is everything of the history but its last item and its length: `fidelity.rs` says how much that is.

use std::ops::Range;

use slatewise_data::{Catalogue, ImpressionLog};

use super::tables::{ResponseTables, Situation};
use crate::session::SessionState;

/// States per call of a model: with the catalogue's items beside each, about one large batch.
const STATES_PER_CALL: usize = 16;

/// What a response model says of one session.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponsePrediction {
    /// P(another click follows).
    pub continues: f32,
    /// P(the next click is on the item | another follows), `[I]`.
    pub next_item: Vec<f32>,
    /// P(click | the item is shown next), `[I]`.
    pub click: Vec<f32>,
}

/// A model of responses, such as the multi-task ranker.
pub trait ResponseModel {
    /// What can go wrong.
    type Error;

    /// One prediction per session.
    ///
    /// # Errors
    /// Whatever the model refuses.
    fn predict(&self, sessions: &[SessionState]) -> Result<Vec<ResponsePrediction>, Self::Error>;
}

/// Tables of a model's predictions over the situations of logged sessions; `histories` ≥ 1 per situation.
///
/// # Errors
/// The model's.
pub fn tabulate_responses<M: ResponseModel>(
    model: &M,
    log: &ImpressionLog,
    sessions: Range<u32>,
    depth_bounds: &[u32],
    histories: usize,
) -> Result<ResponseTables, M::Error> {
    assert!(histories >= 1, "histories per situation [{histories}] must be at least 1");
    let mut tables = ResponseTables::empty(&log.catalogue, depth_bounds);
    let examples = Examples::collect(&tables, log, sessions);
    let plan: Vec<(usize, SessionState)> = (0..tables.situations())
        .flat_map(|situation| examples.pick(situation, histories, log).into_iter().map(move |state| (situation, state)))
        .collect();
    let mut mean = Mean::new(&log.catalogue);
    let mut previous = None;
    for chunk in plan.chunks(STATES_PER_CALL) {
        let states: Vec<SessionState> = chunk.iter().map(|(_, state)| state.clone()).collect();
        let predictions = model.predict(&states)?;
        let (got, asked) = (predictions.len(), states.len());
        assert!(got == asked, "predictions of shape [{got}] for sessions [{asked}]");
        for ((situation, _), prediction) in chunk.iter().zip(&predictions) {
            if previous.is_some_and(|before| before != *situation) {
                mean.flush(&mut tables, previous);
            }
            previous = Some(*situation);
            mean.add(prediction, &log.catalogue);
        }
    }
    mean.flush(&mut tables, previous);
    Ok(tables)
}

/// Where in the log each situation occurs: (session, clicks so far).
struct Examples {
    depths: usize,
    first_session: u32,
    of: Vec<Vec<(u32, u32)>>,
}

impl Examples {
    fn collect(tables: &ResponseTables, log: &ImpressionLog, sessions: Range<u32>) -> Self {
        let mut of = vec![Vec::new(); tables.situations()];
        for session in sessions.clone() {
            for (place, &item) in log.choices_of(session).iter().enumerate() {
                of[tables.situation_of(item, place + 1).0].push((session, place as u32 + 1));
            }
        }
        Self { depths: tables.depth_buckets(), first_session: sessions.start, of }
    }

    /// Up to `count` sessions that end in the situation, or the nearest thing to it; at least one.
    fn pick(&self, situation: usize, count: usize, log: &ImpressionLog) -> Vec<SessionState> {
        let item = situation / self.depths;
        let same_item = || self.of[item * self.depths..][..self.depths].iter().find(|found| !found.is_empty());
        let found = Some(&self.of[situation]).filter(|found| !found.is_empty()).or_else(same_item);
        let mut state = SessionState::default();
        let Some(found) = found else {
            if (self.first_session as usize) < log.sessions() {
                state.begin(log, self.first_session);
            }
            state.history.push(item as u32);
            return vec![state];
        };
        let taken = count.min(found.len());
        let spread = (0..taken).map(|n| found[n * found.len() / taken]);
        spread
            .map(|(session, clicks)| {
                state.begin(log, session);
                state.history.extend_from_slice(&log.choices_of(session)[..clicks as usize]);
                state.clone()
            })
            .collect()
    }
}

/// Running sums of one situation's predictions.
struct Mean {
    count: f64,
    continues: f64,
    listing: Vec<f64>,
    choice: Vec<f64>,
}

impl Mean {
    fn new(catalogue: &Catalogue) -> Self {
        let (listings, items) = (catalogue.listings.len(), catalogue.len());
        Self { count: 0.0, continues: 0.0, listing: vec![0.0; listings], choice: vec![0.0; items] }
    }

    fn add(&mut self, prediction: &ResponsePrediction, catalogue: &Catalogue) {
        let (next, click, items) = (prediction.next_item.len(), prediction.click.len(), catalogue.len());
        assert!(next == items && click == items, "predictions of shapes [{next}] and [{click}] for items [{items}]");
        self.count += 1.0;
        self.continues += f64::from(prediction.continues);
        for (listing, stands) in catalogue.listings.iter().enumerate() {
            let sum = |p: &[f32]| stands.items.iter().map(|&item| f64::from(p[item as usize])).sum::<f64>();
            self.listing[listing] += sum(&prediction.next_item);
            let clicks = sum(&prediction.click);
            for &item in stands.items.iter().filter(|_| clicks > 0.0) {
                self.choice[item as usize] += f64::from(prediction.click[item as usize]) / clicks;
            }
        }
    }

    fn flush(&mut self, tables: &mut ResponseTables, situation: Option<usize>) {
        let Some(situation) = situation else { return };
        tables.set(Situation(situation), self.continues / self.count, &self.listing, &self.choice);
        (self.count, self.continues) = (0.0, 0.0);
        self.listing.fill(0.0);
        self.choice.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tiny_log;
    use std::convert::Infallible;

    /// Continues with probability 1/(1 + clicks); likes items in proportion to index + 1.
    struct Fake;

    impl ResponseModel for Fake {
        type Error = Infallible;

        fn predict(&self, sessions: &[SessionState]) -> Result<Vec<ResponsePrediction>, Infallible> {
            let likes = vec![0.1, 0.2, 0.3, 0.4];
            let of = |s: &SessionState| 1.0 / (1.0 + s.depth() as f32);
            Ok(sessions
                .iter()
                .map(|s| ResponsePrediction { continues: of(s), next_item: likes.clone(), click: likes.clone() })
                .collect())
        }
    }

    #[test]
    fn tables_hold_the_averages_of_the_model() {
        let Ok(tables) = tabulate_responses(&Fake, &tiny_log(), 0..3, &[2, 3], 2);
        // Item 1 ends sessions of 3 and of 2 clicks: buckets 2 and 1.
        assert_eq!(tables.continue_probability(tables.situation_of(1, 3)), 0.25);
        assert!((tables.continue_probability(tables.situation_of(1, 2)) - 1.0 / 3.0).abs() < 1e-6);
        // Item 0 stands only at depth 1, twice: another depth falls back on those.
        assert_eq!(tables.continue_probability(tables.situation_of(0, 3)), 0.5);
        let situation = tables.situation_of(0, 1);
        assert!((tables.listing_probabilities(situation)[1] - 0.7).abs() < 1e-6);
        assert!((tables.choice_probability(situation, 3) - 4.0 / 7.0).abs() < 1e-6);
    }
}
