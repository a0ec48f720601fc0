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

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema as ArrowSchema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;
use datafusion::parquet::file::metadata::KeyValue;

pub use self::spec::{By, DeriveSpec, HistorySpec, RecencySpec, WindowSpec};
pub use self::walk::functions;

use self::beside::Lane;
use self::keyed::Keyed;
use super::clean_rows::CleanRows;
use super::order::Order;
use super::parquet_out::{ParquetOut, Rows};
use super::session::{Engine, Join, failed};
use super::temporary::Temporary;
use super::{rows, sql};
use crate::log::error::LogError;
use crate::log::schema::{TypedColumn, TypedKind, TypedSchema};

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

/// How rows are handed on.
pub(super) struct Wide<'a> {
    /// Of the clean columns and the derived ones those that are wanted, in their order.
    pub(super) schema: TypedSchema,
    pub(super) spec: &'a DeriveSpec,
    /// Whether texts may be codes, and of the technical columns `_row` be enough: a reader of the tables of this crate sees no
    /// difference, and every other one does.
    pub(super) codes: bool,
}

impl<'a> Wide<'a> {
    /// All columns as they are.
    pub(super) fn whole(schema: &TypedSchema, spec: &'a DeriveSpec) -> Self {
        Self { schema: spec.wide(schema), spec, codes: false }
    }

    /// The technical columns.
    fn technical(&self, codes: bool) -> &'static [&'static str] {
        if codes { &["_row"] } else { &rows::TECHNICAL }
    }

    /// The arrow schema of the rows.
    pub(super) fn arrow_schema(&self, codes: bool) -> SchemaRef {
        if !codes {
            return rows::arrow_schema(&self.schema);
        }
        let histories = &self.spec.history;
        // The names of feedbacks stay texts.
        let is_kind = |name: &str| {
            let kind = |value: &String| name.strip_suffix("_feedback") == Some(value);
            histories.iter().any(|history| history.kinds && history.values().any(|value| kind(&value)))
        };
        let field = |column: &TypedColumn| match column.kind {
            TypedKind::Text if !is_kind(&column.name) => Field::new(&column.name, DataType::Int32, true),
            kind => sql::field(&column.name, kind),
        };
        let row = Field::new("_row", DataType::Int64, true);
        Arc::new(ArrowSchema::new(self.schema.columns.iter().map(field).chain([row]).collect::<Vec<_>>()))
    }

    /// The clean columns that it takes to make these.
    fn read<'s>(&'s self, clean: &'s TypedSchema, at: &'s str, codes: bool) -> BTreeSet<&'s str> {
        let wanted = self.schema.columns.iter().map(|column| column.name.as_str());
        let derived = Derived::all(self.spec).into_iter().flat_map(|derived| {
            let more: Vec<&str> = match derived {
                Derived::History(spec) => [spec.of.as_str()].into_iter().chain(spec.kinds_of(clean)).collect(),
                Derived::Window(spec) => spec.feedback.iter().map(String::as_str).collect(),
                Derived::Recency(_) => Vec::new(),
            };
            derived.by().iter().map(String::as_str).chain(more)
        });
        wanted
            .filter(|name| clean.has(name))
            .chain(derived)
            .chain(self.technical(codes).iter().copied())
            .chain([at])
            .collect()
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
        let clean = CleanRows::written(clean, schema)?;
        let wide = Wide::whole(schema, spec);
        let create = |_| ParquetOut::create(out, wide.arrow_schema(false), &rows::order(&wide.schema));
        self.widen(&clean, &wide, create)?.0.finish()?;
        Ok(wide.schema)
    }

    /// Hands the clean rows with their derived columns, in their order, to what `begin` makes; it may be made twice, where the
    /// first way asks for too much memory. It is told whether texts come as codes; then their names come at the end.
    pub(super) fn widen<S: Rows>(
        &self,
        clean: &CleanRows,
        wide: &Wide<'_>,
        begin: impl Fn(bool) -> Result<S, LogError>,
    ) -> Result<(S, Vec<KeyValue>), LogError> {
        let (schema, order) = (&clean.schema, &clean.order);
        if !order.by_time {
            return Err(LogError::File {
                path: clean.path.clone(),
                problem: "its rows do not stand in the order of time and `_row`".to_owned(),
                mend: "clean the rows first".to_owned(),
            });
        }
        let at = order.time.as_deref().unwrap_or("_row");
        let mut keyed = Keyed::new(schema, wide.spec, at, self.memory_of_keys());
        if wide.codes {
            let texts = wide.schema.columns.iter().map(|column| column.name.as_str());
            keyed = keyed.with_codes(
                texts.filter(|name| schema.column(name).is_some_and(|column| column.kind == TypedKind::Text)),
            );
        }
        if let Some(written) = widen_keyed(clean, (wide, at), &mut keyed, begin(wide.codes)?)? {
            return Ok((written, keyed.names()));
        }
        drop(keyed);
        if let Some(file) = clean.file() {
            return Ok((self.widen_sorted(file, (schema, order), wide, begin(false)?)?, Vec::new()));
        }
        let whole = Temporary::written(self, rows::arrow_schema(schema), |out| clean.write(out))?;
        let order = Order::of(whole.path(), schema)?;
        Ok((self.widen_sorted(whole.path(), (schema, &order), wide, begin(false)?)?, Vec::new()))
    }

    /// The way that sorts by each key.
    fn widen_sorted<S: Rows>(
        &self,
        clean: &Path,
        (schema, order): (&TypedSchema, &Order),
        wide: &Wide<'_>,
        mut out: S,
    ) -> Result<S, LogError> {
        let derived = Derived::all(wide.spec);
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
            out.write(&widened((schema, order), wide, &derived, &keys, &batches).map_err(broken)?)?;
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

/// The way that remembers each key while the rows pass by once; none where that takes too much memory. One thread reads rows,
/// one looks at those before them, and one writes those before these.
fn widen_keyed<S: Rows>(
    clean: &CleanRows,
    (wide, at): (&Wide<'_>, &str),
    keyed: &mut Keyed<'_>,
    mut out: S,
) -> Result<Option<S>, LogError> {
    let (read, made) = (wide.read(&clean.schema, at, wide.codes), wide.spec.columns());
    let (send_batch, batches) = sync_channel::<RecordBatch>(BLOCKS_AHEAD);
    let (send, receive) = sync_channel::<Vec<ArrayRef>>(BLOCKS_AHEAD);
    // Who gets nothing more, or whom nobody listens to, ends; whoever failed says why.
    let reading = move || -> Result<(), DataFusionError> {
        let mut rows = clean.batches(Some(&read))?;
        while let Some(batch) = rows.next()? {
            if send_batch.send(batch).is_err() {
                break;
            }
        }
        Ok(())
    };
    let look = move || -> Result<bool, DataFusionError> {
        for batch in batches {
            let Some(derived) = keyed.columns(&batch)? else { return Ok(false) };
            let of = |name: &str| match made.iter().position(|derived| derived.name == name) {
                Some(place) => Ok(Arc::clone(&derived[place])),
                None => keyed.codes(name).map_or_else(|| column(&batch, name), Ok),
            };
            let wanted = wide.schema.columns.iter().map(|column| column.name.as_str());
            let wanted = wanted.chain(wide.technical(wide.codes).iter().copied());
            if send.send(wanted.map(of).collect::<Result<_, _>>()?).is_err() {
                break;
            }
        }
        Ok(true)
    };
    std::thread::scope(|scope| {
        let (reading, looking) = (scope.spawn(reading), scope.spawn(look));
        let written = receive.iter().try_for_each(|columns| out.write(&columns));
        drop(receive);
        let looked = looking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written?;
        read.map_err(broken)?;
        Ok(looked.map_err(broken)?.then_some(out))
    })
}

fn broken(error: DataFusionError) -> LogError {
    failed("derived columns", error)
}

/// A column by its name.
pub(super) fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef, DataFusionError> {
    batch.column_by_name(name).cloned().ok_or_else(|| exec_datafusion_err!("there is no column `{name}`"))
}

/// The things derived by one key, in their order.
fn of_key<'a>(derived: &[Derived<'a>], by: &[String]) -> Vec<Derived<'a>> {
    derived.iter().copied().filter(|derived| derived.by() == by).collect()
}

/// One block of wide rows: the clean columns, the derived ones, the technical ones.
fn widened(
    (schema, order): (&TypedSchema, &Order),
    wide: &Wide<'_>,
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
    debug_assert!(columns.iter().all(|column| column.len() == clean.num_rows()));
    let all = wide.spec.wide(schema).columns;
    let mut wanted = Vec::with_capacity(all.len());
    wanted.extend(columns.into_iter().zip(&all).filter(|(_, of)| wide.schema.has(&of.name)).map(|(column, _)| column));
    for name in rows::TECHNICAL {
        wanted.push(column(clean, name)?);
    }
    Ok(wanted)
}
