//! Behaviour logs: from a file of clicks to clean impressions, parts by time, and labels.
//!
//! 1. **Read.** [`load`] opens the file of a [`LogSource`], unpacks gzip, hashes the stored bytes, and reads one row per line.
//! 2. **Map.** A [`ClickSchema`] says which column plays which role. A missing column is one error that names the config key.
//! 3. **Clean.** A row that breaks one of the [`Rules`] goes to the [`Quarantine`] with line, column, value and rule; repeated rows are dropped;
//!    items, listings and sessions that contradict themselves are repaired to the majority's value. The [`CleaningReport`] adds up to the rows read.
//! 4. **Rebuild.** Each click becomes a slate: the items of its listing at their positions, one of them chosen. The [`ImpressionLog`] holds
//!    sessions, slates and impressions as columns; the [`Catalogue`] holds the items.
//! 5. **Split.** A [`SplitConfig`] divides the sessions by day into a [`Split`].
//! 6. **Label.** A [`TaskSet`] gives each impression row its label for each declared [`TaskSpec`], or none where it is masked.
//! 7. **Judge others.** Beside that road, [`table`] reads columns out of files that other programs wrote: scores, runs, logs.
//!
//! [`artefact`] writes files in one step and hashes them, here and in every crate to the right.
//!
//! ```
//! use slatewise_data::{Label, LogSource, Mask, Rule, TaskSet, TaskSpec, load_reader};
//!
//! let source: LogSource = toml::from_str(r#"
//!     path = "inline.csv"
//!     [schema]
//!     session = "visit"
//!     order = "n"
//!     date = { year = "y", month = "m", day = "d" }
//!     item = "item"
//!     position = "place"
//!     listing = ["page"]
//!     surface = "page"
//!     price = "price"
//!     premium = { column = "dear", yes = "1" }
//!     [rules]
//!     max_quarantined_share = 0.2
//! "#)?;
//! let file = "\
//! visit,n,y,m,d,item,place,page,price,dear
//! v1,1,2008,4,1,A1,1,tops,20,0
//! v1,2,2008,4,1,A2,2,tops,50,1
//! v2,1,2008,4,1,A2,2,tops,50,1
//! v2,2,2008,4,31,A1,1,tops,20,0
//! v2,3,2008,4,1,B1,1,skirts,30,0
//! ";
//! let loaded = load_reader(file.as_bytes(), &source)?;
//!
//! // 31 April is set aside, and all five rows are accounted for.
//! assert_eq!(loaded.quarantine.rows[0].rule, Rule::ImpossibleDate);
//! assert_eq!((loaded.quarantine.rows[0].line, loaded.cleaning.rows_kept), (5, 4));
//! assert!(loaded.cleaning.adds_up());
//!
//! // Four clicks are four slates: A1 or A2 from the page of both, three times, and B1 alone.
//! let log = &loaded.log;
//! assert_eq!((log.sessions(), log.slates(), log.impressions()), (2, 4, 7));
//!
//! // The first slate of v1: A1 was clicked and A2 followed; A2 was not clicked here.
//! let tasks = [TaskSpec::new("click", Label::Click, Mask::All), TaskSpec::new("next", Label::NextItem, Mask::Clicked)];
//! let tasks = TaskSet::resolve(&tasks, &log.catalogue)?;
//! let labels: Vec<_> = log.rows_of(0).map(|row| (tasks.label(0, log, &row), tasks.label(1, log, &row))).collect();
//! assert_eq!(labels, [(Some(1.0), Some(1.0)), (Some(0.0), None)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files of other programs
//!
//! A [`table::TableReader`] reads CSV, gzipped or not, and with the cargo feature `parquet` Parquet. It reads the columns
//! that are wanted, block by block on all threads, and names the place of whatever it refuses.
//!
//! ```
//! use slatewise_data::table::{TableReader, Wanted};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("scores.csv");
//! std::fs::write(&path, "user_id,label,score\nann,1,0.75\nbob,0,high\n")?;
//!
//! let table = TableReader::open(&path)?.read(&[Wanted::id("user_id"), Wanted::number("label")])?;
//! assert_eq!((table.rows(), &table.id(0).names[1], table.number(1)[0]), (2, &"bob".to_owned(), 1.0));
//!
//! let error = TableReader::open(&path)?.read(&[Wanted::number("score")]).unwrap_err().to_string();
//! assert!(error.contains("scores.csv, data row 2 (line 3), column `score`: \"high\" is no number"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod artefact;
mod catalogue;
mod clean;
mod click_schema;
mod day;
mod error;
mod impression_log;
#[cfg(feature = "engine")]
pub mod log;
mod nearest;
mod outcome;
mod read;
mod rebuild;
mod source;
mod split;
pub mod table;
mod task;
mod task_set;

pub use catalogue::{Catalogue, ItemAttribute, Listing};
pub use clean::{
    CleaningReport, Duplicates, NumericRange, Quarantine, QuarantinedRow, Repair, RepairCount, Rule, Rules,
};
pub use click_schema::{ClickSchema, DateColumns, Premium};
pub use day::{Day, NotADay};
pub use error::Error;
pub use impression_log::{ContextColumn, Impression, ImpressionLog};
pub use outcome::Outcome;
pub use source::{LoadedLog, LogSource, load, load_reader};
pub use split::{Split, SplitConfig};
pub use task::{Label, Mask, TaskKind, TaskSpec};
pub use task_set::TaskSet;
