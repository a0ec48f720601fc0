//! `Sound`: whether rows are UTF-8 without NUL, told for a whole piece at once, and row by row only where it is not.

use memchr::memchr;

use super::rows::Broken;

/// What is known of a piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sound {
    utf8: bool,
    nul: bool,
}

impl Sound {
    /// Looks at a whole piece.
    pub(super) fn of(text: &[u8]) -> Self {
        Self { utf8: simdutf8::basic::from_utf8(text).is_ok(), nul: memchr(0, text).is_some() }
    }

    /// Whether a row of it can be used.
    #[inline]
    pub(super) fn check(self, row: &[u8]) -> Result<(), Broken> {
        if self.utf8 && !self.nul { Ok(()) } else { self.check_row(row) }
    }

    #[cold]
    fn check_row(self, row: &[u8]) -> Result<(), Broken> {
        if self.nul
            && let Some(at) = memchr(0, row)
        {
            return Err(("nul_byte", format!("a NUL byte at byte {} of the row", at + 1)));
        }
        if !self.utf8
            && let Err(error) = std::str::from_utf8(row)
        {
            let at = error.valid_up_to();
            return Err(("invalid_utf8", format!("byte 0x{:02x} at byte {} of the row is not UTF-8", row[at], at + 1)));
        }
        Ok(())
    }
}
