//! Clean rows → derived columns → train, validation and test files, by one split or the other.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use slatewise_data::log::engine::{Engine, Parts, PartsKind, PartsOrder, PartsSpec};
use slatewise_data::log::schema::{Role, TypedSchema};

use super::clean::Cleaned;
use super::config::{MappedConfig, RowOrder, SplitKind};
use crate::seeds::Seeds;

/// Rows with derived columns.
pub(crate) struct Derived {
    pub(crate) rows: PathBuf,
    pub(crate) schema: TypedSchema,
}

/// Adds the declared histories, windows and recencies.
///
/// # Errors
/// A declaration that does not fit the columns, a plan that fails.
pub(crate) fn derive(config: &MappedConfig, cleaned: Cleaned, engine: &Engine, folder: &Path) -> Result<Derived> {
    if config.derive.is_empty() {
        return Ok(Derived { rows: cleaned.rows, schema: cleaned.schema });
    }
    let rows = folder.join("derived.parquet");
    let schema = engine.derive(&cleaned.rows, &cleaned.schema, &config.derive, &rows)?;
    std::fs::remove_file(&cleaned.rows).with_context(|| format!("{}: cannot remove it", cleaned.rows.display()))?;
    Ok(Derived { rows, schema })
}

/// The splits to make, that of the kept model first.
///
/// # Errors
/// A chronological split of rows without an order.
pub(crate) fn kinds(config: &MappedConfig, schema: &TypedSchema) -> Result<Vec<SplitKind>> {
    let ordered = schema.with_role(&Role::Time).next().is_some() || config.split.order.is_some();
    let kept = config.split.kind.unwrap_or(if ordered { SplitKind::Chronological } else { SplitKind::Random });
    ensure!(
        ordered || kept == SplitKind::Random,
        "split.kind: the rows have no time; map schema.time, declare split.order = \"row\" if the files are in the order of time, or take \"random\""
    );
    let other = match kept {
        SplitKind::Chronological => SplitKind::Random,
        SplitKind::Random => SplitKind::Chronological,
    };
    let both = config.split.both && (ordered || other == SplitKind::Random);
    Ok(if both { vec![kept, other] } else { vec![kept] })
}

/// Writes the three files of a split.
///
/// # Errors
/// A part without rows, a plan that fails, a row of the future in the train part.
pub(crate) fn split(
    config: &MappedConfig,
    derived: &Derived,
    kind: SplitKind,
    engine: &Engine,
    folder: &Path,
) -> Result<Parts> {
    let folder = folder.join(kind.name());
    std::fs::create_dir_all(&folder).with_context(|| format!("{}: cannot make it", folder.display()))?;
    let spec = PartsSpec {
        kind: match kind {
            SplitKind::Chronological => PartsKind::Chronological,
            SplitKind::Random => PartsKind::Random,
        },
        order: config.split.order.map(|order| match order {
            RowOrder::Time => PartsOrder::Time,
            RowOrder::Row => PartsOrder::Row,
        }),
        validation: config.split.validation,
        test: config.split.test,
        // Time divides groups; a random split need not.
        group: config.split.group.clone().filter(|_| kind == SplitKind::Random),
        seed: Seeds(config.seed).number("split"),
    };
    Ok(engine.split(&derived.rows, &derived.schema, &spec, &folder)?)
}

/// What the parts hold, for the console.
pub(crate) fn lines(kind: SplitKind, parts: &Parts) -> Vec<String> {
    let time = |microseconds: Option<i64>| {
        let time = microseconds.and_then(|microseconds| Timestamp::from_microsecond(microseconds).ok());
        time.map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M").to_string())
    };
    let named = [("train", &parts.train), ("validation", &parts.validation), ("test", &parts.test)];
    let part = named.map(|(name, part)| {
        let times = match (part.first_time, part.last_time) {
            (None, _) | (_, None) => String::new(),
            (first, last) => format!("   {} to {}", time(first), time(last)),
        };
        let positives: Vec<String> = part.positives.iter().map(|(task, rows)| format!("{task} {rows}")).collect();
        format!("{:<13} {name:<10} {:>9} rows{times}   {}", kind.name(), part.rows, positives.join(", "))
    });
    let proof = format!("{:<13} rows of the future in train: {}", kind.name(), parts.future_rows_in_train);
    part.into_iter().chain((kind == SplitKind::Chronological).then_some(proof)).collect()
}
