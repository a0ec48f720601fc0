//! Real or simulated? A logistic regression on simple features of a visit tries to tell, judged on visitors that it has not seen.
//!
//! ```text
//! features of a visit   length, its square, clicks and each further task per slate, clicks in the first and in the last slate, mean position of
//!                       clicks, distinct topics clicked, clicks on a topic clicked in the slate before, which visit it is, ln of the days since the last one
//! AUC                   P(a logged visit scores above a simulated one): 0.5 = cannot be told apart by these features, 1 = always
//! ```

use slatewise_eval::prediction::{Predictions, roc_auc};

use super::items::FeedItems;
use super::log::FeedLog;
use super::logistic::{SparseRows, Targets, fit_logistic};

/// Rows of one visit each, and the parity of its visitor.
fn visit_features(log: &FeedLog, items: &FeedItems) -> Vec<(Vec<f64>, bool)> {
    let mut visits = Vec::new();
    let same = |a: &usize, b: &usize| (log.visitor[*a], log.visit[*a]) == (log.visitor[*b], log.visit[*b]);
    let rows: Vec<usize> = (0..log.len()).collect();
    let (mut parity, mut last_day) = (true, 0);
    for visit in rows.chunk_by(same) {
        let first = visit[0];
        if log.visit[first] == 0 {
            (parity, last_day) = (!parity, log.day[first]);
        }
        visits.push((features_of(log, items, visit, log.day[first] - last_day), parity));
        last_day = log.day[first];
    }
    visits
}

fn features_of(log: &FeedLog, items: &FeedItems, visit: &[usize], days: u32) -> Vec<f64> {
    let (length, slots, tasks) = (visit.len() as f64, log.slots, log.tasks.len());
    let feedback = |row: usize| &log.feedback[row * slots..][..slots];
    let count = |row: usize, task: usize| feedback(row).iter().filter(|&&bits| bits >> task & 1 != 0).count() as f64;
    let (mut clicks, mut position, mut again) = (0.0, 0.0, 0.0);
    let (mut topics, mut before, mut now) = (vec![false; items.topics], Vec::new(), Vec::new());
    for &row in visit {
        now.clear();
        for (place, _) in feedback(row).iter().enumerate().filter(|(_, bits)| *bits & 1 != 0) {
            let topic = items.topic[log.slate(row)[place] as usize];
            clicks += 1.0;
            position += place as f64;
            again += f64::from(u8::from(before.contains(&topic)));
            topics[topic as usize] = true;
            now.push(topic);
        }
        std::mem::swap(&mut before, &mut now);
    }
    let (first, last) = (visit[0], visit[visit.len() - 1]);
    let mut features = vec![1.0, length, length * length, clicks / length];
    features.extend((1..tasks).map(|task| visit.iter().map(|&row| count(row, task)).sum::<f64>() / length));
    features.extend([count(first, 0), count(last, 0), position / f64::max(clicks, 1.0)]);
    features.extend([topics.iter().filter(|clicked| **clicked).count() as f64, again / f64::max(clicks, 1.0)]);
    features.extend([f64::from(log.visit[first]).ln_1p(), f64::from(days).ln_1p()]);
    features
}

/// AUC of logged against simulated visits of visitors not seen in fitting; none where one side has no visit there.
pub(super) fn discriminator_auc(logged: &FeedLog, simulated: &FeedLog, items: &FeedItems) -> Option<f64> {
    let label = |log, real: f64| visit_features(log, items).into_iter().map(move |(row, seen)| (row, seen, real));
    let mut visits: Vec<(Vec<f64>, bool, f64)> = label(logged, 1.0).chain(label(simulated, 0.0)).collect();
    let width = visits.first()?.0.len();
    standardise(&mut visits, width);
    let (mut rows, mut target) = (SparseRows::new(width), Vec::new());
    for (features, _, real) in visits.iter().filter(|(_, seen, _)| *seen) {
        rows.push(|add| {
            for (feature, x) in features.iter().enumerate() {
                add(feature, *x);
            }
        });
        target.push(*real);
    }
    let (weight, mut beta) = (vec![1.0; target.len()], vec![0.0; width]);
    fit_logistic(&rows, Targets { target: &target, weight: &weight }, 1.0, 25, &mut beta);
    let judged = visits.iter().filter(|(_, seen, _)| !seen);
    let (scores, labels): (Vec<f64>, Vec<f64>) =
        judged.map(|(features, _, real)| (features.iter().zip(&beta).map(|(x, b)| x * b).sum::<f64>(), *real)).unzip();
    roc_auc(&Predictions::new(&scores, &labels).ok()?).ok()
}

/// Every feature but the intercept less its mean, over its standard deviation, both of the visits that are fitted.
fn standardise(visits: &mut [(Vec<f64>, bool, f64)], width: usize) {
    for feature in 1..width {
        let seen = visits.iter().filter(|(_, seen, _)| *seen).map(|(row, ..)| row[feature]);
        let count = seen.clone().count().max(1) as f64;
        let mean = seen.clone().sum::<f64>() / count;
        let deviation = (seen.map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt().max(1e-9);
        for (row, ..) in visits.iter_mut() {
            row[feature] = (row[feature] - mean) / deviation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::testing::two_topics;

    #[test]
    fn features_of_a_visit_equal_hand_computation() {
        let log = FeedLog {
            tasks: vec!["click".to_owned(), "like".to_owned()],
            slots: 2,
            visitor: vec![0; 2],
            visit: vec![3; 2],
            slate: vec![0, 2, 1, 3],
            feedback: vec![0b11, 0, 0b1, 0b1],
            ..FeedLog::default()
        };
        let found = features_of(&log, &two_topics(), &[0, 1], 1);
        // Clicks on topics 0, then 0 (again) and 1 at positions 0, 0 and 1; one like.
        let third = 1.0 / 3.0;
        let expected = [1.0, 2.0, 4.0, 1.5, 0.5, 1.0, 2.0, third, 2.0, third, 4.0_f64.ln(), 2.0_f64.ln()];
        assert!(found.len() == 12 && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }
}
