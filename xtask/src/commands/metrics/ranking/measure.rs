//! Every ranking metric per k, under the names of the golden files.

use anyhow::Result;
use slatewise_eval::ranking::{RankingValues, Ties};

use super::read::Inputs;
use crate::flat::Flat;

/// What the keys of means end with in which users without relevant items count 0.
pub(super) const ZERO: &str = "[users_without_relevant=zero]";

/// The means over users under both policies for those without relevant items, and who was counted.
pub(super) fn measure(inputs: &Inputs, cutoffs: &[usize], ties: Ties) -> Result<Flat> {
    let summary = inputs.judged.summary(cutoffs)?;
    let mut flat = Flat::default();
    match &summary.skip {
        Ok(means) => add(&mut flat, means, cutoffs, ""),
        Err(reason) => {
            for (name, _) in summary.zero.named() {
                cutoffs.iter().for_each(|k| flat.undefined(format!("{name}@{k}"), reason.to_string()));
            }
        }
    }
    let averaged = summary.users - summary.users_without_relevant;
    flat.count("n_users_averaged", averaged);
    flat.count("n_users_skipped", summary.users_without_relevant);
    add(&mut flat, &summary.zero, cutoffs, ZERO);
    flat.count(format!("n_users_averaged{ZERO}"), summary.users);
    flat.count(format!("n_users_skipped{ZERO}"), 0);
    let judged = &inputs.judged;
    let unjudged_rows = inputs.run_rows - judged.rows_used;
    flat.count("n_users_without_list", summary.users_without_list);
    flat.count("n_users_without_judgements", judged.users_unjudged);
    flat.count("lists_with_ties", summary.lists_with_ties);
    flat.count("rows_used", judged.rows_used);
    flat.count("rows_of_users_without_judgements", unjudged_rows);
    flat.count("rows_rejected", 0);
    flat.count("qrels_rows_used", inputs.qrels_rows);
    if summary.users_without_list > 0 {
        let missing = summary.users_without_list;
        flat.warning(format!("{missing} users have relevant items and no list in the run; they count 0 everywhere"));
    }
    if judged.users_unjudged > 0 {
        let users = judged.users_unjudged;
        flat.warning(format!("{users} users of the run have no judgements; their {unjudged_rows} rows count nowhere"));
    }
    if summary.lists_with_ties > 0 {
        let said = match ties {
            Ties::Expected => "metrics are expected values over the orders of tied items",
            Ties::ItemIdDescending => "tied items are ordered by id, descending",
        };
        flat.warning(format!("{} lists have tied scores within the largest k; {said}", summary.lists_with_ties));
    }
    Ok(flat)
}

fn add(flat: &mut Flat, means: &RankingValues, cutoffs: &[usize], suffix: &str) {
    for (name, column) in means.named() {
        for (k, &value) in cutoffs.iter().zip(column) {
            flat.number(format!("{name}@{k}{suffix}"), value);
        }
    }
}

/// The metrics of each judged user as CSV, by id; cells are empty where nothing is relevant.
pub(super) fn per_user(inputs: &Inputs, cutoffs: &[usize], user_column: &str) -> Result<Vec<u8>> {
    let names = RankingValues::default().named().map(|(name, _)| name);
    let columns: Vec<String> =
        names.iter().flat_map(|name| cutoffs.iter().map(move |k| format!("{name}@{k}"))).collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(std::iter::once(user_column).chain(columns.iter().map(String::as_str)))?;
    for judged in &inputs.judged.users {
        let cells = match RankingValues::of(&judged.list, cutoffs) {
            Ok(values) => values.named().iter().flat_map(|(_, column)| column.iter().map(f64::to_string)).collect(),
            Err(_) => vec![String::new(); columns.len()],
        };
        table.write_record(std::iter::once(inputs.users[judged.user as usize].clone()).chain(cells))?;
    }
    Ok(table.into_inner()?)
}
