//! Slates of three positions with known values.
//!
//! ```text
//! x uniform, a_k ~ π_b,k(·|x) independently
//! r_k ~ Bernoulli(q_k(x, a_k))                    every assumption holds
//! r_k ~ Bernoulli(q_k(x, a_k) q_k−1(x, a_k−1))    from position 2 on: IIPS's does not
//!
//! V = mean_x Σ_{a_1, a_2, a_3} π_e(a_1 a_2 a_3|x) Σ_k E[r_k | x, a_1 … a_k]                  by enumeration
//! ```

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use slatewise_eval::Error;
use slatewise_eval::off_policy::{Probabilities, SlateEstimator, SlateRows, SlateWeights, Slates};

use crate::chance::{coin, draw, logistic, normals, softmax};
use crate::study::{Simulator, Subject};

const CONTEXTS: usize = 10;
const ITEMS: usize = 4;
const POSITIONS: usize = 3;

/// One position in one context.
struct Position {
    logging: Vec<f64>,
    evaluation: Vec<f64>,
    q: Vec<f64>,
}

/// The simulator.
pub(crate) struct SlateWorld {
    contexts: Vec<Vec<Position>>,
    /// Whether the item above matters.
    cascading: bool,
}

impl SlateWorld {
    /// A world drawn from a generator; the evaluation policy leans to what earns.
    pub(crate) fn new(cascading: bool, rng: &mut ChaCha8Rng) -> Self {
        let mut position = |_| {
            let (logits, q) = (normals(ITEMS, rng), normals(ITEMS, rng));
            let leaning: Vec<f64> = logits.iter().zip(&q).map(|(logit, q)| 0.5 * logit + 0.5 * q).collect();
            Position {
                logging: softmax(&logits, 0.5),
                evaluation: softmax(&leaning, 1.0),
                q: q.into_iter().map(logistic).collect(),
            }
        };
        let contexts = (0..CONTEXTS).map(|_| (0..POSITIONS).map(&mut position).collect()).collect();
        Self { contexts, cascading }
    }

    /// E[r_k] given the items down to k.
    fn mean(&self, context: &[Position], items: &[usize], k: usize) -> f64 {
        let above = if self.cascading && k > 0 { context[k - 1].q[items[k - 1]] } else { 1.0 };
        context[k].q[items[k]] * above
    }
}

/// Both policies' probabilities of something.
#[derive(Default)]
struct Pair {
    logging: Vec<f64>,
    evaluation: Vec<f64>,
}

impl Pair {
    fn push(&mut self, (logging, evaluation): (f64, f64)) {
        self.logging.push(logging);
        self.evaluation.push(evaluation);
    }

    fn probabilities(&self) -> Option<Probabilities<'_>> {
        Some(Probabilities { logging: &self.logging, evaluation: &self.evaluation })
    }
}

impl Simulator for SlateWorld {
    type Log = Slates;

    fn truth(&self) -> f64 {
        let of_slate = |context: &Vec<Position>, number: usize| -> f64 {
            let items = [number % ITEMS, number / ITEMS % ITEMS, number / ITEMS / ITEMS];
            let probability: f64 =
                context.iter().zip(items).map(|(position, item)| position.evaluation[item]).product();
            probability * (0..POSITIONS).map(|k| self.mean(context, &items, k)).sum::<f64>()
        };
        let of_context = |context| -> f64 { (0..ITEMS.pow(3)).map(|number| of_slate(context, number)).sum() };
        self.contexts.iter().map(of_context).sum::<f64>() / CONTEXTS as f64
    }

    fn log(&self, units: usize, rng: &mut ChaCha8Rng) -> Result<Slates, Error> {
        let (mut slate, mut place, mut reward) = (Vec::new(), Vec::new(), Vec::new());
        let (mut joint, mut single, mut cascade) = (Pair::default(), Pair::default(), Pair::default());
        for number in 0..units {
            let context = &self.contexts[rng.random_range(0..CONTEXTS)];
            let items: Vec<usize> = context.iter().map(|position| draw(&position.logging, rng)).collect();
            let mut so_far = (1.0, 1.0);
            for (k, (position, &item)) in context.iter().zip(&items).enumerate() {
                let own = (position.logging[item], position.evaluation[item]);
                so_far = (so_far.0 * own.0, so_far.1 * own.1);
                slate.push(number as u32);
                place.push(k as f64);
                reward.push(coin(self.mean(context, &items, k), rng));
                single.push(own);
                cascade.push(so_far);
            }
            (0..POSITIONS).for_each(|_| joint.push(so_far));
        }
        Slates::new(&SlateRows {
            slate: &slate,
            position: &place,
            reward: &reward,
            joint: joint.probabilities(),
            item_position: single.probabilities(),
            cascade: cascade.probabilities(),
        })
    }
}

/// All six estimators.
pub(crate) fn subjects(cascading: bool) -> Vec<Subject<Slates>> {
    let subject = |estimator: SlateEstimator| Subject {
        estimator: Box::new(estimator),
        biased: cascading && estimator.weights == SlateWeights::ItemPosition,
        non_negative: !estimator.self_normalised,
    };
    SlateEstimator::ALL.map(subject).into_iter().collect()
}
