//! Clean rows → derived columns → train, validation and test files, by one split or the other, in one pass.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use slatewise_data::log::engine::{Engine, Parts, PartsKind, PartsOrder, PartsSpec, Written};
use slatewise_data::log::schema::{Role, TypedSchema};

use super::clean::Cleaned;
use super::config::{MappedConfig, RowOrder, SplitKind};
use crate::seeds::Seeds;

/// What is kept of divided rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept<'a> {
    /// The parts, and the undivided rows as `derived.parquet` too.
    Whole,
    /// The parts.
    Parts,
    /// Parts of these columns, which an encoder of this process alone can read.
    Columns(&'a BTreeSet<String>),
}

/// Rows with derived columns, divided.
pub(crate) struct Divided {
    pub(crate) schema: TypedSchema,
    /// The split of the kept model first.
    pub(crate) splits: Vec<(SplitKind, Parts)>,
    /// Splits that cannot be made beside it, and why.
    pub(crate) without: Vec<(SplitKind, String)>,
}

/// Adds the declared histories, windows and recencies, and writes the three files of each of these splits, as `kept` says.
///
/// # Errors
/// A declaration that does not fit the columns, a plan that fails; for the first split, a part without rows.
pub(crate) fn divide(
    config: &MappedConfig,
    cleaned: &Cleaned,
    kinds: &[SplitKind],
    engine: &Engine,
    (folder, kept): (&Path, Kept<'_>),
) -> Result<Divided> {
    let divisions: Vec<(PartsSpec, PathBuf)> =
        kinds.iter().map(|&kind| (parts_spec(config, kind), folder.join(kind.name()))).collect();
    for (_, folder) in &divisions {
        std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot make it", folder.display()))?;
    }
    let whole = folder.join("derived.parquet");
    let written = match kept {
        Kept::Whole => Written { derived: Some(&whole), only: None },
        Kept::Parts => Written::default(),
        Kept::Columns(only) => Written { derived: None, only: Some(only) },
    };
    let (schema, made) = engine.divide_rows(&cleaned.rows, &config.derive, &divisions, written)?;
    cleaned.remove()?;
    let mut divided = Divided { schema, splits: Vec::new(), without: Vec::new() };
    for (&kind, parts) in kinds.iter().zip(made) {
        match parts {
            Ok(parts) => divided.splits.push((kind, parts)),
            // The split that is kept is there; another one is told for comparison only.
            Err(error) if !divided.splits.is_empty() => divided.without.push((kind, error.to_string())),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(divided)
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

fn parts_spec(config: &MappedConfig, kind: SplitKind) -> PartsSpec {
    PartsSpec {
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
    }
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
