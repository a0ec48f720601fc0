//! A proposal as a `[schema]` table with its notes as comments.

use std::fmt::Write as _;

use super::Proposal;
use crate::log::schema::{
    ColumnPrivacy, ColumnSpec, ColumnType, CsvSpec, Duplicates, Feedback, FeedbackKind, Schema, TimeSpec, TimeUnit,
};

pub(super) fn write(proposal: &Proposal) -> String {
    let mut out = String::new();
    for note in &proposal.notes {
        // A column's name may hold a line break, and a comment must not end early.
        line(&mut out, format_args!("# {}", note.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'")));
    }
    let schema = &proposal.schema;
    line(&mut out, format_args!("\n[schema]"));
    let files: Vec<String> = schema.files.iter().map(|file| file.display().to_string()).collect();
    line(&mut out, format_args!("files = {}", list(&files)));
    roles(&mut out, schema);
    if schema.csv != CsvSpec::default() {
        csv(&mut out, &schema.csv);
    }
    schema.feedback.iter().for_each(|own| feedback(&mut out, own));
    for (name, spec) in &schema.columns {
        line(&mut out, format_args!("\n[schema.columns.{}]", quoted(name)));
        column(&mut out, spec);
    }
    if schema.rules.duplicates == Duplicates::Keep {
        line(&mut out, format_args!("\n[schema.rules]\nduplicates = \"keep\""));
    }
    out
}

fn roles(out: &mut String, schema: &Schema) {
    let single = [
        ("explode", &schema.explode),
        ("user", &schema.user),
        ("item", &schema.item),
        ("session", &schema.session),
        ("surface", &schema.surface),
        ("position", &schema.position),
        ("propensity", &schema.propensity),
        ("price", &schema.price),
    ];
    for (key, column) in single {
        if let Some(column) = column {
            line(out, format_args!("{key} = {}", quoted(column)));
        }
    }
    if !schema.missing.is_empty() {
        line(out, format_args!("missing = {}", list(&schema.missing)));
    }
    match &schema.time {
        Some(TimeSpec { date: Some(parts), .. }) => line(out, format_args!("time = {{ date = {} }}", list(parts))),
        Some(TimeSpec { column: Some(column), unit, format, .. }) => {
            let unit = unit.map_or(String::new(), |unit| format!(", unit = {}", quoted(unit_name(unit))));
            let format = format.as_ref().map_or(String::new(), |format| format!(", format = {}", quoted(format)));
            line(out, format_args!("time = {{ column = {}{unit}{format} }}", quoted(column)));
        }
        _ => {}
    }
}

fn csv(out: &mut String, csv: &CsvSpec) {
    line(out, format_args!("\n[schema.csv]"));
    if let Some(delimiter) = &csv.delimiter {
        line(out, format_args!("delimiter = {}", quoted(delimiter)));
    }
    if !csv.header.is_empty() {
        line(out, format_args!("header = {}", list(&csv.header)));
    }
}

fn feedback(out: &mut String, own: &Feedback) {
    line(out, format_args!("\n[[schema.feedback]]\nname = {}\ncolumn = {}", quoted(&own.name), quoted(&own.column)));
    if own.kind == FeedbackKind::Number {
        line(out, format_args!("kind = \"number\""));
    }
    if !own.values.is_empty() {
        line(out, format_args!("values = {}", list(&own.values)));
    }
    if let Some(least) = own.at_least {
        line(out, format_args!("at_least = {least:?}"));
    }
}

fn column(out: &mut String, spec: &ColumnSpec) {
    if let Some(kind) = spec.kind {
        line(out, format_args!("type = {}", quoted(kind_name(kind))));
    }
    if !spec.missing.is_empty() {
        line(out, format_args!("missing = {}", list(&spec.missing)));
    }
    if let Some(name) = &spec.rename {
        line(out, format_args!("rename = {}", quoted(name)));
    }
    if spec.privacy == Some(ColumnPrivacy::Drop) {
        line(out, format_args!("privacy = \"drop\""));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Seconds => "seconds",
        TimeUnit::Milliseconds => "milliseconds",
        TimeUnit::Microseconds => "microseconds",
        TimeUnit::Nanoseconds => "nanoseconds",
        TimeUnit::Days => "days",
    }
}

fn kind_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Integer => "integer",
        ColumnType::Number => "number",
        ColumnType::Text => "text",
        ColumnType::Boolean => "boolean",
        ColumnType::Vector => "vector",
    }
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
