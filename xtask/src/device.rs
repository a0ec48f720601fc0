//! The choice of device, made at run time: one binary serves a machine with any GPU and a machine with none.
//!
//! burn's own default device panics where a feature or an adapter is missing, so devices are named explicitly here and the adapters are asked for first.

use anyhow::{Result, bail};
use burn::tensor::{Device, DeviceType};

use crate::args::DeviceChoice;

/// The chosen device, and why.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) device: Device,
    /// For people and for `run.json`, such as `cpu (burn-flex)`.
    pub(crate) name: String,
    pub(crate) reason: &'static str,
}

/// Resolves `--device`.
///
/// # Errors
/// `wgpu` on a machine where wgpu finds no adapter.
pub(crate) fn choose(choice: DeviceChoice) -> Result<Chosen> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu("asked for with --device cpu")),
        DeviceChoice::Auto => Ok(match adapters().into_iter().find(|adapter| adapter.is_card) {
            Some(adapter) => adapter.chosen("auto: this machine has a GPU"),
            None => cpu("auto: wgpu finds no GPU on this machine"),
        }),
        DeviceChoice::Wgpu => {
            // A real card first; a software driver is slow but correct, and asked for by name here.
            let Some(adapter) = adapters().into_iter().max_by_key(|adapter| adapter.is_card) else {
                bail!(
                    "--device wgpu: no Vulkan, Metal or DirectX 12 adapter on this machine; install your GPU's driver (on Debian, mesa-vulkan-drivers has a software one) or use --device cpu"
                );
            };
            Ok(adapter.chosen("asked for with --device wgpu"))
        }
    }
}

fn cpu(reason: &'static str) -> Chosen {
    Chosen { device: Device::flex(), name: "cpu (burn-flex)".to_owned(), reason }
}

struct Adapter {
    device: Device,
    name: String,
    /// A software rasteriser reports no card behind it.
    is_card: bool,
}

impl Adapter {
    fn chosen(self, reason: &'static str) -> Chosen {
        Chosen { device: self.device, name: format!("wgpu ({})", self.name), reason }
    }
}

fn adapters() -> Vec<Adapter> {
    let describe = |device: Device| {
        let identity = device.identity();
        let is_card = identity.as_ref().is_some_and(|identity| identity.physical.is_some());
        let name = identity.map_or_else(|| "unnamed adapter".to_owned(), |identity| identity.name);
        Adapter { device, name, is_card }
    };
    Device::enumerate(DeviceType::Wgpu).into_iter().map(describe).collect()
}
