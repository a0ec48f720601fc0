//! What is broken on purpose, and counted.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::rows::{DAY, Rows};
use super::spec::Dirt;
use super::world::{below, uniform};

/// How late a time from the future is: ten years.
const FUTURE: i64 = 3653 * DAY;

/// What was broken, counted on the rows before they were repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DirtCounts {
    /// `category` without a value.
    pub null_categories: u64,
    /// `device` without a value.
    pub null_devices: u64,
    /// `price` without a value.
    pub null_prices: u64,
    /// `category` in another case or with spaces.
    pub dirty_case: u64,
    /// `category` cut off.
    pub cut_values: u64,
    /// `price` below zero.
    pub negative_prices: u64,
    /// Rows that come once more.
    pub duplicates: u64,
    /// `time` in the future.
    pub future_times: u64,
}

impl DirtCounts {
    pub(super) fn add(&mut self, other: &Self) {
        self.null_categories += other.null_categories;
        self.null_devices += other.null_devices;
        self.null_prices += other.null_prices;
        self.dirty_case += other.dirty_case;
        self.cut_values += other.cut_values;
        self.negative_prices += other.negative_prices;
        self.duplicates += other.duplicates;
        self.future_times += other.future_times;
    }
}

/// What is wrong with a text cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Flaw {
    #[default]
    None,
    Null,
    /// One of three ways to write it.
    Case(u8),
    Cut,
}

/// Flaws of a block's rows; empty columns where there are none.
#[derive(Debug, Default)]
pub(super) struct Flaws {
    pub category: Vec<Flaw>,
    pub device_null: Vec<bool>,
    pub price_null: Vec<bool>,
    /// The rows to write, in order; empty where each is written once in its own order.
    pub order: Vec<u32>,
    pub counts: DirtCounts,
}

/// Breaks what `dirt` says, in `rows` or beside them.
pub(super) fn spoil(dirt: &Dirt, rows: &mut Rows, rng: &mut ChaCha8Rng) -> Flaws {
    let mut flaws = Flaws::default();
    if *dirt == Dirt::default() {
        return flaws;
    }
    for row in 0..rows.len() {
        flaws.category.push(category(dirt, &mut flaws.counts, rng));
        let null = uniform(rng) < dirt.nulls;
        flaws.device_null.push(null);
        flaws.counts.null_devices += u64::from(null);
        let point = uniform(rng);
        flaws.price_null.push(point < dirt.nulls);
        if point < dirt.nulls {
            flaws.counts.null_prices += 1;
        } else if point < dirt.nulls + dirt.negative_prices {
            rows.price[row] = -rows.price[row];
            flaws.counts.negative_prices += 1;
        }
        if uniform(rng) < dirt.future_times {
            rows.time[row] += FUTURE;
            flaws.counts.future_times += 1;
        }
    }
    if dirt.duplicates > 0.0 {
        flaws.order = repeated(rows.len(), dirt.duplicates, rng);
        flaws.counts.duplicates = (flaws.order.len() - rows.len()) as u64;
    }
    flaws
}

fn category(dirt: &Dirt, counts: &mut DirtCounts, rng: &mut ChaCha8Rng) -> Flaw {
    let point = uniform(rng);
    if point < dirt.nulls {
        counts.null_categories += 1;
        Flaw::Null
    } else if point < dirt.nulls + dirt.cut_values {
        counts.cut_values += 1;
        Flaw::Cut
    } else if point < dirt.nulls + dirt.cut_values + dirt.dirty_case {
        counts.dirty_case += 1;
        Flaw::Case((rng.next_u64() % 3) as u8)
    } else {
        Flaw::None
    }
}

/// All rows in order, and a share of them once more at some later place.
fn repeated(rows: usize, share: f64, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let mut order: Vec<(u32, u32)> = (0..rows as u32).map(|row| (row, row)).collect();
    for row in 0..rows as u32 {
        if uniform(rng) < share {
            let later = row as usize + below(rows - row as usize, rng);
            order.push((later as u32, row));
        }
    }
    // The sort is stable, so a row stands before its own repetition.
    order.sort_by_key(|&(place, _)| place);
    order.into_iter().map(|(_, row)| row).collect()
}

/// A category as it is written with its flaw; none where there is no value.
pub(super) fn written(name: &str, flaw: Flaw) -> Option<String> {
    match flaw {
        Flaw::Null => None,
        Flaw::None => Some(name.to_owned()),
        Flaw::Cut => Some(name[..name.len() / 2].to_owned()),
        Flaw::Case(0) => Some(name.to_uppercase()),
        Flaw::Case(1) => Some(format!(" {name} ")),
        Flaw::Case(_) => Some(format!("{}{}", name[..1].to_uppercase(), &name[1..])),
    }
}
