//! The files between the steps: typed columns first, then the technical ones, sorted by time and `_row`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};

use super::sql;
use crate::log::schema::{Role, TypedSchema};

/// The technical columns that clean rows keep: where each came from.
pub(super) const TECHNICAL: [&str; 3] = ["_row", "_file", "_line"];

/// The arrow schema of clean, derived and divided rows.
pub(super) fn arrow_schema(schema: &TypedSchema) -> SchemaRef {
    let typed = schema.columns.iter().map(|column| sql::field(&column.name, column.kind));
    let technical = TECHNICAL.into_iter().zip([DataType::Int64, DataType::Int32, DataType::Int64]);
    let technical = technical.map(|(name, kind)| Field::new(name, kind, true));
    Arc::new(ArrowSchema::new(typed.chain(technical).collect::<Vec<_>>()))
}

/// The columns by which they ascend.
pub(super) fn order(schema: &TypedSchema) -> Vec<&str> {
    let time = schema.with_role(&Role::Time).next().map(|column| column.name.as_str());
    time.into_iter().chain(["_row"]).collect()
}
