//! `Temporary`: the result of one plan that others read, in the spill folder, gone when it is dropped.

use std::path::Path;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::dataframe::DataFrame;
use tempfile::TempPath;

use super::parquet_out::{ParquetOut, Rows as _};
use super::session::{Engine, Session};
use crate::log::error::LogError;

/// A Parquet file of known size.
pub(super) struct Temporary {
    path: TempPath,
    /// Rows.
    pub(super) rows: u64,
    /// Bytes of its values, unpacked.
    pub(super) bytes: u64,
}

impl Temporary {
    /// Runs a plan and keeps what comes out, in the order in which it comes.
    pub(super) fn of(engine: &Engine, session: &Session<'_>, plan: DataFrame) -> Result<Self, LogError> {
        let schema: SchemaRef = std::sync::Arc::clone(plan.schema().inner());
        Self::written(engine, schema, |out| session.run(plan, |batch| out.write(batch.columns())))
    }

    /// Keeps rows that are at hand.
    pub(super) fn of_batch(engine: &Engine, batch: &RecordBatch) -> Result<Self, LogError> {
        Self::written(engine, batch.schema(), |out| out.write(batch.columns()))
    }

    /// Keeps what `write` writes.
    pub(super) fn written(
        engine: &Engine,
        schema: SchemaRef,
        write: impl FnOnce(&mut ParquetOut) -> Result<(), LogError>,
    ) -> Result<Self, LogError> {
        let not_made = |source| LogError::Io {
            path: engine.spill_folder().to_path_buf(),
            action: "cannot write into the spill folder",
            source,
            mend: "name a folder that can be written, with room",
        };
        let file = tempfile::Builder::new().prefix(".plan-").tempfile_in(engine.spill_folder()).map_err(not_made)?;
        let path = file.into_temp_path();
        let mut out = ParquetOut::unpacked(&path, schema)?;
        write(&mut out)?;
        let rows = out.rows();
        Ok(Self { bytes: out.finish()?, path, rows })
    }

    /// Where it stands.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
