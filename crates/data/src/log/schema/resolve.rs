//! `Schema::resolve_from`: files beside the configuration.

use std::path::{Path, PathBuf};

use super::Schema;

impl Schema {
    /// Lets relative files of the log and of its side tables begin in `folder`, the one of the configuration file.
    pub fn resolve_from(&mut self, folder: &Path) {
        let tables = self.tables.iter_mut().flat_map(|table| &mut table.files);
        for file in self.files.iter_mut().chain(tables) {
            // `join` leaves an absolute path as it is.
            *file = folder.join(std::mem::take::<PathBuf>(file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_files_begin_beside_the_configuration() -> Result<(), toml::de::Error> {
        let mut schema: Schema = toml::from_str(
            "files = [\"events/*.csv\", \"/logs\"]\n[[tables]]\nname = \"items\"\nfiles = [\"../items.csv\"]\nkey = \"id\"\non = \"item\"",
        )?;
        schema.resolve_from(Path::new("/configs"));
        assert_eq!(schema.files, [PathBuf::from("/configs/events/*.csv"), PathBuf::from("/logs")]);
        assert_eq!(schema.tables[0].files, [PathBuf::from("/configs/../items.csv")]);
        Ok(())
    }
}
