//! What can go wrong while features are declared and fitted.

/// A feature declaration that does not fit the log, or an encoder that does not fit the catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two features carry one name.
    #[error("features: the name `{name}` is used twice; rename one of them")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A feature names an attribute that the schema does not read.
    #[error(
        "features.{feature}: no {kind} `{name}` in the log (there are: {known}); add it to data.schema or mend the name"
    )]
    UnknownColumn {
        /// The feature.
        feature: String,
        /// "item attribute" or "context column".
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// Fields of different meaning share one embedding table.
    #[error(
        "features.{feature}: its values are {domain}, but table `{table}` already holds {held}; give it a table of its own"
    )]
    TableDomain {
        /// The feature.
        feature: String,
        /// Its domain.
        domain: String,
        /// The table.
        table: String,
        /// The domain that the table holds.
        held: String,
    },
    /// A number in the declaration is out of its range.
    #[error("features.{feature}: {problem}")]
    BadSetting {
        /// The feature.
        feature: String,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// No feature at all.
    #[error("features: none is declared; add at least one under [[features.categorical]] or [[features.dense]]")]
    Empty,
    /// No rows to fit on.
    #[error("features: there are no train rows to fit on; move data.split.validation_from later")]
    NoTrainRows,
    /// A loader setting is out of its range.
    #[error("loader.{key}: {problem}")]
    BadLoader {
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// An encoder meets a catalogue that it was not fitted on.
    #[error(
        "encoder: it was fitted on {fitted} {what}, but the log has {found}; train again or use the log of the training"
    )]
    ForeignCatalogue {
        /// "items", "listings", ...
        what: &'static str,
        /// How many at fitting.
        fitted: usize,
        /// How many now.
        found: usize,
    },
}
