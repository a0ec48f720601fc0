//! Blocks as Arrow columns.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float32Builder, Float64Array, Int8Array, Int32Array, Int64Array, ListBuilder, StringArray, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::dirt::{Flaw, Flaws, written};
use super::response::TASKS;
use super::rows::{DEVICES, Rows, SURFACES};
use super::spec::ContentSpec;
use super::world::{REGIONS, World, normal};
use rand_chacha::ChaCha8Rng;

/// Columns of `events.parquet`.
pub(super) fn event_schema() -> SchemaRef {
    let whole = DataType::Int64;
    let mut fields = vec![
        Field::new("user", whole.clone(), false),
        Field::new("item", whole.clone(), false),
        Field::new("session", whole.clone(), false),
        Field::new("time", whole, false),
        Field::new("surface", DataType::Utf8, false),
        Field::new("device", DataType::Utf8, true),
        Field::new("position", DataType::Int32, false),
        Field::new("propensity", DataType::Float64, false),
        Field::new("price", DataType::Float64, true),
        Field::new("category", DataType::Utf8, true),
    ];
    fields.extend(TASKS.map(|task| Field::new(task, DataType::Int8, false)));
    Arc::new(Schema::new(fields))
}

/// Columns of `truth.parquet`.
pub(super) fn truth_schema() -> SchemaRef {
    Arc::new(Schema::new(TASKS.map(|task| Field::new(format!("_true_{task}"), DataType::Float64, false)).to_vec()))
}

/// The columns of [`event_schema`].
pub(super) fn events(rows: &Rows, flaws: &Flaws, world: &World) -> Vec<ArrayRef> {
    let mut arrays: Vec<ArrayRef> =
        [&rows.user, &rows.item, &rows.session, &rows.time].map(|ids| whole(ids, flaws)).to_vec();
    arrays.push(Arc::new(names(&SURFACES, &rows.surface, &[], flaws)));
    arrays.push(Arc::new(names(&DEVICES, &rows.device, &flaws.device_null, flaws)));
    arrays.push(Arc::new(Int32Array::from(ordered(&rows.position, flaws))));
    arrays.push(Arc::new(Float64Array::from(ordered(&rows.propensity, flaws))));
    arrays.push(prices(rows, flaws));
    arrays.push(categories(rows, flaws, world));
    for came in &rows.response {
        arrays.push(Arc::new(Int8Array::from(ordered(came, flaws))));
    }
    arrays
}

/// The columns of [`truth_schema`].
pub(super) fn truth(rows: &Rows, flaws: &Flaws) -> Vec<ArrayRef> {
    rows.truth.each_ref().map(|truth| Arc::new(Float64Array::from(ordered(truth, flaws))) as ArrayRef).to_vec()
}

fn whole(values: &[i64], flaws: &Flaws) -> ArrayRef {
    Arc::new(Int64Array::from(ordered(values, flaws)))
}

/// A column in the order in which it is written, repetitions included.
fn ordered<T: Copy>(values: &[T], flaws: &Flaws) -> Vec<T> {
    if flaws.order.is_empty() {
        return values.to_vec();
    }
    flaws.order.iter().map(|&row| values[row as usize]).collect()
}

fn names(choices: &[(&str, f64); 3], codes: &[u8], null: &[bool], flaws: &Flaws) -> StringArray {
    let codes = ordered(codes, flaws);
    let mut text = StringBuilder::with_capacity(codes.len(), 8 * codes.len());
    if null.is_empty() {
        codes.iter().for_each(|&code| text.append_value(choices[usize::from(code)].0));
    } else {
        for (code, null) in codes.into_iter().zip(ordered(null, flaws)) {
            text.append_option((!null).then_some(choices[usize::from(code)].0));
        }
    }
    text.finish()
}

fn prices(rows: &Rows, flaws: &Flaws) -> ArrayRef {
    let prices = ordered(&rows.price, flaws);
    if flaws.price_null.is_empty() {
        return Arc::new(Float64Array::from(prices));
    }
    let cells = prices.into_iter().zip(ordered(&flaws.price_null, flaws));
    Arc::new(cells.map(|(price, null)| (!null).then_some(price)).collect::<Float64Array>())
}

fn categories(rows: &Rows, flaws: &Flaws, world: &World) -> ArrayRef {
    let codes = ordered(&rows.category, flaws);
    let mut text = StringBuilder::with_capacity(codes.len(), 12 * codes.len());
    if flaws.category.is_empty() {
        codes.iter().for_each(|&code| text.append_value(&world.category_names[usize::from(code)]));
    } else {
        for (code, flaw) in codes.into_iter().zip(ordered(&flaws.category, flaws)) {
            let name = &world.category_names[usize::from(code)];
            match flaw {
                Flaw::None => text.append_value(name),
                flaw => text.append_option(written(name, flaw)),
            }
        }
    }
    Arc::new(text.finish())
}

/// Users `from..to` as a table: id, segment, age, region.
///
/// # Errors
/// None but what Arrow finds wrong with equal columns.
pub(super) fn users(world: &World, from: usize, to: usize) -> Result<RecordBatch, ArrowError> {
    let users = &world.users[from..to];
    let ids: Int64Array = (from..to).map(|index| index as i64 + 1).collect();
    let segments: StringArray = users.iter().map(|user| Some(format!("segment-{:02}", user.segment))).collect();
    let ages: Int32Array = users.iter().map(|user| i32::from(user.age)).collect();
    let regions: StringArray = users.iter().map(|user| Some(REGIONS[usize::from(user.region)])).collect();
    RecordBatch::try_from_iter([
        ("user", Arc::new(ids) as ArrayRef),
        ("segment", Arc::new(segments)),
        ("age", Arc::new(ages)),
        ("region", Arc::new(regions)),
    ])
}

/// Items `from..to` as a table: id, brand, rating, list price, and their content where declared.
///
/// # Errors
/// None but what Arrow finds wrong with equal columns.
pub(super) fn items(
    world: &World,
    (from, to): (usize, usize),
    content: Option<ContentSpec>,
    rng: &mut ChaCha8Rng,
) -> Result<RecordBatch, ArrowError> {
    let items = &world.items[from..to];
    let ids: Int64Array = (from..to).map(|index| index as i64 + 1).collect();
    let brands: StringArray = items.iter().map(|item| Some(format!("brand-{:03}", item.brand))).collect();
    let ratings: Float64Array = items.iter().map(|item| item.rating).collect();
    let prices: Float64Array = items.iter().map(|item| item.price).collect();
    let mut columns = vec![
        ("item", Arc::new(ids) as ArrayRef),
        ("brand", Arc::new(brands)),
        ("rating", Arc::new(ratings)),
        ("list_price", Arc::new(prices)),
    ];
    if let Some(content) = content {
        let mut vectors = ListBuilder::new(Float32Builder::new());
        for item in from..to {
            for &value in world.latent(item) {
                vectors.values().append_value((f64::from(value) + content.noise * normal(rng)) as f32);
            }
            vectors.append(true);
        }
        columns.push(("content", Arc::new(vectors.finish())));
    }
    RecordBatch::try_from_iter(columns)
}
