//! `DeriveSpec`: what is derived from a row's past, under `[derive]`.
//!
//! ```toml
//! [[derive.history]]            # the last things before this row
//! by = "user"                   # whose past; one column, or several: ["user", "surface"]
//! of = "item"                   # what is remembered, as text
//! last = 5                      # how many, the latest first
//! feedback = ["click", "order"] # rows with one of these = 1 are remembered; all rows unless declared
//! ages = true                   # beside each how many seconds ago
//! kinds = true                  # beside each its strongest feedback: the last declared one that is 1
//!
//! [[derive.window]]             # counts of past days
//! by = "item"
//! days = 7                      # the days before the row's own UTC day, which is left out
//! feedback = ["click"]          # a sum and a rate each
//!
//! [[derive.recency]]            # since when, and how much
//! by = "user"
//! ```
//!
//! | columns | type | hold |
//! |---|---|---|
//! | `user_item_1` … `user_item_5` | text | the latest, the one before it, …; none where there are fewer |
//! | `user_item_1_age` … | number | seconds from then to this row |
//! | `user_item_1_feedback` … | text | name of its strongest feedback; none where all are 0 |
//! | `item_7d_rows`, `item_7d_click` | integer | rows, and clicks among them, in the seven days before this row's day |
//! | `item_7d_click_rate` | number | clicks per row; none without rows |
//! | `user_since_last` | number | seconds since the user's last row; none for the first |
//! | `user_rows_before` | integer | the user's rows before this one |
//!
//! *Before* means at an earlier time: rows of the very same time see nothing of each other, so that what happened on a slate
//! tells nothing about that slate. A row without a key or a time has no derived values, and is in nobody's past. Without a
//! time column rows happened one after the other, in the order of their files.

use serde::{Deserialize, Serialize};

use crate::log::error::LogError;
use crate::log::schema::{Available, Role, TypedColumn, TypedKind, TypedSchema};

/// Derived columns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeriveSpec {
    /// The last things before a row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistorySpec>,
    /// Counts of past days.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub window: Vec<WindowSpec>,
    /// Since when, and how much.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recency: Vec<RecencySpec>,
}

/// Whose past: one column or several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum By {
    /// One column.
    Column(String),
    /// Rows that agree in all of these.
    Columns(Vec<String>),
}

/// The last `last` values of `of` among earlier rows with the same `by`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistorySpec {
    /// Whose past.
    pub by: By,
    /// The column that is remembered: text or integer.
    pub of: String,
    /// How many, 1 to 1,000.
    pub last: usize,
    /// Binary feedbacks that make a row worth remembering, the weakest first; all rows unless declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<String>,
    /// Whether ages are written.
    #[serde(default)]
    pub ages: bool,
    /// Whether the strongest feedback is written.
    #[serde(default)]
    pub kinds: bool,
    /// Begins the columns' names, `<by>_<of>` unless declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Rows and feedbacks in the `days` UTC days before a row's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// Whose past.
    pub by: By,
    /// How many days, 1 to 36,500.
    pub days: u32,
    /// Binary feedbacks that are summed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<String>,
}

/// Seconds since the last earlier row with the same `by`, and how many such rows there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecencySpec {
    /// Whose past.
    pub by: By,
}

impl By {
    /// The columns.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Column(column) => std::slice::from_ref(column),
            Self::Columns(columns) => columns,
        }
    }

    /// How derived columns begin.
    pub(super) fn prefix(&self) -> String {
        self.columns().join("_")
    }
}

impl HistorySpec {
    /// The feedbacks by which an event's strongest is told: the declared ones, else all binary ones of the log.
    pub(crate) fn kinds_of<'a>(&'a self, schema: &'a TypedSchema) -> Vec<&'a str> {
        if self.feedback.is_empty() {
            let binary = schema.with_role(&Role::Feedback).filter(|column| column.kind == TypedKind::Boolean);
            return binary.map(|column| column.name.as_str()).collect();
        }
        self.feedback.iter().map(String::as_str).collect()
    }

    /// The names of the columns of values.
    pub(super) fn values(&self) -> impl Iterator<Item = String> {
        let name = self.name.clone().unwrap_or_else(|| format!("{}_{}", self.by.prefix(), self.of));
        (1..=self.last).map(move |at| format!("{name}_{at}"))
    }

    /// The columns that this adds.
    pub fn columns(&self) -> Vec<TypedColumn> {
        let each = self.values().flat_map(|name| {
            let age = self.ages.then(|| column(format!("{name}_age"), TypedKind::Number));
            let kind = self.kinds.then(|| column(format!("{name}_feedback"), TypedKind::Text));
            [Some(column(name, TypedKind::Text)), age, kind]
        });
        each.flatten().collect()
    }
}

impl WindowSpec {
    /// The columns that this adds.
    pub fn columns(&self) -> Vec<TypedColumn> {
        let name = format!("{}_{}d", self.by.prefix(), self.days);
        let sums = self.feedback.iter().flat_map(|feedback| {
            let sum = column(format!("{name}_{feedback}"), TypedKind::Integer);
            [sum, column(format!("{name}_{feedback}_rate"), TypedKind::Number)]
        });
        [column(format!("{name}_rows"), TypedKind::Integer)].into_iter().chain(sums).collect()
    }
}

impl RecencySpec {
    /// The columns that this adds.
    pub fn columns(&self) -> Vec<TypedColumn> {
        let name = self.by.prefix();
        vec![
            column(format!("{name}_since_last"), TypedKind::Number),
            column(format!("{name}_rows_before"), TypedKind::Integer),
        ]
    }
}

/// A derived column is known before the outcome, because it looks at earlier rows alone.
fn column(name: String, kind: TypedKind) -> TypedColumn {
    TypedColumn { source: name.clone(), name, role: Role::Other, kind, available: Some(Available::Before) }
}

impl DeriveSpec {
    /// The columns of rows that carry the derived ones.
    pub(crate) fn wide(&self, schema: &TypedSchema) -> TypedSchema {
        let mut wide = schema.clone();
        wide.columns.extend(self.columns());
        wide
    }

    /// Whether nothing is derived.
    pub fn is_empty(&self) -> bool {
        self.history.is_empty() && self.window.is_empty() && self.recency.is_empty()
    }

    /// The columns that are added: histories, windows, recencies, in the order of their declaration.
    pub fn columns(&self) -> Vec<TypedColumn> {
        let histories = self.history.iter().flat_map(HistorySpec::columns);
        let windows = self.window.iter().flat_map(WindowSpec::columns);
        histories.chain(windows).chain(self.recency.iter().flat_map(RecencySpec::columns)).collect()
    }

    /// Whether all of it can be derived from these columns.
    ///
    /// # Errors
    /// [`LogError::Config`] naming the key.
    pub fn check(&self, schema: &TypedSchema) -> Result<(), LogError> {
        let timed = schema.with_role(&Role::Time).next().is_some();
        for (at, history) in self.history.iter().enumerate() {
            let key = format!("derive.history[{at}]");
            check_by(&history.by, schema, &key)?;
            check_feedback(&history.feedback, schema, &key)?;
            let of = schema.column(&history.of).map(|column| column.kind);
            if !matches!(of, Some(TypedKind::Text | TypedKind::Integer | TypedKind::Boolean)) {
                return Err(LogError::config(
                    format!("{key}.of"),
                    &history.of,
                    "name a column of texts or whole numbers",
                ));
            }
            if !(1..=1000).contains(&history.last) {
                return Err(LogError::config(format!("{key}.last"), history.last.to_string(), "give 1 to 1000"));
            }
            if history.kinds_of(schema).len() > 255 {
                let mend = "name at most 255 feedbacks";
                return Err(LogError::config(format!("{key}.feedback"), "all", mend));
            }
            if history.ages && !timed {
                let mend = "the log has no time, so there are no ages; leave it out, or declare schema.time";
                return Err(LogError::config(format!("{key}.ages"), "true", mend));
            }
        }
        for (at, window) in self.window.iter().enumerate() {
            let key = format!("derive.window[{at}]");
            check_by(&window.by, schema, &key)?;
            check_feedback(&window.feedback, schema, &key)?;
            if !(1..=36_500).contains(&window.days) {
                return Err(LogError::config(format!("{key}.days"), window.days.to_string(), "give 1 to 36500"));
            }
            if !timed {
                let mend = "the log has no time, so there are no days; leave the window out, or declare schema.time";
                return Err(LogError::config(format!("{key}.days"), window.days.to_string(), mend));
            }
        }
        for (at, recency) in self.recency.iter().enumerate() {
            let key = format!("derive.recency[{at}]");
            check_by(&recency.by, schema, &key)?;
            if !timed {
                let mend = "the log has no time; leave the recency out, or declare schema.time";
                return Err(LogError::config(format!("{key}.by"), recency.by.prefix(), mend));
            }
        }
        let mut names: Vec<_> = schema.columns.iter().map(|column| column.name.clone()).collect();
        for column in self.columns() {
            if names.contains(&column.name) {
                let mend = "two columns would have this name; give one history another `name`, or leave one out";
                return Err(LogError::config("derive", column.name, mend));
            }
            names.push(column.name);
        }
        Ok(())
    }
}

fn check_by(by: &By, schema: &TypedSchema, key: &str) -> Result<(), LogError> {
    let refused = |value: &str, mend: &str| Err(LogError::config(format!("{key}.by"), value, mend));
    if by.columns().is_empty() {
        return refused("[]", "name at least one column");
    }
    for name in by.columns() {
        match schema.column(name).map(|column| column.kind) {
            Some(TypedKind::Text | TypedKind::Integer | TypedKind::Boolean) => {}
            Some(_) => return refused(name, "a key is a column of texts or whole numbers"),
            None => return refused(name, "there is no such column"),
        }
    }
    Ok(())
}

fn check_feedback(feedback: &[String], schema: &TypedSchema, key: &str) -> Result<(), LogError> {
    let binary = |name: &&String| {
        let column = schema.column(name);
        column.is_some_and(|column| column.role == Role::Feedback && column.kind == TypedKind::Boolean)
    };
    match feedback.iter().find(|name| !binary(name)) {
        Some(name) => Err(LogError::config(format!("{key}.feedback"), name, "name binary feedbacks of the schema")),
        None => Ok(()),
    }
}
