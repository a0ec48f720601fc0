//! `Rows`: one block of the log, drawn by a generator of its own, so that blocks can be drawn on any thread in any order.
//!
//! ```text
//! block b ── its share of the time, more of it in the evening
//!   └ sessions: a user each (Zipf), start anywhere in the block, slates 45 s apart on average
//!       └ slates in the order of time: surface, device, `slate` items
//!           └ rows: item, place, propensity, price (every tenth time reduced by a fifth), responses
//! ```
//!
//! A session lies within one block: one that would run beyond is hastened, so that the log is in the order of time.

use rand_chacha::ChaCha8Rng;

use super::policy::Shown;
use super::response::{Coefficients, Signal, chances};
use super::spec::SyntheticSpec;
use super::world::{LOG_PRICE, World, cents, uniform};

/// Rows of a block, a multiple of the slate's size as near as possible.
const BLOCK_ROWS: u64 = 1 << 17;
/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// Mean time between two slates of a session, in microseconds.
const GAP: f64 = 45e6;
/// Names of the surfaces and their shares.
pub(super) const SURFACES: [(&str, f64); 3] = [("home", 0.3), ("listing", 0.5), ("search", 0.2)];
/// Names of the devices and their shares.
pub(super) const DEVICES: [(&str, f64); 3] = [("phone", 0.6), ("desktop", 0.3), ("tablet", 0.1)];
/// How often a price is reduced, and to what.
const REDUCED: (f64, f64) = (0.1, 0.8);
/// Hour of most activity and of most response.
const PEAK: f64 = 20.0;

/// Columns of a block.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Rows {
    pub user: Vec<i64>,
    pub item: Vec<i64>,
    pub session: Vec<i64>,
    pub time: Vec<i64>,
    pub surface: Vec<u8>,
    pub device: Vec<u8>,
    pub position: Vec<i32>,
    pub propensity: Vec<f64>,
    pub price: Vec<f64>,
    pub category: Vec<u16>,
    /// Per response: whether it came.
    pub response: [Vec<i8>; 3],
    /// Per response: its probability.
    pub truth: [Vec<f64>; 3],
    /// Sessions begun.
    pub sessions: u64,
}

impl Rows {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.user.len()
    }
}

/// What one block is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Number of its first slate, over the log.
    pub first_slate: u64,
    /// Its slates.
    pub slates: u64,
    /// Its rows.
    pub rows: u64,
}

/// Number of blocks of a log.
pub(super) fn blocks(spec: &SyntheticSpec) -> u64 {
    slates(spec).div_ceil(slates_per_block(spec))
}

/// Number of slates of a log.
pub(super) fn slates(spec: &SyntheticSpec) -> u64 {
    spec.rows.div_ceil(spec.slate.into())
}

fn slates_per_block(spec: &SyntheticSpec) -> u64 {
    (BLOCK_ROWS / u64::from(spec.slate)).max(1)
}

/// The block of a number.
pub(super) fn block(spec: &SyntheticSpec, number: u64) -> Block {
    let size = slates_per_block(spec);
    let first_slate = number * size;
    let slates = size.min(slates(spec) - first_slate);
    let per_slate = u64::from(spec.slate);
    Block { first_slate, slates, rows: (slates * per_slate).min(spec.rows - first_slate * per_slate) }
}

/// One slate before its items are drawn.
#[derive(Debug, Clone, Copy)]
struct Visit {
    time: i64,
    session: i64,
    user: u32,
    device: u8,
}

/// Draws a block's rows.
pub(super) fn draw(
    spec: &SyntheticSpec,
    world: &World,
    tasks: &[Coefficients; 3],
    block: Block,
    rng: &mut ChaCha8Rng,
) -> Rows {
    let (visits, sessions) = visits(spec, world, block, rng);
    let mut rows = Rows { sessions, ..Rows::default() };
    let mut slate = Vec::new();
    let examined = examined(spec);
    for visit in visits {
        let place = Place::of(&visit, rng);
        let size = (block.rows - rows.len() as u64).min(spec.slate.into()) as usize;
        let segment = world.users[visit.user as usize].segment;
        world.policy.draw(segment.into(), size, rng, &mut slate);
        for (index, shown) in slate.iter().enumerate() {
            let (price, signal) = signal(world, &visit, &place, (shown, examined[index]), rng);
            rows.push(world, (&visit, &place), (index, shown, price), chances(tasks, &signal), rng);
        }
    }
    rows
}

/// The signals of a pilot of some slates, for finding the intercepts.
pub(super) fn pilot(spec: &SyntheticSpec, world: &World, slates: u64, rng: &mut ChaCha8Rng) -> Vec<Signal> {
    let slates = slates.min(self::slates(spec));
    // Spread over the whole log, as a log of so few slates would be.
    let small = SyntheticSpec { rows: slates * u64::from(spec.slate), ..spec.clone() };
    let (visits, _) = visits(&small, world, Block { first_slate: 0, slates, rows: small.rows }, rng);
    let mut slate = Vec::new();
    let examined = examined(spec);
    let mut signals = Vec::with_capacity(small.rows as usize);
    for visit in visits {
        let place = Place::of(&visit, rng);
        let segment = world.users[visit.user as usize].segment;
        world.policy.draw(segment.into(), spec.slate as usize, rng, &mut slate);
        for (shown, &examined) in slate.iter().zip(&examined) {
            signals.push(signal(world, &visit, &place, (shown, examined), rng).1);
        }
    }
    signals
}

/// Per place the probability that it is looked at.
fn examined(spec: &SyntheticSpec) -> Vec<f64> {
    (1..=spec.slate).map(|place| f64::from(place).powf(-spec.examination_exponent)).collect()
}

/// Where and when a slate is seen.
#[derive(Debug, Clone, Copy)]
struct Place {
    surface: u8,
    hour: f64,
}

impl Place {
    fn of(visit: &Visit, rng: &mut ChaCha8Rng) -> Self {
        let hour = visit.time.rem_euclid(DAY) as f64 / 3.6e9;
        Self { surface: one_of(&SURFACES, rng), hour: daily(hour) }
    }
}

/// cos(2π(h − 20)/24).
fn daily(hour: f64) -> f64 {
    (std::f64::consts::TAU * (hour - PEAK) / 24.0).cos()
}

fn one_of(choices: &[(&str, f64); 3], rng: &mut ChaCha8Rng) -> u8 {
    let point = uniform(rng);
    if point < choices[0].1 {
        0
    } else if point < choices[0].1 + choices[1].1 {
        1
    } else {
        2
    }
}

/// Price and signal of an item at a place.
fn signal(
    world: &World,
    visit: &Visit,
    place: &Place,
    (shown, examined): (&Shown, f64),
    rng: &mut ChaCha8Rng,
) -> (f64, Signal) {
    let item = &world.items[shown.item as usize];
    let reduced = uniform(rng) < REDUCED.0;
    let price = if reduced { cents(REDUCED.1 * item.price).max(0.01) } else { item.price };
    let user = visit.user as usize;
    let signal = Signal {
        taste: world.match_of(user, shown.item as usize),
        quality: item.quality,
        price: world.users[user].sensitivity * (price.ln() - LOG_PRICE.0) / LOG_PRICE.1,
        hour: place.hour,
        surface: place.surface.into(),
        examined,
    };
    (price, signal)
}

impl Rows {
    fn push(
        &mut self,
        world: &World,
        (visit, place): (&Visit, &Place),
        (index, shown, price): (usize, &Shown, f64),
        chances: [f64; 3],
        rng: &mut ChaCha8Rng,
    ) {
        self.user.push(i64::from(visit.user) + 1);
        self.item.push(i64::from(shown.item) + 1);
        self.session.push(visit.session);
        self.time.push(visit.time);
        self.surface.push(place.surface);
        self.device.push(visit.device);
        self.position.push(index as i32 + 1);
        self.propensity.push(shown.propensity);
        self.price.push(price);
        self.category.push(world.items[shown.item as usize].category);
        let (mut probability, mut came) = (1.0, true);
        for (task, chance) in chances.into_iter().enumerate() {
            probability *= chance;
            came = came && uniform(rng) < chance;
            self.response[task].push(came.into());
            self.truth[task].push(probability);
        }
    }
}

/// The block's slates in the order of time, and its number of sessions.
fn visits(spec: &SyntheticSpec, world: &World, block: Block, rng: &mut ChaCha8Rng) -> (Vec<Visit>, u64) {
    let clock = Clock::new(spec);
    let all = slates(spec) as f64;
    let (from, to) = (block.first_slate as f64 / all, (block.first_slate + block.slates) as f64 / all);
    let end = clock.at(to);
    let mut visits = Vec::with_capacity(block.slates as usize);
    let mut sessions = 0;
    while (visits.len() as u64) < block.slates {
        let room = block.slates - visits.len() as u64;
        let session = (block.first_slate + visits.len() as u64) as i64 + 1;
        let visit = Visit {
            time: clock.at(from + (to - from) * uniform(rng)),
            session,
            user: world.activity.draw(rng) as u32,
            device: one_of(&DEVICES, rng),
        };
        add_session(&mut visits, visit, geometric(spec.slates_per_session, rng).min(room), end, rng);
        sessions += 1;
    }
    visits.sort_by_key(|visit| (visit.time, visit.session));
    (visits, sessions)
}

fn add_session(visits: &mut Vec<Visit>, first: Visit, slates: u64, end: i64, rng: &mut ChaCha8Rng) {
    let mut ages = Vec::with_capacity(slates as usize);
    let mut age = 0.0;
    for _ in 0..slates {
        ages.push(age);
        age += -GAP * (1.0 - uniform(rng)).ln();
    }
    let room = (end - first.time) as f64;
    let longest = ages.last().copied().unwrap_or(0.0);
    let haste = if longest > room { room / longest } else { 1.0 };
    visits.extend(ages.into_iter().map(|age| Visit { time: first.time + (haste * age) as i64, ..first }));
}

/// 1, 2, … with the given mean.
fn geometric(mean: f64, rng: &mut ChaCha8Rng) -> u64 {
    if mean <= 1.0 {
        return 1;
    }
    1 + ((1.0 - uniform(rng)).ln() / (1.0 - 1.0 / mean).ln()).min(1e6) as u64
}

/// From the share of the log that has passed to the time: days are alike, hours are not.
struct Clock {
    start: i64,
    days: f64,
    /// Share of the day's activity before each hour.
    before: [f64; 25],
}

impl Clock {
    fn new(spec: &SyntheticSpec) -> Self {
        let mut before = [0.0; 25];
        for hour in 0..24 {
            before[hour + 1] = before[hour] + (1.0 + 0.6 * daily(hour as f64 + 0.5)) / 24.0;
        }
        let total = before[24];
        before.iter_mut().for_each(|share| *share /= total);
        Self { start: i64::from(spec.first_day.number()) * DAY, days: spec.days.into(), before }
    }

    /// Microseconds since 1970 at a share in [0, 1] of the log.
    fn at(&self, share: f64) -> i64 {
        let days = (share * self.days).clamp(0.0, self.days);
        let day = days.floor().min(self.days - 1.0);
        let within = days - day;
        let hour = self.before[1..24].partition_point(|&before| before <= within);
        let (low, high) = (self.before[hour], self.before[hour + 1]);
        let fraction = ((within - low) / (high - low)).clamp(0.0, 1.0);
        let micros = (day * 24.0 + hour as f64 + fraction) * 3.6e9;
        // The last moment of the last day belongs to it.
        self.start + (micros as i64).min(self.days as i64 * DAY - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_the_log() {
        let spec = SyntheticSpec { rows: 1_000_003, slate: 7, ..SyntheticSpec::default() };
        let all: Vec<Block> = (0..blocks(&spec)).map(|number| block(&spec, number)).collect();
        assert_eq!(all.iter().map(|block| block.rows).sum::<u64>(), 1_000_003);
        assert_eq!(all.iter().map(|block| block.slates).sum::<u64>(), 142_858);
        assert!(all.windows(2).all(|pair| pair[1].first_slate == pair[0].first_slate + pair[0].slates));
    }

    #[test]
    fn the_clock_runs_from_the_first_moment_to_the_last() {
        let clock = Clock::new(&SyntheticSpec { days: 2, ..SyntheticSpec::default() });
        assert_eq!(clock.at(0.0), 19_723 * DAY);
        assert_eq!(clock.at(1.0), 19_725 * DAY - 1);
        assert_eq!(clock.at(0.5), 19_724 * DAY);
        let times: Vec<i64> = (0..=1000).map(|step| clock.at(f64::from(step) / 1000.0)).collect();
        assert!(times.windows(2).all(|pair| pair[0] <= pair[1]));
        // Six hours around the peak hold more than six hours around the trough, by (1 + .6·.9)/(1 − .6·.9).
        let within = |from: i64| times.iter().filter(|&&time| (time % DAY) / 3_600_000_000 / 6 == from).count() as f64;
        assert!(within(3) / within(1) > 2.5, "{} {}", within(3), within(1));
    }
}
