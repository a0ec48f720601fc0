//! `Judge`: which rows cannot be, contradict or repeat an earlier one, found on as few columns as that takes.

use std::path::Path;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, ExprSchemable as _, lit, when};

use super::clean::CleanInput;
use super::order::Order;
use super::repeats::Repeats;
use super::session::{Engine, Join, Session, first_line};
use super::temporary::Temporary;
use super::{once, rows, sql};
use crate::log::counts::Counts;
use crate::log::error::LogError;
use crate::log::schema::{Duplicates, TypedKind};

/// A combination that cannot be.
struct Rule {
    name: String,
    key: String,
    condition: Expr,
    text: String,
    columns: Vec<String>,
    message: String,
}

/// The rules of one log: numbered from 0, then the conflict of `unique` columns, then the repeated row.
pub(super) struct Judge<'a> {
    engine: &'a Engine,
    input: &'a CleanInput<'a>,
    order: &'a Order,
    rules: Vec<Rule>,
}

impl<'a> Judge<'a> {
    /// Reads the rules.
    pub(super) fn new(engine: &'a Engine, input: &'a CleanInput<'a>, order: &'a Order) -> Result<Self, LogError> {
        let mut judge = Self { engine, input, order, rules: Vec::new() };
        for column in &input.log.rules.unique {
            if input.schema.column(column).is_none_or(|column| column.kind == TypedKind::Vector) {
                return Err(LogError::config("schema.rules.unique", column, "name typed columns that are no vectors"));
            }
        }
        let session = engine.session("rules", Join::Hash);
        let schema = DFSchema::try_from(rows::arrow_schema(input.schema)).map_err(|error| session.failed(error))?;
        judge.rules.extend(judge.requirements(&session, &schema)?);
        for rule in &input.log.rules.impossible {
            let key = format!("schema.rules.impossible.{}.where", rule.name);
            let condition = parsed(&session, &schema, &rule.condition, &key)?;
            let mut columns: Vec<String> = condition.column_refs().iter().map(|column| column.name.clone()).collect();
            columns.sort_by_key(|name| input.schema.columns.iter().position(|column| column.name == *name));
            let (name, text) = (rule.name.clone(), rule.condition.clone());
            let message = format!("declared impossible: {text}");
            judge.rules.push(Rule { name, key, condition, text, columns, message });
        }
        Ok(judge)
    }

    /// Feedbacks that cannot be without another one.
    fn requirements(&self, session: &Session<'_>, schema: &DFSchema) -> Result<Vec<Rule>, LogError> {
        let feedback = &self.input.log.feedback;
        let required = feedback.iter().filter_map(|this| this.requires.as_ref().map(|other| (&this.name, other)));
        let rule = |(this, other): (&String, &String)| -> Result<Rule, LogError> {
            let key = format!("schema.feedback.{this}.requires");
            let unknown = || LogError::config(&key, other, "name another feedback of this schema");
            let kind = |name: &str| self.input.schema.column(name).map(|column| column.kind).ok_or_else(unknown);
            let is = |name: &str, yes: bool| -> Result<String, LogError> {
                let test = match (kind(name)?, yes) {
                    (TypedKind::Boolean, true) => "= 1",
                    (TypedKind::Boolean, false) => "= 0",
                    (_, true) => "> 0",
                    (_, false) => "<= 0",
                };
                Ok(format!("{} {test}", sql::name(name)))
            };
            let text = format!("{} AND {}", is(this, true)?, is(other, false)?);
            let condition = parsed(session, schema, &text, &key)?;
            let message = format!("`{this}` without `{other}`");
            let columns = vec![this.clone(), other.clone()];
            Ok(Rule { name: "impossible_combination".to_owned(), key, condition, text, columns, message })
        };
        required.map(rule).collect()
    }

    /// Number of the rule of conflicting rows; that of repeated rows is one more.
    fn conflict(&self) -> i64 {
        self.rules.len() as i64
    }

    /// Finds every row that some rule concerns: `_row`, `rule`, and `first`, the row that it repeats or contradicts.
    ///
    /// Where nothing is declared unique and the contents of all rows fit into the memory, the rows pass by once; else, and where
    /// a rule cannot be asked of some row, by plans that spill and that tell which rule it is.
    pub(super) fn verdicts(&self) -> Result<Temporary, LogError> {
        match self.seen_once()? {
            Some(verdicts) => Ok(verdicts),
            None => self.planned(),
        }
    }

    /// The verdicts of one pass, if that is a way.
    fn seen_once(&self) -> Result<Option<Temporary>, LogError> {
        let bytes = Repeats::bytes(self.order.rows).filter(|bytes| *bytes <= self.engine.memory_of_keys() as u64);
        if bytes.is_none() || !self.order.by_row || !self.input.log.rules.unique.is_empty() {
            return Ok(None);
        }
        let session = self.engine.session("rules", Join::Hash);
        let broken = self.broken(&session)?;
        match once::verdicts(&session, self.input.rows, self.order.rows, (broken, self.conflict() + 1)) {
            Ok(found) => Temporary::of_batch(self.engine, &found).map(Some),
            // The plans fail too, and tell at which rule.
            Err(_) => Ok(None),
        }
    }

    /// The number of the first rule that a row breaks by itself.
    fn broken(&self, session: &Session<'_>) -> Result<Expr, LogError> {
        let mut broken = lit(datafusion::common::ScalarValue::Int64(None));
        for (number, rule) in self.rules.iter().enumerate().rev() {
            let chain = when(rule.condition.clone(), lit(number as i64)).otherwise(broken);
            broken = chain.map_err(|error| session.failed(error))?;
        }
        Ok(broken)
    }

    /// The verdicts of plans.
    fn planned(&self) -> Result<Temporary, LogError> {
        let session = self.session(Join::Hash)?;
        let (conflict, repeat) = (self.conflict(), self.conflict() + 1);
        let mut found = vec![
            "SELECT _row, _rule AS rule, CAST(NULL AS BIGINT) AS first FROM judged WHERE _rule IS NOT NULL".to_owned(),
        ];

        // Keys and contents that occur more than once are few: they are found first, and rows are looked up in them.
        let unique = &self.input.log.rules.unique;
        let keys = sql::names(unique.iter().map(String::as_str));
        let named: String = unique.iter().map(|name| format!(" AND {} IS NOT NULL", sql::name(name))).collect();
        let conflicts = format!(
            "SELECT {keys}, min(_row) AS _first, first_value(_hash_a ORDER BY _row) AS _a, first_value(_hash_b ORDER BY _row) AS _b \
             FROM judged WHERE _rule IS NULL{named} GROUP BY {keys} \
             HAVING min(_hash_a) <> max(_hash_a) OR min(_hash_b) <> max(_hash_b)"
        );
        let repeats = "SELECT _hash_a, _hash_b, min(_row) AS first FROM judged WHERE _rule IS NULL \
                       GROUP BY _hash_a, _hash_b HAVING count(*) > 1";
        let conflicts = match unique.is_empty() {
            true => None,
            false => Some(self.kept(&session, &conflicts)?),
        };
        let repeats = self.kept(&session, repeats)?;
        let held = [Some(&repeats), conflicts.as_ref()].into_iter().flatten();
        let (rows, bytes) = held.fold((0, 0), |(rows, bytes), file| (rows + file.rows, bytes + file.bytes));

        let session = self.session(self.engine.join_for(rows, bytes))?;
        if let Some(conflicts) = conflicts.as_ref().filter(|file| file.rows > 0) {
            session.file("conflicts", conflicts.path(), &[])?;
            let same = unique.iter().map(|name| format!("{} = {}", sql::of("c", name), sql::of("j", name)));
            let same = same.collect::<Vec<_>>().join(" AND ");
            found.push(format!(
                "SELECT j._row, {conflict} AS rule, c._first AS first FROM conflicts c JOIN judged j ON {same} \
                 WHERE j._rule IS NULL AND (j._hash_a <> c._a OR j._hash_b <> c._b)"
            ));
        }
        if repeats.rows > 0 {
            session.file("repeats", repeats.path(), &[])?;
            found.push(format!(
                "SELECT j._row, {repeat} AS rule, r.first FROM repeats r \
                 JOIN judged j ON r._hash_a = j._hash_a AND r._hash_b = j._hash_b WHERE j._rule IS NULL AND j._row <> r.first"
            ));
        }
        // A row may both contradict an earlier one and repeat: the lower number names its rule.
        let all = found.join(" UNION ALL ");
        self.kept(
            &session,
            &format!("SELECT _row, min(rule) AS rule, min(first) AS first FROM ({all}) GROUP BY _row ORDER BY _row"),
        )
    }

    /// The typed rows as `judged`, with the number of the rule that a row breaks by itself as `_rule`.
    fn session(&self, join: Join) -> Result<Session<'a>, LogError> {
        let session = self.engine.session("rules", join);
        session.file("typed", self.input.rows, &self.order.known())?;
        let broken = self.broken(&session)?;
        let judged = session.table("typed")?.with_column("_rule", broken).map_err(|error| session.failed(error))?;
        session.context.register_table("judged", judged.into_view()).map_err(|error| session.failed(error))?;
        Ok(session)
    }

    /// Runs a query; if it fails, looks for the rule that makes it fail, such as one that divides by zero.
    fn kept(&self, session: &Session<'_>, query: &str) -> Result<Temporary, LogError> {
        let result = session.plan(query).and_then(|plan| Temporary::of(self.engine, session, plan));
        let Err(error) = result else { return result };
        for rule in &self.rules {
            let alone = session
                .table("typed")
                .and_then(|rows| rows.filter(rule.condition.clone()).map_err(|error| session.failed(error)))
                .and_then(|rows| session.run(rows, |_| Ok(())));
            if let Err(LogError::Engine { source, .. }) = alone {
                return Err(LogError::config(&rule.key, &rule.text, first_line(&source)));
            }
        }
        Err(error)
    }

    /// Counts `rows` rows of a verdict; returns how many of them go.
    pub(super) fn count(&self, rule: i64, rows: u64, counts: &mut Counts) -> u64 {
        if rule > self.conflict() && self.input.log.rules.duplicates != Duplicates::Quarantine {
            if self.input.log.rules.duplicates == Duplicates::Keep {
                counts.duplicates_kept += rows;
                return 0;
            }
            counts.duplicates_dropped += rows;
        } else {
            *counts.quarantined.entry(self.name(rule)).or_default() += rows;
        }
        rows
    }

    /// Whether rows of a verdict are written to quarantine.
    pub(super) fn is_quarantined(&self, rule: i64) -> bool {
        rule <= self.conflict() || self.input.log.rules.duplicates == Duplicates::Quarantine
    }

    /// The verdict whose rows stay.
    pub(super) fn kept_rule(&self) -> Option<i64> {
        (self.input.log.rules.duplicates == Duplicates::Keep).then(|| self.conflict() + 1)
    }

    /// The rule's name in counts and quarantine.
    pub(super) fn name(&self, rule: i64) -> String {
        match self.rules.get(rule as usize) {
            Some(rule) => rule.name.clone(),
            None if rule == self.conflict() => "conflicting_duplicate".to_owned(),
            None => "duplicate".to_owned(),
        }
    }

    /// The columns concerned.
    pub(super) fn columns(&self, rule: i64) -> Vec<String> {
        match self.rules.get(rule as usize) {
            Some(rule) => rule.columns.clone(),
            None if rule == self.conflict() => self.input.log.rules.unique.clone(),
            None => Vec::new(),
        }
    }

    /// What was found, and where the row stands that is repeated or contradicted.
    pub(super) fn message(&self, rule: i64, first: Option<(&Path, i64)>) -> String {
        let place = first.map_or(String::new(), |(file, line)| format!("{} line {line}", file.display()));
        match self.rules.get(rule as usize) {
            Some(rule) => rule.message.clone(),
            None if rule == self.conflict() => format!("agrees with {place} in these columns and differs elsewhere"),
            None => format!("repeats {place}"),
        }
    }
}

/// A condition over typed columns alone.
fn parsed(session: &Session<'_>, schema: &DFSchema, text: &str, key: &str) -> Result<Expr, LogError> {
    let refused = |mend: &str| LogError::config(key, text, mend);
    let parsed = session.context.parse_sql_expr(text, schema);
    let condition = parsed.map_err(|error| refused(&first_line(&error)))?;
    let mut foreign = None;
    let walked = condition.apply(|part| {
        foreign = match part {
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
                Some("no query")
            }
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) => Some("no aggregate or window function"),
            Expr::Placeholder(_) | Expr::ScalarVariable(..) => Some("no parameter"),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        Ok(TreeNodeRecursion::Stop)
    });
    walked.map_err(|error| refused(&first_line(&error)))?;
    if let Some(foreign) = foreign {
        return Err(refused(&format!("it may read the columns of one row: {foreign}")));
    }
    match condition.get_type(schema) {
        Ok(DataType::Boolean | DataType::Null) => Ok(condition),
        Ok(other) => Err(refused(&format!("it must be true or false, and is {other}"))),
        Err(error) => Err(refused(&first_line(&error))),
    }
}
