//! `Schema::check`: whether a mapping can hold at all, before any file is opened.

use std::collections::HashMap;

use super::{
    ColumnPrivacy, ColumnSpec, ColumnType, CsvSpec, Feedback, FeedbackKind, FileFormat, Packed, Privacy, Schema,
    SideTable, TimeSpec, Unpack,
};
use crate::log::error::LogError;

/// Names that roles give to typed columns.
const ROLES: [&str; 8] = ["user", "item", "session", "time", "surface", "position", "propensity", "price"];

impl Schema {
    /// Refuses what cannot hold, and names the key.
    ///
    /// # Errors
    /// [`LogError::Config`] with the first key that cannot hold.
    pub fn check(&self) -> Result<(), LogError> {
        if self.files.is_empty() {
            return refuse("schema.files", "[]", "name a file, a folder or a pattern");
        }
        csv("schema.csv", &self.csv, self.format)?;
        if let Some(list) = &self.explode {
            named("schema.explode", list)?;
            if matches!(self.format, Some(FileFormat::Csv | FileFormat::Parquet)) {
                return refuse("schema.explode", list, "only JSON lines hold lists of objects; take `explode` out");
            }
        }
        unpack("schema.unpack", &self.unpack, true)?;
        self.roles()?;
        self.feedback()?;
        for (column, spec) in &self.columns {
            self.column(column, spec)?;
        }
        self.names()?;
        self.rules()?;
        for (at, table) in self.tables.iter().enumerate() {
            self.table(at, table)?;
        }
        self.privacy.as_ref().map_or(Ok(()), |own| privacy(own, self))
    }

    fn roles(&self) -> Result<(), LogError> {
        let single =
            [&self.user, &self.item, &self.session, &self.surface, &self.position, &self.propensity, &self.price];
        let names = ["user", "item", "session", "surface", "position", "propensity", "price"];
        for (column, role) in single.into_iter().zip(names) {
            if let Some(column) = column {
                named(&format!("schema.{role}"), column)?;
            }
        }
        for (key, list) in [("schema.context", &self.context), ("schema.item_attributes", &self.item_attributes)] {
            list.iter().try_for_each(|column| named(key, column))?;
            if let Some(twice) = repeated(list.iter()) {
                return refuse(key, twice, "name each column once");
            }
        }
        if let Some(both) = self.context.iter().find(|column| self.item_attributes.contains(column)) {
            return refuse(
                "schema.item_attributes",
                both,
                "it is in schema.context too; a column has one of the two roles",
            );
        }
        self.time.as_ref().map_or(Ok(()), time)
    }

    fn feedback(&self) -> Result<(), LogError> {
        for (at, feedback) in self.feedback.iter().enumerate() {
            let key = format!("schema.feedback[{at}]");
            typed_name(&format!("{key}.name"), &feedback.name)?;
            named(&format!("{key}.column"), &feedback.column)?;
            let known = |name: &String| self.feedback.iter().any(|other| other.name == *name);
            match &feedback.requires {
                Some(name) if *name == feedback.name => {
                    return refuse(format!("{key}.requires"), name, "a feedback cannot require itself");
                }
                Some(name) if !known(name) => {
                    let names = self.feedback.iter().map(|other| &*other.name).collect::<Vec<_>>().join(", ");
                    return refuse(format!("{key}.requires"), name, format!("name one of the feedbacks: {names}"));
                }
                _ => {}
            }
            form(&key, feedback)?;
        }
        Ok(())
    }

    /// One column's declaration, given its roles.
    fn column(&self, column: &str, spec: &ColumnSpec) -> Result<(), LogError> {
        let key = format!("schema.columns.{column:?}");
        named("schema.columns", column)?;
        own(&key, spec)?;
        let role = self.role_of(column);
        let listed = self.context.iter().chain(&self.item_attributes).any(|name| name == column);
        if let (Some(role), Some(name)) = (&role, &spec.rename)
            && !listed
        {
            return refuse(format!("{key}.rename"), name, format!("the column is called by {role}; take `rename` out"));
        }
        let Some(role) = role else { return Ok(()) };
        if spec.privacy == Some(ColumnPrivacy::Drop) {
            return refuse(
                format!("{key}.privacy"),
                "drop",
                format!("{role} needs the column; take one of the two out"),
            );
        }
        let id = ["user", "item", "session"].iter().any(|name| role == format!("schema.{name}"));
        if (id || role == "schema.time")
            && !listed
            && (spec.min.is_some() || spec.max.is_some() || !spec.values.is_empty())
        {
            let mend =
                format!("{role} takes any id, and times have `rules.earliest` and `rules.latest`; take these out");
            return refuse(key, "a range or domain", mend);
        }
        let number = ["price", "position", "propensity"].iter().any(|name| role == format!("schema.{name}"));
        if number && !listed && !spec.values.is_empty() {
            return refuse(format!("{key}.values"), "a domain", format!("{role} is a number; give `min` and `max`"));
        }
        let text = ["user", "item", "session", "surface"].iter().any(|name| role == format!("schema.{name}"));
        match (spec.kind, &*role) {
            (Some(kind), _) if text && kind != ColumnType::Text => {
                refuse(format!("{key}.type"), format!("{kind:?}"), format!("{role} is text; take `type` out"))
            }
            (Some(kind), "schema.position") if kind != ColumnType::Integer => {
                refuse(format!("{key}.type"), format!("{kind:?}"), "schema.position is a whole number; take `type` out")
            }
            (Some(kind), "schema.price" | "schema.propensity")
                if !matches!(kind, ColumnType::Number | ColumnType::Integer) =>
            {
                refuse(format!("{key}.type"), format!("{kind:?}"), format!("{role} is a number; take `type` out"))
            }
            (_, "schema.time") if spec.privacy.is_some() => {
                refuse(format!("{key}.privacy"), "set", "the time orders the log; generalise or drop other columns")
            }
            (_, role) if role.starts_with("schema.feedback") && spec.privacy.is_some() => {
                refuse(format!("{key}.privacy"), "set", format!("{role} is a label, and would be wrong"))
            }
            _ => Ok(()),
        }
    }

    /// The key that gives a column its role, if one does.
    fn role_of(&self, column: &str) -> Option<String> {
        let single = [
            ("user", &self.user),
            ("item", &self.item),
            ("session", &self.session),
            ("surface", &self.surface),
            ("position", &self.position),
            ("propensity", &self.propensity),
            ("price", &self.price),
        ];
        let of_single =
            single.into_iter().find(|(_, own)| own.as_deref() == Some(column)).map(|(name, _)| name.to_owned());
        let of_time = || {
            let time = self.time.as_ref()?;
            let has = time.column.as_deref() == Some(column) || time.date.iter().flatten().any(|part| part == column);
            has.then(|| "time".to_owned())
        };
        let of_feedback = || {
            let at = self.feedback.iter().position(|feedback| feedback.column == column)?;
            Some(format!("feedback[{at}]"))
        };
        of_single.or_else(of_time).or_else(of_feedback).map(|name| format!("schema.{name}"))
    }

    /// Two typed columns of one name, as far as the schema tells.
    fn names(&self) -> Result<(), LogError> {
        let mut taken: HashMap<&str, String> = HashMap::new();
        let roles = ROLES.iter().filter(|role| self.has_role(role)).map(|role| (*role, format!("schema.{role}")));
        let feedback = self.feedback.iter().enumerate();
        let feedback = feedback.map(|(at, own)| (&*own.name, format!("schema.feedback[{at}].name")));
        let renamed = self
            .columns
            .iter()
            .filter_map(|(column, spec)| Some((spec.rename.as_deref()?, format!("schema.columns.{column:?}.rename"))));
        for (name, key) in roles.chain(feedback).chain(renamed) {
            if let Some(first) = taken.get(name) {
                return refuse(key, name, format!("{first} already gives this name to a typed column; choose another"));
            }
            taken.insert(name, key);
        }
        Ok(())
    }

    fn has_role(&self, role: &str) -> bool {
        match role {
            "user" => self.user.is_some(),
            "item" => self.item.is_some(),
            "session" => self.session.is_some(),
            "time" => self.time.is_some(),
            "surface" => self.surface.is_some(),
            "position" => self.position.is_some(),
            "propensity" => self.propensity.is_some(),
            _ => self.price.is_some(),
        }
    }

    fn rules(&self) -> Result<(), LogError> {
        let rules = &self.rules;
        if !(0.0..=1.0).contains(&rules.max_quarantined_share) {
            let key = "schema.rules.max_quarantined_share";
            return refuse(key, rules.max_quarantined_share.to_string(), "a share lies between 0 and 1");
        }
        if let (Some(earliest), Some(latest)) = (rules.earliest, rules.latest)
            && earliest > latest
        {
            return refuse(
                "schema.rules.earliest",
                earliest.to_string(),
                format!("it lies after schema.rules.latest, {latest}"),
            );
        }
        rules.unique.iter().try_for_each(|column| named("schema.rules.unique", column))?;
        for (at, rule) in rules.impossible.iter().enumerate() {
            named(&format!("schema.rules.impossible[{at}].name"), &rule.name)?;
            named(&format!("schema.rules.impossible[{at}].where"), &rule.condition)?;
        }
        match repeated(rules.impossible.iter().map(|rule| &rule.name)) {
            Some(name) => refuse("schema.rules.impossible", name, "each rule needs a name of its own"),
            None => Ok(()),
        }
    }

    fn table(&self, at: usize, table: &SideTable) -> Result<(), LogError> {
        let key = format!("schema.tables[{at}]");
        typed_name(&format!("{key}.name"), &table.name)?;
        if let Some(first) = self.tables[..at].iter().position(|other| other.name == table.name) {
            return refuse(
                format!("{key}.name"),
                &table.name,
                format!("schema.tables[{first}] has this name; choose another"),
            );
        }
        if table.name.contains('.') || table.name.contains(['/', '\\']) {
            return refuse(
                format!("{key}.name"),
                &table.name,
                "the name becomes part of a file's and of columns' names: letters, digits and _",
            );
        }
        if table.files.is_empty() {
            return refuse(format!("{key}.files"), "[]", "name a file, a folder or a pattern");
        }
        csv(&format!("{key}.csv"), &table.csv, table.format)?;
        unpack(&format!("{key}.unpack"), &table.unpack, false)?;
        named(&format!("{key}.key"), &table.key)?;
        named(&format!("{key}.on"), &table.on)?;
        table.only.keys().try_for_each(|column| named(&format!("{key}.where"), column))?;
        for (column, spec) in &table.columns {
            let key = format!("{key}.columns.{column:?}");
            named(&key, column)?;
            own(&key, spec)?;
            if *column == table.key && (spec.kind.is_some_and(|kind| kind != ColumnType::Text) || spec.rename.is_some())
            {
                return refuse(key, "type or rename", "the key is text, and called by its own name; take both out");
            }
            if *column == table.key && spec.privacy.is_some() {
                return refuse(
                    key,
                    "privacy",
                    "the key is protected as the log's column that it is joined to; take it out",
                );
            }
        }
        Ok(())
    }
}

/// What a declaration can be whatever the column.
fn own(key: &str, spec: &ColumnSpec) -> Result<(), LogError> {
    let numeric = matches!(spec.kind, None | Some(ColumnType::Integer | ColumnType::Number));
    for (name, bound) in [("min", spec.min), ("max", spec.max)] {
        match bound {
            Some(bound) if !bound.is_finite() => {
                return refuse(format!("{key}.{name}"), bound.to_string(), "write a finite number");
            }
            Some(bound) if !numeric => {
                let mend = "only numbers have a smallest and largest value; take it out, or change `type`";
                return refuse(format!("{key}.{name}"), bound.to_string(), mend);
            }
            _ => {}
        }
    }
    if let (Some(min), Some(max)) = (spec.min, spec.max)
        && min > max
    {
        return refuse(format!("{key}.min"), min.to_string(), format!("it is above `max`, {max}"));
    }
    if !spec.values.is_empty() && (spec.min.is_some() || !matches!(spec.kind, None | Some(ColumnType::Text))) {
        return refuse(
            format!("{key}.values"),
            format!("{:?}", spec.values),
            "only texts have a list of values; change `type`",
        );
    }
    if let Some(name) = &spec.rename {
        typed_name(&format!("{key}.rename"), name)?;
    }
    let text = spec.kind == Some(ColumnType::Text) || !spec.values.is_empty();
    match spec.privacy {
        Some(ColumnPrivacy::Generalise(step)) if !(step.is_finite() && step > 0.0) => {
            refuse(format!("{key}.privacy.generalise"), step.to_string(), "a step or number of characters is above 0")
        }
        Some(ColumnPrivacy::Generalise(step)) if text && step.fract() != 0.0 => {
            refuse(format!("{key}.privacy.generalise"), step.to_string(), "a number of characters is whole")
        }
        Some(ColumnPrivacy::Noise(scale)) if !(scale.is_finite() && scale > 0.0) => {
            refuse(format!("{key}.privacy.noise"), scale.to_string(), "the scale of noise is above 0")
        }
        Some(ColumnPrivacy::Noise(scale)) if !matches!(spec.kind, Some(ColumnType::Integer | ColumnType::Number)) => {
            refuse(
                format!("{key}.privacy.noise"),
                scale.to_string(),
                "noise is for numbers: declare `type` as integer or number",
            )
        }
        Some(ColumnPrivacy::Generalise(step))
            if matches!(spec.kind, Some(ColumnType::Boolean | ColumnType::Vector)) =>
        {
            refuse(format!("{key}.privacy.generalise"), step.to_string(), "only numbers and texts can be generalised")
        }
        _ => Ok(()),
    }
}

fn form(key: &str, feedback: &Feedback) -> Result<(), LogError> {
    let number = feedback.kind == FeedbackKind::Number;
    match feedback.at_least {
        Some(least) if !least.is_finite() => {
            refuse(format!("{key}.at_least"), least.to_string(), "write a finite number")
        }
        Some(least) if !feedback.values.is_empty() => refuse(
            format!("{key}.at_least"),
            least.to_string(),
            "`values` says already what means yes; take one of the two out",
        ),
        Some(least) if number => refuse(
            format!("{key}.at_least"),
            least.to_string(),
            "a number is itself; take it out, or let `kind` be binary",
        ),
        None if number && !feedback.values.is_empty() => {
            let mend = "a number is itself; take `values` out, or let `kind` be binary";
            refuse(format!("{key}.values"), format!("{:?}", feedback.values), mend)
        }
        _ => Ok(()),
    }
}

fn time(time: &TimeSpec) -> Result<(), LogError> {
    match (&time.column, &time.date) {
        (None, None) => return refuse("schema.time.column", "not declared", "name the column of the time, or `date`"),
        (Some(column), Some(_)) => {
            return refuse("schema.time.date", column, "the time is in `column` or in `date`; take one of the two out");
        }
        (Some(column), None) => named("schema.time.column", column)?,
        (None, Some(parts)) => {
            parts.iter().try_for_each(|part| named("schema.time.date", part))?;
            if let Some(twice) = repeated(parts.iter()) {
                return refuse("schema.time.date", twice, "year, month and day are three columns");
            }
        }
    }
    match (&time.format, time.unit) {
        (Some(format), Some(_)) => refuse(
            "schema.time.unit",
            format,
            "a time is a text of a `format` or a number of a `unit`; take one of the two out",
        ),
        (Some(format), None) if !format.contains('%') => {
            refuse("schema.time.format", format, "write it as in strftime, such as \"%Y-%m-%d %H:%M:%S\"")
        }
        (Some(format), None) if time.date.is_some() => {
            refuse("schema.time.format", format, "`date` is three whole numbers; take `format` out")
        }
        (None, Some(unit)) if time.date.is_some() => {
            refuse("schema.time.unit", format!("{unit:?}"), "`date` is three whole numbers; take `unit` out")
        }
        _ => Ok(()),
    }
}

fn csv(key: &str, spec: &CsvSpec, format: Option<FileFormat>) -> Result<(), LogError> {
    if *spec != CsvSpec::default() && matches!(format, Some(FileFormat::JsonLines | FileFormat::Parquet)) {
        return refuse(key, "declared", "the format is not CSV; take it out");
    }
    if let Some(delimiter) = &spec.delimiter
        && (delimiter.is_empty() || delimiter.contains(['\n', '\r', '"']) || delimiter.len() > 8)
    {
        let mend = "one to eight characters, and neither a quote nor a line break";
        return refuse(format!("{key}.delimiter"), format!("{delimiter:?}"), mend);
    }
    spec.header.iter().try_for_each(|column| named(&format!("{key}.header"), column))?;
    match repeated(spec.header.iter()) {
        Some(twice) => refuse(format!("{key}.header"), twice, "each column needs a name of its own"),
        None if spec.no_quotes && spec.line_breaks_in_quotes => refuse(
            format!("{key}.line_breaks_in_quotes"),
            "true",
            "no_quotes says that there are none; take one of the two out",
        ),
        None => Ok(()),
    }
}

fn unpack(key: &str, all: &[Unpack], rows: bool) -> Result<(), LogError> {
    let mut of_rows = 0;
    for (at, unpack) in all.iter().enumerate() {
        let key = format!("{key}[{at}]");
        named(&format!("{key}.column"), &unpack.column)?;
        let separators: Vec<(&str, &String)> = match &unpack.packed {
            Packed::Rows { separator, part_separator, columns } => {
                of_rows += 1;
                if !rows {
                    return refuse(format!("{key}.rows"), &unpack.column, "a table has one row per key; take it out");
                }
                if columns.is_empty() || repeated(columns.iter()).is_some() {
                    return refuse(format!("{key}.rows.columns"), format!("{columns:?}"), "name each part once");
                }
                columns.iter().try_for_each(|column| named(&format!("{key}.rows.columns"), column))?;
                let parts = if columns.len() > 1 { Some(("rows.part_separator", part_separator)) } else { None };
                std::iter::once(("rows.separator", separator)).chain(parts).collect()
            }
            Packed::Fields { separator, name_end, value_end, names } => {
                if names.is_empty() || repeated(names.iter()).is_some() {
                    return refuse(format!("{key}.fields.names"), format!("{names:?}"), "name each field once");
                }
                let end = value_end.iter().map(|end| ("fields.value_end", end));
                [("fields.separator", separator), ("fields.name_end", name_end)].into_iter().chain(end).collect()
            }
            Packed::List { separator, first } => {
                if *first == 0 {
                    return refuse(format!("{key}.list.first"), "0", "at least one value becomes a column");
                }
                vec![("list.separator", separator)]
            }
        };
        if let Some((name, _)) = separators.iter().find(|(_, text)| text.is_empty()) {
            return refuse(format!("{key}.{name}"), "\"\"", "write what stands there");
        }
    }
    if of_rows > 1 {
        return refuse(key, format!("{of_rows} × rows"), "at most one column can be taken apart into rows");
    }
    Ok(())
}

fn privacy(privacy: &Privacy, schema: &Schema) -> Result<(), LogError> {
    named("schema.privacy.key_variable", &privacy.key_variable)?;
    if let Some(k) = privacy.k {
        if k < 2 {
            return refuse("schema.privacy.k", k.to_string(), "one row alone hides nobody: at least 2");
        }
        if privacy.quasi_identifiers.is_empty() {
            return refuse("schema.privacy.k", k.to_string(), "name the columns in schema.privacy.quasi_identifiers");
        }
    }
    privacy.quasi_identifiers.iter().try_for_each(|column| named("schema.privacy.quasi_identifiers", column))?;
    for name in &privacy.pseudonymise {
        named("schema.privacy.pseudonymise", name)?;
        let other =
            schema.columns.get(name).and_then(|spec| spec.privacy).filter(|own| *own != ColumnPrivacy::Pseudonymise);
        if other.is_some() {
            return refuse(
                "schema.privacy.pseudonymise",
                name,
                format!("schema.columns.{name:?}.privacy says otherwise; take one out"),
            );
        }
    }
    Ok(())
}

fn named(key: &str, name: &str) -> Result<(), LogError> {
    if name.trim().is_empty() { refuse(key, format!("{name:?}"), "write a name") } else { Ok(()) }
}

/// A name for a typed column: technical ones begin with `_`.
fn typed_name(key: &str, name: &str) -> Result<(), LogError> {
    named(key, name)?;
    if name.starts_with('_') {
        return refuse(key, name, "names that begin with _ are kept for technical columns; choose another");
    }
    Ok(())
}

fn repeated<'a>(names: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

fn refuse(key: impl Into<String>, value: impl Into<String>, mend: impl Into<String>) -> Result<(), LogError> {
    Err(LogError::config(key, value, mend))
}
