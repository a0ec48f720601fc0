//! From cells to typed rows: [`ingest`] writes a log of any origin as Parquet of declared types, and sets aside what breaks a rule.
//!
//! ```text
//! events.csv                        typed.parquet                              quarantine.csv
//! visitor,ts,event,price            user  time               click  price      line 4, column price, "-5": out_of_range
//! u7,1659304800025,view,9.5    ──▶  u7    1659304800025000   1      9.5
//! u3, 1659304800026,buy,        │   u3    1659304800026000   0      (none)
//! u3,1659304800027,view,-5      │
//!                               └─▶ counts: 3 read = 2 kept + 1 quarantined; 1 cell trimmed
//! ```
//!
//! 1. The schema is checked, and columns are planned: roles first, feedbacks next, all others as in the file.
//! 2. The first 10,000 rows settle the types and the time's unit where they are not declared.
//! 3. Blocks are read and typed in parallel, and written in order. The first column of a row that breaks a rule decides its line
//!    in the quarantine; side tables are treated alike, each in its own file, with counts of its own.
//!
//! # Rules
//!
//! | rule | a row is set aside because |
//! |---|---|
//! | `blank_id` | user, item, session or a table's key is empty or one of the missing texts |
//! | `missing_time`, `missing_value` | there is no time, or no value where one is required |
//! | `unparsable_number`, `number_overflow`, `not_finite` | a number is none, is beyond 64 bits, is NaN or infinite |
//! | `out_of_range` | a number is beyond `min` or `max`, a price below 0, a propensity not in (0, 1], a position not in 0 to 65535 |
//! | `not_in_domain`, `bad_label`, `not_a_boolean` | a text is none of the declared ones, a label neither yes nor no |
//! | `drifted_type` | a cell is not of the type that the first rows had |
//! | `unparsable_time`, `mixed_time_unit`, `time_out_of_range`, `time_in_future` | see `schema.time` and `schema.rules` |
//! | `bad_vector` | a vector has another length or holds something that is no finite number |
//! | `invalid_utf8` | a text is not UTF-8 |
//! | `impossible_combination` | a feedback is there without the one that it `requires` |
//!
//! # Repairs
//!
//! `space_trimmed`: ASCII space around a cell was cut off. `decimal_point_dropped`: a whole number was written `17.0`.
//! `label_missing`: a feedback without a value is masked, not 0. `invisible_characters_kept`: a text holds characters of no width
//! or marks of writing direction, and two ids may look alike; they are kept as they are. `left_out_by_where`: rows of a side table
//! that its `where` leaves out; they are not among the rows read. Cells of rows that are set aside later are counted too.
//!
//! # Hash
//!
//! The hash of a row is that of its values before they are generalised or noised: two different people do not become
//! one because they were made less distinct.

mod block;
mod cell;
mod hash;
mod input;
mod number;
mod numbers;
mod pipeline;
mod plan;
mod privacy;
mod settle;
mod share;
mod table;
mod text;
mod time;
mod values;
mod vector;
mod write;
