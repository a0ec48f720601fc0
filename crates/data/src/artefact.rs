//! Artefacts: written beside their name, synced, renamed; hashed as they are written or read.
//!
//! 1. The bytes go to a temporary file in the same folder and are synced to disk.
//! 2. One rename puts them under their name, so a reader sees the old file or the whole new one, never half of one.
//! 3. The SHA-256 of the bytes is returned, to be noted where the artefact is named and verified when it is loaded.
//!
//! ```
//! use slatewise_data::artefact;
//!
//! let folder = tempfile::tempdir()?;
//! let written = artefact::write_atomic(folder.path().join("metrics.json"), b"{}")?;
//! assert_eq!(written, artefact::sha256_hex(b"{}"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reference
//! SHA-256: FIPS 180-4. Rename is atomic within a file system: POSIX.1-2017, `rename()`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Error;

/// Writes `bytes` under `path` in one step and returns their SHA-256 in hex.
///
/// # Errors
/// [`Error::Write`] if the folder does not exist or cannot be written; whatever stood under `path` then still stands.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<String, Error> {
    write_atomic_with(path, |out| out.write_all(bytes))
}

/// Lets `fill` write a file of any size under `path`, in one step, and returns its SHA-256 in hex.
///
/// # Errors
/// As [`write_atomic`], or what `fill` returns.
pub fn write_atomic_with(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<String, Error> {
    let path = path.as_ref();
    replace(path, fill).map_err(|source| Error::Write { path: path.to_path_buf(), source })
}

fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    // A temporary file is private to its owner by default; an artefact gets the mode of any new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder)?;
    let mut out = HashingWriter { inner: BufWriter::new(file), hasher: Sha256::new() };
    fill(&mut out)?;
    let file = out.inner.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The rename is durable once the folder's entry is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(hex(&out.hasher.finalize()))
}

/// A writer that hashes what passes through it.
struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// SHA-256 of `bytes` in 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a stored file, in hex.
///
/// # Errors
/// The file cannot be opened or read.
pub fn sha256_file(path: impl AsRef<Path>) -> Result<String, Error> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|source| Error::from_open(path, source))?;
    let (_, sha256) = HashingReader::new(file).finish().map_err(|source| Error::from_open(path, source))?;
    Ok(sha256)
}

/// A reader that hashes what passes through it, so that a file is read once and known by its hash.
pub struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> HashingReader<R> {
    /// Hashes what is read from `inner` from here on.
    pub fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new() }
    }

    /// Reads what is left and returns the inner reader with the SHA-256 of all its bytes, in hex.
    ///
    /// # Errors
    /// The inner reader fails.
    pub fn finish(mut self) -> io::Result<(R, String)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok((self.inner, hex(&self.hasher.finalize())))
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(2 * digest.len()), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, example of one block.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_hash_is_the_standards() -> io::Result<()> {
        assert_eq!(sha256_hex(b"abc"), ABC);
        assert_eq!(HashingReader::new(&b"abc"[..]).finish()?.1, ABC);
        Ok(())
    }

    #[test]
    fn a_file_is_replaced_whole_and_leaves_no_partial_file() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.txt");
        write_atomic(&path, b"old")?;
        assert_eq!(write_atomic(&path, b"abc")?, ABC);
        assert_eq!(sha256_file(&path)?, ABC);
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn a_missing_folder_is_named() {
        let message = write_atomic("no/such/folder/a.txt", b"").map_err(|error| error.to_string());
        assert!(message.is_err_and(|text| {
            text.starts_with("no/such/folder/a.txt: cannot write it: ")
                && text.ends_with("; make its folder, or make it writable")
        }));
    }
}
