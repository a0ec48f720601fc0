//! Labels: columns of two values with a telling name, events by their texts, ratings.

use std::collections::BTreeSet;

use super::names::{self, own, words};
use super::profile::Profile;
use crate::log::schema::{Feedback, FeedbackKind, Schema};

/// Texts that mean yes.
const YES: [&str; 8] = ["1", "1.0", "true", "True", "TRUE", "yes", "Yes", "YES"];
const NO: [&str; 8] = ["0", "0.0", "false", "False", "FALSE", "no", "No", "NO"];

/// Proposes the feedbacks.
pub(super) fn propose(
    schema: &mut Schema,
    profiles: &[Profile],
    notes: &mut Vec<String>,
    taken: &mut BTreeSet<String>,
) {
    let free: Vec<&Profile> = profiles.iter().filter(|profile| !taken.contains(&profile.name)).collect();
    for profile in free.iter().filter(|profile| names::EVENT.contains(&&*words(own(&profile.name)))) {
        events(schema, profile, notes, taken);
    }
    for profile in free.iter().filter(|profile| names::LABEL.contains(&&*words(own(&profile.name)))) {
        binary(schema, profile, "its name and its two values", notes, taken);
    }
    for profile in free.iter().filter(|profile| names::RATING.contains(&&*words(own(&profile.name)))) {
        rating(schema, profile, notes, taken);
    }
    if schema.feedback.is_empty() {
        // Here dots are words, not a path: `default.payment.next.month`.
        let speaks = |profile: &&&Profile| {
            names::MAYBE_LABEL.iter().any(|name| words(&profile.name).split('_').next() == Some(name))
        };
        if let Some(profile) = free.iter().rev().find(speaks) {
            binary(schema, profile, "its name and its two values", notes, taken);
        }
    }
    if schema.feedback.is_empty()
        && let Some(last) = free.last().filter(|last| last.two().is_some())
    {
        binary(
            schema,
            last,
            "being the last column and having two values; see that it is what you want to predict",
            notes,
            taken,
        );
    }
}

/// A column of two values.
fn binary(schema: &mut Schema, profile: &Profile, why: &str, notes: &mut Vec<String>, taken: &mut BTreeSet<String>) {
    let [rare, common] = match profile.two() {
        Some(two) => two,
        // A label that never (or always) is yes in the first rows is one all the same.
        None if profile.texts.len() == 1
            && profile.texts.keys().all(|text| YES.contains(&&**text) || NO.contains(&&**text)) =>
        {
            ["1", "0"]
        }
        None => return,
    };
    let plain = |text: &str| YES.contains(&text) || NO.contains(&text);
    let values = if plain(rare) && plain(common) { Vec::new() } else { vec![rare.to_owned()] };
    let name = name_of(schema, &profile.name);
    let how = if values.is_empty() { String::new() } else { format!("; {rare:?}, the rarer one, is taken for yes") };
    notes.push(format!("feedback `{name}`: `{}` by {why}{how}", profile.name));
    push(schema, profile, name, values, taken);
}

/// A column of events: a feedback per text.
fn events(schema: &mut Schema, profile: &Profile, notes: &mut Vec<String>, taken: &mut BTreeSet<String>) {
    let known = |text: &str| {
        let text = words(text);
        names::EVENTS.iter().find(|(event, _)| *event == text).map(|(_, name)| (*name).to_owned())
    };
    if profile.texts.len() > 12 || !profile.texts.keys().any(|text| known(text).is_some()) {
        return;
    }
    notes.push(format!(
        "feedback: `{}` says what happened; each of its {} texts is a feedback",
        profile.name,
        profile.texts.len()
    ));
    for text in profile.texts.keys() {
        let name = known(text).unwrap_or_else(|| words(text));
        match schema.feedback.iter_mut().find(|feedback| feedback.name == name && feedback.column == profile.name) {
            Some(same) => same.values.push(text.clone()),
            None => push(schema, profile, name, vec![text.clone()], taken),
        }
    }
}

/// A rating: the number itself, and liked from four stars of five.
fn rating(schema: &mut Schema, profile: &Profile, notes: &mut Vec<String>, taken: &mut BTreeSet<String>) {
    if !profile.is_numeric() || profile.distinct() > 21 {
        return;
    }
    let name = name_of(schema, &profile.name);
    let least = (profile.max * 0.8).ceil();
    notes.push(format!("feedback `{name}`: `{}` is a number; `like` is taken for {least} and more", profile.name));
    push(schema, profile, name, Vec::new(), taken);
    if let Some(number) = schema.feedback.last_mut() {
        number.kind = FeedbackKind::Number;
    }
    push(schema, profile, "like".to_owned(), Vec::new(), taken);
    if let Some(like) = schema.feedback.last_mut() {
        like.at_least = Some(least);
    }
}

fn push(schema: &mut Schema, profile: &Profile, name: String, values: Vec<String>, taken: &mut BTreeSet<String>) {
    taken.insert(profile.name.clone());
    schema.feedback.push(Feedback {
        name,
        column: profile.name.clone(),
        kind: FeedbackKind::Binary,
        values,
        at_least: None,
        requires: None,
    });
}

/// A task's name: `is_click` is `click`.
fn name_of(schema: &Schema, column: &str) -> String {
    let name = words(column);
    let short = name.strip_prefix("is_").unwrap_or(&name).to_owned();
    if schema.feedback.iter().any(|feedback| feedback.name == short) { name } else { short }
}
