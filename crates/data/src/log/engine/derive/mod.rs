//! Derived columns: what a row's past holds, and nothing of its present or future.
//!
//! ```text
//! clean rows ──in the order of time──▶ what is remembered of each key (keyed) ──▶ wide rows        few enough keys for the memory
//!
//! clean rows ──▶ per key (user; item; …) a few columns ──sort by key, time──▶ walk ──sort back──▶ packed values
//!     └───────────────────────────────────────────────────────────────────────────────beside────────┴──▶ wide rows
//! ```
//!
//! Both ways give the same rows, byte for byte. The first is tried, and left for the second, a plan that spills, when the keys
//! ask for more than a quarter of the engine's memory.

mod beside;
mod history;
mod keyed;
pub mod live;
mod recency;
mod spec;
mod walk;
mod window;

use std::path::Path;
use std::sync::mpsc::sync_channel;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;

pub use self::spec::{By, DeriveSpec, HistorySpec, RecencySpec, WindowSpec};
pub use self::walk::functions;

use self::beside::Lane;
use self::keyed::Keyed;
use super::order::Order;
use super::parquet_out::{ParquetOut, Rows};
use super::session::{Engine, Join, failed};
use super::temporary::Temporary;
use super::{rows, sql};
use crate::log::error::LogError;
use crate::log::schema::TypedSchema;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
const MICROSECONDS_PER_SECOND: f64 = 1e6;

/// Blocks of rows that may wait to be written.
const BLOCKS_AHEAD: usize = 4;

/// One declared thing to derive.
#[derive(Clone, Copy)]
enum Derived<'a> {
    History(&'a HistorySpec),
    Window(&'a WindowSpec),
    Recency(&'a RecencySpec),
}

impl<'a> Derived<'a> {
    /// All, in the order of their columns.
    fn all(spec: &'a DeriveSpec) -> Vec<Self> {
        let histories = spec.history.iter().map(Self::History);
        let windows = spec.window.iter().map(Self::Window);
        histories.chain(windows).chain(spec.recency.iter().map(Self::Recency)).collect()
    }

    fn by(self) -> &'a [String] {
        match self {
            Self::History(spec) => spec.by.columns(),
            Self::Window(spec) => spec.by.columns(),
            Self::Recency(spec) => spec.by.columns(),
        }
    }

    fn call(self, schema: &TypedSchema, at: &str) -> String {
        match self {
            Self::History(spec) => history::call(spec, schema, at),
            Self::Window(spec) => window::call(spec, at),
            Self::Recency(spec) => recency::call(spec, at),
        }
    }

    fn unpacked(self, schema: &TypedSchema, packed: &BinaryArray, at: &[i64]) -> Vec<ArrayRef> {
        match self {
            Self::History(spec) => history::unpacked(spec, schema, packed, at),
            Self::Window(spec) => window::unpacked(spec, packed),
            Self::Recency(_) => recency::unpacked(packed, at),
        }
    }
}

impl Engine {
    /// Writes the clean rows with their derived columns to `out`, in the same order.
    ///
    /// # Errors
    /// [`LogError::Config`] as [`DeriveSpec::check`]; [`LogError::File`] if `clean` is not as [`Engine::clean`] writes it;
    /// [`LogError::Engine`] if a plan fails.
    pub fn derive(
        &self,
        clean: &Path,
        schema: &TypedSchema,
        spec: &DeriveSpec,
        out: &Path,
    ) -> Result<TypedSchema, LogError> {
        spec.check(schema)?;
        let order = Order::of(clean, schema)?;
        let wide = spec.wide(schema);
        let create = || ParquetOut::create(out, rows::arrow_schema(&wide), &rows::order(&wide));
        self.widen(clean, (schema, &order), spec, create)?.finish()?;
        Ok(wide)
    }

    /// Hands the clean rows with their derived columns, in their order, to what `begin` makes; it may be made twice, where the
    /// first way asks for too much memory.
    pub(super) fn widen<S: Rows>(
        &self,
        clean: &Path,
        (schema, order): (&TypedSchema, &Order),
        spec: &DeriveSpec,
        begin: impl Fn() -> Result<S, LogError>,
    ) -> Result<S, LogError> {
        if !order.by_time {
            return Err(LogError::File {
                path: clean.to_path_buf(),
                problem: "its rows do not stand in the order of time and `_row`".to_owned(),
                mend: "clean the rows first".to_owned(),
            });
        }
        let mut keyed = Keyed::new(schema, spec, order.time.as_deref().unwrap_or("_row"), self.memory_of_keys());
        match widen_keyed(clean, schema, &mut keyed, begin()?)? {
            Some(written) => Ok(written),
            None => self.widen_sorted(clean, (schema, order), spec, begin()?),
        }
    }

    /// The way that sorts by each key.
    fn widen_sorted<S: Rows>(
        &self,
        clean: &Path,
        (schema, order): (&TypedSchema, &Order),
        spec: &DeriveSpec,
        mut out: S,
    ) -> Result<S, LogError> {
        let derived = Derived::all(spec);
        let mut keys: Vec<&[String]> = Vec::new();
        for by in derived.iter().map(|derived| derived.by()) {
            if !keys.contains(&by) {
                keys.push(by);
            }
        }
        let pasts: Vec<_> =
            keys.iter().map(|by| self.pasts(clean, schema, order, &of_key(&derived, by))).collect::<Result<_, _>>()?;
        let paths = [clean].into_iter().chain(pasts.iter().map(Temporary::path));
        let mut lanes: Vec<_> = paths.map(Lane::open).collect::<Result<_, _>>().map_err(broken)?;
        while let Some(batches) = beside::next(&mut lanes).map_err(broken)? {
            out.write(&widened(schema, order, &derived, &keys, &batches).map_err(broken)?)?;
        }
        Ok(out)
    }

    /// What the rows of one key see of their past: `_row` and a packed column per thing, in the order of the rows.
    fn pasts(
        &self,
        clean: &Path,
        schema: &TypedSchema,
        order: &Order,
        derived: &[Derived<'_>],
    ) -> Result<Temporary, LogError> {
        let session = self.session("derived columns", Join::Hash);
        functions().into_iter().for_each(|function| session.context.register_udwf(function));
        session.file("clean", clean, &order.known())?;
        let at = order.time.as_deref().map_or_else(|| "_row".to_owned(), sql::name);
        let by = derived.first().map_or(&[][..], |derived| derived.by());
        let sorted = by.iter().map(String::as_str).chain(order.columns());
        let calls: String = derived
            .iter()
            .enumerate()
            .map(|(number, derived)| format!(", {} OVER w AS past_{number}", derived.call(schema, &at)))
            .collect();
        let (sorted, back) = (sql::names(sorted), sql::names(order.columns()));
        // Sorting back needs the time where `_row` alone does not order the rows.
        let query = format!("SELECT {back}{calls} FROM clean WINDOW w AS (ORDER BY {sorted}) ORDER BY {back}");
        Temporary::of(self, &session, session.plan(&query)?)
    }
}

/// The way that remembers each key while the rows pass by once; none where that takes too much memory. Rows are read and
/// looked at by one thread while another writes those before them.
fn widen_keyed<S: Rows>(
    clean: &Path,
    schema: &TypedSchema,
    keyed: &mut Keyed<'_>,
    mut out: S,
) -> Result<Option<S>, LogError> {
    let (send, receive) = sync_channel(BLOCKS_AHEAD);
    let look = move || -> Result<bool, DataFusionError> {
        let mut lane = Lane::open(clean)?;
        while let Some(batch) = lane.next()? {
            let Some(derived) = keyed.columns(&batch)? else { return Ok(false) };
            let names = schema.columns.iter().map(|column| column.name.as_str());
            let mut columns: Vec<_> = names.map(|name| column(&batch, name)).collect::<Result<_, _>>()?;
            columns.extend(derived);
            for name in rows::TECHNICAL {
                columns.push(column(&batch, name)?);
            }
            if send.send(columns).is_err() {
                // Whoever writes has failed, and says so.
                return Ok(true);
            }
        }
        Ok(true)
    };
    std::thread::scope(|scope| {
        let looking = scope.spawn(look);
        let written = receive.iter().try_for_each(|columns: Vec<ArrayRef>| out.write(&columns));
        drop(receive);
        let looked = looking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written?;
        Ok(looked.map_err(broken)?.then_some(out))
    })
}

fn broken(error: DataFusionError) -> LogError {
    failed("derived columns", error)
}

/// A column by its name.
fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef, DataFusionError> {
    batch.column_by_name(name).cloned().ok_or_else(|| exec_datafusion_err!("there is no column `{name}`"))
}

/// The things derived by one key, in their order.
fn of_key<'a>(derived: &[Derived<'a>], by: &[String]) -> Vec<Derived<'a>> {
    derived.iter().copied().filter(|derived| derived.by() == by).collect()
}

/// One block of wide rows: the clean columns, the derived ones, the technical ones.
fn widened(
    schema: &TypedSchema,
    order: &Order,
    derived: &[Derived<'_>],
    keys: &[&[String]],
    batches: &[RecordBatch],
) -> Result<Vec<ArrayRef>, DataFusionError> {
    let clean = &batches[0];
    let at = column(clean, order.time.as_deref().unwrap_or("_row"))?;
    let at = at.as_primitive_opt::<Int64Type>().ok_or_else(|| exec_datafusion_err!("the time is no 64-bit integer"))?;
    let names = schema.columns.iter().map(|column| column.name.as_str());
    let mut columns: Vec<_> = names.map(|name| column(clean, name)).collect::<Result<_, _>>()?;
    let mut taken = vec![0; keys.len()];
    for derived in derived {
        let Some(key) = keys.iter().position(|by| *by == derived.by()) else { continue };
        let packed = column(&batches[key + 1], &format!("past_{}", taken[key]))?;
        taken[key] += 1;
        let packed = packed.as_binary_opt::<i32>().ok_or_else(|| exec_datafusion_err!("a past is not packed"))?;
        columns.extend(derived.unpacked(schema, packed, at.values()));
    }
    for name in rows::TECHNICAL {
        columns.push(column(clean, name)?);
    }
    debug_assert!(columns.iter().all(|column| column.len() == clean.num_rows()));
    Ok(columns)
}
