//! `FeedRewardSpec`: what the answers to a slate are worth; a declared function of feedback, slate and return, outside the simulator.
//!
//! ```text
//! r = Σ_k weights[k] · (slots in which task k happened)
//!   + Σ_s surfaces[s] · (slots shown on surface s)                   negative: a cost
//!   + diversity · ILD of the slate by topic                          slatewise_eval::catalog::intra_list_diversity, in [0, 1]
//!   + coverage · (topics of the slate not shown before in this visit) / n
//!   + return_bonus · [left, and comes back within return_within_days]
//!   − leave_cost · [left]
//! ```
//!
//! The sums before their weights are the **terms**: [`FeedReward::measure`]. Kept, they are worth something else under other weights
//! ([`FeedReward::total`]) without anything being simulated again. A delayed return is credited to the slate after which the visitor left.
//!
//! ```toml
//! [reward]
//! weights = { click = 1.0, purchase = 5.0 }
//! surfaces = { ad = 0.5 }
//! diversity = 0.2
//! return_bonus = 2.0
//! return_within_days = 3
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use slatewise_eval::catalog::{ItemDistance, intra_list_diversity};

use super::items::FeedItems;
use super::simulator::MOST_SLOTS;
use super::state::{FeedResponse, FeedState};
use crate::error::Error;

/// The reward, under `[reward]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedRewardSpec {
    /// Worth of each feedback, by its task's name; a task without weight is worth nothing.
    pub weights: BTreeMap<String, f64>,
    /// Worth of an item shown on a surface, by its name; a cost is negative.
    pub surfaces: BTreeMap<String, f64>,
    /// Worth of a slate whose topics all differ, ≥ 0.
    pub diversity: f64,
    /// Worth of a slate of topics that all are new in this visit, ≥ 0.
    pub coverage: f64,
    /// Worth of a visitor who left and comes back in time.
    pub return_bonus: f64,
    /// Days within which that counts, ≥ 1.
    pub return_within_days: u32,
    /// Cost of a visitor who leaves, ≥ 0.
    pub leave_cost: f64,
}

impl Default for FeedRewardSpec {
    fn default() -> Self {
        Self {
            weights: [("click", 1.0), ("purchase", 5.0)].map(|(name, worth)| (name.to_owned(), worth)).into(),
            surfaces: BTreeMap::new(),
            diversity: 0.0,
            coverage: 0.0,
            return_bonus: 0.0,
            return_within_days: 7,
            leave_cost: 0.0,
        }
    }
}

/// A `FeedRewardSpec` with what it needs to know of tasks and items.
#[derive(Debug, Clone)]
pub struct FeedReward {
    spec: FeedRewardSpec,
    terms: Vec<String>,
    weights: Vec<f64>,
    tasks: usize,
    topic: Vec<u32>,
    surface: Vec<u8>,
    surfaces: usize,
    distance: ItemDistance,
}

impl FeedReward {
    /// Resolves the names of a declaration; `key` is its place in the config.
    ///
    /// # Errors
    /// A feedback or surface that does not exist, a number out of its range.
    pub fn new(spec: FeedRewardSpec, tasks: &[String], items: &FeedItems, key: &str) -> Result<Self, Error> {
        items.validate("items")?;
        for (name, value) in
            [("diversity", spec.diversity), ("coverage", spec.coverage), ("leave_cost", spec.leave_cost)]
        {
            let holds = value.is_finite() && value >= 0.0;
            Error::unless(holds, key, name, || format!("{value} must be a number of at least 0"))?;
        }
        let bonus = spec.return_bonus;
        Error::unless(bonus.is_finite(), key, "return_bonus", || format!("{bonus} must be a finite number"))?;
        Error::unless(spec.return_within_days >= 1, key, "return_within_days", || "must be at least 1".to_owned())?;
        check_names(&spec.weights, tasks, &format!("{key}.weights"), "feedback")?;
        check_names(&spec.surfaces, &items.surfaces, &format!("{key}.surfaces"), "surface")?;
        let worth = |of: &BTreeMap<String, f64>, name: &String| of.get(name).copied().unwrap_or(0.0);
        let mut terms = tasks.to_vec();
        let mut weights: Vec<f64> = tasks.iter().map(|name| worth(&spec.weights, name)).collect();
        terms.extend(items.surfaces.iter().map(|name| format!("shown_{name}")));
        weights.extend(items.surfaces.iter().map(|name| worth(&spec.surfaces, name)));
        terms.extend(["diversity", "coverage", "return", "leave"].map(str::to_owned));
        weights.extend([spec.diversity, spec.coverage, spec.return_bonus, -spec.leave_cost]);
        let distance = ItemDistance::from_codes(&[&items.topic])
            .map_err(|problem| Error::BadSetting { key: "items.topic".to_owned(), problem: problem.to_string() })?;
        let (topic, surface, surfaces) = (items.topic.clone(), items.surface.clone(), items.surfaces.len());
        Ok(Self { spec, terms, weights, tasks: tasks.len(), topic, surface, surfaces, distance })
    }

    /// The declaration.
    pub fn spec(&self) -> &FeedRewardSpec {
        &self.spec
    }

    /// Names of the terms: tasks, `shown_` and each surface, diversity, coverage, return, leave; `[C]`.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Number of tasks; they are the first terms.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Weight of each term, `[C]`.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Every term before its weight; replaces `out`.
    ///
    /// # Shapes
    /// `out [C]`
    pub fn measure(&self, response: &FeedResponse, before: &FeedState, out: &mut Vec<f64>) {
        out.clear();
        out.resize(self.terms.len(), 0.0);
        for slot in &response.slots {
            for (task, sum) in out[..self.tasks].iter_mut().enumerate() {
                *sum += f64::from(u8::from(slot.has(task)));
            }
            out[self.tasks + usize::from(self.surface[slot.item as usize])] += 1.0;
        }
        let rest = self.tasks + self.surfaces;
        out[rest] = self.diversity(response);
        out[rest + 1] = self.coverage(response, before);
        let in_time = response.away_days.is_some_and(|days| days <= self.spec.return_within_days);
        out[rest + 2] = f64::from(u8::from(in_time));
        out[rest + 3] = f64::from(u8::from(response.left));
    }

    /// Mean distance of the slate's pairs by topic, in [0, 1]; 0 for a single item.
    fn diversity(&self, response: &FeedResponse) -> f64 {
        let (mut slate, slots) = ([0; MOST_SLOTS], response.slots.len());
        assert!(slots <= MOST_SLOTS, "answers of shape [{slots}] to a slate of at most {MOST_SLOTS}");
        for (item, slot) in slate.iter_mut().zip(&response.slots) {
            *item = slot.item;
        }
        intra_list_diversity(&slate[..slots], &self.distance).unwrap_or(0.0)
    }

    /// Share of the slots whose topic is new in this visit and in the slate so far, in [0, 1].
    fn coverage(&self, response: &FeedResponse, before: &FeedState) -> f64 {
        let topic_of = |place: usize| self.topic[response.slots[place].item as usize];
        let new = |&place: &usize| {
            let topic = topic_of(place);
            before.topic_shown[topic as usize] == 0 && (0..place).all(|earlier| topic_of(earlier) != topic)
        };
        let slots = response.slots.len();
        (0..slots).filter(new).count() as f64 / slots.max(1) as f64
    }

    /// What terms are worth under these weights; terms may have been measured by a reward of other weights, see
    /// [`same_terms`](Self::same_terms).
    ///
    /// # Shapes
    /// `terms [C]`
    pub fn total(&self, terms: &[f64]) -> f64 {
        let (given, ours) = (terms.len(), self.weights.len());
        assert!(given == ours, "terms of shape [{given}] for weights of shape [{ours}]");
        terms.iter().zip(&self.weights).map(|(term, weight)| term * weight).sum()
    }

    /// The reward: [`total`](Self::total) of what [`measure`](Self::measure) finds.
    pub fn reward(&self, response: &FeedResponse, before: &FeedState) -> f64 {
        let mut terms = Vec::new();
        self.measure(response, before, &mut terms);
        self.total(&terms)
    }

    /// Whether terms measured by `other` may be weighed by `self`: the same terms, and the same days within which a return counts.
    pub fn same_terms(&self, other: &Self) -> bool {
        self.terms == other.terms && self.spec.return_within_days == other.spec.return_within_days
    }
}

/// Every name exists and every worth is finite.
fn check_names(worth: &BTreeMap<String, f64>, known: &[String], key: &str, what: &str) -> Result<(), Error> {
    for (name, value) in worth {
        Error::unless(known.contains(name), key, name, || format!("no such {what}; there are {}", known.join(", ")))?;
        Error::unless(value.is_finite(), key, name, || format!("{value} must be a finite number"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::state::SlotResponse;
    use crate::feed::testing::two_topics;

    fn tasks() -> Vec<String> {
        ["click", "like", "purchase"].map(str::to_owned).to_vec()
    }

    #[test]
    fn reward_equals_hand_computation() {
        let text = "weights = { click = 1.0, purchase = 5.0 }\nsurfaces = { ad = -0.25 }\ndiversity = 0.6\n\
                    coverage = 3.0\nreturn_bonus = 2.0\nreturn_within_days = 3\nleave_cost = 0.5";
        let spec: FeedRewardSpec = toml::from_str(text).unwrap();
        let items = two_topics(); // Topics 0, 0, 1, 1; surfaces product, content, product, ad.
        let reward = FeedReward::new(spec.clone(), &tasks(), &items, "reward").unwrap();
        let slot = |item, position, feedback| SlotResponse { item, position, feedback };
        let mut before = FeedState::default();
        before.begin(0, &items);
        before.topic_shown[0] = 4;
        let slots = vec![slot(1, 0, 0b1), slot(2, 1, 0b111), slot(3, 2, 0)];
        let response = FeedResponse { slots, left: true, away_days: Some(3), ended: false };
        let mut terms = Vec::new();
        reward.measure(&response, &before, &mut terms);
        // Two of three pairs differ in topic; topic 1 is new, once; back on the third day.
        assert_eq!(terms, [2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0 / 3.0, 1.0 / 3.0, 1.0, 1.0]);
        assert_eq!(reward.terms()[3..6], ["shown_product", "shown_content", "shown_ad"]);
        let expected = 2.0 + 5.0 - 0.25 + 0.6 * 2.0 / 3.0 + 1.0 + 2.0 - 0.5;
        assert!((reward.total(&terms) - expected).abs() < 1e-12);
        assert_eq!(reward.reward(&response, &before), reward.total(&terms));
        let late = FeedResponse { away_days: Some(4), ..response };
        assert!((reward.reward(&late, &before) - (expected - 2.0)).abs() < 1e-12);
        // The same terms under other weights.
        let weights = [("like".to_owned(), 10.0)].into();
        let other = FeedRewardSpec { weights, diversity: 0.0, ..spec.clone() };
        let other = FeedReward::new(other, &tasks(), &items, "reward").unwrap();
        assert!(other.same_terms(&reward));
        assert!((other.total(&terms) - (10.0 - 0.25 + 1.0 + 2.0 - 0.5)).abs() < 1e-12);
        let other = FeedReward::new(FeedRewardSpec { return_within_days: 4, ..spec }, &tasks(), &items, "reward");
        assert!(!other.unwrap().same_terms(&reward));
    }

    #[test]
    fn the_declaration_is_checked() {
        let message = |text: &str| {
            let spec = toml::from_str::<FeedRewardSpec>(text).unwrap();
            FeedReward::new(spec, &tasks(), &two_topics(), "reward").unwrap_err().to_string()
        };
        let unknown = "reward.weights.clik: no such feedback; there are click, like, purchase";
        assert_eq!(message("weights = { clik = 1.0 }"), unknown);
        assert_eq!(
            message("surfaces = { ads = 1.0 }"),
            "reward.surfaces.ads: no such surface; there are product, content, ad"
        );
        assert_eq!(message("diversity = -1.0"), "reward.diversity: -1 must be a number of at least 0");
        assert_eq!(message("return_within_days = 0"), "reward.return_within_days: must be at least 1");
        assert!(toml::from_str::<FeedRewardSpec>("bonus = 1.0").is_err());
    }
}
