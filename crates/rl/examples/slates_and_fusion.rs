//! A feed where bait is chosen most and tires: SlateQ over slates, and RMTL and a DQN over fusion weights, beside what they should beat.
//!
//! ```sh
//! cargo run -p slatewise-rl --example slates_and_fusion -- 24000 5
//! ```
//!
//! Sixty items of three topics, each with a share of bait b. A visitor likes one topic and has a satisfaction x, at first ½. Of ten candidates
//! a slate of three is shown; an item is chosen with score exp(1.5 [its topic] + 1.5 b), nothing with score 4. A choice earns a click, and with
//! probability 1 − b a like; then x ← 0.7 x + 0.3 (1 − b). The visitor leaves with probability 0.02 + 0.3 (1 − x)²,
//! 0.13 more where nothing was chosen, at the latest after 60 slates.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use burn::tensor::Device;
use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_eval::pareto::{hypervolume, pareto_front};
use slatewise_rl::deep::fusion::{FusionForm, FusionGrid, FusionTransition, RmtlConfig, fuse};
use slatewise_rl::deep::slate_q::{
    NullValue, SlateChoice, SlateOptimizer, SlateQ, SlateQConfig, SlateState, SlateTransition,
};
use slatewise_rl::deep::{Dqn, DqnConfig, ItemFeatures, Rmtl};
use slatewise_rl::value_learning::argmax;
use slatewise_rl::{EncodedState, Learner, Numbers, Place, Transition};

const ITEMS: usize = 60;
const SLATE: usize = 3;
const NULL_SCORE: f64 = 4.0;
const LONGEST: usize = 60;
/// Sessions that judge a policy.
const JUDGED: u64 = 2_000;
/// What a click and a like count.
const WORTH: [f64; 2] = [1.0, 1.0];
const DISCOUNT: f64 = 0.95;
/// Steps of satisfaction over which the truth is planned.
const GRID: usize = 10;

/// The items, the same in every run.
struct Feed {
    topic: Vec<usize>,
    bait: Vec<f64>,
}

#[derive(Clone)]
struct Visit {
    topic: usize,
    satisfaction: f64,
    shown: usize,
    candidates: Vec<usize>,
}

struct Answer {
    chosen: Option<usize>,
    rewards: [f64; 2],
    /// Left for good, or only cut off.
    left: bool,
    over: bool,
}

impl Feed {
    fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(99);
        Self { topic: (0..ITEMS).map(|i| i % 3).collect(), bait: (0..ITEMS).map(|_| rng.random()).collect() }
    }

    fn features(&self) -> Result<ItemFeatures, slatewise_rl::Error> {
        let row = |i: usize| (0..3).map(move |t| if t == i % 3 { 1.0 } else { 0.0 }).chain([self.bait[i] as f32]);
        ItemFeatures::new((0..ITEMS).flat_map(row).collect(), 4)
    }

    fn visit(&self, rng: &mut ChaCha8Rng) -> Visit {
        let candidates = sample(rng, ITEMS, 10).into_vec();
        Visit { topic: rng.random_range(0..3), satisfaction: 0.5, shown: 0, candidates }
    }

    fn score(&self, visit: &Visit, item: usize) -> f64 {
        let liked = if self.topic[item] == visit.topic { 1.5 } else { 0.0 };
        (liked + 1.5 * self.bait[item]).exp()
    }

    fn state(&self, visit: &Visit) -> SlateState {
        let scores = visit.candidates.iter().map(|&item| self.score(visit, item)).collect();
        SlateState { row: visit.row(), candidates: visit.candidates.clone(), scores, null_score: NULL_SCORE }
    }

    fn answer(&self, visit: &mut Visit, slate: &[usize], rng: &mut ChaCha8Rng) -> Answer {
        let scores: Vec<f64> = slate.iter().map(|&item| self.score(visit, item)).collect();
        let mut left_of = rng.random::<f64>() * (scores.iter().sum::<f64>() + NULL_SCORE);
        let chosen = slate.iter().zip(scores).find_map(|(&item, score)| {
            left_of -= score;
            (left_of < 0.0).then_some(item)
        });
        let mut rewards = [0.0; 2];
        if let Some(item) = chosen {
            let like = rng.random::<f64>() < 1.0 - self.bait[item];
            rewards = [1.0, if like { 1.0 } else { 0.0 }];
            visit.satisfaction = 0.7 * visit.satisfaction + 0.3 * (1.0 - self.bait[item]);
        }
        let left = rng.random::<f64>() < Self::leaves(visit.satisfaction, chosen.is_some());
        visit.shown += 1;
        visit.candidates = sample(rng, ITEMS, 10).into_vec();
        Answer { chosen, rewards, left, over: left || visit.shown == LONGEST }
    }

    /// The slate of the three that weights put first, of the scores to be chosen and to be liked.
    fn fused(&self, visit: &Visit, weights: &[f64]) -> Vec<usize> {
        let scores: Vec<f64> =
            visit.candidates.iter().flat_map(|&i| [self.score(visit, i), 1.0 - self.bait[i]]).collect();
        let ranking = fuse(FusionForm::LogLinear, &scores, weights);
        ranking.into_iter().take(SLATE).map(|place| visit.candidates[place]).collect()
    }

    /// Probability that a visitor of some satisfaction leaves after a slate.
    fn leaves(satisfaction: f64, chose: bool) -> f64 {
        let bored = if chose { 0.02 } else { 0.15 };
        bored + 0.3 * (1.0 - satisfaction).powi(2)
    }

    /// The slate that is best where `future` of topic and satisfaction is what a visit is worth from there on, and its value.
    fn planned(&self, visit: &Visit, future: impl Fn(usize, f64) -> f64) -> (Vec<usize>, f64) {
        let state = self.state(visit);
        let goes_on = |x: f64, chose: bool| DISCOUNT * (1.0 - Self::leaves(x, chose)) * future(visit.topic, x);
        let value = |&item: &usize| {
            let quality = 1.0 - self.bait[item];
            WORTH[0] + WORTH[1] * quality + goes_on(0.7 * visit.satisfaction + 0.3 * quality, true)
        };
        let values: Vec<f64> = visit.candidates.iter().map(value).collect();
        let choice = SlateChoice {
            scores: &state.scores,
            null_score: NULL_SCORE,
            values: &values,
            null_value: goes_on(visit.satisfaction, false),
            positions: &[1.0; SLATE],
        };
        let best = choice.exact();
        (best.iter().map(|&place| visit.candidates[place]).collect(), choice.value(&best))
    }

    /// V of every topic on a grid of satisfaction, by value iteration with the truth, over 200 draws of candidates.
    fn truth(&self) -> Vec<Vec<f64>> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let draws: Vec<Vec<usize>> = (0..200).map(|_| sample(&mut rng, ITEMS, 10).into_vec()).collect();
        let mut values = vec![vec![0.0; GRID + 1]; 3];
        for _ in 0..120 {
            let at = |topic: usize, point: usize| {
                let of = |candidates: &Vec<usize>| {
                    let satisfaction = point as f64 / GRID as f64;
                    let visit = Visit { topic, satisfaction, shown: 0, candidates: candidates.clone() };
                    self.planned(&visit, |topic, x| between(&values[topic], x)).1
                };
                draws.iter().map(of).sum::<f64>() / draws.len() as f64
            };
            values = (0..3).map(|topic| (0..=GRID).map(|point| at(topic, point)).collect()).collect();
        }
        values
    }

    /// Mean clicks and likes per session.
    fn judge(&self, seed: u64, mut policy: impl FnMut(&Visit, &mut ChaCha8Rng) -> Vec<usize>) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for session in 0..JUDGED {
            let mut rng = ChaCha8Rng::seed_from_u64(1_000_000 + seed * JUDGED + session);
            let mut visit = self.visit(&mut rng);
            loop {
                let slate = policy(&visit, &mut rng);
                let answer = self.answer(&mut visit, &slate, &mut rng);
                sums.iter_mut().zip(answer.rewards).for_each(|(sum, reward)| *sum += reward / JUDGED as f64);
                if answer.over {
                    break;
                }
            }
        }
        sums
    }

    /// Lets `act` show `steps` slates and tells `learn` of each: before, slate, answer, after.
    fn experience<T>(
        &self,
        steps: usize,
        rng: &mut ChaCha8Rng,
        learner: &mut T,
        mut act: impl FnMut(&mut T, &Visit, &mut ChaCha8Rng) -> (Vec<usize>, Vec<f64>),
        mut learn: impl FnMut(&mut T, &Visit, (Vec<usize>, Vec<f64>), &Answer, &Visit, &mut ChaCha8Rng),
    ) {
        let mut visit = self.visit(rng);
        for _ in 0..steps {
            let before = visit.clone();
            let done = act(learner, &before, rng);
            let answer = self.answer(&mut visit, &done.0, rng);
            learn(learner, &before, done, &answer, &visit, rng);
            if answer.over {
                visit = self.visit(rng);
            }
        }
    }
}

/// A value between the points of a grid over [0, 1].
fn between(values: &[f64], x: f64) -> f64 {
    let place = x * GRID as f64;
    let low = (place as usize).min(GRID - 1);
    let share = place - low as f64;
    values[low] * (1.0 - share) + values[low + 1] * share
}

impl Visit {
    fn numbers(&self) -> [f32; 4] {
        let likes = |topic: usize| if self.topic == topic { 1.0 } else { 0.0 };
        [likes(0), likes(1), likes(2), 2.0 * self.satisfaction as f32 - 1.0]
    }

    fn row(&self) -> Vec<f32> {
        self.numbers().to_vec()
    }
}

fn main() -> Result<(), slatewise_rl::Error> {
    let mut arguments = std::env::args().skip(1).filter_map(|x| x.parse::<u64>().ok());
    let (steps, seeds) = (arguments.next().unwrap_or(24_000) as usize, arguments.next().unwrap_or(5));
    let (feed, grid) = (Feed::new(), FusionGrid::simplex(2, 10)?);
    let truth = feed.truth();
    let mut found: Vec<(String, Vec<[f64; 2]>)> = Vec::new();
    for seed in 0..seeds {
        let mut note = |name: &str, result: [f64; 2]| match found.iter_mut().find(|(known, _)| known == name) {
            Some((_, results)) => results.push(result),
            None => found.push((name.to_owned(), vec![result])),
        };
        note("random", feed.judge(seed, random));
        for action in 0..grid.len() {
            let weights = grid.weights(action);
            note(&format!("fixed weights {weights:?}"), feed.judge(seed, |visit, _| feed.fused(visit, weights)));
        }
        note(
            "best, knowing the truth",
            feed.judge(seed, |visit, _| feed.planned(visit, |topic, x| between(&truth[topic], x)).0),
        );
        let (learned, exact) = (NullValue::Learned, SlateOptimizer::Exact);
        for (name, discount, null, optimizer) in [
            ("SlateQ without a future", 0.0, learned, exact),
            ("SlateQ, top-k", DISCOUNT, learned, SlateOptimizer::TopK),
            ("SlateQ, exact, null zero", DISCOUNT, NullValue::Zero, exact),
            ("SlateQ, exact", DISCOUNT, learned, exact),
        ] {
            let config = SlateQConfig { discount, null, optimizer, ..slate_q_config() };
            let learner = slate_q(&feed, steps, seed, config)?;
            note(name, feed.judge(seed, |visit, _| learner.slate(&feed.state(visit))));
        }
        let learner = grid_dqn(&feed, &grid, steps, seed);
        let best = |visit: &Visit| argmax(&learner.candidate_values(&visit.numbers(), &all(&grid)));
        note("DQN over 11 weights", feed.judge(seed, |visit, _| feed.fused(visit, grid.weights(best(visit)))));
        let learner = rmtl(&feed, steps, seed);
        note("RMTL", feed.judge(seed, |visit, _| feed.fused(visit, &learner.weights(&visit.row()))));
        println!("seed {seed}: weights of RMTL by satisfaction {:?}", by_satisfaction(&learner));
    }
    report(&found);
    Ok(())
}

fn all(grid: &FusionGrid) -> Vec<usize> {
    (0..grid.len()).collect()
}

fn random(visit: &Visit, rng: &mut ChaCha8Rng) -> Vec<usize> {
    sample(rng, visit.candidates.len(), SLATE).into_iter().map(|place| visit.candidates[place]).collect()
}

fn slate_q_config() -> SlateQConfig {
    SlateQConfig {
        reward_weights: WORTH.to_vec(),
        learning_rate: 1e-3,
        learn_every: 2,
        target_update_every: 50,
        ..SlateQConfig::default()
    }
}

fn slate_q(feed: &Feed, steps: usize, seed: u64, config: SlateQConfig) -> Result<SlateQ, slatewise_rl::Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    config.validate("slate_q")?;
    let mut learner = SlateQ::new(4, &feed.features()?, config, &Device::flex(), &mut rng);
    feed.experience(
        steps,
        &mut rng,
        &mut learner,
        |learner, visit, rng| (learner.decide(&feed.state(visit), 0.5, rng).slate, Vec::new()),
        |learner, before, (slate, _), answer, after, rng| {
            let transition = SlateTransition {
                row: before.row(),
                slate,
                chosen: answer.chosen,
                rewards: answer.rewards.to_vec(),
                discount: if answer.left { 0.0 } else { 1.0 },
                next: feed.state(after),
                next_slate: None,
            };
            learner.update(transition, rng);
        },
    );
    Ok(learner)
}

fn grid_dqn(feed: &Feed, grid: &FusionGrid, steps: usize, seed: u64) -> Dqn<Numbers<4>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let config = DqnConfig {
        hidden: vec![32],
        discount: DISCOUNT,
        learning_rate: 2e-3,
        target_update_every: 100,
        ..DqnConfig::default()
    };
    let mut learner = Dqn::new(Numbers::plain(), grid.len(), config, &Device::flex(), &mut rng);
    feed.experience(
        steps,
        &mut rng,
        &mut learner,
        |learner, visit, rng| {
            let explores = rng.random::<f64>() < 0.2;
            let action = if explores {
                rng.random_range(0..grid.len())
            } else {
                argmax(&learner.candidate_values(&visit.numbers(), &all(grid)))
            };
            (feed.fused(visit, grid.weights(action)), vec![action as f64])
        },
        |learner, before, (_, action), answer, after, rng| {
            let encoded = |visit: &Visit| EncodedState { row: visit.row(), cell: 0 };
            let transition = Transition {
                observation: encoded(before),
                action: action[0] as usize,
                reward: answer.rewards.iter().zip(WORTH).map(|(reward, worth)| reward * worth).sum(),
                discount: if answer.left { 0.0 } else { 1.0 },
                next_observation: encoded(after),
                next_action: None,
            };
            learner.update(&transition, Place { slot: 0, last: answer.over }, rng);
        },
    );
    learner
}

fn rmtl(feed: &Feed, steps: usize, seed: u64) -> Rmtl {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let config = RmtlConfig {
        hidden: vec![32],
        discount: DISCOUNT,
        reward_weights: WORTH.to_vec(),
        learn_every: 4,
        exploration: 1.0,
        ..RmtlConfig::default()
    };
    let mut learner = Rmtl::new(4, 2, config, &Device::flex(), &mut rng);
    feed.experience(
        steps,
        &mut rng,
        &mut learner,
        |learner, visit, rng| {
            let decision = learner.decide(&visit.row(), rng);
            (feed.fused(visit, &decision.weights), decision.weights)
        },
        |learner, before, (_, weights), answer, after, rng| {
            let transition = FusionTransition {
                row: before.row(),
                weights,
                rewards: answer.rewards.to_vec(),
                discount: if answer.left { 0.0 } else { 1.0 },
                next_row: after.row(),
            };
            learner.update(&transition, rng);
        },
    );
    learner
}

/// The weight of being chosen at low, middling and high satisfaction, for the first topic.
fn by_satisfaction(learner: &Rmtl) -> [f64; 3] {
    [-0.6_f32, 0.0, 0.6].map(|x| (learner.weights(&[1.0, 0.0, 0.0, x])[0] * 100.0).round() / 100.0)
}

/// Means over seeds with the half width of a 95 % interval, and the front.
fn report(found: &[(String, Vec<[f64; 2]>)]) {
    let worth = |result: &[f64; 2]| result[0] * WORTH[0] + result[1] * WORTH[1];
    let mut points = Vec::new();
    for (name, results) in found {
        let count = results.len() as f64;
        let mean = |of: &dyn Fn(&[f64; 2]) -> f64| results.iter().map(of).sum::<f64>() / count;
        let total = mean(&worth);
        let variance =
            results.iter().map(|result| (worth(result) - total).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        // Student's t at 4 degrees of freedom for five seeds, the normal quantile beyond.
        let quantile = if results.len() == 5 { 2.776 } else { 1.96 };
        let half = quantile * (variance / count).sqrt();
        let (clicks, likes) = (mean(&|result| result[0]), mean(&|result| result[1]));
        points.push([clicks, likes]);
        println!("{name:<28} {total:7.2} ± {half:.2}   clicks {clicks:6.2}  likes {likes:6.2}");
    }
    let front = pareto_front(&points.concat(), 2);
    println!("front: {}", front.iter().map(|&place| found[place].0.as_str()).collect::<Vec<_>>().join("; "));
    println!("hypervolume above (0, 0): {:.1}", hypervolume(&points, [0.0, 0.0]));
}
