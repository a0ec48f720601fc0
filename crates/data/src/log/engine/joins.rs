//! Side tables: one row per key, joined to the log without sorting it.
//!
//! ```text
//! items.csv: sku  colour        log: item      joined: item  items.colour
//!            A1   red                A1                 A1    red
//!            A1   blue   repeated    B2                 B2    (none)        unmatched
//! ```

use std::path::Path;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::Int64Type;

use super::session::{Engine, Join};
use super::sql;
use super::temporary::Temporary;
use crate::log::error::LogError;
use crate::log::schema::{Role, SideTable, TypedColumn, TypedKind, TypedSchema};

/// A side table as ingest typed it.
#[derive(Debug, Clone, Copy)]
pub struct TypedTable<'a> {
    /// What is declared about it.
    pub spec: &'a SideTable,
    /// Its typed rows, with `_row`.
    pub rows: &'a Path,
    /// Its columns, called `<table>.<column>` or `<column>`.
    pub schema: &'a TypedSchema,
}

/// A side table with one row per key, ready to be joined.
pub(super) struct JoinedTable {
    /// Its name.
    pub(super) name: String,
    /// `_key` as text, `_row`, and its columns under the names that the log gives them.
    pub(super) file: Temporary,
    /// Its columns, in the log's names.
    pub(super) columns: Vec<TypedColumn>,
    /// Rows left out because an earlier one has their key.
    pub(super) repeated: u64,
    /// The column of the log that holds its keys.
    pub(super) on: String,
}

/// `<table>.<column>`, which a column that ingest wrote is called already.
fn prefixed(table: &str, column: &str) -> String {
    let own = column.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
    if own { column.to_owned() } else { format!("{table}.{column}") }
}

impl JoinedTable {
    /// Keeps the first row of each key.
    pub(super) fn prepare(engine: &Engine, table: &TypedTable<'_>, log: &TypedSchema) -> Result<Self, LogError> {
        let (spec, name) = (table.spec, &table.spec.name);
        let on = log.column(&spec.on).ok_or_else(|| {
            let known: Vec<_> = log.columns.iter().map(|column| column.name.as_str()).collect();
            let mend = format!("name a typed column of the log: {}", known.join(", "));
            LogError::config(format!("schema.tables.{name}.on"), &spec.on, mend)
        })?;
        let is_key = |column: &&TypedColumn| column.name == spec.key || column.source == spec.key;
        let key = table.schema.columns.iter().find(is_key).ok_or_else(|| {
            LogError::config(format!("schema.tables.{name}.key"), &spec.key, "name a column of the table")
        })?;
        if key.kind == TypedKind::Vector || on.kind == TypedKind::Vector {
            return Err(LogError::config(format!("schema.tables.{name}.key"), &spec.key, "a vector is no key"));
        }
        let role = match on.role {
            Role::Item => Role::ItemAttribute,
            Role::User | Role::Session => Role::Context,
            _ => Role::Other,
        };
        let others = table.schema.columns.iter().filter(|column| column.name != key.name);
        let columns: Vec<_> = others
            .map(|column| {
                (column, TypedColumn { name: prefixed(name, &column.name), role: role.clone(), ..column.clone() })
            })
            .collect();
        let session = engine.session(format!("side table {name}"), Join::Hash);
        session.file("side", table.rows, &[])?;
        let key = sql::of("s", &key.name);
        let first = format!("SELECT min(_row) AS _row FROM side s WHERE {key} IS NOT NULL GROUP BY {key}");
        let first = Temporary::of(engine, &session, session.plan(&first)?)?;
        let counted = session.small(&format!("SELECT count({key}) FROM side s"))?;
        let keyed: i64 = counted.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0)).sum();

        let session = engine.session(format!("side table {name}"), engine.join_for(first.rows, first.bytes));
        session.file("side", table.rows, &[])?;
        session.file("first", first.path(), &[])?;
        let selected: String = columns
            .iter()
            .map(|(from, to)| format!(", {} AS {}", sql::of("s", &from.name), sql::name(&to.name)))
            .collect();
        let plan = session.plan(&format!(
            "SELECT CAST({key} AS VARCHAR) AS _key, s._row{selected} FROM first f JOIN side s ON f._row = s._row"
        ))?;
        let file = Temporary::of(engine, &session, plan)?;
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        let repeated = (keyed as u64).saturating_sub(first.rows);
        Ok(Self { name: name.clone(), file, columns, repeated, on: spec.on.clone() })
    }

    /// The join, from the log under `t` to this table under `table_<at>`.
    pub(super) fn join(&self, at: usize) -> String {
        format!(" LEFT JOIN table_{at} ON CAST({} AS VARCHAR) = table_{at}._key", sql::of("t", &self.on))
    }

    /// Its columns, for a SELECT.
    pub(super) fn selected(&self, at: usize) -> impl Iterator<Item = String> {
        self.columns.iter().map(move |column| sql::of(&format!("table_{at}"), &column.name))
    }
}
