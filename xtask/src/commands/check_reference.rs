//! `check-reference`: another implementation's weights, outputs, gradients and training steps, checked against this one.

use std::path::PathBuf;

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use slatewise_model::{Difference, ReferenceModel, check_reference};

use crate::flat::Flat;

/// What `check-reference` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder with `inputs.json`, `NAME.weights.safetensors`, `NAME.expected.json` and, where there are any,
    /// `NAME.grads.safetensors` and `NAME.after20.*.safetensors`.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The architecture; widths and numbers of experts are read off the tensors.
    #[arg(long, value_parser = architecture())]
    model: ReferenceModel,
    /// What the files begin with; without it, the architecture's name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print one flat JSON object.
    #[arg(long)]
    json: bool,
}

/// Takes the name of an architecture, and tells them all in the help.
fn architecture() -> impl TypedValueParser<Value = ReferenceModel> {
    PossibleValuesParser::new(ReferenceModel::ALL.map(ReferenceModel::name))
        .try_map(|name| ReferenceModel::named(&name).ok_or("no architecture of this name"))
}

/// Runs the command.
///
/// # Errors
/// A file that is missing or unsound, or a difference beyond its tolerance.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let name = arguments.name.as_deref().unwrap_or(arguments.model.name());
    let differences = check_reference(&arguments.directory, name, arguments.model, &Device::flex())?;
    let mut flat = Flat::default();
    for Difference { quantity, values, share_of_tolerance, largest, place } in &differences {
        let key = quantity.replace(' ', "_");
        flat.number(key.clone(), *largest);
        flat.number(format!("{key}.share_of_tolerance"), *share_of_tolerance);
        flat.count(format!("{key}.values"), *values);
        flat.value(format!("{key}.worst"), place.as_str().into());
    }
    flat.print(arguments.json);
    match differences.iter().find(|difference| !difference.passes()) {
        None => Ok(()),
        Some(worst) => bail!("{name}: {} differ from the reference beyond tolerance: {}", worst.quantity, worst.place),
    }
}
