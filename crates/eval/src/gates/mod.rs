//! Gates against fooling oneself: does the data let a model look better than it is?
//!
//! | gate | asks | finds |
//! |---|---|---|
//! | [`leak`](fn@leak) | does one column alone tell the label? | a column recorded after the outcome |
//! | [`drift`](fn@drift) | do two samples look alike? | a test period, or a service, unlike the training data |
//! | [`propensity`] | do logged propensities calibrate, and stand still? | weights that cannot be trusted |
//! | [`splits`] | does a random split flatter? | a score that the future will not keep |
//!
//! Each is a pure function of columns and returns [`Finding`]s: what was seen, with numbers, and how to mend it. [`section`] puts them
//! into a report. A column that is declared to be known before the outcome is the caller's business: it is not passed.
//!
//! ```
//! use slatewise_eval::gates::{Column, Labels, LeakConfig, Severity, leak};
//!
//! // Calls that were answered lasted; nobody signs without having been called.
//! let signed: Vec<bool> = (0..400).map(|row| row % 4 == 0).collect();
//! let seconds: Vec<f64> = (0..400).map(|row| if row % 4 == 0 { 300.0 + f64::from(row) } else { f64::from(row % 7) }).collect();
//! let findings = leak("duration", &Column::Number(&seconds), "signed", &Labels::Binary(&signed), &LeakConfig::default())?;
//! assert_eq!(findings[0].severity, Severity::Stop);
//! assert!(findings[0].to_string().starts_with("stop: leak: column `duration`: alone it tells `signed` with an AUC of 1.000"));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

mod binning;
mod column;
mod drift;
mod finding;
mod leak;
mod propensity;
mod splits;

pub use self::column::{Column, Labels, MISSING};
pub use self::drift::{Drift, DriftConfig, drift, drift_of};
pub use self::finding::{Finding, Severity, section};
pub use self::leak::{Alone, LeakConfig, PureValue, alone, leak};
pub use self::propensity::{Block, PropensityConfig, Stationarity, propensity, stationarity};
pub use self::splits::{SplitScore, delong, splits};
