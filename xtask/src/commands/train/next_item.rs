//! The next item of held-out sessions: the model beside popularity and a first-order Markov chain, on the same transitions.
//!
//! ```text
//! popularity   score(j)     = n(j)                      clicks of train sessions
//! markov       score(j | i) = n(i → j), ties by n(j)    transitions of train sessions
//! model        score(j | s) = P(next item = j | session so far)
//! ```

use std::ops::Range;

use anyhow::Result;
use serde::Serialize;
use slatewise_data::{ImpressionLog, Label};
use slatewise_eval::catalog::{CatalogueSummary, ItemDistance};
use slatewise_eval::ranking::{NextItemEvaluation, NextItemSummary, NextItemValues};
use slatewise_features::{FeatureBatch, FeatureEncoder, Request};
use slatewise_model::Ranker;

use super::data::Data;
use super::fit::Fitted;
use crate::config::RunConfig;

/// The recommender that the run trains.
pub(super) const MODEL: &str = "multi-task model";

/// Transitions per call of the model.
const TRANSITIONS_PER_CALL: usize = 4096;

/// One recommender's lists on the test transitions.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NextItemResult {
    pub(super) recommender: &'static str,
    pub(super) ranking: NextItemSummary,
    /// One per list length.
    pub(super) catalogue: Vec<CatalogueSummary>,
    /// The means of each session.
    #[serde(skip)]
    pub(super) sessions: Vec<(u64, NextItemValues)>,
}

/// A click that is followed by another one.
#[derive(Debug, Clone, Copy)]
struct Transition {
    session: u32,
    /// Clicks before this one.
    before: usize,
    item: u32,
    next: u32,
}

/// Judges the model, where it has a next-item task, and the baselines.
pub(super) fn judge_next_item(config: &RunConfig, data: &Data, fitted: &Fitted) -> Result<Vec<NextItemResult>> {
    let log = &data.loaded.log;
    let test = transitions(log, data.split.test.clone());
    if test.is_empty() {
        return Ok(Vec::new());
    }
    let counts = TrainCounts::new(log, data.split.train.clone());
    let judge = Judge { config, log, counts: &counts, distance: distance(config, log)? };
    let mut results = vec![
        judge.judge("popularity", &test, |_| Ok(counts.popularity()))?,
        judge.judge("Markov chain", &test, |chunk| Ok(chunk.iter().flat_map(|t| counts.markov(t.item)).collect()))?,
    ];
    if let Some(task) = config.tasks.iter().find(|task| task.label == Label::NextItem) {
        let scores = |chunk: &[Transition]| model_scores(log, &fitted.encoder, &fitted.ranker, &task.name, chunk);
        results.push(judge.judge(MODEL, &test, scores)?);
    }
    Ok(results)
}

/// How unlike two items are, as declared under `[evaluation]`.
pub(super) fn distance(config: &RunConfig, log: &ImpressionLog) -> Result<ItemDistance> {
    let attributes: Vec<&str> = config.evaluation.distance.iter().map(String::as_str).collect();
    Ok(ItemDistance::from_catalogue(&log.catalogue, &attributes)?)
}

fn transitions(log: &ImpressionLog, sessions: Range<u32>) -> Vec<Transition> {
    let of_session = |session| {
        let choices = log.choices_of(session);
        choices.windows(2).enumerate().map(move |(before, pair)| Transition {
            session,
            before,
            item: pair[0],
            next: pair[1],
        })
    };
    sessions.flat_map(of_session).collect()
}

fn model_scores(
    log: &ImpressionLog,
    encoder: &FeatureEncoder,
    ranker: &Ranker,
    task: &str,
    chunk: &[Transition],
) -> Result<Vec<f32>> {
    let mut batch = FeatureBatch::default();
    for transition in chunk {
        let context: Vec<u32> = log.context.iter().map(|column| column.code[transition.session as usize]).collect();
        let day = log.session_day[transition.session as usize];
        let history = &log.choices_of(transition.session)[..transition.before];
        encoder.encode(&log.catalogue, &Request { context: &context, day, history }, &[transition.item], &mut batch);
    }
    Ok(ranker.choice(task, &batch)?)
}

/// Clicks and transitions of train sessions.
struct TrainCounts {
    items: usize,
    clicks: Vec<u64>,
    /// `[I, I]`
    transitions: Vec<u32>,
}

impl TrainCounts {
    fn new(log: &ImpressionLog, train: Range<u32>) -> Self {
        let items = log.catalogue.len();
        let mut counts = Self { items, clicks: vec![0; items], transitions: vec![0; items * items] };
        for session in train {
            let choices = log.choices_of(session);
            choices.iter().for_each(|&item| counts.clicks[item as usize] += 1);
            choices.windows(2).for_each(|pair| counts.transitions[pair[0] as usize * items + pair[1] as usize] += 1);
        }
        counts
    }

    fn popularity(&self) -> Vec<f32> {
        self.clicks.iter().map(|&clicks| clicks as f32).collect()
    }

    /// A click more of the chain outweighs any popularity, so popularity only settles ties.
    fn markov(&self, item: u32) -> impl Iterator<Item = f32> + '_ {
        let most = self.clicks.iter().copied().max().unwrap_or(0) as f32 + 1.0;
        let row = &self.transitions[item as usize * self.items..][..self.items];
        row.iter().zip(&self.clicks).map(move |(&follows, &clicks)| follows as f32 + clicks as f32 / most)
    }
}

struct Judge<'a> {
    config: &'a RunConfig,
    log: &'a ImpressionLog,
    counts: &'a TrainCounts,
    distance: ItemDistance,
}

impl Judge<'_> {
    /// `scores` gives `[chunk, items]`, or `[items]` where all transitions share them.
    fn judge(
        &self,
        recommender: &'static str,
        test: &[Transition],
        scores: impl Fn(&[Transition]) -> Result<Vec<f32>>,
    ) -> Result<NextItemResult> {
        let lengths = &self.config.evaluation.k;
        let (items, longest) = (self.log.catalogue.len(), lengths.last().copied().unwrap_or(1));
        let mut ranking = NextItemEvaluation::new(lengths)?;
        let mut lists = Vec::with_capacity(test.len());
        for chunk in test.chunks(TRANSITIONS_PER_CALL) {
            let scores = scores(chunk)?;
            for (place, transition) in chunk.iter().enumerate() {
                let row = if scores.len() == items { &scores[..] } else { &scores[place * items..][..items] };
                ranking.push(u64::from(transition.session), row, transition.next as usize)?;
                lists.push(best(row, longest));
            }
        }
        let catalogue = lengths.iter().map(|&k| CatalogueSummary::new(&lists, k, &self.counts.clicks, &self.distance));
        Ok(NextItemResult {
            recommender,
            catalogue: catalogue.collect::<Result<_, _>>()?,
            sessions: ranking.session_means().collect(),
            ranking: ranking.summary()?,
        })
    }
}

/// The `count` best items, best first; equal scores by item index, so that lists do not depend on chance.
fn best(scores: &[f32], count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    let by_score = |a: &u32, b: &u32| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b));
    let count = count.min(order.len());
    if count < order.len() {
        order.select_nth_unstable_by(count, by_score);
        order.truncate(count);
    }
    order.sort_unstable_by(by_score);
    order
}

#[cfg(test)]
mod tests {
    use super::best;

    #[test]
    fn the_best_come_first_and_ties_by_index() {
        assert_eq!(best(&[0.1, 0.5, 0.5, 0.9, 0.0], 3), [3, 1, 2]);
        assert_eq!(best(&[0.1, 0.2], 5), [1, 0]);
    }
}
