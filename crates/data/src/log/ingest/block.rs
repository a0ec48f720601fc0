//! `type_block`: a block of cells becomes a record batch of the rows that pass, and a list of those that do not.
//!
//! ```text
//! RawBlock ──column by column──▶ values + hashes ──rows without a fault──▶ RecordBatch
//!                                     │ first faulty column of each row
//!                                     └──▶ Rejected { line, column, value, rule, message }
//! ```
//!
//! Each column is one loop over its cells. Blocks know nothing of each other, so they are typed in parallel.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use datafusion::arrow::error::ArrowError;

use super::cell::{Fault, Quality};
use super::hash::RowHashes;
use super::input::Input;
use super::plan::{ColumnPlan, Plan};
use super::privacy::{Memory, Protection};
use super::values::column_values;
use crate::log::read::{RawBlock, RawColumn};
use crate::log::schema::TypedKind;

/// A typed block.
#[derive(Debug)]
pub(super) struct TypedBlock {
    /// The rows that pass; technical columns last, `_row` counting within the block.
    pub(super) batch: RecordBatch,
    /// Index of its file.
    pub(super) file: u32,
    /// Lines taken apart.
    pub(super) lines: u64,
    /// Rows of it, kept or not.
    pub(super) rows_read: u64,
    /// Rows that do not pass, in the order of the file.
    pub(super) rejected: Vec<Rejected>,
    /// Column, kind and number of repaired cells.
    pub(super) repairs: Vec<(String, &'static str, u64)>,
}

/// A row that does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) line: u64,
    pub(super) column: String,
    pub(super) value: Vec<u8>,
    pub(super) rule: &'static str,
    pub(super) message: String,
}

/// What the columns of one block share while it is typed.
pub(super) struct State<'a> {
    pub(super) plan: &'a Plan,
    pub(super) protection: &'a Protection,
    pub(super) memory: Memory,
    pub(super) hashes: RowHashes,
    /// Per row what noise is drawn from: file, line, row of the line. Empty where no column wants noise.
    pub(super) spots: Vec<[u64; 3]>,
    pub(super) repairs: Vec<(String, &'static str, u64)>,
    faulty: Vec<bool>,
    faults: Vec<(usize, usize, Fault)>,
}

impl State<'_> {
    /// Notes a row's first fault.
    #[cold]
    pub(super) fn fail(&mut self, row: usize, column: usize, fault: Fault) {
        if !self.faulty[row] {
            self.faulty[row] = true;
            self.faults.push((row, column, fault));
        }
    }

    /// Counts repaired cells.
    pub(super) fn repair(&mut self, column: &str, repair: &'static str, cells: u64) {
        if cells > 0 {
            self.repairs.push((column.to_owned(), repair, cells));
        }
    }
}

/// The arrow schema of typed rows.
pub(super) fn arrow_schema(plan: &Plan) -> SchemaRef {
    let field = |column: &ColumnPlan| Field::new(&column.name, data_type(column.kind()), true);
    let technical = [
        ("_row", DataType::Int64),
        ("_file", DataType::Int32),
        ("_line", DataType::Int64),
        ("_hash_a", DataType::Int64),
        ("_hash_b", DataType::Int64),
    ];
    let technical = technical.into_iter().map(|(name, kind)| Field::new(name, kind, false));
    Arc::new(ArrowSchema::new(plan.kept().map(field).chain(technical).collect::<Vec<_>>()))
}

fn data_type(kind: TypedKind) -> DataType {
    match kind {
        TypedKind::Text => DataType::Utf8,
        TypedKind::Integer | TypedKind::Time => DataType::Int64,
        TypedKind::Number => DataType::Float64,
        TypedKind::Boolean => DataType::Int8,
        TypedKind::Vector => DataType::List(Arc::new(Field::new_list_field(DataType::Float32, true))),
    }
}

/// Types one block by a settled plan; `seed` begins the hashes.
pub(super) fn type_block(
    plan: &Plan,
    schema: &SchemaRef,
    protection: &Protection,
    seed: u64,
    block: RawBlock,
) -> Result<TypedBlock, ArrowError> {
    let block = select(plan, block);
    let quality = Quality::of(&block.text);
    let inputs = block.columns.iter().map(|column| Input::new(column, &block.text, quality));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    let mut state = State {
        plan,
        protection,
        memory: protection.memory(),
        hashes: RowHashes::new(block.rows, seed),
        spots: spots(plan, &block),
        repairs: Vec::new(),
        faulty: vec![false; block.rows],
        faults: Vec::new(),
    };
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for number in 0..plan.columns.len() {
        arrays.push(column_values(&mut state, number, &inputs, block.rows)?);
    }
    for (needing, needed) in &plan.requires {
        require(&mut state, *needing, *needed, &arrays);
    }
    let rejected = rejected(plan, &state.faults, &inputs, &block);
    let State { memory, hashes, repairs, faulty, .. } = state;
    protection.give_back(memory);
    let keep = (!faulty.iter().all(|faulty| !faulty))
        .then(|| BooleanArray::from_iter(faulty.iter().map(|faulty| Some(!faulty))));
    let mut plans = plan.columns.iter();
    arrays.retain(|_| plans.next().is_some_and(|plan| plan.kept));
    push_technical(&mut arrays, hashes, &block);
    let mut batch = RecordBatch::try_new(Arc::clone(schema), arrays)?;
    if let Some(keep) = keep {
        batch = filter_record_batch(&batch, &keep)?;
    }
    Ok(TypedBlock {
        batch,
        file: block.file,
        lines: block.lines,
        rows_read: (block.rows + block.rejected.len()) as u64,
        rejected,
        repairs: block.repairs.into_iter().chain(repairs).collect(),
    })
}

/// The rows of a long table that count; the others are as if they were not there, but counted.
fn select(plan: &Plan, mut block: RawBlock) -> RawBlock {
    if plan.only.is_empty() {
        return block;
    }
    let mut keep = vec![true; block.rows];
    for (input, text) in &plan.only {
        if let Ok(input) = Input::new(&block.columns[*input], &block.text, Quality::of(b"")) {
            keep.iter_mut().enumerate().for_each(|(row, keep)| *keep &= input.shown(row).trim_ascii() == text);
        }
    }
    let left_out = keep.iter().filter(|keep| !**keep).count();
    let mask = BooleanArray::from(keep.clone());
    for column in &mut block.columns {
        match column {
            RawColumn::Text(spans) => retain(spans, &keep),
            RawColumn::Array(array) => {
                if let Ok(kept) = datafusion::arrow::compute::filter(array, &mask) {
                    *array = kept;
                }
            }
        }
    }
    retain(&mut block.places, &keep);
    block.rows -= left_out;
    block.repairs.push((String::new(), "left_out_by_where", left_out as u64));
    block
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().is_some_and(|keep| *keep));
}

/// What tells the cells of a column apart for noise, whatever the blocks.
fn spots(plan: &Plan, block: &RawBlock) -> Vec<[u64; 3]> {
    use crate::log::schema::ColumnPrivacy::Noise;
    if !plan.columns.iter().any(|column| matches!(column.privacy, Some(Noise(_)))) {
        return Vec::new();
    }
    let mut last = (0, 0);
    let spot = |line: u64| {
        last = if line == last.0 { (line, last.1 + 1) } else { (line, 0) };
        [u64::from(block.file), line, last.1]
    };
    block.places.iter().map(|place| place.line).map(spot).collect()
}

/// Rows that have one feedback without the other that it needs.
fn require(state: &mut State<'_>, needing: usize, needed: usize, arrays: &[ArrayRef]) {
    let positive = |array: &ArrayRef| {
        let numbers = datafusion::arrow::compute::cast(array, &DataType::Float64);
        numbers
            .ok()
            .and_then(|numbers| numbers.as_any().downcast_ref::<datafusion::arrow::array::Float64Array>().cloned())
    };
    let (Some(has), Some(needs)) = (positive(&arrays[needing]), positive(&arrays[needed])) else { return };
    for row in 0..has.len() {
        if has.is_valid(row) && has.value(row) > 0.0 && needs.is_valid(row) && needs.value(row) <= 0.0 {
            let message = format!("{} without {}", state.plan.columns[needing].name, state.plan.columns[needed].name);
            state.fail(row, needing, Fault::new("impossible_combination", message));
        }
    }
}

/// The rows set aside here and by the reader, in the order of the file.
fn rejected(plan: &Plan, faults: &[(usize, usize, Fault)], inputs: &[Input<'_>], block: &RawBlock) -> Vec<Rejected> {
    let own = faults.iter().map(|(row, column, fault)| {
        let column = &plan.columns[*column];
        let shown = column.inputs.iter().map(|input| inputs[*input].shown(*row)).collect::<Vec<_>>();
        Rejected {
            line: block.places[*row].line,
            column: column.source.clone(),
            value: if column.may_be_shown() { shown.join(&b'-') } else { Vec::new() },
            rule: fault.rule,
            message: fault.message.to_string(),
        }
    });
    let torn = block.rejected.iter().map(|row| Rejected {
        line: row.place.line,
        column: String::new(),
        value: if plan.rows_hidden { Vec::new() } else { row.raw.clone() },
        rule: row.rule,
        message: if plan.rows_hidden { unquoted(&row.message) } else { row.message.clone() },
    });
    let mut all: Vec<Rejected> = own.chain(torn).collect();
    all.sort_by_key(|row| row.line);
    all
}

/// A message without what it quotes: a piece of the row may name somebody.
fn unquoted(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) => format!("{}…{}", &message[..first], &message[last + 1..]),
        _ => message.to_owned(),
    }
}

fn push_technical(arrays: &mut Vec<ArrayRef>, hashes: RowHashes, block: &RawBlock) {
    let (a, b) = hashes.finish();
    arrays.push(Arc::new(Int64Array::from_iter_values(0..block.rows as i64)));
    arrays.push(Arc::new(Int32Array::from(vec![block.file as i32; block.rows])));
    arrays.push(Arc::new(Int64Array::from_iter_values(block.places.iter().map(|place| place.line as i64))));
    arrays.push(Arc::new(Int64Array::from(a)));
    arrays.push(Arc::new(Int64Array::from(b)));
}
