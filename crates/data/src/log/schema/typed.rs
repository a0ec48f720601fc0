//! `TypedSchema`: the columns that ingest writes, once every type is settled. It can be saved, and says what each column is.
//!
//! Beside them stand technical columns, whose names begin with `_`:
//!
//! | column | type | holds |
//! |---|---|---|
//! | `_row` | Int64 | number of the row over all files, from 0, in the order of reading |
//! | `_file` | Int32 | index into [`TypedSchema::files`] |
//! | `_line` | Int64 | line of the file, from 1 |
//! | `_hash_a`, `_hash_b` | Int64 | 128-bit hash of all typed values of the row: equal rows have equal ones |

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::column::Available;

/// What a typed column is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who.
    User,
    /// What.
    Item,
    /// Visit.
    Session,
    /// When: microseconds since 1970-01-01 UTC.
    Time,
    /// Where.
    Surface,
    /// Place within the slate.
    Position,
    /// Probability of being shown.
    Propensity,
    /// Price.
    Price,
    /// What the user did.
    Feedback,
    /// Describes the situation.
    Context,
    /// Describes the item.
    ItemAttribute,
    /// Anything else.
    Other,
}

/// The type of a typed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedKind {
    /// Arrow `Utf8`.
    Text,
    /// Arrow `Int64`.
    Integer,
    /// Arrow `Float64`.
    Number,
    /// Arrow `Int8`, 0 or 1.
    Boolean,
    /// Arrow `Int64`, microseconds since 1970-01-01 UTC.
    Time,
    /// Arrow `List<Float32>`.
    Vector,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedColumn {
    /// Its name from here on.
    pub name: String,
    /// Its name in the file.
    pub source: String,
    /// What it is for.
    pub role: Role,
    /// Its type.
    pub kind: TypedKind,
    /// When its value is known, where declared.
    pub available: Option<Available>,
}

/// All columns, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypedSchema {
    /// The files read, in order.
    pub files: Vec<PathBuf>,
    /// The columns.
    pub columns: Vec<TypedColumn>,
}

impl TypedSchema {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&TypedColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether there is a column of this name.
    pub fn has(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// The columns with a role.
    pub fn with_role(&self, role: &Role) -> impl Iterator<Item = &TypedColumn> {
        self.columns.iter().filter(move |column| column.role == *role)
    }
}
