//! Stage 3: which features, fitted on the train part of a split, and the parts encoded to disk.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use slatewise_data::log::engine::{ColumnProfile, Parts};
use slatewise_data::log::schema::{Available, Role, TypedColumn, TypedKind, TypedSchema};
use slatewise_features::tabular::{ColumnKind, LabelKind, ProposedColumn, TableTask, propose};
use slatewise_features::{Part, RowFile, RowFileWriter, TableEncoder, TableSpec};

use crate::mapped::config::{FeaturesConfig, MappedConfig};

/// The tasks of a run: the declared ones, else every feedback.
///
/// # Errors
/// There is nothing to learn.
pub(crate) fn tasks(config: &MappedConfig, schema: &TypedSchema) -> Result<Vec<TableTask>> {
    let tasks: Vec<TableTask> = if config.tasks.is_empty() {
        let task = |column: &TypedColumn| {
            let kind = if column.kind == TypedKind::Number { LabelKind::Number } else { LabelKind::Binary };
            TableTask::new(&column.name, &column.name, kind)
        };
        schema.with_role(&Role::Feedback).map(task).collect()
    } else {
        config.tasks.clone()
    };
    ensure!(
        !tasks.is_empty(),
        "schema.feedback: nothing to learn is declared; name the column of at least one feedback"
    );
    Ok(tasks)
}

/// Whether a column may be a feature at all: neither what users did, nor known too late, nor excluded, nor technical.
pub(crate) fn may_be_feature(config: &MappedConfig, column: &TypedColumn, left_out: &[String]) -> bool {
    let of_the_row = matches!(column.role, Role::Feedback | Role::Propensity);
    let excluded = config.features.exclude.contains(&column.name) || left_out.contains(&column.name);
    let session = column.role == Role::Session;
    !(of_the_row || session || excluded || column.available == Some(Available::After) || column.name.starts_with('_'))
}

/// The declaration of a split's files, features and tasks.
///
/// # Errors
/// No feature is left.
pub(crate) fn table_spec(
    config: &MappedConfig,
    schema: &TypedSchema,
    profile: &[ColumnProfile],
    parts: &Parts,
    left_out: &[String],
) -> Result<TableSpec> {
    let tasks = tasks(config, schema)?;
    let features = &config.features;
    let mut spec = TableSpec {
        validation_file: Some(parts.validation.path.clone()),
        test: Some(parts.test.path.clone()),
        categorical: features.categorical.clone(),
        numeric: features.numeric.clone(),
        cross: features.cross.clone(),
        calendar: features.calendar.clone(),
        target: features.target.clone(),
        vector: features.vector.clone(),
        ..TableSpec::new(parts.train.path.clone(), tasks)
    };
    if features.propose {
        let declared = declared_columns(features);
        let proposed = schema
            .columns
            .iter()
            .filter(|column| may_be_feature(config, column, left_out) && !declared.contains(&column.name.as_str()));
        let proposed: Vec<ProposedColumn> = proposed.filter_map(|column| proposed_column(column, profile)).collect();
        let more = propose(&proposed, spec.tasks.clone());
        spec.categorical.extend(more.categorical);
        spec.numeric.extend(more.numeric);
        spec.calendar.extend(more.calendar);
        spec.vector.extend(more.vector);
    }
    let some =
        !(spec.categorical.is_empty() && spec.numeric.is_empty() && spec.vector.is_empty() && spec.calendar.is_empty());
    ensure!(
        some,
        "features: no column is left to learn from; look at features.exclude and at what schema.columns says is known after the outcome"
    );
    Ok(spec)
}

/// The columns of which the config says itself what becomes of them.
fn declared_columns(features: &FeaturesConfig) -> Vec<&str> {
    let categorical = features.categorical.iter().map(|feature| feature.column.as_str());
    let numeric = features.numeric.iter().map(|feature| feature.column.as_str());
    let calendar = features.calendar.iter().map(|feature| feature.column.as_str());
    let vector = features.vector.iter().map(|feature| feature.column.as_str());
    categorical.chain(numeric).chain(calendar).chain(vector).collect()
}

fn proposed_column(column: &TypedColumn, profile: &[ColumnProfile]) -> Option<ProposedColumn> {
    let found = profile.iter().find(|found| found.name == column.name)?;
    Some(ProposedColumn {
        name: column.name.clone(),
        kind: match column.kind {
            TypedKind::Text => ColumnKind::Text,
            TypedKind::Integer => ColumnKind::Integer,
            TypedKind::Number => ColumnKind::Number,
            TypedKind::Boolean => ColumnKind::Boolean,
            TypedKind::Time => ColumnKind::Time,
            // Its width is known to whoever declares it under `features.vector`.
            TypedKind::Vector => return None,
        },
        distinct: found.distinct.unwrap_or(0),
        missing: found.missing,
        rows: found.rows,
        // Columns that hold the same ids learn from each other.
        table: shared_table(&column.name),
    })
}

/// `user_item_2`, the second-last item of a user, is an item.
fn shared_table(name: &str) -> Option<String> {
    let (stem, number) = name.rsplit_once('_')?;
    number.parse::<usize>().ok()?;
    ["item", "surface"].into_iter().find(|role| stem.ends_with(&format!("_{role}"))).map(str::to_owned)
}

/// The encoded rows of a split.
pub(crate) struct Rows {
    pub(crate) train: RowFile,
    pub(crate) validation: RowFile,
    pub(crate) test: RowFile,
}

/// Encodes the three parts to files in `folder`.
///
/// # Errors
/// A cell that the encoder cannot use, a disk that is full.
pub(crate) fn encode(spec: &TableSpec, encoder: &TableEncoder, folder: &Path) -> Result<Rows> {
    let file = |part, name: &str| -> Result<RowFile> {
        let mut writer = RowFileWriter::create(folder.join(name), encoder.row_schema()?)?;
        encoder.for_each_batch(&spec.part(part)?, |batch| writer.append(batch))?;
        Ok(writer.finish()?)
    };
    Ok(Rows {
        train: file(Part::Train, "train.rows").context("encoding the train part")?,
        validation: file(Part::Validation, "validation.rows").context("encoding the validation part")?,
        test: file(Part::Test, "test.rows").context("encoding the test part")?,
    })
}
