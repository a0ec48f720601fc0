//! `PageScores`: what a visitor is expected to do with each page, per task; `FusedPages`, which shows the page with the best weighted sum.
//!
//! ```text
//! scores [A, K]      click       stay(a | s) Σ_{i in a, not premium} choice(i | s, a)
//!                    premium     stay(a | s) Σ_{i in a, premium}     choice(i | s, a)
//!                    diversity   stay(a | s) Σ_{i in a} choice(i | s, a) · gain(i | last clicks)
//!                    continues   stay(a | s) Σ_{i in a} choice(i | s, a) · continues(s, i)
//! page               argmax_a Σ_k w_k scores[a, k]
//! ```
//!
//! With the declared worth of each term and 0 for `continues` this is the expected reward of the very next step: what a ranking model with a
//! value per task does without reinforcement learning. With 1 for every click alike it is greedy for one task. It is given the user model,
//! so it is a strong baseline: a learner beats it only by what its actions do to the rest of the session.

use rand_chacha::ChaCha8Rng;

use crate::deep::fusion::{FusionForm, fused_scores};
use crate::policy::{Decision, Policy, degenerate};
use crate::reward::SessionReward;
use crate::session::SessionState;
use crate::simulator::{Situation, UserModel};
use crate::value_learning::argmax;

/// The tasks of a page's scores, in order.
pub const PAGE_TASKS: [&str; 4] = ["click", "premium", "diversity", "continues"];

/// K.
const TASKS: usize = PAGE_TASKS.len();

/// Scores of every page under a user model.
#[derive(Debug, Clone)]
pub struct PageScores<'a> {
    user: &'a UserModel,
    reward: SessionReward<'a>,
    /// `[C, A]`: P(click of an item that is not premium), P(premium click).
    clicks: Vec<[f64; 2]>,
    /// `[I, I]`: how unlike an item clicked before is to each item, by the latter's place in a choice row.
    apart: Vec<f32>,
    /// `[D, I]`: P(the visit goes on after a click on the item), by depth bucket and place.
    continues: Vec<f32>,
}

impl<'a> PageScores<'a> {
    /// Scores by `user`; `reward` tells premium items and how unlike two items are.
    pub fn new(user: &'a UserModel, reward: SessionReward<'a>) -> Self {
        let tables = user.tables();
        let of_page = |situation, page| {
            let stay = f64::from(user.stay_probability(situation, page));
            let premium: f64 = tables
                .choices(situation, page)
                .filter(|&(item, _)| reward.catalogue.premium[item as usize])
                .map(|(_, choice)| f64::from(choice))
                .sum();
            [stay * (1.0 - premium), stay * premium]
        };
        let situations = (0..tables.situations()).map(Situation);
        let clicks = situations.flat_map(|c| (0..tables.listings()).map(move |page| of_page(c, page))).collect();
        let items = || (0..tables.items()).map(|place| tables.item_at(place));
        let before = 0..tables.items() as u32;
        let apart = before.flat_map(|b| items().map(move |item| reward.distance.between(item, b) as f32)).collect();
        let buckets = 0..tables.depth_buckets();
        let goes_on = |bucket, item| tables.continue_probability(tables.situation_in(item, bucket));
        let continues = buckets.flat_map(|bucket| items().map(move |item| goes_on(bucket, item))).collect();
        Self { user, reward, clicks, apart, continues }
    }

    /// A: number of pages.
    pub fn pages(&self) -> usize {
        self.user.tables().listings()
    }

    /// What each task is worth in one step under the declared reward; `continues` is worth nothing by itself.
    pub fn declared_weights(&self) -> [f64; TASKS] {
        let spec = self.reward.spec;
        [spec.click, spec.premium, spec.diversity, 0.0]
    }

    /// Replaces `scores` by those of every page.
    ///
    /// # Shapes
    /// `scores [A, K]`, row by row, each in [0, 1]
    pub fn scores(&self, session: &SessionState, scores: &mut Vec<f64>) {
        let (tables, history) = (self.user.tables(), &session.history);
        let (situation, items) = (tables.situation(session), tables.items());
        let choice = tables.choice_row(situation.0);
        let window = &history[history.len().saturating_sub(self.reward.spec.diversity_window)..];
        let after = &self.continues[tables.depth_bucket(session.depth() + 1) * items..][..items];
        scores.clear();
        for page in 0..self.pages() {
            let [click, premium] = self.clicks[situation.0 * self.pages() + page];
            let places = tables.places(page);
            let mean = |of: &[f32]| -> f64 {
                let pairs = choice[places.clone()].iter().zip(&of[places.clone()]);
                pairs.map(|(&p, &value)| f64::from(p) * f64::from(value)).sum()
            };
            let apart = window.iter().map(|&before| mean(&self.apart[before as usize * items..][..items]));
            let diversity = apart.sum::<f64>() / window.len() as f64;
            let stay = click + premium;
            scores.extend([click, premium, stay * diversity, stay * mean(after)]);
        }
    }

    /// The page with the highest Σ_k w_k P_k, the lowest index among equals.
    ///
    /// # Shapes
    /// `weights [K]`
    pub fn best(&self, session: &SessionState, weights: &[f64]) -> usize {
        let mut scores = Vec::with_capacity(self.pages() * TASKS);
        self.scores(session, &mut scores);
        argmax(&fused_scores(FusionForm::Linear, &scores, weights))
    }
}

/// Shows the best page under the same weights always.
#[derive(Debug, Clone)]
pub struct FusedPages<'a> {
    scores: &'a PageScores<'a>,
    weights: [f64; TASKS],
}

impl<'a> FusedPages<'a> {
    /// By weights of one's own, one per task of [`PAGE_TASKS`].
    pub fn new(scores: &'a PageScores<'a>, weights: [f64; TASKS]) -> Self {
        Self { scores, weights }
    }

    /// By clicks alone, whatever they are worth: one task.
    pub fn greedy_by_click(scores: &'a PageScores<'a>) -> Self {
        Self::new(scores, [1.0, 1.0, 0.0, 0.0])
    }

    /// By what each task is worth under the declared reward: the best expected reward of the next step.
    pub fn by_declared_weights(scores: &'a PageScores<'a>) -> Self {
        Self::new(scores, scores.declared_weights())
    }
}

impl Policy<SessionState> for FusedPages<'_> {
    fn probabilities(&mut self, observation: &SessionState, probabilities: &mut [f64]) {
        degenerate(self.scores.best(observation, &self.weights), probabilities);
    }

    fn decide(&mut self, observation: &SessionState, _rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: self.scores.best(observation, &self.weights), propensity: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reward::RewardSpec;
    use crate::testing::{TinyShop, check_policy, tiny_tables};

    #[test]
    fn scores_equal_hand_computation() {
        let shop = TinyShop::new(RewardSpec::default());
        let reward = shop.reward();
        let user = UserModel::new(tiny_tables(), 1.0);
        let scores = PageScores::new(&user, reward);
        let (state, mut found) = (SessionState { history: vec![0], ..SessionState::default() }, Vec::new());
        scores.scores(&state, &mut found);
        // Page 0: stay 0.8 / 3; item 0 (1/5) is alike, item 1 (4/5) differs. Page 1: stay 0.8; item 2 (2/3) is alike, item 3 (1/3) is
        // premium and differs. After the second click items 0 to 3 go on with 0.75, 0.65, 0.55, 0.45.
        let stay = 0.8 / 3.0;
        let expected = [
            [stay, 0.0, stay * 0.8, stay * (0.2 * 0.75 + 0.8 * 0.65)],
            [0.8 * 2.0 / 3.0, 0.8 / 3.0, 0.8 / 3.0, 0.8 * (2.0 / 3.0 * 0.55 + 0.45 / 3.0)],
        ];
        assert!(found.iter().zip(expected.as_flattened()).all(|(f, e)| (f - e).abs() < 1e-6), "{found:?}");
        // Under the declared reward: 1 for a click, 5 for a premium one, 0.5 for variety.
        assert_eq!(scores.declared_weights(), [1.0, 5.0, 0.5, 0.0]);
        assert_eq!((scores.best(&state, &[1.0, 5.0, 0.5, 0.0]), scores.best(&state, &[0.0, -1.0, 0.0, 0.0])), (1, 0));
    }

    #[test]
    fn fused_pages_are_policies() {
        let shop = TinyShop::new(RewardSpec::default());
        let reward = shop.reward();
        let user = UserModel::new(tiny_tables(), 1.0);
        let scores = PageScores::new(&user, reward);
        let state = SessionState { history: vec![0], ..SessionState::default() };
        check_policy(&mut FusedPages::by_declared_weights(&scores), &state, 2);
        check_policy(&mut FusedPages::greedy_by_click(&scores), &state, 2);
    }
}
