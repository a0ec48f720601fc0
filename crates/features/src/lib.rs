//! Features: declared in a config, fitted on train rows only, encoded by one object in training and in serving.
//!
//! 1. **Declare.** A [`FeatureSpec`] names categorical features (rows of embedding tables) and dense ones (normalised numbers). They look at the
//!    item shown, the session's context and the clicks before the row, and at nothing later.
//! 2. **Fit.** [`FeatureEncoder::fit`] learns vocabularies, means and deviations from the train sessions. What did not occur there is row 0.
//! 3. **Encode.** [`FeatureEncoder::encode`] turns a [`Request`] and its candidates into a [`FeatureBatch`], from a log or live, bit for bit the same.
//! 4. **Load.** An [`EpochLoader`] passes over the slates of some sessions and yields a [`Batch`] of features with the tasks' labels.
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

mod batch;
mod encoder;
mod error;
mod loader;
mod resolve;
mod session;
mod spec;

pub use batch::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
pub use encoder::{FeatureEncoder, FittedFeature, Request};
pub use error::Error;
pub use loader::{EpochLoader, LoaderConfig, Source};
pub use spec::{CategoricalSource, CategoricalSpec, DenseSource, DenseSpec, FeatureSpec, Transform};
