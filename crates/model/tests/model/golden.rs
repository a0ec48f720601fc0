//! PyTorch's models, loaded under their own names, give PyTorch's outputs and gradients, and its weights after twenty steps of SGD,
//! Adam and Adagrad.
//!
//! See `tests/golden/README.md` for where the numbers come from.

use crate::fixture::TestResult;
use burn::tensor::Device;
use slatewise_model::{Difference, Error, ReferenceModel, check_reference};
use std::fs;
use std::path::{Path, PathBuf};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn check(folder: &Path, name: &str, model: ReferenceModel) -> Result<Vec<Difference>, Error> {
    check_reference(folder, name, model, &Device::flex())
}

#[test]
fn outputs_gradients_and_twenty_steps_equal_pytorchs() -> TestResult {
    for model in ReferenceModel::ALL {
        let name = model.name();
        let differences = check(&golden(), name, model)?;
        let quantities: Vec<&str> = differences.iter().map(|difference| difference.quantity.as_str()).collect();
        assert_eq!(quantities.len(), 2 + 3 * 2, "{name}: outputs, gradients, three optimisers: {quantities:?}");
        for difference in differences {
            assert!(difference.values >= 21, "{name}: {difference:?}");
            assert!(difference.passes(), "{name}: {difference:?}");
        }
    }
    Ok(())
}

#[test]
fn every_architecture_has_its_files_and_every_file_its_architecture() -> TestResult {
    let mut found = Vec::new();
    for entry in fs::read_dir(golden())? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        found.extend(name.strip_suffix(".expected.json").map(ToOwned::to_owned));
    }
    found.sort();
    let mut names = ReferenceModel::ALL.map(ReferenceModel::name);
    names.sort_unstable();
    assert_eq!(found, names);
    assert!(names.iter().all(|name| ReferenceModel::named(name).is_some_and(|model| model.name() == *name)));
    assert_eq!(ReferenceModel::named("dcn"), None);
    Ok(())
}

/// The check can fail: a weight that is a little off shows in all that follows from it.
#[test]
fn a_reference_that_differs_is_told() -> TestResult {
    let folder = tempfile::tempdir()?;
    for entry in fs::read_dir(golden())? {
        let path = entry?.path();
        let name = path.file_name().ok_or("a file has a name")?;
        if name == "inputs.json" || name.to_string_lossy().starts_with("mmoe.") {
            fs::copy(&path, folder.path().join(name))?;
        }
    }
    let path = folder.path().join("mmoe.expected.json");
    let mut expected: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
    expected["outputs"][7][1] = serde_json::json!(expected["outputs"][7][1].as_f64().ok_or("a logit")? + 2e-5);
    fs::write(&path, expected.to_string())?;
    let differences = check(folder.path(), "mmoe", ReferenceModel::Mmoe)?;
    let failed: Vec<&Difference> = differences.iter().filter(|difference| !difference.passes()).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].quantity == "outputs" && failed[0].place.starts_with("row 7, output 1: "), "{failed:?}");

    let other = check(folder.path(), "mmoe", ReferenceModel::Ple).err().map(|error| error.to_string());
    assert!(other.is_some_and(|message| message.contains("not part of the model") || message.contains("`model.trunk")));
    Ok(())
}
