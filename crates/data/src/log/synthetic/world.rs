//! `World`: the users and items of a synthetic log, the same for the same spec and seed.
//!
//! ```text
//! user  segment ─ centre ─▶ taste t_u     age ─▶ price sensitivity s_u = 1 + (age − 40)/40     region (of no effect)
//! item  latent v_i ─▶ category (its nearest direction)     brand ─▶ quality q_i     price (log-normal)     rank ─▶ exposure
//! ```
//!
//! Memory: `users · (4 · dimension + 28) + items · (4 · dimension + 56 + 16 · segments)` bytes, whatever the number of rows.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use super::alias::Alias;
use super::policy::LoggingPolicy;
use super::spec::SyntheticSpec;

/// Mean of the log of prices, and their standard deviation around it.
pub(super) const LOG_PRICE: (f64, f64) = (3.4, 0.6);
/// Youngest and oldest user.
const AGES: (u8, u8) = (18, 80);
/// Regions of users.
pub(super) const REGIONS: [&str; 6] = ["centre", "north", "east", "south", "west", "abroad"];
/// Share of a brand in the variance of its items' quality.
const BRAND_SHARE: f64 = 0.5;

/// Purposes of random streams: a draw added to one moves nothing in another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Items,
    Users,
    Content,
    Pilot,
    Rows(u64),
    Dirt(u64),
}

/// The generator of one purpose.
pub(super) fn stream(seed: u64, purpose: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(match purpose {
        Stream::Items => 1,
        Stream::Users => 2,
        Stream::Content => 3,
        Stream::Pilot => 4,
        Stream::Rows(block) => (1 << 62) | block,
        Stream::Dirt(block) => (1 << 63) | block,
    });
    rng
}

/// Uniform in [0, 1), 53 bits.
#[inline]
pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// A whole number below `bound`, 1 to 2³².
pub(super) fn below(bound: usize, rng: &mut ChaCha8Rng) -> usize {
    ((u128::from(rng.next_u64()) * bound as u128) >> 64) as usize
}

/// One user, tastes apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub segment: u16,
    pub age: u8,
    pub region: u8,
    /// s_u, 0.45 to 2.
    pub sensitivity: f64,
}

/// One item, latent vector apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// List price, two decimals.
    pub price: f64,
    /// q_i, standard normal.
    pub quality: f64,
    /// What buyers say, 1 to 5: quality, blurred.
    pub rating: f64,
    pub category: u16,
    pub brand: u32,
}

/// Users, items and the policy between them.
#[derive(Debug)]
pub(super) struct World {
    pub dimension: usize,
    pub users: Vec<User>,
    pub items: Vec<Item>,
    /// `[user][dimension]`, divided by √dimension.
    tastes: Vec<f32>,
    /// `[item][dimension]`.
    latents: Vec<f32>,
    /// Who comes, and how often.
    pub activity: Alias,
    pub policy: LoggingPolicy,
    pub category_names: Vec<String>,
}

impl World {
    /// Draws users and items.
    pub(super) fn new(spec: &SyntheticSpec, seed: u64) -> Self {
        let dimension = spec.taste.dimension as usize;
        let mut rng = stream(seed, Stream::Items);
        let latents: Vec<f32> = normals(spec.items as usize * dimension, &mut rng);
        let items = items(spec, &latents, &mut rng);
        let popularity = zipf(spec.items as usize, spec.item_exponent, &mut rng);
        let mut rng = stream(seed, Stream::Users);
        let centres: Vec<f32> = normals(spec.segments as usize * dimension, &mut rng);
        let (users, tastes) = users(spec, &centres, &mut rng);
        let activity = Alias::new(&zipf(spec.users as usize, spec.user_exponent, &mut rng));
        let qualities: Vec<f64> = items.iter().map(|item| item.quality).collect();
        let policy = LoggingPolicy::new(spec, &centres, &latents, &qualities, &popularity);
        let category_names = (0..spec.categories).map(|number| format!("category-{number:02}")).collect();
        Self { dimension, users, items, tastes, latents, activity, policy, category_names }
    }

    /// ⟨t_u, v_i⟩/√d.
    #[inline]
    pub(super) fn match_of(&self, user: usize, item: usize) -> f64 {
        f64::from(dot(&self.tastes[user * self.dimension..][..self.dimension], self.latent(item)))
    }

    /// The latent vector of an item.
    #[inline]
    pub(super) fn latent(&self, item: usize) -> &[f32] {
        &self.latents[item * self.dimension..][..self.dimension]
    }
}

/// ⟨a, b⟩.
#[inline]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `count` standard normal numbers.
fn normals(count: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..count).map(|_| normal(rng) as f32).collect()
}

/// A standard normal number.
pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Weights rank^−exponent, in random order.
fn zipf(count: usize, exponent: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut weights: Vec<f64> = (1..=count).map(|rank| (rank as f64).powf(-exponent)).collect();
    for last in (1..count).rev() {
        weights.swap(last, below(last + 1, rng));
    }
    weights
}

fn items(spec: &SyntheticSpec, latents: &[f32], rng: &mut ChaCha8Rng) -> Vec<Item> {
    let dimension = spec.taste.dimension as usize;
    let directions = normals(spec.categories as usize * dimension, rng);
    let brands: Vec<f32> = normals(spec.brands as usize, rng);
    let nearest = |latent: &[f32]| {
        let scores = directions.chunks_exact(dimension).map(|direction| dot(direction, latent));
        let best = scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(0, |(category, _)| category as u16)
    };
    let one = |latent: &[f32]| {
        let brand = below(brands.len(), rng) as u32;
        let own = normal(rng) * (1.0 - BRAND_SHARE).sqrt();
        let quality = f64::from(brands[brand as usize]) * BRAND_SHARE.sqrt() + own;
        let price = (LOG_PRICE.0 + LOG_PRICE.1 * normal(rng)).exp();
        let rating = 3.2 + 0.7 * quality + 0.4 * normal(rng);
        Item {
            price: cents(price).max(0.01),
            quality,
            rating: (10.0 * rating.clamp(1.0, 5.0)).round() / 10.0,
            category: nearest(latent),
            brand,
        }
    };
    latents.chunks_exact(dimension).map(one).collect()
}

/// Rounded to two decimals.
pub(super) fn cents(price: f64) -> f64 {
    (100.0 * price).round() / 100.0
}

fn users(spec: &SyntheticSpec, centres: &[f32], rng: &mut ChaCha8Rng) -> (Vec<User>, Vec<f32>) {
    let dimension = spec.taste.dimension as usize;
    let scale = 1.0 / (dimension as f64).sqrt();
    let mut tastes = Vec::with_capacity(spec.users as usize * dimension);
    let one = |_| {
        let segment = below(spec.segments as usize, rng);
        for centre in &centres[segment * dimension..][..dimension] {
            tastes.push((scale * (f64::from(*centre) + spec.taste.spread * normal(rng))) as f32);
        }
        let age = AGES.0 + below(usize::from(AGES.1 - AGES.0) + 1, rng) as u8;
        let region = below(REGIONS.len(), rng) as u8;
        User { segment: segment as u16, age, region, sensitivity: 1.0 + (f64::from(age) - 40.0) / 40.0 }
    };
    let users = (0..spec.users).map(one).collect();
    (users, tastes)
}
