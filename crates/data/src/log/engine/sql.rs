//! Names and values inside SQL: any column name can stand there, whatever it holds.

use datafusion::arrow::datatypes::{DataType, Field};

use crate::log::schema::TypedKind;

/// A name in double quotes, so that upper case, spaces, dots and quotes in it mean themselves.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A column of a table under its alias.
pub(super) fn of(table: &str, column: &str) -> String {
    format!("{table}.{}", name(column))
}

/// Names, quoted and divided by commas.
pub(super) fn names<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    columns.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The arrow type of a typed column.
pub(super) fn arrow_type(kind: TypedKind) -> DataType {
    match kind {
        TypedKind::Text => DataType::Utf8,
        TypedKind::Integer | TypedKind::Time => DataType::Int64,
        TypedKind::Number => DataType::Float64,
        TypedKind::Boolean => DataType::Int8,
        TypedKind::Vector => DataType::new_list(DataType::Float32, true),
    }
}

/// The arrow field of a typed column.
pub(super) fn field(name: &str, kind: TypedKind) -> Field {
    Field::new(name, arrow_type(kind), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_and_its_quotes_are_doubled() {
        assert_eq!(name("Prix d'achat"), "\"Prix d'achat\"");
        assert_eq!(name("a\"b"), "\"a\"\"b\"");
        assert_eq!(of("t", "user.Age"), "t.\"user.Age\"");
        assert_eq!(names(["a", "B c"]), "\"a\", \"B c\"");
    }
}
