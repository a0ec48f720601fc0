//! Features: declared in a config, fitted on train rows only, encoded by one object in training and in serving.
//!
//! 1. **Declare.** A [`FeatureSpec`] names categorical features (rows of embedding tables) and dense ones (normalised numbers). They look at the
//!    item shown, the session's context and the clicks before the row, and at nothing later.
//! 2. **Fit.** [`FeatureEncoder::fit`] learns vocabularies, means and deviations from the train sessions. What did not occur there is row 0.
//! 3. **Encode.** [`FeatureEncoder::encode`] turns a [`Request`] and its candidates into a [`FeatureBatch`], from a log or live, bit for bit the same.
//! 4. **Load.** An [`EpochLoader`] passes over the slates of some sessions and yields a [`Batch`] of features with the tasks' labels.
//!
//!
//! Flat tables of any origin have a road of their own, which ends in the same [`Batch`]:
//!
//! 5. **Tables.** A [`TableSpec`] declares files, columns and tasks, or [`tabular::propose`] does; [`tabular`] fits and encodes
//!    them, and live rows, and tells how far the rows served have moved from those of training.
//! 6. **Store.** [`row_file`] keeps encoded rows on disk, shuffles them in bounded memory, and goes on where a run broke off.
//! 7. **Read ahead.** A [`Prefetch`] makes the next batches while the model learns from this one.
//!
//! # Logs
//!
//! ```
//! use slatewise_data::{Catalogue, ImpressionLog, Listing};
//! use slatewise_features::{FeatureBatch, FeatureEncoder, FeatureSpec, Request};
//!
//! // Two items on one page; one session that clicks item 0 and then item 1.
//! let listing = Listing { name: "coats".into(), surface: 0, items: vec![0, 1] };
//! let log = ImpressionLog {
//!     catalogue: Catalogue {
//!         item_ids: vec!["A1".into(), "A2".into()],
//!         price: vec![10.0, 30.0],
//!         premium: vec![false, true],
//!         listing_of: vec![0, 0],
//!         position_of: vec![1, 2],
//!         listings: vec![listing],
//!         surfaces: vec!["coats".into()],
//!         ..Catalogue::default()
//!     },
//!     session_ids: vec!["1".into()],
//!     session_day: vec![13_970],
//!     session_offset: vec![0, 2],
//!     slate_listing: vec![0, 0],
//!     slate_choice: vec![0, 1],
//!     slate_offset: vec![0, 2, 4],
//!     item: vec![0, 1, 0, 1],
//!     position: vec![1, 2, 1, 2],
//!     click: vec![true, false, false, true],
//!     ..ImpressionLog::default()
//! };
//!
//! let spec: FeatureSpec = toml::from_str(r#"
//!     default_width = 4
//!     categorical = [
//!         { name = "item", source = "item" },
//!         { name = "last_item", source = { history_item = 1 }, table = "item" },
//!     ]
//!     dense = [{ name = "price", source = "price" }]
//! "#)?;
//! let encoder = FeatureEncoder::fit(&spec, &log, 0..1)?;
//!
//! // A visitor who clicked item 0 is shown both items: mean price 20, deviation 10.
//! let mut batch = FeatureBatch::default();
//! encoder.encode(&log.catalogue, &Request { context: &[], day: 13_971, history: &[0] }, &[0, 1], &mut batch);
//! assert_eq!(batch.ids, [1, 1, 2, 1]);
//! assert_eq!(batch.dense, [-1.0, 1.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Tables
//!
//! ```
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//! use slatewise_features::{FeatureBatch, Part, Prefetch, RowFileWriter, TableEncoder, TableSpec};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("people.csv");
//! std::fs::write(&path, "job,age,income\nfarmer,20,low\nclerk,40,high\nclerk,,low\nclerk,60,high\n")?;
//!
//! let mut spec: TableSpec = toml::from_str(r#"
//!     train = "people.csv"
//!     categorical = [{ column = "job", width = 4, min_count = 2 }]
//!     numeric = [{ column = "age", transform = "quantile" }]
//!     tasks = [{ name = "income", label = { column = "income", positive = "high" } }]
//! "#)?;
//! spec.resolve_from(folder.path());
//! let encoder = TableEncoder::fit(&spec)?;
//!
//! // The one farmer is too few for a row of its own; one age is missing, and a second dense value says so.
//! let batch = encoder.encode(&spec.part(Part::Train)?)?;
//! assert_eq!(batch.features.ids, [0, 1, 1, 1]);
//! assert_eq!(encoder.layout().dense, ["age", "age_missing"]);
//! let flat = 3.0_f32.sqrt();
//! assert_eq!(batch.features.dense, [-flat, 0.0, 0.0, 0.0, 0.0, 1.0, flat, 0.0]);
//! assert_eq!(batch.labels.value, [0.0, 1.0, 0.0, 1.0]);
//!
//! // A live row goes through the same encoder.
//! let mut live = FeatureBatch::default();
//! encoder.encode_row(|column| if column == "job" { Some("clerk") } else { Some("50") }, &mut live)?;
//! assert_eq!((live.ids, live.dense), (vec![1], vec![flat / 2.0, 0.0]));
//!
//! // Tables larger than memory: encoded to disk once, then read back shuffled, one batch ahead of the learner.
//! let mut writer = RowFileWriter::create(folder.path().join("train.rows"), encoder.row_schema()?)?;
//! encoder.for_each_batch(&spec.part(Part::Train)?, |batch| writer.append(batch))?;
//! let rows = writer.finish()?;
//! let epoch = rows.epoch(3, &mut ChaCha8Rng::seed_from_u64(1))?;
//! let sizes: Result<Vec<usize>, _> = Prefetch::new(epoch, 1)?.map(|batch| batch.map(|b| b.features.rows)).collect();
//! assert_eq!(sizes?, [3, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod encoder;
mod error;
mod loader;
mod prefetch;
mod resolve;
pub mod row_file;
mod session;
mod spec;
pub mod tabular;

pub use batch::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
pub use encoder::{FeatureEncoder, FittedFeature, Request};
pub use error::Error;
pub use loader::{EpochLoader, LoaderConfig, Source};
pub use prefetch::Prefetch;
pub use row_file::{Epoch, EpochPosition, RowFile, RowFileWriter, RowSchema};
pub use spec::{CategoricalSource, CategoricalSpec, DenseSource, DenseSpec, FeatureSpec, Transform};
pub use tabular::{Part, TableEncoder, TablePart, TableSpec};
