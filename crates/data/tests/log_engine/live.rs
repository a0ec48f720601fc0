//! What a service computes for one request equals what the plans computed for that row, bit for bit.

use std::collections::BTreeMap;

use slatewise_data::log::engine::live::{DayCounts, Event, day_of, history, recency, window};
use slatewise_data::log::engine::{By, DeriveSpec, HistorySpec, RecencySpec, WindowSpec};
use slatewise_data::log::schema::Role;

use super::rows::{Cells, Outcome, Place, column, log};

/// SplitMix64: the rows are random, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

struct Row {
    user: String,
    item: String,
    time: i64,
    click: i8,
    order: i8,
}

/// Few users, few times: many ties, long histories. In the order of time.
fn random_rows(seed: u64) -> Vec<Row> {
    let mut random = Random(seed);
    let mut rows: Vec<_> = (0..600)
        .map(|_| Row {
            user: format!("u{}", random.below(1 + seed * 5)),
            item: format!("ité{}", random.below(20)),
            time: random.below(300) as i64 * 7_200_123_457 - 86_400_000_000,
            click: i8::from(random.below(3) == 0),
            order: i8::from(random.below(5) == 0),
        })
        .collect();
    rows.sort_by_key(|row| row.time);
    rows
}

#[test]
fn live_values_equal_the_plans() -> Outcome {
    for seed in 0..4 {
        let place = Place::with(32 << 20, 1 + seed as usize % 2)?;
        let rows = random_rows(seed);
        let texts = |of: fn(&Row) -> &String| Cells::Text(rows.iter().map(|row| Some(of(row).clone())).collect());
        let typed = place.typed(
            "typed.parquet",
            vec![
                ("user", Role::User, texts(|row| &row.user)),
                ("item", Role::Item, texts(|row| &row.item)),
                ("time", Role::Time, Cells::Time(rows.iter().map(|row| Some(row.time)).collect())),
                ("click", Role::Feedback, Cells::Boolean(rows.iter().map(|row| Some(row.click)).collect())),
                ("order", Role::Feedback, Cells::Boolean(rows.iter().map(|row| Some(row.order)).collect())),
            ],
        )?;
        let clean = place.clean(&typed, &log("rules = { duplicates = 'keep' }")?, &[])?.0;
        let by = |name: &str| By::Column(name.to_owned());
        let feedback = vec!["click".to_owned(), "order".to_owned()];
        let spec = DeriveSpec {
            history: vec![HistorySpec {
                by: by("user"),
                of: "item".to_owned(),
                last: 4,
                feedback: feedback.clone(),
                ages: true,
                kinds: true,
                name: None,
            }],
            window: vec![WindowSpec { by: by("item"), days: 3, feedback }],
            recency: vec![RecencySpec { by: by("user") }],
        };
        let out = place.path("derived.parquet");
        place.engine.derive(&place.path("clean.parquet"), &clean, &spec, &out)?;
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in &rows {
            for (name, value) in live_row(&rows, row) {
                expected.entry(name).or_default().push(value);
            }
        }
        for (name, values) in expected {
            assert_eq!(column(&out, &name)?, values, "{name}, seed {seed}");
        }
    }
    Ok(())
}

/// The derived columns of one row, from the whole log as a service would keep it.
fn live_row(rows: &[Row], now: &Row) -> Vec<(String, String)> {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let float = |value: Option<f64>| shown(value.map(|value| format!("{value:?}")));
    let mut values = Vec::new();
    let of_user: Vec<_> = rows.iter().filter(|row| row.user == now.user).collect();
    let events: Vec<_> = of_user
        .iter()
        .filter(|row| row.click == 1 || row.order == 1)
        .map(|row| Event { at: row.time, value: &row.item, kind: Some(u8::from(row.order == 1)) })
        .collect();
    let seen: Vec<_> = history(&events, now.time, 4).collect();
    for place in 0..4 {
        let event = seen.get(place);
        let kind = event.and_then(|event| event.kind).map(|kind| ["click", "order"][usize::from(kind)].to_owned());
        values.push((format!("user_item_{}", place + 1), shown(event.map(|event| event.value.to_owned()))));
        values.push((format!("user_item_{}_age", place + 1), float(event.map(|event| event.age_at(now.time)))));
        values.push((format!("user_item_{}_feedback", place + 1), shown(kind)));
    }
    let times: Vec<_> = of_user.iter().map(|row| row.time).collect();
    let since = recency(&times, now.time);
    values.push(("user_since_last".to_owned(), float(since.since_last)));
    values.push(("user_rows_before".to_owned(), since.rows_before.to_string()));
    let mut days: BTreeMap<i64, DayCounts> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.item == now.item) {
        let day = day_of(row.time);
        let counts = days.entry(day).or_insert(DayCounts { day, rows: 0, feedback: vec![0, 0] });
        counts.rows += 1;
        counts.feedback[0] += i64::from(row.click);
        counts.feedback[1] += i64::from(row.order);
    }
    let days: Vec<_> = days.into_values().collect();
    let counts = window(&days, now.time, 3, 2);
    values.push(("item_3d_rows".to_owned(), counts.rows.to_string()));
    for (at, name) in ["click", "order"].into_iter().enumerate() {
        values.push((format!("item_3d_{name}"), counts.feedback[at].to_string()));
        values.push((format!("item_3d_{name}_rate"), float(counts.rate(at))));
    }
    values
}
