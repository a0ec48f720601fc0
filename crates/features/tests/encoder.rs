//! The encoder against numbers computed by hand, and its promises: train rows only, no look ahead, one code path.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod shop;

use slatewise_features::{
    CategoricalSource, CategoricalSpec, DenseSource, DenseSpec, Error, FeatureBatch, FeatureEncoder, FeatureSpec,
    Request, Transform,
};

fn categorical(name: &str, source: CategoricalSource, table: Option<&str>) -> CategoricalSpec {
    CategoricalSpec { name: name.to_owned(), source, table: table.map(str::to_owned) }
}

fn dense(name: &str, source: DenseSource) -> DenseSpec {
    DenseSpec { name: name.to_owned(), source, transform: Transform::None }
}

fn spec(categorical: Vec<CategoricalSpec>, dense: Vec<DenseSpec>) -> FeatureSpec {
    FeatureSpec { default_width: 4, width: [].into(), min_count: 1, categorical, dense }
}

fn encode(spec: &FeatureSpec, request: &Request<'_>, candidates: &[u32]) -> FeatureBatch {
    let log = shop::log();
    let encoder = FeatureEncoder::fit(spec, &log, 0..2).unwrap();
    let mut batch = FeatureBatch::default();
    encoder.encode(&log.catalogue, request, candidates, &mut batch);
    batch
}

const NOTHING_CLICKED: Request<'_> = Request { context: &[0], day: 13_970, history: &[] };

#[test]
fn values_of_train_rows_get_a_row_and_others_row_zero() {
    let fields = vec![
        categorical("item", CategoricalSource::Item, None),
        categorical("last", CategoricalSource::HistoryItem(1), Some("item")),
        categorical("country", CategoricalSource::Context("country".to_owned()), None),
    ];
    // Sessions 0 and 1 show all four items, but never country 1.
    let known = encode(&spec(fields.clone(), vec![]), &Request { history: &[2], ..NOTHING_CLICKED }, &[0, 3]);
    assert_eq!(known.ids, [1, 3, 1, 4, 3, 1]);
    let unknown = encode(&spec(fields, vec![]), &Request { context: &[1], ..NOTHING_CLICKED }, &[0]);
    assert_eq!(unknown.ids, [1, 0, 0], "no click yet and a country of the test period");
}

#[test]
fn rare_values_share_row_zero() {
    let mut spec = spec(vec![categorical("item", CategoricalSource::Item, None)], vec![]);
    spec.min_count = 2;
    // The coats page was shown four times in train, the sale page once.
    assert_eq!(encode(&spec, &NOTHING_CLICKED, &[0, 1, 2, 3]).ids, [1, 2, 0, 0]);
}

#[test]
fn dense_values_are_those_computed_by_hand() {
    let sources = [
        ("price", DenseSource::Price),
        ("minus_last", DenseSource::PriceMinusLast),
        ("minus_history", DenseSource::PriceMinusHistory),
        ("depth", DenseSource::Depth),
        ("distinct", DenseSource::DistinctItems),
        ("times", DenseSource::TimesClicked),
        ("premium", DenseSource::PremiumShare),
        ("red", DenseSource::HistoryShare("colour".to_owned())),
        ("page", DenseSource::ListingShare),
        ("same", DenseSource::SameListing),
    ];
    let spec = spec(vec![], sources.map(|(name, source)| dense(name, source)).to_vec());
    let history = [0, 1, 0, 2];
    let batch = encode(&spec, &Request { history: &history, ..NOTHING_CLICKED }, &[1]);
    // Item A2 at 20.0, red; earlier clicks A1 10.0 blue, A2 20.0 red, A1 10.0 blue, B1 30.0 red: mean 17.5.
    assert_eq!(batch.dense, [20.0, -10.0, 2.5, 4.0, 3.0, 1.0, 0.25, 0.5, 0.75, 0.0]);
    let first = encode(&spec, &NOTHING_CLICKED, &[1]);
    assert_eq!(first.dense, [20.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "absent values are 0");
}

#[test]
fn normalisation_sees_train_rows_only() {
    let mut spec = spec(vec![], vec![dense("price", DenseSource::Price)]);
    spec.dense[0].transform = Transform::Standard;
    // Train rows show coats (10, 20) four times and the sale (30, 40) once: mean 19, variance 89.
    let batch = encode(&spec, &NOTHING_CLICKED, &[2]);
    assert!((f64::from(batch.dense[0]) - 11.0 / 89.0_f64.sqrt()).abs() < 1e-6, "{:?}", batch.dense);
}

#[test]
fn an_encoder_read_back_encodes_the_same_bits() {
    let log = shop::log();
    let fields = vec![categorical("weekday", CategoricalSource::Weekday, None)];
    let mut spec = spec(fields, vec![dense("price", DenseSource::Price)]);
    spec.dense[0].transform = Transform::LogStandard;
    let encoder = FeatureEncoder::fit(&spec, &log, 0..2).unwrap();
    let read: FeatureEncoder = serde_json::from_str(&serde_json::to_string(&encoder).unwrap()).unwrap();
    let (mut before, mut after) = (FeatureBatch::default(), FeatureBatch::default());
    encoder.encode(&log.catalogue, &NOTHING_CLICKED, &[0, 1, 2, 3], &mut before);
    read.encode(&log.catalogue, &NOTHING_CLICKED, &[0, 1, 2, 3], &mut after);
    assert_eq!(before, after);
    assert_eq!(encoder, read);
}

#[test]
fn a_declaration_that_does_not_fit_is_told_with_its_mend() {
    let log = shop::log();
    let refusal = |spec: &FeatureSpec| FeatureEncoder::fit(spec, &log, 0..2).unwrap_err().to_string();
    let size = CategoricalSource::ItemAttribute("size".to_owned());
    let unknown = refusal(&spec(vec![categorical("size", size, None)], vec![]));
    assert_eq!(
        unknown,
        "features.size: no item attribute `size` in the log (there are: colour); add it to data.schema or mend the name"
    );
    let item = || categorical("item", CategoricalSource::Item, Some("shared"));
    let listing = categorical("listing", CategoricalSource::Listing, Some("shared"));
    assert!(refusal(&spec(vec![item(), listing], vec![])).contains("give it a table of its own"));
    assert!(refusal(&spec(vec![item(), item()], vec![])).contains("used twice"));
    let own_row = categorical("now", CategoricalSource::HistoryItem(0), None);
    assert!(refusal(&spec(vec![own_row], vec![])).contains("0 would be the row itself"));
    let bounds = categorical("depth", CategoricalSource::Depth(vec![2, 2]), None);
    assert!(refusal(&spec(vec![bounds], vec![])).contains("must ascend"));
    assert!(matches!(FeatureEncoder::fit(&spec(vec![], vec![]), &log, 0..2), Err(Error::Empty)));
    assert!(matches!(FeatureEncoder::fit(&spec(vec![item()], vec![]), &log, 0..0), Err(Error::NoTrainRows)));
}
