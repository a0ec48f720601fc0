//! `PlantedWorld`: items and visitors drawn from a [`PlantedSpec`], whose truth is known.
//!
//! ```text
//! taste        a = interest[type, topic] + deviation[topic]
//! click        logit p = click + a + quality·q_i + clickbait_click·[bait i] + ad_click·[ad i] − boredom·level[topic]
//! like         logit   = like + a + quality·q_i − clickbait_regret·[bait i] + ad_click·[ad i]        given the click
//! purchase     logit   = purchase + a + quality·q_i − price·price_i − clickbait_regret·[bait i]        given the click; products only
//!
//! slate        patience ← max(0, patience − slate_cost)
//! slot by slot patience ← max(0, patience − ad_cost·[ad]), then
//!              a satisfying click:      patience ← min(most, patience + relief),        satisfaction ← min(L, satisfaction + 1)
//!              a disappointing click:   patience ← max(0, patience − disappointment),   satisfaction ← max(−L, satisfaction − 1)
//! boredom      level[topic] ← min(most, level + items shown of it), or level − 1 (≥ 0) where none was shown
//! leaves       surely with patience 0, else with probability `leave`
//! comes back   logit = comes_back + loyalty·satisfaction;  after d days with probability ∝ ρ^d, boredom less by recovery·d (≥ 0)
//! ```
//!
//! Clickbait is clicked more and satisfies less, ads take patience, and what one likes wears off: whoever is greedy for clicks pays for
//! it with patience and with visitors who do not come back. All of that moves in whole numbers, so that [`ExactFeed`](super::ExactFeed)
//! can write small worlds out.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::items::FeedItems;
use super::planted_spec::PlantedSpec;
use super::state::{SlotResponse, Visitor};
use super::visitor_model::{ChoiceModel, VisitorModel, day_at, sigmoid};
use crate::error::Error;

/// Names of the surfaces; their place is `FeedItems::surface`.
const SURFACES: [&str; 3] = ["product", "content", "ad"];
/// Place of "product" among them.
const PRODUCT: u8 = 0;
/// Place of "ad" among them.
pub(super) const AD: u8 = 2;

/// A world whose truth is known.
#[derive(Debug, Clone, PartialEq)]
pub struct PlantedWorld {
    spec: PlantedSpec,
    tasks: Vec<String>,
    items: FeedItems,
    /// `[types, topics]`, in logits.
    interest: Vec<f64>,
    /// Logits of click, like and purchase without taste and boredom, `[I, 3]`.
    appeal: Vec<f64>,
    /// P(d days away), `[D]`.
    away: Vec<f64>,
}

/// What one slot does to patience and satisfaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// No click.
    Unmoved,
    /// A satisfying click.
    Satisfied,
    /// A disappointing click.
    Disappointed,
}

impl PlantedWorld {
    /// Draws a world.
    ///
    /// # Errors
    /// A setting out of its range (`world.…`).
    pub fn new(spec: PlantedSpec, rng: &mut ChaCha8Rng) -> Result<Self, Error> {
        spec.validate("world")?;
        let mut normal = |scale: f64| -> f64 { scale * Distribution::<f64>::sample(&StandardNormal, &mut *rng) };
        let interest = (0..spec.types * spec.topics).map(|_| normal(spec.interest)).collect();
        let (items, appeal) = draw_items(&spec, rng);
        let weights: Vec<f64> = (1..=spec.away_days).map(|d| spec.away_decay.powi(d as i32)).collect();
        let sum: f64 = weights.iter().sum();
        let away = weights.iter().map(|weight| weight / sum).collect();
        let tasks = ["click", "like", "purchase"].map(str::to_owned).to_vec();
        Ok(Self { spec, tasks, items, interest, appeal, away })
    }

    /// Its declaration.
    pub fn spec(&self) -> &PlantedSpec {
        &self.spec
    }

    /// P(d days away), d from 1.
    pub fn away_shares(&self) -> &[f64] {
        &self.away
    }

    /// The same probabilities as [`VisitorModel::probabilities`], from taste and level instead of a visitor: click, like, purchase.
    pub(super) fn outcome(&self, item: u32, taste: f64, level: u8) -> [f64; 3] {
        let appeal = &self.appeal[item as usize * 3..][..3];
        let click = sigmoid(appeal[0] + taste - self.spec.boredom * f64::from(level));
        let purchase = if self.items.surface[item as usize] == PRODUCT { sigmoid(appeal[2] + taste) } else { 0.0 };
        [click, sigmoid(appeal[1] + taste), purchase]
    }

    /// Taste for a topic, in logits.
    pub(super) fn taste(&self, user: u32, deviation: &[f64], topic: usize) -> f64 {
        self.interest[user as usize * self.items.topics + topic] + deviation.get(topic).copied().unwrap_or(0.0)
    }

    /// Patience after a slate was shown, before its slots are looked at.
    pub(super) fn after_slate(&self, patience: u32) -> u32 {
        patience.saturating_sub(self.spec.slate_cost)
    }

    /// Patience and satisfaction after one slot.
    pub(super) fn after_slot(&self, (patience, satisfaction): (u32, i32), ad: bool, mood: Mood) -> (u32, i32) {
        let spec = &self.spec;
        let patience = patience.saturating_sub(if ad { spec.ad_cost } else { 0 });
        let levels = spec.satisfaction_levels;
        match mood {
            Mood::Unmoved => (patience, satisfaction),
            Mood::Satisfied => ((patience + spec.relief).min(spec.patience), (satisfaction + 1).min(levels)),
            Mood::Disappointed => (patience.saturating_sub(spec.disappointment), (satisfaction - 1).max(-levels)),
        }
    }

    /// A topic's boredom after a slate with `shown` items of it.
    pub(super) fn after_shown(&self, level: u8, shown: u32) -> u8 {
        if shown == 0 {
            level.saturating_sub(1)
        } else {
            (u32::from(level) + shown).min(u32::from(self.spec.boredom_levels)) as u8
        }
    }

    /// A topic's boredom after some days away.
    pub(super) fn after_days(&self, level: u8, days: u32) -> u8 {
        u32::from(level).saturating_sub(u32::from(self.spec.recovery).saturating_mul(days)) as u8
    }

    pub(super) fn leaves_at(&self, patience: u32) -> f64 {
        if patience == 0 { 1.0 } else { self.spec.leave }
    }

    pub(super) fn returns_at(&self, satisfaction: i32) -> f64 {
        sigmoid(self.spec.comes_back + self.spec.loyalty * f64::from(satisfaction))
    }
}

/// Items and their appeal `[I, 3]`.
fn draw_items(spec: &PlantedSpec, rng: &mut ChaCha8Rng) -> (FeedItems, Vec<f64>) {
    let topics = spec.topics as usize;
    let mut feature_names: Vec<String> = (0..topics).map(|topic| format!("topic_{topic}")).collect();
    feature_names.extend(["quality", "price", "clickbait"].map(str::to_owned));
    feature_names.extend(SURFACES.map(str::to_owned));
    let mut items = FeedItems {
        width: feature_names.len(),
        feature_names,
        topics,
        surfaces: SURFACES.map(str::to_owned).to_vec(),
        ..FeedItems::default()
    };
    let mut appeal = Vec::with_capacity(spec.items as usize * 3);
    let counts = [(1.0 - spec.content_share - spec.ad_share).max(0.0), spec.content_share, spec.ad_share];
    let [products, content, _] = counts.map(|share| share * f64::from(spec.items));
    for (place, item) in spread(spec.items as usize).into_iter().zip(0..spec.items) {
        let topic = item % spec.topics;
        let rank = f64::from(place);
        let surface = if rank + 0.5 < products {
            0
        } else if rank + 0.5 < products + content {
            1
        } else {
            AD
        };
        let quality: f64 = StandardNormal.sample(rng);
        let [price, bait]: [f64; 2] = [rng.random(), rng.random()];
        let bait = f64::from(surface != AD && bait < spec.clickbait_share);
        let ad = f64::from(surface == AD);
        let general = spec.quality * quality;
        appeal.push(spec.click + general + spec.clickbait_click * bait + spec.ad_click * ad);
        appeal.push(spec.like + general - spec.clickbait_regret * bait + spec.ad_click * ad);
        appeal.push(spec.purchase + general - spec.price * price - spec.clickbait_regret * bait);
        items.features.extend((0..spec.topics).map(|other| f32::from(other == topic)));
        items.features.extend([quality as f32, price as f32, bait as f32]);
        items.features.extend((0..SURFACES.len()).map(|other| f32::from(other == usize::from(surface))));
        items.topic.push(topic);
        items.surface.push(surface);
    }
    (items, appeal)
}

/// The numbers below `count` in an order that spreads neighbours: steps of the golden ratio, ranked.
fn spread(count: usize) -> Vec<u32> {
    let place = |index: &u32| (f64::from(*index) * 0.618_033_988_749_894_9).fract();
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.sort_by(|a, b| place(a).total_cmp(&place(b)));
    let mut rank = vec![0; count];
    for (place, index) in order.into_iter().enumerate() {
        rank[index as usize] = place as u32;
    }
    rank
}

impl VisitorModel for PlantedWorld {
    fn tasks(&self) -> &[String] {
        &self.tasks
    }

    fn items(&self) -> &FeedItems {
        &self.items
    }

    fn segments(&self) -> usize {
        self.spec.types as usize
    }

    fn choice(&self) -> ChoiceModel {
        self.spec.choice
    }

    fn begin(&self, visitor: &mut Visitor, rng: &mut ChaCha8Rng) {
        let segment = (rng.random::<f64>() * f64::from(self.spec.types)) as u32;
        self.begin_typical(visitor, segment.min(self.spec.types - 1));
        for own in &mut visitor.deviation {
            let standard: f64 = StandardNormal.sample(rng);
            *own = self.spec.deviation * standard.clamp(-2.0, 2.0);
        }
    }

    fn begin_typical(&self, visitor: &mut Visitor, segment: u32) {
        visitor.state.begin(segment, &self.items);
        (visitor.patience, visitor.satisfaction) = (self.spec.patience, 0);
        visitor.boredom.clear();
        visitor.boredom.resize(self.items.topics, 0);
        visitor.deviation.clear();
        visitor.deviation.resize(self.items.topics, 0.0);
    }

    fn begin_visit(&self, visitor: &mut Visitor, away_days: u32) {
        (visitor.patience, visitor.satisfaction) = (self.spec.patience, 0);
        for level in &mut visitor.boredom {
            *level = self.after_days(*level, away_days);
        }
    }

    fn probabilities(&self, visitor: &Visitor, item: u32, out: &mut [f64]) {
        let topic = self.items.topic[item as usize] as usize;
        let taste = self.taste(visitor.state.user, &visitor.deviation, topic);
        out.copy_from_slice(&self.outcome(item, taste, visitor.boredom[topic]));
    }

    fn examination(&self, position: usize) -> f64 {
        (position as f64 + 1.0).powf(-self.spec.position_exponent)
    }

    fn experience(&self, visitor: &mut Visitor, slots: &[SlotResponse]) {
        let mut mood = (self.after_slate(visitor.patience), visitor.satisfaction);
        for slot in slots {
            let moved = match (slot.satisfied(), slot.clicked()) {
                (true, _) => Mood::Satisfied,
                (false, true) => Mood::Disappointed,
                (false, false) => Mood::Unmoved,
            };
            mood = self.after_slot(mood, self.items.surface[slot.item as usize] == AD, moved);
        }
        (visitor.patience, visitor.satisfaction) = mood;
        for (topic, level) in visitor.boredom.iter_mut().enumerate() {
            let shown = slots.iter().filter(|slot| self.items.topic[slot.item as usize] as usize == topic).count();
            *level = self.after_shown(*level, shown as u32);
        }
    }

    fn leave_probability(&self, visitor: &Visitor) -> f64 {
        self.leaves_at(visitor.patience)
    }

    fn return_probability(&self, visitor: &Visitor) -> f64 {
        self.returns_at(visitor.satisfaction)
    }

    fn away_days(&self, _visitor: &Visitor, uniform: f64) -> u32 {
        day_at(&self.away, uniform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn world() -> PlantedWorld {
        PlantedWorld::new(PlantedSpec::small(), &mut ChaCha8Rng::seed_from_u64(4)).unwrap()
    }

    #[test]
    fn items_have_every_topic_and_surface_in_their_shares() {
        let world = PlantedWorld::new(PlantedSpec::default(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let items = world.items();
        assert!(items.validate("items").is_ok() && items.len() == 120 && items.width == 12);
        let count = |surface| items.surface.iter().filter(|&&other| other == surface).count();
        assert_eq!([count(0), count(1), count(2)], [60, 48, 12]);
        assert_eq!(world, PlantedWorld::new(PlantedSpec::default(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap());
        // The row says what the columns say.
        for item in 0..120_u32 {
            let row = items.row(item);
            assert_eq!(row[items.topic[item as usize] as usize], 1.0);
            assert_eq!(row[9 + usize::from(items.surface[item as usize])], 1.0);
        }
    }

    #[test]
    fn patience_satisfaction_and_boredom_equal_hand_computation() {
        let world = world(); // Patience 4; a slate, an ad, a disappointment cost 1 each, relief is 1; L = 2; boredom up to 2.
        let mut visitor = Visitor::default();
        world.begin_typical(&mut visitor, 1);
        let ad = (0..8).find(|&item| world.items.surface[item as usize] == AD).unwrap();
        let other = (0..8).find(|&item| world.items.surface[item as usize] != AD).unwrap();
        let slot = |item, feedback| [SlotResponse { item, position: 0, feedback }];
        world.experience(&mut visitor, &slot(other, 0b1));
        assert_eq!((visitor.patience, visitor.satisfaction), (2, -1)); // 4 − 1 − 1
        world.experience(&mut visitor, &slot(other, 0b101));
        assert_eq!((visitor.patience, visitor.satisfaction), (2, 0)); // 2 − 1 + 1
        let topic = world.items.topic[other as usize] as usize;
        assert_eq!((visitor.boredom[topic], visitor.boredom[1 - topic]), (2, 0));
        assert_eq!(world.leave_probability(&visitor), 0.02);
        world.experience(&mut visitor, &slot(ad, 0));
        assert_eq!((visitor.patience, world.leave_probability(&visitor)), (0, 1.0)); // 2 − 1 − 1
        assert!((world.return_probability(&visitor) - 1.0 / (1.0 + (-0.5_f64).exp())).abs() < 1e-15);
        visitor.boredom = vec![2, 1];
        world.begin_visit(&mut visitor, 1);
        assert_eq!((visitor.patience, visitor.satisfaction, visitor.boredom), (4, 0, vec![1, 0]));
        // ρ = 0.7 over three days: 0.7, 0.49 and 0.343 of 1.533.
        assert!((world.away_shares()[1] - 0.49 / 1.533).abs() < 1e-12);
    }

    #[test]
    fn logits_equal_hand_computation() {
        let world = world();
        let mut visitor = Visitor::default();
        world.begin_typical(&mut visitor, 0);
        let item = (0..8).find(|&item| world.items.row(item)[4] == 1.0).unwrap();
        let topic = world.items.topic[item as usize] as usize;
        visitor.boredom[topic] = 2;
        let mut out = [0.0; 3];
        world.probabilities(&visitor, item, &mut out);
        let (quality, price) = (f64::from(world.items.row(item)[2]), f64::from(world.items.row(item)[3]));
        let taste = world.interest[topic];
        let like = -0.5 + taste + 0.5 * quality - 3.0;
        assert!((out[0] - sigmoid(taste + 0.5 * quality + 1.5 - 1.0)).abs() < 1e-6, "{out:?}");
        assert!((out[1] - sigmoid(like)).abs() < 1e-6);
        let purchase = sigmoid(-1.5 + taste + 0.5 * quality - price - 3.0);
        let expected = if world.items.surface[item as usize] == PRODUCT { purchase } else { 0.0 };
        assert!((out[2] - expected).abs() < 1e-6);
        assert_eq!((world.examination(0), world.examination(3)), (1.0, 0.5));
    }
}
