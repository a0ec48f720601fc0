//! Logs that are written, read back and held against their truth.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

type Tested = Result<(), Box<dyn Error>>;

fn table(path: &Path) -> Result<RecordBatch, Box<dyn Error>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let schema = reader.schema().clone();
    let batches = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}

/// A column of numbers of any type; 0 where there is no value.
fn numbers(table: &RecordBatch, name: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let column = table.column_by_name(name).ok_or(name.to_owned())?;
    Ok(cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().iter().map(Option::unwrap_or_default).collect())
}

fn times(table: &RecordBatch) -> Result<Vec<i64>, Box<dyn Error>> {
    Ok(table.column_by_name("time").ok_or("time")?.as_primitive::<Int64Type>().values().to_vec())
}

fn texts(table: &RecordBatch, name: &str) -> Result<Vec<Option<String>>, Box<dyn Error>> {
    let column = table.column_by_name(name).ok_or(name.to_owned())?;
    Ok(column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
}

/// A small shop, and 8,000 slates of four.
fn small() -> SyntheticSpec {
    SyntheticSpec {
        rows: 32_000,
        users: 200,
        items: 12,
        slate: 4,
        segments: 2,
        categories: 4,
        brands: 3,
        click: ResponseSpec { rate: 0.25, ..ResponseSpec::default() },
        ..SyntheticSpec::default()
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() -> Tested {
    // Several blocks, so that threads have something to disagree about.
    let spec = SyntheticSpec { rows: 300_001, content: Some(ContentSpec { noise: 0.1 }), ..SyntheticSpec::dirty() };
    let spec = SyntheticSpec { users: 500, items: 100, segments: 3, ..spec };
    let run = |seed, threads| -> Result<_, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let summary = pool.install(|| generate(&spec, seed, folder.path()))?;
        let files = [EVENTS, USERS, ITEMS, TRUTH_ROWS, TRUTH];
        let hashes =
            files.map(|file| artefact::sha256_file(folder.path().join(file)).map_err(|error| error.to_string()));
        assert_eq!(std::fs::read_dir(folder.path())?.count(), files.len());
        Ok((summary, hashes))
    };
    let once = run(1, 1)?;
    assert_eq!(once, run(1, 3)?);
    let other = run(2, 1)?;
    assert!(once.1.iter().zip(&other.1).all(|(a, b)| a.is_ok() && a != b));
    Ok(())
}

#[test]
fn propensities_are_the_frequencies_of_what_was_shown() -> Tested {
    let folder = tempfile::tempdir()?;
    let spec = small();
    generate(&spec, 3, folder.path())?;
    let events = table(&folder.path().join(EVENTS))?;
    let segments = texts(&table(&folder.path().join(USERS))?, "segment")?;
    let [user, item, position, propensity] =
        ["user", "item", "position", "propensity"].map(|name| numbers(&events, name));
    let (user, item, position, propensity) = (user?, item?, position?, propensity?);
    // At the first place the propensity of an item is one number per segment, and so often it must be shown.
    let mut first: BTreeMap<(String, u32), (f64, f64)> = BTreeMap::new();
    let mut visits: BTreeMap<String, f64> = BTreeMap::new();
    for row in (0..user.len()).filter(|&row| position[row] == 1.0) {
        let segment = segments[user[row] as usize - 1].clone().ok_or("no segment")?;
        *visits.entry(segment.clone()).or_default() += 1.0;
        let shown = first.entry((segment, item[row] as u32)).or_insert((0.0, propensity[row]));
        assert_eq!(shown.1, propensity[row]);
        shown.0 += 1.0;
    }
    assert_eq!((first.len(), visits.len()), (24, 2));
    for ((segment, _), (count, p)) in &first {
        let slates = visits[segment];
        assert!((count - slates * p).abs() < 4.0 * (slates * p * (1.0 - p)).sqrt(), "{count} of {slates} at {p}");
    }
    // At the place k there are 13 − k items to choose from, and Σ_i P(i)·1/P(i) is their number.
    for place in 1..=4 {
        let inverse: Vec<f64> =
            (0..user.len()).filter(|&row| position[row] == f64::from(place)).map(|row| 1.0 / propensity[row]).collect();
        let n = inverse.len() as f64;
        let mean = inverse.iter().sum::<f64>() / n;
        let error = (inverse.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n / n).sqrt();
        assert!((mean - f64::from(13 - place)).abs() < 4.0 * error, "{mean} ± {error} at {place}");
    }
    // No item twice in a slate, and every slate whole.
    for slate in item.chunks(4) {
        assert!((1..4).all(|place| !slate[..place].contains(&slate[place])), "{slate:?}");
    }
    Ok(())
}

#[test]
fn inverse_propensities_tell_what_another_policy_earns() -> Tested {
    // The same shop twice: once with the policy, once with uniform choice. Intercepts are given, so users are the same.
    let click = ResponseSpec { intercept: Some(-1.0), ..ResponseSpec::default() };
    let logged = SyntheticSpec { click, rows: 120_000, ..small() };
    let uniform = SyntheticSpec { policy: PolicySpec { exploration: 1.0, ..logged.policy }, ..logged.clone() };
    let first_places = |spec: &SyntheticSpec| -> Result<_, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        generate(spec, 5, folder.path())?;
        let events = table(&folder.path().join(EVENTS))?;
        let (click, propensity) = (numbers(&events, "click")?, numbers(&events, "propensity")?);
        let weighted = |row: usize| click[row] / (12.0 * propensity[row]);
        let values: Vec<f64> = (0..click.len()).step_by(4).map(weighted).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let plain = (0..click.len()).step_by(4).map(|row| click[row]).sum::<f64>() / n;
        Ok((mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n / n, plain))
    };
    let (estimate, variance, earned) = first_places(&logged)?;
    let (truth, truth_variance, same) = first_places(&uniform)?;
    assert!((truth - same).abs() < 1e-9, "weights of uniform choice on its own log are 1");
    let error = (variance + truth_variance).sqrt();
    assert!((estimate - truth).abs() < 4.0 * error, "{estimate} instead of {truth} ± {error}");
    assert!(earned > truth + 4.0 * error, "the policy earns more than uniform choice: {earned}, {truth}");
    Ok(())
}

#[test]
fn responses_come_as_often_as_their_truth_says() -> Tested {
    let folder = tempfile::tempdir()?;
    let summary = generate(&small(), 11, folder.path())?;
    let (events, truth) = (table(&folder.path().join(EVENTS))?, table(&folder.path().join(TRUTH_ROWS))?);
    let click = numbers(&events, "click")?;
    let mut before = vec![1.0; click.len()];
    for task in TASKS {
        let (came, p) = (numbers(&events, task)?, numbers(&truth, &format!("_true_{task}"))?);
        assert!(came.iter().zip(&before).all(|(came, before)| came <= before), "{task} without what it needs");
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
        for bin in order.chunks(p.len().div_ceil(10)) {
            let (expected, variance) =
                bin.iter().fold((0.0, 0.0), |sum, &row| (sum.0 + p[row], sum.1 + p[row] * (1.0 - p[row])));
            let count: f64 = bin.iter().map(|&row| came[row]).sum();
            assert!((count - expected).abs() < 4.0 * variance.sqrt() + 1.0, "{task}: {count} of {expected}");
        }
        let best = summary.truth.best[task];
        assert_eq!(best.events, came.iter().sum::<f64>() as u64);
        assert!((best.rate - p.iter().sum::<f64>() / p.len() as f64).abs() < 1e-12);
        before = came;
    }
    // The declared rates: clicks per row, carts per click, purchases per cart.
    let [click, cart, purchase] = TASKS.map(|task| summary.truth.best[task].rate);
    for (rate, declared) in [(click, 0.25), (cart / click, 0.2), (purchase / cart, 0.4)] {
        assert!((rate / declared - 1.0).abs() < 0.03, "{rate} instead of {declared}");
    }
    assert!(summary.truth.best["click"].auc > 0.65 && summary.truth.best["click"].log_loss < 0.56);
    Ok(())
}

#[test]
fn the_best_auc_is_that_of_the_truth_on_the_responses() -> Tested {
    let folder = tempfile::tempdir()?;
    let summary = generate(&small(), 12, folder.path())?;
    let (events, truth) = (table(&folder.path().join(EVENTS))?, table(&folder.path().join(TRUTH_ROWS))?);
    let (click, p) = (numbers(&events, "click")?, numbers(&truth, "_true_click")?);
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut negatives, mut won) = (0.0, 0.0);
    for row in order {
        won += click[row] * negatives;
        negatives += 1.0 - click[row];
    }
    let clicks: f64 = click.iter().sum();
    let realised = won / (clicks * negatives);
    assert!((realised - summary.truth.best["click"].auc).abs() < 0.015, "{realised}, {:?}", summary.truth.best);
    Ok(())
}

/// Newton's method for a logistic regression: weights and their standard errors.
fn logistic(rows: &[([f64; 5], f64)]) -> [(f64, f64); 5] {
    let mut weights = [0.0; 5];
    let mut inverse = [[0.0; 5]; 5];
    for _ in 0..12 {
        let (mut gradient, mut hessian) = ([0.0; 5], [[0.0; 5]; 5]);
        for (x, y) in rows {
            let p = response::sigmoid(weights.iter().zip(x).map(|(w, x)| w * x).sum());
            for i in 0..5 {
                gradient[i] += (y - p) * x[i];
                for j in 0..5 {
                    hessian[i][j] += p * (1.0 - p) * x[i] * x[j];
                }
            }
        }
        inverse = inverted(hessian);
        for i in 0..5 {
            weights[i] += (0..5).map(|j| inverse[i][j] * gradient[j]).sum::<f64>();
        }
    }
    std::array::from_fn(|i| (weights[i], inverse[i][i].sqrt()))
}

/// Gauss-Jordan; the matrix is positive definite.
fn inverted(mut a: [[f64; 5]; 5]) -> [[f64; 5]; 5] {
    let mut b: [[f64; 5]; 5] = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for column in 0..5 {
        let pivot = a[column][column];
        for j in 0..5 {
            a[column][j] /= pivot;
            b[column][j] /= pivot;
        }
        for row in (0..5).filter(|&row| row != column) {
            let factor = a[row][column];
            for j in 0..5 {
                a[row][j] -= factor * a[column][j];
                b[row][j] -= factor * b[column][j];
            }
        }
    }
    b
}

#[test]
fn planted_weights_are_found_again_in_the_files() -> Tested {
    // Without tastes and quality everything that counts is in the files, and the first place is always looked at.
    let click = ResponseSpec {
        rate: 0.2,
        intercept: Some(-1.2),
        taste: 0.0,
        quality: 0.0,
        price: 0.7,
        hour: 0.5,
        surface: [0.0, 0.4, -0.6],
    };
    let folder = tempfile::tempdir()?;
    generate(&SyntheticSpec { click, rows: 120_000, items: 300, ..small() }, 21, folder.path())?;
    let events = table(&folder.path().join(EVENTS))?;
    let ages = numbers(&table(&folder.path().join(USERS))?, "age")?;
    let (user, price, clicked) = (numbers(&events, "user")?, numbers(&events, "price")?, numbers(&events, "click")?);
    let (time, surface) = (times(&events)?, texts(&events, "surface")?);
    let on = |row: usize, name: &str| f64::from(u8::from(surface[row].as_deref() == Some(name)));
    let rows: Vec<([f64; 5], f64)> = (0..user.len())
        .step_by(4)
        .map(|row| {
            let sensitivity = 1.0 + (ages[user[row] as usize - 1] - 40.0) / 40.0;
            let hour = (time[row].rem_euclid(86_400_000_000)) as f64 / 3.6e9;
            let daily = (std::f64::consts::TAU * (hour - 20.0) / 24.0).cos();
            let x = -sensitivity * (price[row].ln() - 3.4) / 0.6;
            ([1.0, x, daily, on(row, "listing"), on(row, "search")], clicked[row])
        })
        .collect();
    for ((weight, error), planted) in logistic(&rows).into_iter().zip([-1.2, 0.7, 0.5, 0.4, -0.6]) {
        assert!((weight - planted).abs() < 4.0 * error && error < 0.06, "{weight} ± {error} instead of {planted}");
    }
    Ok(())
}

#[test]
fn dirt_is_there_as_declared_and_counted() -> Tested {
    let spec = SyntheticSpec { dirt: Dirt::dirty(), rows: 100_000, ..small() };
    let folder = tempfile::tempdir()?;
    let summary = generate(&spec, 9, folder.path())?;
    let (events, truth) = (table(&folder.path().join(EVENTS))?, table(&folder.path().join(TRUTH_ROWS))?);
    let (dirt, rows) = (summary.dirt, 1e5);
    assert_eq!(events.num_rows() as u64, 100_000 + dirt.duplicates);
    assert_eq!((truth.num_rows() as u64, summary.rows), (summary.rows, events.num_rows() as u64));
    let shares = [
        (dirt.null_categories, 0.02),
        (dirt.null_devices, 0.02),
        (dirt.null_prices, 0.02),
        (dirt.dirty_case, 0.05),
        (dirt.cut_values, 0.001),
        (dirt.negative_prices, 0.005),
        (dirt.duplicates, 0.01),
        (dirt.future_times, 0.001),
    ];
    for (count, share) in shares {
        assert!(
            (count as f64 - share * rows).abs() < 4.0 * (share * (1.0 - share) * rows).sqrt(),
            "{count} of {share}"
        );
    }
    // What stands in the file, repetitions left out: a row is named by session, time and position.
    let (session, time) = (numbers(&events, "session")?, times(&events)?);
    let (position, price) = (numbers(&events, "position")?, numbers(&events, "price")?);
    let category = texts(&events, "category")?;
    let mut seen = std::collections::BTreeSet::new();
    let mut found = DirtCounts::default();
    for row in 0..events.num_rows() {
        if !seen.insert((session[row] as u64, time[row], position[row] as u64)) {
            found.duplicates += 1;
            continue;
        }
        found.future_times += u64::from(time[row] >= (19_723 + 30) * 86_400_000_000);
        found.negative_prices += u64::from(price[row] < 0.0);
        found.null_prices += u64::from(events.column(8).is_null(row));
        found.null_devices += u64::from(events.column(5).is_null(row));
        match category[row].as_deref() {
            None => found.null_categories += 1,
            Some("categ") => found.cut_values += 1,
            Some(text) if text != text.trim() || text != text.to_lowercase() => found.dirty_case += 1,
            Some(text) => assert!(text.starts_with("category-0") && text.len() == 11, "{text}"),
        }
    }
    assert_eq!(found, dirt);
    // Without dirt the same rows come, clean.
    let clean = tempfile::tempdir()?;
    let clean_summary = generate(&SyntheticSpec { dirt: Dirt::default(), ..spec }, 9, clean.path())?;
    assert_eq!((clean_summary.dirt, clean_summary.rows), (DirtCounts::default(), 100_000));
    assert_eq!(clean_summary.truth.best, summary.truth.best);
    let times = times(&table(&clean.path().join(EVENTS))?)?;
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "in the order of time");
    Ok(())
}

#[test]
fn slates_may_use_up_all_items() -> Tested {
    let policy = PolicySpec { temperature: 0.05, exploration: 0.0 };
    let spec = SyntheticSpec { items: 5, slate: 5, rows: 5003, policy, ..small() };
    let folder = tempfile::tempdir()?;
    let summary = generate(&spec, 2, folder.path())?;
    let events = table(&folder.path().join(EVENTS))?;
    let (item, propensity) = (numbers(&events, "item")?, numbers(&events, "propensity")?);
    assert_eq!((summary.slates, events.num_rows()), (1001, 5003));
    for (slate, propensities) in item.chunks(5).zip(propensity.chunks(5)).take(1000) {
        let mut sorted = slate.to_vec();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!((propensities[4] - 1.0).abs() < 1e-12, "the last one is certain: {propensities:?}");
    }
    assert!(propensity.iter().all(|p| *p > 0.0 && *p <= 1.0));
    Ok(())
}

#[test]
fn keys_out_of_range_are_named_before_anything_is_written() -> Tested {
    let folder = tempfile::tempdir()?;
    let refused = |spec: &SyntheticSpec| generate(spec, 1, folder.path()).err().map(|error| error.to_string());
    let cases = [
        (SyntheticSpec { rows: 0, ..small() }, "synthetic.rows: 0: it must lie between 1 and 1000000000000000"),
        (SyntheticSpec { slate: 13, ..small() }, "synthetic.slate: 13: it must lie between 1 and 12"),
        (
            SyntheticSpec { policy: PolicySpec { temperature: f64::NAN, exploration: 0.1 }, ..small() },
            "synthetic.policy.temperature: NaN: it must lie between 0.05 and 1000",
        ),
        (
            SyntheticSpec { click: ResponseSpec { rate: 1.5, ..ResponseSpec::default() }, ..small() },
            "synthetic.click.rate: 1.5: it must lie between 0.000000001 and 0.999999999",
        ),
        (
            SyntheticSpec { dirt: Dirt { nulls: 0.5, ..Dirt::default() }, ..small() },
            "synthetic.dirt.nulls: 0.5: it must lie between 0 and 0.3",
        ),
    ];
    for (spec, message) in cases {
        assert_eq!(refused(&spec).as_deref(), Some(message));
    }
    let unseen = SyntheticSpec { click: ResponseSpec { rate: 0.9, ..ResponseSpec::default() }, ..small() };
    let message = refused(&unseen).ok_or("accepted")?;
    assert!(message.starts_with("synthetic.click.rate: 0.9: places are looked at with probability 0.696"), "{message}");
    let gone = generate(&small(), 1, folder.path().join("none")).err().map(|error| error.to_string());
    assert!(gone.is_some_and(|text| text.contains("none/users.parquet: cannot write it: ")));
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[test]
fn the_spec_reads_from_toml_and_maps_its_own_files() -> Tested {
    let spec: SyntheticSpec = toml::from_str("rows = 10\nitems = 20\n[dirt]\nduplicates = 0.01\n[click]\nrate = 0.3")?;
    assert_eq!((spec.rows, spec.dirt.duplicates, spec.click.rate, spec.days), (10, 0.01, 0.3, 30));
    assert!(toml::from_str::<SyntheticSpec>("row = 10").is_err());
    let schema = spec.schema("logs");
    assert_eq!(schema.files, [Path::new("logs").join(EVENTS)]);
    assert_eq!(schema.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["users", "items"]);
    assert_eq!(schema.feedback[2].requires.as_deref(), Some("cart"));
    assert_eq!(schema.rules.latest.map(|day| day.to_string()).as_deref(), Some("2024-01-30"));
    Ok(())
}
