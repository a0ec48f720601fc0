//! `Plan`: which columns are read, and what becomes of each.
//!
//! ```text
//! schema + columns of the files  →  wanted [("visitor", "schema.user"), ("event", "schema.feedback"), …]
//!                                   plans  [user ← 0 as id, purchase ← 1 as yes, price ← 2 as number ≥ 0, country ← 3 unsettled]
//! ```
//!
//! Typed columns stand in this order: the roles, the feedbacks as declared, all other columns as in the file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cell::Missing;
use super::time::{TimeRange, TimeReader};
use crate::log::error::LogError;
use crate::log::schema::{
    Available, ColumnPrivacy, ColumnSpec, ColumnType, Feedback, FeedbackKind, Role, Schema, SideTable, TimeSpec,
    TypedColumn, TypedKind, TypedSchema,
};

/// How cells become values.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// Text that names somebody or something.
    Id,
    /// Any text, or one of these.
    Text(Vec<Vec<u8>>),
    /// Whole numbers within limits.
    Integer { min: i64, max: i64 },
    /// Numbers within limits, `above` the lower one.
    Number { min: f64, max: f64, above: bool },
    /// Yes and no.
    Boolean,
    /// A time in one column, once it is settled how it is written.
    Time(Option<TimeReader>),
    /// A time in columns of year, month and day.
    Date,
    /// A time that is microseconds already, of no role.
    Moment,
    /// Feedback: one of these texts; any other text of the domain, if there is one, is no.
    OneOf { yes: Vec<Vec<u8>>, domain: Vec<Vec<u8>> },
    /// Feedback: a number of this size.
    AtLeast(f64),
    /// Feedback: yes and no, 1 and 0.
    Binary,
    /// Feedback: a number.
    Amount { min: f64, max: f64 },
    /// Numbers of a length, once that is settled.
    Vector(Option<usize>),
    /// To be told from the first rows.
    Unsettled,
}

/// One typed column to be.
#[derive(Debug, Clone)]
pub(super) struct ColumnPlan {
    pub(super) name: String,
    pub(super) source: String,
    /// The configuration key, for messages.
    pub(super) key: String,
    pub(super) role: Role,
    pub(super) available: Option<Available>,
    /// Indices into the wanted columns: one, or three of a date.
    pub(super) inputs: Vec<usize>,
    pub(super) form: Form,
    /// Whether the form was declared rather than told from the first rows.
    pub(super) declared: bool,
    pub(super) missing: Missing,
    pub(super) required: bool,
    pub(super) privacy: Option<ColumnPrivacy>,
    pub(super) spec: ColumnSpec,
    /// Whether its values are handed on.
    pub(super) kept: bool,
}

impl ColumnPlan {
    /// The type of the typed column.
    pub(super) fn kind(&self) -> TypedKind {
        match self.form {
            Form::Id | Form::Text(_) | Form::Unsettled => TypedKind::Text,
            Form::Integer { .. } => TypedKind::Integer,
            Form::Number { .. } | Form::Amount { .. } => TypedKind::Number,
            Form::Boolean | Form::OneOf { .. } | Form::AtLeast(_) | Form::Binary => TypedKind::Boolean,
            Form::Time(_) | Form::Date | Form::Moment => TypedKind::Time,
            Form::Vector(_) => TypedKind::Vector,
        }
    }

    /// Whether a cell may be shown where rows are set aside.
    pub(super) fn may_be_shown(&self) -> bool {
        self.privacy.is_none()
    }

    pub(super) fn pseudonymised(&self) -> bool {
        self.privacy == Some(ColumnPrivacy::Pseudonymise)
    }
}

/// All columns of a log or side table.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The columns to read, each with the key that asks for it.
    pub(super) wanted: Vec<(String, String)>,
    pub(super) columns: Vec<ColumnPlan>,
    pub(super) range: TimeRange,
    /// The time's declaration.
    pub(super) time: Option<TimeSpec>,
    /// Feedbacks that need another one: indices into `columns`.
    pub(super) requires: Vec<(usize, usize)>,
    /// Wanted columns and the text that a row must have there to count.
    pub(super) only: Vec<(usize, Vec<u8>)>,
    /// Whether whole rows must not be shown.
    pub(super) rows_hidden: bool,
    /// The environment variable of the key, where one is needed.
    pub(super) key_variable: Option<String>,
}

impl Plan {
    /// The typed schema that follows.
    pub(super) fn typed(&self, files: &[std::path::PathBuf]) -> TypedSchema {
        let column = |plan: &ColumnPlan| TypedColumn {
            name: plan.name.clone(),
            source: plan.source.clone(),
            role: plan.role.clone(),
            kind: plan.kind(),
            available: plan.available,
        };
        TypedSchema { files: files.to_vec(), columns: self.kept().map(column).collect() }
    }

    /// The columns whose values are handed on.
    pub(super) fn kept(&self) -> impl Iterator<Item = &ColumnPlan> {
        self.columns.iter().filter(|column| column.kept)
    }

    /// Of a log whose files have the columns `known`.
    pub(super) fn of_log(schema: &Schema, known: &[String], now: i64) -> Result<Self, LogError> {
        let mut builder = Builder::new(&schema.missing, &schema.columns, TimeRange::new(&schema.rules, now));
        builder.roles(schema);
        for (at, feedback) in schema.feedback.iter().enumerate() {
            builder.feedback(at, feedback);
        }
        builder.others(schema, known)?;
        builder.plan.time = schema.time.clone();
        builder.pseudonymise(schema)?;
        let at = |name: &str| builder.plan.columns.iter().position(|column| column.name == name);
        let needs = |feedback: &Feedback| Some((at(&feedback.name)?, at(feedback.requires.as_deref()?)?));
        builder.plan.requires = schema.feedback.iter().filter_map(needs).collect();
        builder.finish()
    }

    /// Of side table number `at` of a log; the key is protected as the log's column that it is joined to.
    pub(super) fn of_table(schema: &Schema, at: usize, log: &Self, known: &[String]) -> Result<Self, LogError> {
        let table = &schema.tables[at];
        let mut builder = Builder::new(&schema.missing, &table.columns, log.range.clone());
        let key = format!("schema.tables[{at}]");
        let partner = log.columns.iter().find(|column| column.name == table.on);
        let partner = partner.ok_or_else(|| {
            LogError::config(format!("{key}.on"), table.on.clone(), "name a typed column of the log, such as `item`")
        })?;
        builder.add(&table.key, format!("{key}.key"), table.key.clone(), Role::Other, Form::Id);
        builder.table_columns(table, &key, known)?;
        for (column, text) in &table.only {
            let input = builder.want(column, format!("{key}.where"));
            builder.plan.only.push((input, text.trim().as_bytes().to_vec()));
        }
        for (number, column) in builder.plan.columns.iter_mut().enumerate() {
            column.name = format!("{}.{}", table.name, column.name);
            if number == 0 {
                column.privacy = partner.privacy;
            }
        }
        let keyed = builder.plan.columns.iter().any(ColumnPlan::pseudonymised);
        builder.plan.key_variable =
            schema.privacy.as_ref().filter(|_| keyed).map(|privacy| privacy.key_variable.clone());
        if keyed && builder.plan.key_variable.is_none() {
            return Err(no_key());
        }
        builder.plan.rows_hidden =
            log.rows_hidden || keyed || table.columns.values().any(|spec| spec.privacy.is_some());
        builder.finish()
    }
}

/// Gathers a plan.
struct Builder<'a> {
    specs: &'a BTreeMap<String, ColumnSpec>,
    missing: &'a [String],
    inputs: HashMap<String, usize>,
    plan: Plan,
}

impl<'a> Builder<'a> {
    fn new(missing: &'a [String], specs: &'a BTreeMap<String, ColumnSpec>, range: TimeRange) -> Self {
        let plan = Plan {
            wanted: Vec::new(),
            columns: Vec::new(),
            range,
            time: None,
            requires: Vec::new(),
            only: Vec::new(),
            rows_hidden: false,
            key_variable: None,
        };
        Self { specs, missing, inputs: HashMap::new(), plan }
    }

    /// The index of a wanted column.
    fn want(&mut self, column: &str, key: String) -> usize {
        if let Some(known) = self.inputs.get(column) {
            return *known;
        }
        let at = self.plan.wanted.len();
        self.inputs.insert(column.to_owned(), at);
        self.plan.wanted.push((column.to_owned(), key));
        at
    }

    /// Adds a typed column of one column of the file.
    fn add(&mut self, column: &str, key: String, name: String, role: Role, form: Form) {
        let spec = self.specs.get(column).cloned().unwrap_or_default();
        let input = self.want(column, key.clone());
        self.plan.columns.push(ColumnPlan {
            name,
            source: column.to_owned(),
            key,
            available: spec.available,
            inputs: vec![input],
            declared: !matches!(form, Form::Unsettled),
            missing: Missing::new(self.missing.iter().chain(&spec.missing)),
            required: spec.required || matches!(role, Role::Time),
            privacy: spec.privacy,
            role,
            form,
            spec,
            kept: true,
        });
    }

    fn roles(&mut self, schema: &Schema) {
        let ids = [
            (&schema.user, "user", Role::User),
            (&schema.item, "item", Role::Item),
            (&schema.session, "session", Role::Session),
        ];
        for (column, name, role) in ids {
            if let Some(column) = column {
                self.add(column, format!("schema.{name}"), name.to_owned(), role, Form::Id);
            }
        }
        if let Some(time) = &schema.time {
            self.time(time);
        }
        if let Some(column) = &schema.surface {
            let values = texts(self.specs.get(column).map_or(&[][..], |spec| &spec.values));
            self.add(column, "schema.surface".to_owned(), "surface".to_owned(), Role::Surface, Form::Text(values));
        }
        let limits = |column: &str, specs: &BTreeMap<String, ColumnSpec>, min: f64, max: f64| {
            let spec = specs.get(column);
            (
                spec.and_then(|spec| spec.min).map_or(min, |own| own.max(min)),
                spec.and_then(|spec| spec.max).map_or(max, |own| own.min(max)),
            )
        };
        if let Some(column) = &schema.position {
            let (min, max) = limits(column, self.specs, 0.0, 65_535.0);
            let form = Form::Integer { min: min.ceil() as i64, max: max.floor() as i64 };
            self.add(column, "schema.position".to_owned(), "position".to_owned(), Role::Position, form);
        }
        if let Some(column) = &schema.propensity {
            let (min, max) = limits(column, self.specs, 0.0, 1.0);
            let form = Form::Number { min, max, above: min == 0.0 };
            self.add(column, "schema.propensity".to_owned(), "propensity".to_owned(), Role::Propensity, form);
        }
        if let Some(column) = &schema.price {
            let (min, max) = limits(column, self.specs, 0.0, f64::INFINITY);
            let form = Form::Number { min, max, above: false };
            self.add(column, "schema.price".to_owned(), "price".to_owned(), Role::Price, form);
        }
    }

    fn time(&mut self, time: &TimeSpec) {
        let name = "time".to_owned();
        if let Some(column) = &time.column {
            self.add(column, "schema.time.column".to_owned(), name, Role::Time, Form::Time(None));
        } else if let Some(date) = &time.date {
            let key = "schema.time.date".to_owned();
            self.add(&date[0], key.clone(), name, Role::Time, Form::Date);
            let inputs = date.iter().map(|column| self.want(column, key.clone())).collect();
            if let Some(plan) = self.plan.columns.last_mut() {
                plan.inputs = inputs;
                plan.source = date.join(",");
            }
        }
    }

    fn feedback(&mut self, at: usize, feedback: &Feedback) {
        let spec = self.specs.get(&feedback.column);
        let form = match (feedback.kind, feedback.at_least) {
            _ if !feedback.values.is_empty() => {
                Form::OneOf { yes: texts(&feedback.values), domain: texts(spec.map_or(&[][..], |spec| &spec.values)) }
            }
            (FeedbackKind::Binary, Some(least)) => Form::AtLeast(least),
            (FeedbackKind::Binary, None) => Form::Binary,
            (FeedbackKind::Number, _) => Form::Amount {
                min: spec.and_then(|spec| spec.min).unwrap_or(f64::NEG_INFINITY),
                max: spec.and_then(|spec| spec.max).unwrap_or(f64::INFINITY),
            },
        };
        let key = format!("schema.feedback[{at}].column");
        self.add(&feedback.column, key, feedback.name.clone(), Role::Feedback, form);
    }

    /// Columns without a role of their own, in the order of the file.
    fn others(&mut self, schema: &Schema, known: &[String]) -> Result<(), LogError> {
        let consumed: BTreeSet<String> = self.plan.wanted.iter().map(|(column, _)| column.clone()).collect();
        let has = |list: &[String], column: &String| list.contains(column);
        let listed = |column: &String| has(&schema.context, column) || has(&schema.item_attributes, column);
        let named = schema.context.iter().chain(&schema.item_attributes).chain(schema.columns.keys());
        let absent = named.filter(|column| !known.contains(column)).collect::<BTreeSet<_>>();
        for column in known.iter().chain(absent) {
            let spec = schema.columns.get(column);
            let left_out = match spec.and_then(|spec| spec.privacy) {
                Some(ColumnPrivacy::Drop) => known.contains(column),
                _ => spec.is_none() && schema.only_declared,
            };
            if !listed(column) && (consumed.contains(column) || left_out) {
                continue;
            }
            let (role, key) = if has(&schema.context, column) {
                (Role::Context, "schema.context".to_owned())
            } else if has(&schema.item_attributes, column) {
                (Role::ItemAttribute, "schema.item_attributes".to_owned())
            } else {
                (Role::Other, format!("schema.columns.{column}"))
            };
            self.other(column, key, role)?;
        }
        Ok(())
    }

    fn table_columns(&mut self, table: &SideTable, key: &str, known: &[String]) -> Result<(), LogError> {
        let role = if table.on == "item" { Role::ItemAttribute } else { Role::Context };
        let declared = |column: &&String| table.columns.is_empty() || table.columns.contains_key(*column);
        // A declared column that is not there is asked for all the same, so that its name is mended.
        let absent = table.columns.keys().filter(|column| !known.contains(column));
        for column in known.iter().filter(declared).chain(absent) {
            let dropped = self.specs.get(column).is_some_and(|spec| spec.privacy == Some(ColumnPrivacy::Drop));
            if *column != table.key && !table.only.contains_key(column) && !(dropped && known.contains(column)) {
                self.other(column, format!("{key}.columns.{column}"), role.clone())?;
            }
        }
        Ok(())
    }

    /// A column that is called by its own name, or another one.
    fn other(&mut self, column: &str, key: String, role: Role) -> Result<(), LogError> {
        let spec = self.specs.get(column);
        let form = spec.and_then(form_of).unwrap_or(Form::Unsettled);
        let name = spec.and_then(|spec| spec.rename.clone()).unwrap_or_else(|| column.to_owned());
        if name.is_empty() || name.starts_with('_') {
            return Err(LogError::config(
                format!("schema.columns.{column:?}"),
                format!("a typed column would be called {name:?}"),
                "give it another name with `rename`, or leave it out with `privacy = \"drop\"`",
            ));
        }
        self.add(column, key, name, role, form);
        Ok(())
    }

    /// Marks the columns that the schema wants pseudonymised.
    fn pseudonymise(&mut self, schema: &Schema) -> Result<(), LogError> {
        if let Some(privacy) = &schema.privacy {
            self.plan.rows_hidden = true;
            for name in &privacy.pseudonymise {
                let mut found = matches!(&**name, "user" | "item" | "session");
                for column in
                    self.plan.columns.iter_mut().filter(|column| column.name == *name || column.source == *name)
                {
                    column.privacy = Some(ColumnPrivacy::Pseudonymise);
                    found = true;
                }
                if !found {
                    let mend = "name a role or a column that is read";
                    return Err(LogError::config("schema.privacy.pseudonymise", name.clone(), mend));
                }
            }
        }
        self.plan.rows_hidden |= self.specs.values().any(|spec| spec.privacy.is_some());
        let keyed = self.plan.columns.iter().any(ColumnPlan::pseudonymised);
        self.plan.key_variable = match (&schema.privacy, keyed) {
            (Some(privacy), true) => Some(privacy.key_variable.clone()),
            (None, true) => return Err(no_key()),
            (_, false) => None,
        };
        Ok(())
    }

    /// Settles what pseudonyms settle, and refuses two columns of one name.
    fn finish(mut self) -> Result<Plan, LogError> {
        for column in self.plan.columns.iter_mut().filter(|column| column.pseudonymised()) {
            match column.form {
                Form::Unsettled => column.form = Form::Text(Vec::new()),
                Form::Id | Form::Text(_) => {}
                _ => {
                    let mend = "pseudonyms are text: declare the column's type as text, or generalise it";
                    return Err(LogError::config(column.key.clone(), column.name.clone(), mend));
                }
            }
            column.declared = true;
        }
        let mut seen: HashMap<&str, &ColumnPlan> = HashMap::new();
        for column in &self.plan.columns {
            if let Some(first) = seen.insert(&column.name, column) {
                return Err(LogError::config(
                    column.key.clone(),
                    format!(
                        "column `{}` would be called `{}`, as {} (`{}`) is",
                        column.source, column.name, first.key, first.source
                    ),
                    format!("give it another name with schema.columns.{:?}.rename, or leave it out", column.source),
                ));
            }
        }
        Ok(self.plan)
    }
}

fn no_key() -> LogError {
    let mend = "name an environment variable that holds a key; pseudonyms need one";
    LogError::config("schema.privacy.key_variable", "not declared", mend)
}

fn texts(values: &[String]) -> Vec<Vec<u8>> {
    values.iter().map(|text| text.trim().as_bytes().to_vec()).collect()
}

/// The form that a column's declaration asks for, if it asks for one.
fn form_of(spec: &ColumnSpec) -> Option<Form> {
    match spec.kind? {
        ColumnType::Integer => Some(integer_form(spec)),
        ColumnType::Number => Some(number_form(spec)),
        ColumnType::Text => Some(Form::Text(texts(&spec.values))),
        ColumnType::Boolean => Some(Form::Boolean),
        ColumnType::Vector => Some(Form::Vector(None)),
    }
}

/// Whole numbers within the declared limits.
pub(super) fn integer_form(spec: &ColumnSpec) -> Form {
    let min = spec.min.map_or(i64::MIN, |min| min.ceil() as i64);
    let max = spec.max.map_or(i64::MAX, |max| max.floor() as i64);
    Form::Integer { min, max }
}

/// Numbers within the declared limits.
pub(super) fn number_form(spec: &ColumnSpec) -> Form {
    Form::Number { min: spec.min.unwrap_or(f64::NEG_INFINITY), max: spec.max.unwrap_or(f64::INFINITY), above: false }
}

/// Text of the declared domain.
pub(super) fn text_form(spec: &ColumnSpec) -> Form {
    Form::Text(texts(&spec.values))
}
