//! Every catalogue metric per k, under the names of the golden files.

use anyhow::Result;
use slatewise_eval::catalog::{
    CategoryCalibration, Distance, Tail, average_popularity, coverage, exposure, gini, mean_intra_list_diversity,
    novelty, novelty_by_users, serendipity, shannon_entropy, shannon_entropy_nats, tail_share,
};
use slatewise_eval::{Error, Metric, Undefined};

use super::read::Inputs;
use crate::flat::Flat;

/// The metrics, with what there is to remark.
pub(super) fn measure(inputs: &Inputs, lengths: &[usize], tail_ratio: f64) -> Result<Flat> {
    let tail = if tail_ratio > 1.0 { Tail::AtMost(tail_ratio as u64) } else { Tail::Share(tail_ratio) };
    let mut flat = Flat::default();
    for &k in lengths {
        let cut = Cut::new(inputs, k);
        cut.of_exposure(&mut flat, tail)?;
        cut.diversity(&mut flat);
        cut.serendipity(&mut flat)?;
        cut.calibration(&mut flat)?;
        let short = cut.lists.iter().filter(|list| list.len() < k).count();
        if short > 0 {
            let lists = cut.lists.len();
            flat.warning(format!(
                "k = {k}: {short} of {lists} lists hold fewer than {k} items and count with what they hold"
            ));
        }
    }
    let longest = lengths.last().copied().unwrap_or(0);
    let used: usize = Cut::new(inputs, longest).lists.iter().map(|list| list.len()).sum();
    flat.count("users", inputs.lists.items.len());
    flat.count("catalogue_items", inputs.items.names.len());
    flat.count("train_rows", inputs.train.rows);
    flat.count("train_users", inputs.train.users as usize);
    flat.count("rows_used", used);
    flat.count("rows_beyond_largest_k", inputs.lists.rows - used);
    flat.count("rows_rejected", 0);
    Ok(flat)
}

/// The lists cut at k: the items of rank k or better.
struct Cut<'a> {
    inputs: &'a Inputs,
    k: usize,
    lists: Vec<&'a [u32]>,
}

impl<'a> Cut<'a> {
    fn new(inputs: &'a Inputs, k: usize) -> Self {
        let lists = inputs.lists.items.iter().zip(&inputs.lists.ranks);
        let lists = lists.map(|(items, ranks)| &items[..ranks.partition_point(|&rank| rank as usize <= k)]).collect();
        Self { inputs, k, lists }
    }

    fn of_exposure(&self, flat: &mut Flat, tail: Tail) -> Result<()> {
        let (k, train) = (self.k, &self.inputs.train);
        let shown = exposure(&self.lists, k, self.inputs.items.names.len())?;
        let nats = shannon_entropy_nats(&shown);
        let distinct = shown.iter().filter(|&&count| count > 0).count();
        flat.metric(format!("coverage@{k}"), &coverage(&shown));
        flat.metric(format!("gini@{k}"), &gini(&shown));
        flat.metric(format!("shannon_entropy_nats@{k}"), &nats);
        flat.metric(format!("shannon_entropy_bits@{k}"), &shannon_entropy(&shown));
        let recbole = nats.map(|nats| nats / distinct as f64);
        flat.metric(format!("recbole_entropy_divides_by_distinct_items@{k}"), &recbole);
        self.named(flat, "novelty_self_information_bits_p=count/total", novelty(&shown, &train.occurrences));
        let by_users = novelty_by_users(&shown, &train.item_users, train.users);
        self.named(flat, "novelty_self_information_bits_p=users/total_users(Zhou2010)", by_users);
        flat.metric(format!("averagepopularity@{k}"), &average_popularity(&shown, &train.occurrences));
        flat.metric(format!("tailpercentage@{k}"), &tail_share(&shown, &train.occurrences, tail));
        Ok(())
    }

    fn diversity(&self, flat: &mut Flat) {
        let items = &self.inputs.items;
        self.distance(flat, "ild_cosine", items.embedding.as_ref(), "the items file has no embedding columns");
        self.distance(flat, "ild_category_0_1", items.category.as_ref(), "the items file has no category column");
    }

    fn distance<D: Distance>(&self, flat: &mut Flat, name: &str, distance: Option<&D>, missing: &str) {
        match distance {
            Some(distance) => self.named(flat, name, mean_intra_list_diversity(&self.lists, self.k, distance)),
            None => flat.undefined(format!("{name}@{}", self.k), missing),
        }
    }

    fn serendipity(&self, flat: &mut Flat) -> Result<()> {
        let k = self.k;
        let key = format!("serendipity_ge2010_relevant_and_not_in_top{k}_popular@{k}");
        let Some(relevant) = &self.inputs.lists.relevant else {
            flat.undefined(key, "the recs file has no relevance column");
            return Ok(());
        };
        let relevant: Vec<&[bool]> = relevant.iter().zip(&self.lists).map(|(all, list)| &all[..list.len()]).collect();
        let value = serendipity(&self.lists, &relevant, k, &self.inputs.train.occurrences);
        flat.metric(key, &undefined_only(value)?);
        Ok(())
    }

    fn calibration(&self, flat: &mut Flat) -> Result<()> {
        let k = self.k;
        let keys = [format!("category_calibration_kl@{k}"), format!("category_calibration_hellinger@{k}")];
        let Some(categories) = &self.inputs.items.categories else {
            keys.into_iter().for_each(|key| flat.undefined(key, "the items file has no category column"));
            return Ok(());
        };
        let found = CategoryCalibration::new(&self.inputs.lists.histories, &self.lists, k, categories);
        let found = undefined_only(found)?;
        let values = [found.clone().map(|found| found.kl), found.clone().map(|found| found.hellinger)];
        for (key, value) in keys.into_iter().zip(values) {
            flat.metric(key, &value);
        }
        if let Ok(CategoryCalibration { users, skipped: skipped @ 1.., .. }) = found {
            let of = users + skipped;
            flat.warning(format!(
                "category_calibration@{k}: {skipped} of {of} users have no history or no item; they are left out"
            ));
        }
        Ok(())
    }

    /// Adds a metric whose reason, if it has no value, names the item by its id.
    fn named(&self, flat: &mut Flat, name: &str, metric: Metric) {
        let key = format!("{name}@{}", self.k);
        let id = |item: usize| &self.inputs.items.names[item];
        match metric {
            Err(Undefined::NeverSeen { item }) => flat
                .undefined(key, format!("item \"{}\" was recommended but never occurs in the training log", id(item))),
            Err(Undefined::NoDirection { item }) => {
                flat.undefined(key, format!("item \"{}\" has an embedding of zeros, which has no direction", id(item)));
            }
            metric => flat.metric(key, &metric),
        }
    }
}

/// Separates a metric that is undefined from input that is wrong.
fn undefined_only<T>(value: Result<T, Error>) -> Result<Result<T, Undefined>> {
    match value {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Undefined(reason)) => Ok(Err(reason)),
        Err(error) => Err(error.into()),
    }
}
