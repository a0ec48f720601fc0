//! Features for a table of which only the columns are known: a sensible start, to be written out and changed.
//!
//! | column | becomes |
//! |---|---|
//! | one value alone, none at all, or a label, a mask | nothing |
//! | text | categorical, `min_count = 5`; above 1,000 values also `out_of_vocabulary` rows, a tenth of them, 16 to 10,000 |
//! | text with a value of its own in nine of ten rows | nothing: it names the row; unless it shares a table |
//! | boolean | categorical of width 2 |
//! | integer of up to 50 values | categorical, and numeric by quantiles |
//! | other integer, number | numeric by quantiles, and categorical with 20 `quantile_cuts` of width 8 |
//! | integer that shares a table | categorical, as text: it is an id |
//! | time | calendar: hour, weekday, day of the month, month, and the time of day as a point on a circle |
//! | vector | vector |
//!
//! An embedding is min(32, max(2, 1.6 · values^0.56)) wide (the rule of fastai's tabular models, cut at 32). Columns that
//! share a table get the settings of the one with most values, since their values are those of one thing.
//!
//! Numbers come twice because a network draws smooth lines: trees cut a number where they like, and an embedding per bucket
//! lets a network do so too.
//!
//! # Reference
//! J. Howard and S. Gugger 2020, *fastai: A Layered API for Deep Learning*, Information 11(2) (the width). Y. Gorishniy,
//! I. Rubachev and A. Babenko 2022, *On Embeddings for Numerical Features in Tabular Deep Learning*, NeurIPS (the buckets).

use super::spec::{
    CalendarColumn, CalendarPart, CategoricalColumn, NumericColumn, NumericTransform, TableSpec, TableTask,
    VectorColumn,
};

const MIN_COUNT: u64 = 5;
const FEW_INTEGERS: u64 = 50;
const MANY_VALUES: u64 = 1_000;
const QUANTILE_CUTS: u32 = 20;
const BUCKET_WIDTH: usize = 8;

/// What is known of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedColumn {
    /// Its name in the files.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Different values, a missing one not counted.
    pub distinct: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Rows.
    pub rows: u64,
    /// What the values name, where several columns name the same: these share one embedding table.
    pub table: Option<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text without order.
    Text,
    /// Whole numbers.
    Integer,
    /// Any numbers.
    Number,
    /// Yes or no.
    Boolean,
    /// Microseconds since 1970-01-01 UTC.
    Time,
    /// So many numbers.
    Vector(u32),
}

/// Features of all columns that can be any, for these tasks. The paths are left empty: set `train` and the others.
pub fn propose(columns: &[ProposedColumn], tasks: Vec<TableTask>) -> TableSpec {
    let mut spec = TableSpec::new("", tasks);
    for column in columns {
        let read = |task: &TableTask| {
            task.label.column == column.name || task.mask.as_ref().is_some_and(|mask| mask.column == column.name)
        };
        let tells = column.distinct > 1 || (column.distinct == 1 && column.missing > 0);
        if tells && !spec.tasks.iter().any(read) {
            add(&mut spec, column, columns);
        }
    }
    spec
}

fn add(spec: &mut TableSpec, column: &ProposedColumn, all: &[ProposedColumn]) {
    let name = &column.name;
    let present = column.rows - column.missing.min(column.rows);
    match column.kind {
        ColumnKind::Text if column.table.is_none() && column.distinct * 10 > present * 9 && present > 10 => {}
        ColumnKind::Text => spec.categorical.push(categorical(column, all)),
        ColumnKind::Integer if column.table.is_some() => spec.categorical.push(categorical(column, all)),
        ColumnKind::Boolean => spec.categorical.push(CategoricalColumn::new(name, 2)),
        ColumnKind::Integer if column.distinct <= FEW_INTEGERS => {
            spec.categorical.push(categorical(column, all));
            spec.numeric.push(NumericColumn::new(name, NumericTransform::Quantile));
        }
        ColumnKind::Integer | ColumnKind::Number => {
            let mut buckets = CategoricalColumn::new(name, BUCKET_WIDTH);
            buckets.quantile_cuts = Some(QUANTILE_CUTS);
            spec.categorical.push(buckets);
            spec.numeric.push(NumericColumn::new(name, NumericTransform::Quantile));
        }
        ColumnKind::Time => {
            let mut calendar = CalendarColumn::new(name, CalendarPart::ALL);
            calendar.cyclic = true;
            spec.calendar.push(calendar);
        }
        ColumnKind::Vector(width) => spec.vector.push(VectorColumn::new(name, width)),
    }
}

fn categorical(column: &ProposedColumn, all: &[ProposedColumn]) -> CategoricalColumn {
    let sharing = all.iter().filter(|other| column.table.is_some() && other.table == column.table);
    let distinct = sharing.map(|other| other.distinct).max().unwrap_or(column.distinct);
    CategoricalColumn {
        column: column.name.clone(),
        width: width(distinct),
        min_count: MIN_COUNT,
        table: column.table.clone(),
        out_of_vocabulary: (distinct > MANY_VALUES).then(|| (distinct / 10).clamp(16, 10_000) as u32),
        ..CategoricalColumn::default()
    }
}

fn width(distinct: u64) -> usize {
    ((1.6 * (distinct as f64).powf(0.56)).round() as usize).clamp(2, 32)
}

#[cfg(test)]
mod tests {
    use super::super::spec::LabelKind;
    use super::*;

    fn column(name: &str, kind: ColumnKind, distinct: u64, table: Option<&str>) -> ProposedColumn {
        let table = table.map(str::to_owned);
        ProposedColumn { name: name.to_owned(), kind, distinct, missing: 0, rows: 10_000, table }
    }

    #[test]
    fn each_kind_has_its_features_and_the_whole_is_a_valid_declaration() -> Result<(), crate::Error> {
        let columns = [
            column("click", ColumnKind::Integer, 2, None),
            column("constant", ColumnKind::Text, 1, None),
            column("row_id", ColumnKind::Text, 10_000, None),
            column("city", ColumnKind::Text, 40, None),
            column("item", ColumnKind::Text, 3_000, Some("item")),
            column("last_item", ColumnKind::Integer, 2_000, Some("item")),
            column("premium", ColumnKind::Boolean, 2, None),
            column("children", ColumnKind::Integer, 9, None),
            column("price", ColumnKind::Number, 700, None),
            column("time", ColumnKind::Time, 9_999, None),
            column("picture", ColumnKind::Vector(64), 900, None),
        ];
        let mut spec = propose(&columns, vec![TableTask::new("click", "click", LabelKind::Binary)]);
        spec.validate()?;
        let names: Vec<String> = spec.categorical.iter().map(CategoricalColumn::name).collect();
        assert_eq!(names, ["city", "item", "last_item", "premium", "children", "price_bucket"]);
        let (city, item, last) = (&spec.categorical[0], &spec.categorical[1], &spec.categorical[2]);
        // 1.6 · 40^0.56 = 12.6.
        assert_eq!((city.width, city.min_count, city.out_of_vocabulary), (13, 5, None));
        assert_eq!((item.width, item.out_of_vocabulary), (32, Some(300)));
        assert_eq!(
            (item.width, item.out_of_vocabulary, &item.table),
            (last.width, last.out_of_vocabulary, &last.table)
        );
        assert_eq!(spec.numeric.iter().map(|c| c.column.as_str()).collect::<Vec<_>>(), ["children", "price"]);
        assert_eq!((spec.calendar[0].parts.len(), spec.calendar[0].cyclic, spec.vector[0].width), (4, true, 64));
        spec.tasks[0].label.column = "city".to_owned();
        assert!(spec.validate().is_err());
        Ok(())
    }
}
