//! Roles, types and missing texts from profiles.

use std::collections::BTreeSet;

use jiff::fmt::strtime::BrokenDownTime;

use super::feedback;
use super::names::{self, own, words};
use super::profile::Profile;
use crate::log::schema::{ColumnPrivacy, ColumnSpec, ColumnType, Schema, TimeSpec};

/// Formats of dates that are not ISO 8601, the likelier ones first.
const FORMATS: [&str; 9] = [
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
];

/// Fills a schema that knows its files.
pub(super) fn propose(schema: &mut Schema, profiles: &[Profile], notes: &mut Vec<String>) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    missing(schema, profiles, notes);
    row_numbers(schema, profiles, notes, &mut taken);
    roles(schema, profiles, notes, &mut taken);
    time(schema, profiles, notes, &mut taken);
    feedback::propose(schema, profiles, notes, &mut taken);
    for profile in profiles.iter().filter(|profile| !taken.contains(&profile.name)) {
        column(schema, profile, notes);
    }
    if schema.user.is_none() && schema.session.is_none() && schema.item.is_none() {
        notes.push(
            "user, session, item: no column looks like one; rows are taken for independent of each other".to_owned(),
        );
    }
    if schema.time.is_none() {
        notes.push("time: no column looks like one; a split by time needs the order of the file".to_owned());
    }
    if schema.feedback.is_empty() {
        notes.push("feedback: no column looks like a label; declare one under [[schema.feedback]]".to_owned());
    }
}

fn missing(schema: &mut Schema, profiles: &[Profile], notes: &mut Vec<String>) {
    for text in names::NOTHING {
        let seen: Vec<_> = profiles.iter().filter(|profile| profile.nothing.contains_key(*text)).collect();
        if !seen.is_empty() {
            let columns = seen.iter().take(3).map(|profile| format!("`{}` {}", profile.name, profile.nothing[*text]));
            let columns = columns.collect::<Vec<_>>().join(", ");
            notes.push(format!("missing: {text:?} is taken for no value (times seen: {columns})"));
            schema.missing.push((*text).to_owned());
        }
    }
}

/// Columns that only count rows say nothing.
fn row_numbers(schema: &mut Schema, profiles: &[Profile], notes: &mut Vec<String>, taken: &mut BTreeSet<String>) {
    for profile in profiles.iter().filter(|profile| profile.is_row_number() && profile.rows > 20) {
        notes.push(format!("columns.{:?}: numbers its rows, and is left out", profile.name));
        let spec = ColumnSpec { privacy: Some(ColumnPrivacy::Drop), ..ColumnSpec::default() };
        schema.columns.insert(profile.name.clone(), spec);
        taken.insert(profile.name.clone());
    }
}

/// The first free column of one of some names that `fits`.
fn find<'a>(
    profiles: &'a [Profile],
    taken: &BTreeSet<String>,
    known: &[&str],
    fits: impl Fn(&Profile) -> bool,
) -> Option<&'a Profile> {
    let free = || profiles.iter().filter(|profile| !taken.contains(&profile.name));
    known.iter().find_map(|name| free().find(|profile| words(own(&profile.name)) == *name && fits(profile)))
}

fn roles(schema: &mut Schema, profiles: &[Profile], notes: &mut Vec<String>, taken: &mut BTreeSet<String>) {
    let mut take = |role: &str, known: &[&str], fits: &dyn Fn(&Profile) -> bool| {
        let profile = find(profiles, taken, known, fits)?;
        taken.insert(profile.name.clone());
        notes.push(format!(
            "{role}: `{}` by its name; {} different values in {} rows",
            profile.name,
            profile.distinct(),
            profile.rows
        ));
        Some(profile.name.clone())
    };
    let any = |profile: &Profile| profile.cells > 0 && !profile.vector;
    schema.user = take("user", names::USER, &any);
    schema.item = take("item", names::ITEM, &any);
    schema.session = take("session", names::SESSION, &any);
    schema.surface = take("surface", names::SURFACE, &|profile| any(profile) && profile.distinct() <= 1000);
    schema.position = take("position", names::POSITION, &|profile| {
        profile.kind() == ColumnType::Integer && profile.min >= 0.0 && profile.max <= 65_535.0
    });
    schema.propensity = take("propensity", names::PROPENSITY, &|profile| {
        profile.is_numeric() && profile.min > 0.0 && profile.max <= 1.0
    });
    schema.price = take("price", names::PRICE, &|profile| profile.is_numeric() && profile.min >= 0.0);
}

fn time(schema: &mut Schema, profiles: &[Profile], notes: &mut Vec<String>, taken: &mut BTreeSet<String>) {
    let spec = |profile: &Profile| {
        let column = Some(profile.name.clone());
        let iso = profile.is_date().then(|| TimeSpec { column: column.clone(), date: None, unit: None, format: None });
        let unit = || {
            profile.unit().map(|unit| TimeSpec { column: column.clone(), date: None, unit: Some(unit), format: None })
        };
        let text = || {
            format_of(profile).map(|format| TimeSpec {
                column: column.clone(),
                date: None,
                unit: None,
                format: Some(format),
            })
        };
        iso.or_else(unit).or_else(text)
    };
    let named = find(profiles, taken, names::TIME, |profile| spec(profile).is_some());
    let by_content = || profiles.iter().find(|profile| !taken.contains(&profile.name) && profile.is_date());
    if let Some(profile) = named.or_else(by_content) {
        schema.time = spec(profile);
        let how = match &schema.time {
            Some(TimeSpec { unit: Some(unit), .. }) => {
                format!("numbers of a size that is {unit:?} since 1970").to_lowercase()
            }
            Some(TimeSpec { format: Some(format), .. }) => {
                format!("dates of the form {format}; see that day and month are not exchanged")
            }
            _ => "dates of ISO 8601".to_owned(),
        };
        notes.push(format!("time: `{}` holds {how}", profile.name));
        taken.insert(profile.name.clone());
        return;
    }
    let part = |name: &str| {
        let fits = |profile: &Profile| profile.kind() == ColumnType::Integer;
        find(profiles, taken, &[name], fits).map(|profile| profile.name.clone())
    };
    if let (Some(year), Some(month), Some(day)) = (part("year"), part("month"), part("day")) {
        notes.push(format!("time: `{year}`, `{month}` and `{day}` are a date"));
        taken.extend([year.clone(), month.clone(), day.clone()]);
        schema.time = Some(TimeSpec { column: None, date: Some([year, month, day]), unit: None, format: None });
    }
}

/// The first format that reads all texts that were kept.
fn format_of(profile: &Profile) -> Option<String> {
    let reads = |format: &&&str| {
        !profile.texts.is_empty()
            && profile
                .texts
                .keys()
                .all(|text| BrokenDownTime::parse(format, text.as_str()).is_ok_and(|time| time.to_date().is_ok()))
    };
    FORMATS.iter().find(reads).map(|format| (*format).to_owned())
}

/// A column without a role: its type, and texts that are no number.
fn column(schema: &mut Schema, profile: &Profile, notes: &mut Vec<String>) {
    let mut spec = ColumnSpec { kind: Some(profile.kind()), ..ColumnSpec::default() };
    if profile.is_numeric() && !profile.no_number.is_empty() {
        spec.missing = profile.no_number.keys().cloned().collect();
        notes.push(format!("columns.{:?}: {:?} stand for no value among numbers", profile.name, spec.missing));
    }
    if profile.cells == 0 {
        notes.push(format!("columns.{:?}: holds no value in the first rows, and is taken for text", profile.name));
    }
    if names::AFTER.contains(&&*words(own(&profile.name))) {
        notes.push(format!(
            "columns.{:?}: is it known before the outcome? If not, declare available = \"after\", or it gives the label away",
            profile.name
        ));
    }
    if profile.name.starts_with('_') {
        spec.rename = Some(profile.name.trim_start_matches('_').to_owned()).filter(|name| !name.is_empty());
    }
    schema.columns.insert(profile.name.clone(), spec);
}
