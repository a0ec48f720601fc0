//! A weights file with anything wrong in it is refused with one line that says what, and changes nothing.

use crate::fixture::{TestResult, model, spec, trunks};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_model::{Mlp, MlpConfig, MultiTaskModel, Storage, TableConfig, load_weights, save_weights};
use std::fs;
use std::path::Path;

/// What loading says after `damage` was done to the bytes of a sound file of another model.
fn refusal(damage: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<String, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    let spec = spec(trunks().swap_remove(1));
    MultiTaskModel::new(spec, &mut ChaCha8Rng::seed_from_u64(6), &Device::flex())?.save_weights(&path)?;
    fs::write(&path, damage(fs::read(&path)?))?;
    refused(&mut model(trunks().swap_remove(1))?, &path)
}

/// Tries to load a file, and proves that not a byte of the model is another afterwards.
fn refused(model: &mut MultiTaskModel, path: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let bytes = |model: &MultiTaskModel| -> Result<_, Box<dyn std::error::Error>> {
        let path = folder.path().join("now.safetensors");
        model.save_weights(&path)?;
        Ok(fs::read(&path)?)
    };
    let before = bytes(model)?;
    let message = model.load_weights(path).err().ok_or("it was loaded all the same")?.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(bytes(model)? == before, "{message}: a part was loaded");
    Ok(message.split_once("model.safetensors: ").ok_or("the file is not named")?.1.to_owned())
}

/// The same file with another header; `edit` gets it as JSON text.
fn with_header(bytes: &[u8], edit: impl FnOnce(String) -> String) -> Vec<u8> {
    let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length)) as usize;
    let header = edit(String::from_utf8_lossy(&bytes[8..8 + length]).into_owned());
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]].concat()
}

#[test]
fn a_file_that_is_cut_at_any_place_is_refused() -> TestResult {
    for keep in [0, 7, 8, 60, 2000] {
        let message = refusal(|bytes| bytes[..keep].to_vec())?;
        assert!(message.contains("cut"), "{keep} bytes: {message}");
    }
    let message = refusal(|mut bytes| {
        bytes.truncate(bytes.len() - 3);
        bytes
    })?;
    assert_eq!(message, "3 bytes are missing at the end: the file is cut, copy it again");
    Ok(())
}

#[test]
fn bytes_that_belong_to_no_tensor_are_refused() -> TestResult {
    let message = refusal(|bytes| [bytes, b"tail".to_vec()].concat())?;
    assert_eq!(message, "4 bytes after the last tensor: the file was added to, save it again");
    Ok(())
}

#[test]
fn a_value_that_is_not_finite_is_named() -> TestResult {
    for (value, text) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf")] {
        let message = refusal(|mut bytes| {
            let last = bytes.len() - 4;
            bytes[last..].copy_from_slice(&value.to_le_bytes());
            bytes
        })?;
        assert!(message.starts_with("tensor `wide.2.weight.0`: value 143 is "), "{message}");
        assert!(message.contains(text) && message.contains("before the training diverged"), "{message}");
    }
    Ok(())
}

#[test]
fn overlapping_and_doubled_tensors_are_refused() -> TestResult {
    let overlap = refusal(|bytes| {
        with_header(&bytes, |header| {
            let mut json: serde_json::Value = serde_json::from_str(&header).unwrap_or_default();
            let gate = json["gate.0.weight"]["data_offsets"].clone();
            json["gate.1.weight"]["data_offsets"] = gate;
            json.to_string()
        })
    })?;
    assert!(overlap.contains("`gate.1.weight`") && overlap.contains("overlaps the tensor before it"), "{overlap}");
    let twice = refusal(|bytes| with_header(&bytes, |header| header.replace("gate.1.weight", "gate.0.weight")))?;
    assert_eq!(twice, "tensor `gate.0.weight`: stands twice in the header");
    let size = refusal(|bytes| with_header(&bytes, |header| header.replacen("[3,", "[4,", 1)))?;
    assert!(size.contains("the sizes do not agree"), "{size}");
    Ok(())
}

#[test]
fn a_header_that_lies_is_refused() -> TestResult {
    let huge = refusal(|mut bytes| {
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        bytes
    })?;
    assert!(huge.starts_with("a header of 18446744073709551615 bytes in a file of"), "{huge}");
    assert!(refusal(|bytes| with_header(&bytes, |_| "[1, 2]".into()))?.starts_with("the header is not JSON: "));
    let kind = refusal(|bytes| with_header(&bytes, |header| header.replacen("F32", "I64", 1)))?;
    assert!(kind.contains("unknown variant `I64`"), "{kind}");
    Ok(())
}

#[test]
fn a_pickle_in_disguise_is_named_and_never_opened() -> TestResult {
    for (start, format) in [
        (&b"PK\x03\x04data.pkl"[..], "a zip archive, such as PyTorch's `torch.save` writes"),
        (&b"\x80\x02}q\x00X"[..], "a Python pickle"),
        (&b"\x89HDF\r\n\x1a\n"[..], "an HDF5 file"),
    ] {
        let message = refusal(|_| start.to_vec())?;
        assert!(message.contains(format) && message.contains("not a safetensors file"), "{message}");
    }
    Ok(())
}

#[test]
fn weights_written_by_pytorch_with_metadata_are_read() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    let mut model = model(trunks().swap_remove(1))?;
    model.save_weights(&path)?;
    let bytes = fs::read(&path)?;
    let metadata = |header: String| header.replacen('{', "{\"__metadata__\":{\"format\":\"pt\"},", 1);
    fs::write(&path, with_header(&bytes, metadata))?;
    model.load_weights(&path)?;
    Ok(())
}

/// The last tensor is the one that does not fit: tables, admission counts and the rest of the network were read by then.
#[test]
fn tables_of_any_kind_and_any_network_are_loaded_whole_or_not_at_all() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    let misnamed = |path: &Path, from: &str, to: &str| -> TestResult {
        let bytes = fs::read(path)?;
        Ok(fs::write(path, with_header(&bytes, |header| header.replace(from, to)))?)
    };
    let mut spec = spec(trunks().swap_remove(1));
    spec.config.embedding.storage = Storage::Bf16;
    let gated = TableConfig { admit_after: 3, ..TableConfig::default() };
    spec.config.embedding.table = [("user".to_owned(), gated)].into();
    let new = |seed| MultiTaskModel::new(spec.clone(), &mut ChaCha8Rng::seed_from_u64(seed), &Device::flex());
    new(6)?.save_weights(&path)?;
    misnamed(&path, "wide.2.weight.0", "wide.7.weight.0")?;
    assert_eq!(refused(&mut new(5)?, &path)?, "tensor `wide.2.weight.0`: missing");

    let network =
        |seed| -> Mlp { MlpConfig::new([3, 2]).init(4, &mut ChaCha8Rng::seed_from_u64(seed), &Device::flex()) };
    save_weights(&network(6), &path)?;
    misnamed(&path, "layers.1.weight", "layers.7.weight")?;
    let mut loaded = network(5);
    assert!(load_weights(&mut loaded, &path).is_err_and(|error| error.to_string().ends_with("missing")));
    save_weights(&loaded, &path)?;
    let now = fs::read(&path)?;
    save_weights(&network(5), &path)?;
    assert!(fs::read(&path)? == now, "a part of the network was loaded");
    Ok(())
}

#[test]
fn a_header_as_long_as_a_pickle_begins_is_read() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    let mut model = model(trunks().swap_remove(1))?;
    model.save_weights(&path)?;
    let bytes = fs::read(&path)?;
    // 0x8B1F begins a gzip file, and 0x..80 with 2 to 5 above it a pickle; spaces may end a header.
    for length in [0x8B1F, 0x1_0280, 0x2_0580] {
        fs::write(&path, with_header(&bytes, |header| header.clone() + &" ".repeat(length - header.len())))?;
        assert_eq!(fs::read(&path)?[..4], (length as u32).to_le_bytes());
        model.load_weights(&path)?;
    }
    Ok(())
}
