//! Agreement of the catalogue metrics with RecBole's metric classes and with the formulas in float64, on
//! `tests/golden/beyond_accuracy`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use slatewise_eval::catalog::{
    CatalogueSummary, CosineDistance, ItemDistance, Tail, exposure, mean_intra_list_diversity, novelty_by_users,
    serendipity, shannon_entropy_nats, tail_share,
};

type Row = BTreeMap<String, String>;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/beyond_accuracy").join(file)
}

fn rows(file: &str) -> Result<Vec<Row>> {
    csv::Reader::from_path(path(file))?.deserialize().map(|row| Ok(row?)).collect()
}

/// The case: items by their order in the file, which is the order of their ids.
struct Case {
    attributes: ItemDistance,
    embeddings: CosineDistance,
    occurrences: Vec<u64>,
    item_users: Vec<u64>,
    users: u64,
    lists: Vec<Vec<u32>>,
    relevant: Vec<Vec<bool>>,
}

impl Case {
    fn read() -> Result<Self> {
        let items = rows("items.csv")?;
        let index: BTreeMap<&str, usize> = items.iter().zip(0..).map(|(row, i)| (row["item_id"].as_str(), i)).collect();
        let category: Vec<u32> = items.iter().map(|row| Ok(row["category"][1..].parse()?)).collect::<Result<_>>()?;
        let embedding =
            (0..6).map(|dimension| items.iter().map(|row| Ok(row[&format!("e{dimension}")].parse()?)).collect());
        let embedding: Vec<Vec<f64>> = embedding.collect::<Result<_>>()?;

        let (mut occurrences, mut pairs, mut users) = (vec![0; items.len()], BTreeSet::new(), BTreeSet::new());
        for row in rows("train.csv")? {
            let item = index[row["item_id"].as_str()];
            occurrences[item] += 1;
            users.insert(row["user_id"].clone());
            pairs.insert((row["user_id"].clone(), item));
        }
        let mut item_users = vec![0; items.len()];
        pairs.iter().for_each(|(_, item)| item_users[*item] += 1);

        let mut lists: BTreeMap<String, (Vec<u32>, Vec<bool>)> = BTreeMap::new();
        for row in rows("recs.csv")? {
            let (list, relevant) = lists.entry(row["user_id"].clone()).or_default();
            list.push(index[row["item_id"].as_str()] as u32);
            relevant.push(row["relevant"] == "1");
        }
        let (lists, relevant) = lists.into_values().unzip();
        Ok(Self {
            attributes: ItemDistance::from_codes(&[&category])?,
            embeddings: CosineDistance::from_columns(&embedding.iter().map(Vec::as_slice).collect::<Vec<_>>())?,
            occurrences,
            item_users,
            users: users.len() as u64,
            lists,
            relevant,
        })
    }
}

#[test]
fn beyond_accuracy() -> Result<()> {
    let golden: Value = serde_json::from_reader(std::fs::File::open(path("expected.json"))?)?;
    let tolerance = golden["default_abs_tol"].as_f64().context("tolerance")?;
    let case = Case::read()?;
    for k in [1, 5, 10] {
        let check = |level: &str, key: String, ours: f64| -> Result<()> {
            let value = golden["values"][level][&key].as_f64().with_context(|| format!("no golden value {key}"))?;
            ensure!((value - ours).abs() <= tolerance, "{key}: {ours} instead of {value}");
            Ok(())
        };
        let (own, recbole) = ("own_float64", "recbole_1.2.1");
        let summary = CatalogueSummary::new(&case.lists, k, &case.occurrences, &case.attributes)?;
        let shown = exposure(&case.lists, k, case.occurrences.len())?;
        let nats = shannon_entropy_nats(&shown)?;
        let distinct = shown.iter().filter(|&&count| count > 0).count() as f64;
        check(own, format!("coverage@{k}"), summary.coverage.context("coverage")?)?;
        check(own, format!("gini@{k}"), summary.gini.context("gini")?)?;
        check(own, format!("shannon_entropy_bits@{k}"), summary.entropy_bits.context("entropy")?)?;
        check(own, format!("shannon_entropy_nats@{k}"), nats)?;
        check(own, format!("recbole_entropy_divides_by_distinct_items@{k}"), nats / distinct)?;
        let novelty = "novelty_self_information_bits";
        check(own, format!("{novelty}_p=count/total@{k}"), summary.novelty_bits.context("novelty")?)?;
        let by_users = novelty_by_users(&shown, &case.item_users, case.users)?;
        check(own, format!("{novelty}_p=users/total_users(Zhou2010)@{k}"), by_users)?;
        let surprise = serendipity(&case.lists, &case.relevant, k, &case.occurrences)?;
        check(own, format!("serendipity_ge2010_relevant_and_not_in_top{k}_popular@{k}"), surprise)?;
        if k > 1 {
            check(own, format!("ild_category_0_1@{k}"), summary.intra_list_diversity.context("diversity")?)?;
            check(own, format!("ild_cosine@{k}"), mean_intra_list_diversity(&case.lists, k, &case.embeddings)?)?;
        }
        check(recbole, format!("itemcoverage@{k}"), summary.coverage.context("coverage")?)?;
        check(recbole, format!("giniindex@{k}"), summary.gini.context("gini")?)?;
        check(recbole, format!("averagepopularity@{k}"), summary.average_popularity.context("popularity")?)?;
        check(recbole, format!("tailpercentage@{k}"), tail_share(&shown, &case.occurrences, Tail::default())?)?;
    }
    Ok(())
}
