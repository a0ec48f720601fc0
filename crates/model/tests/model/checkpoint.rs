//! A damaged or foreign checkpoint is refused with one clear line; a readable one has stable names.

use crate::fixture::{TestResult, model, trunks};
use burn::tensor::Device;
use slatewise_model::Checkpoint;
use std::fs;
use std::path::Path;

fn saved(folder: &Path) -> Result<Checkpoint, slatewise_model::Error> {
    let checkpoint = Checkpoint::new(model(trunks().swap_remove(1))?, serde_json::json!({ "fields": 3 }));
    checkpoint.save(&folder.join("best"))?;
    Ok(checkpoint)
}

/// What loading says after `damage` was done to the directory.
fn refusal(damage: impl Fn(&Path) -> std::io::Result<()>) -> Result<String, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    saved(folder.path())?;
    let directory = folder.path().join("best");
    damage(&directory)?;
    let message = Checkpoint::load(&directory, &Device::flex()).err().map(|error| error.to_string());
    let message = message.ok_or("it was loaded all the same")?;
    assert_eq!(message.lines().count(), 1, "{message}");
    Ok(message.replace(&format!("{}/", directory.display()), ""))
}

fn edit(path: &Path, from: &str, to: &str) -> std::io::Result<()> {
    let text = fs::read_to_string(path)?;
    assert!(text.contains(from), "{from} is not in {}", path.display());
    fs::write(path, text.replacen(from, to, 1))
}

#[test]
fn a_missing_file_is_named() -> TestResult {
    for name in ["manifest.json", "model.safetensors", "encoder.json"] {
        let message = refusal(|directory| fs::remove_file(directory.join(name)))?;
        assert!(message.starts_with(&format!("{name}: cannot read it: ")), "{message}");
    }
    Ok(())
}

#[test]
fn a_flipped_bit_is_found() -> TestResult {
    for name in ["model.safetensors", "encoder.json"] {
        let message = refusal(|directory| {
            let path = directory.join(name);
            let mut bytes = fs::read(&path)?;
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(path, bytes)
        })?;
        assert!(message.starts_with(&format!("{name}: SHA-256 is ")), "{message}");
    }
    Ok(())
}

#[test]
fn weights_of_another_model_are_refused_by_name_and_shape() -> TestResult {
    let manifest = |from: &'static str, to: &'static str| {
        refusal(move |directory| edit(&directory.join("manifest.json"), from, to))
    };
    let message = manifest("\"experts\": 3", "\"experts\": 4")?;
    assert!(message.contains("tensor `gate.0.weight`: shape") || message.contains("tensor `expert.3."), "{message}");
    let message = manifest("\"rows\": 40", "\"rows\": 41")?;
    assert!(message.contains("tensor `emb.table.0.weight`: shape [40, 8] where the model has [41, 8]"), "{message}");
    let message = manifest("\"experts\": 3", "\"experts\": 0")?;
    assert!(message.starts_with("`model.trunk.experts` is 0"), "{message}");
    Ok(())
}

#[test]
fn another_format_or_a_malformed_manifest_is_refused() -> TestResult {
    let message = refusal(|directory| edit(&directory.join("manifest.json"), "\"version\": 2", "\"version\": 3"))?;
    assert!(message.starts_with("manifest.json: format `slatewise-model 3`, this program reads"), "{message}");
    let message = refusal(|directory| fs::write(directory.join("manifest.json"), "{\n  \"format\": }"))?;
    assert!(message.starts_with("manifest.json: line 2, column 13: "), "{message}");
    Ok(())
}

#[test]
fn an_existing_name_is_left_alone_and_no_partial_directory_stays() -> TestResult {
    let folder = tempfile::tempdir()?;
    let checkpoint = saved(folder.path())?;
    let again = checkpoint.save(&folder.path().join("best")).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(again.ends_with("best: exists already: choose another directory or remove it"), "{again}");
    let nowhere = checkpoint.save(&folder.path().join("no/such")).err().map(|error| error.to_string());
    assert!(nowhere.is_some_and(|message| message.contains("no: cannot make a directory in it")));
    assert_eq!(fs::read_dir(folder.path())?.count(), 1);
    Ok(())
}

#[test]
fn names_and_bytes_are_stable() -> TestResult {
    let folder = tempfile::tempdir()?;
    let model = model(trunks().swap_remove(1))?;
    let path = folder.path().join("a.safetensors");
    let first = model.save_weights(&path)?;
    assert_eq!(first, model.save_weights(&folder.path().join("b.safetensors"))?, "the bytes depend on weights alone");

    let bytes = fs::read(&path)?;
    let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length)) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length])?;
    let shape = |name: &str| header[name]["shape"].to_string();
    assert_eq!(shape("emb.table.0.weight"), "[40,8]");
    assert_eq!(shape("expert.2.layers.0.weight"), "[24,22]", "[out, in]");
    assert_eq!(shape("gate.1.weight"), "[3,22]");
    assert_eq!(shape("tower.2.layers.1.bias"), "[12]");
    assert_eq!(shape("wide.2.weight.0"), "[12,12]");
    let tensors = header.as_object().map(|names| names.keys().filter(|name| *name != "__metadata__").count());
    assert_eq!(tensors, Some(2 + 3 * 4 + 3 + 3 * 4 + 1), "tables, experts, gates, towers, the wide part");
    Ok(())
}
