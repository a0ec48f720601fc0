//! Time, CPU time and memory of `clean`, `derive` and `split` on synthetic rows.
//!
//! ```text
//! cargo run --release -p slatewise-data --features engine --example engine_speed -- 2000000 1024
//!                                                                                   rows    MiB of the pool
//! ```
//!
//! Users and items are as unequal as in real logs (Zipf), one row in a hundred repeats, times ascend but for one row in ten
//! when a third argument says `shuffled`.

#![expect(clippy::print_stdout, reason = "it is a program that prints what it measured")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int8Array, Int32Array, Int64Array, StringArray};
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use slatewise_data::log::engine::{CleanInput, DeriveSpec, Engine, EngineConfig, PartsSpec};
use slatewise_data::log::schema::{Role, TypedColumn, TypedKind, TypedSchema};
use slatewise_data::log::{Counts, QuarantineWriter, Schema};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const BLOCK: u64 = 50_000;

const DERIVE: &str = "
    history = [{ by = 'user', of = 'item', last = 5, feedback = ['click'], ages = true, kinds = true }]
    window = [{ by = 'item', days = 7, feedback = ['click'] }]
    recency = [{ by = 'user' }]
";

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Small numbers are likelier, as in Zipf's law with exponent 1.
    fn unequal(&mut self, end: f64) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        end.powf(uniform) as u64 - 1
    }
}

fn write(path: &Path, rows: u64, shuffled: bool) -> Outcome<TypedSchema> {
    let columns = [
        ("user", Role::User, TypedKind::Text),
        ("item", Role::Item, TypedKind::Text),
        ("time", Role::Time, TypedKind::Time),
        ("position", Role::Position, TypedKind::Integer),
        ("price", Role::Price, TypedKind::Number),
        ("country", Role::Context, TypedKind::Text),
        ("click", Role::Feedback, TypedKind::Boolean),
        ("purchase", Role::Feedback, TypedKind::Boolean),
    ];
    let columns = columns.map(|(name, role, kind)| {
        let name = name.to_owned();
        TypedColumn { source: name.clone(), name, role, kind, available: None }
    });
    let schema = TypedSchema { files: vec!["synthetic.csv".into()], columns: columns.to_vec() };
    let mut writer = None;
    let mut random = Random(6);
    for block in 0..rows.div_ceil(BLOCK) {
        let numbers: Vec<i64> = (block * BLOCK..rows.min((block + 1) * BLOCK)).map(|row| row as i64).collect();
        let batch = block_of(&mut random, &numbers, (rows, shuffled))?;
        if writer.is_none() {
            writer = Some(ArrowWriter::try_new(fs::File::create(path)?, batch.schema(), None)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(schema)
}

fn block_of(random: &mut Random, numbers: &[i64], (rows, shuffled): (u64, bool)) -> Outcome<RecordBatch> {
    let (users, items) = (rows as f64 / 20.0, rows as f64 / 100.0);
    let (mut user, mut item, mut time, mut hash) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut price, mut click, mut purchase) = (Vec::new(), Vec::new(), Vec::new());
    for &number in numbers {
        if number % 100 == 99 {
            // The row before, once more.
            user.extend(user.last().cloned());
            item.extend(item.last().cloned());
            time.extend(time.last().copied());
            price.extend(price.last().copied());
            click.extend(click.last().copied());
            purchase.extend(purchase.last().copied());
            hash.extend(hash.last().copied());
            continue;
        }
        user.push(format!("user-{}", random.unequal(users)));
        item.push(format!("item-{}", random.unequal(items)));
        let late = if shuffled && number % 10 == 0 { random.next() % (rows / 10 + 1) } else { 0 };
        time.push((number as u64 + late) as i64 * (30 * 86_400_000_000 / rows as i64));
        price.push((random.next() % 10_000) as f64 / 100.0);
        let clicked = random.next().is_multiple_of(10);
        click.push(i8::from(clicked));
        purchase.push(i8::from(clicked && random.next().is_multiple_of(5)));
        hash.push(random.next() as i64);
    }
    let place = numbers.iter().map(|number| number % 20).collect::<Vec<_>>();
    let country = numbers.iter().map(|number| ["DE", "FR", "PL", "IT"][*number as usize % 4]).collect::<Vec<_>>();
    let arrays: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(StringArray::from(user))),
        ("item", Arc::new(StringArray::from(item))),
        ("time", Arc::new(Int64Array::from(time))),
        ("position", Arc::new(Int64Array::from(place))),
        ("price", Arc::new(Float64Array::from(price))),
        ("country", Arc::new(StringArray::from(country))),
        ("click", Arc::new(Int8Array::from(click))),
        ("purchase", Arc::new(Int8Array::from(purchase))),
        ("_row", Arc::new(Int64Array::from(numbers.to_vec()))),
        ("_file", Arc::new(Int32Array::from(vec![0; numbers.len()]))),
        ("_line", Arc::new(Int64Array::from_iter_values(numbers.iter().map(|number| number + 2)))),
        ("_hash_a", Arc::new(Int64Array::from(hash.clone()))),
        ("_hash_b", Arc::new(Int64Array::from(hash))),
    ];
    let fields: Vec<_> =
        arrays.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = arrays.into_iter().map(|(_, array)| array).collect();
    Ok(RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays)?)
}

/// CPU seconds of this process so far, and the most memory it held in MiB.
fn spent() -> Outcome<(f64, u64)> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok((ticks / 100.0, peak.trim().trim_end_matches(" kB").parse::<u64>()? >> 10))
}

fn measured<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let (start, (before, _)) = (Instant::now(), spent()?);
    let result = work()?;
    let (after, peak) = spent()?;
    println!("{what:<8} {:6.2} s  CPU {:6.2} s  peak {peak} MiB", start.elapsed().as_secs_f64(), after - before);
    Ok(result)
}

fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let rows = arguments.first().map_or(Ok(2_000_000), |rows| rows.parse())?;
    let pool = arguments.get(1).map_or(Ok(1024), |pool| pool.parse::<usize>())?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let typed = measured("write", || {
        write(&path("typed.parquet"), rows, arguments.get(2).is_some_and(|how| how == "shuffled"))
    })?;
    let spill_folder = path("spill");
    let engine = Engine::new(&EngineConfig { memory_bytes: pool << 20, threads: 2, spill_folder })?;
    let mut log: Schema = toml::from_str("files = []")?;
    log.feedback = toml::from_str::<Schema>(
        "files = []\nfeedback = [{ name = 'click', column = 'click' }, { name = 'purchase', column = 'purchase', requires = 'click' }]",
    )?
    .feedback;
    let clean = measured("clean", || {
        let input = CleanInput { rows: &path("typed.parquet"), schema: &typed, log: &log, tables: &[] };
        let mut counts = Counts { rows_read: rows, rows_kept: rows, ..Counts::default() };
        let mut quarantine = QuarantineWriter::create(&path("quarantine.csv"))?;
        let clean = engine.clean(&input, &path("clean.parquet"), &mut quarantine, &mut counts)?;
        quarantine.finish()?;
        println!("         {} rows kept, {} repeated", counts.rows_kept, counts.duplicates_dropped);
        Ok(clean)
    })?;
    let spec: DeriveSpec = toml::from_str(DERIVE)?;
    let derived = path("derived.parquet");
    let wide = measured("derive", || Ok(engine.derive(&path("clean.parquet"), &clean, &spec, &derived)?))?;
    measured("split", || Ok(engine.split(&derived, &wide, &PartsSpec::default(), &path("parts"))?))?;
    measured("profile", || Ok(engine.profile(&derived, &wide)?))?;
    Ok(())
}
