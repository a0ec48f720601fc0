//! The same seed gives the same weights on the CPU, byte for byte, whatever the number of threads.

use crate::fixture::{TestResult, batch, spec, weights};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_model::{
    AitmConfig, IndependentConfig, MmoeConfig, MultiTaskModel, PepnetConfig, PleConfig, SharedBottomConfig, Trainer,
    TrainerConfig, TrunkConfig,
};
use std::collections::BTreeMap;

type Weights = BTreeMap<String, Vec<u32>>;

/// Eight steps that are large enough to be spread over threads: products beyond 192³, arrays beyond 4 MB.
fn train(trunk: &TrunkConfig) -> Result<(Weights, f64), String> {
    let run = || -> Result<(Weights, f64), Box<dyn std::error::Error>> {
        let mut rng = ChaCha8Rng::seed_from_u64(77);
        let device = Device::flex();
        let mut spec = spec(trunk.clone());
        spec.layout.tables[0].width = 96;
        let model = MultiTaskModel::new(spec, &mut rng, &device)?;
        let config = TrainerConfig { weight_decay: 1e-4, gradient_clip_norm: Some(1.0), ..TrainerConfig::default() };
        let mut trainer = Trainer::new(model, &config, 8, &device)?;
        for _ in 0..8 {
            trainer.step(&batch(2500, &mut rng))?;
        }
        let loss = trainer.finish_epoch()?.total;
        Ok((weights(&trainer.snapshot())?, loss))
    };
    run().map_err(|error| error.to_string())
}

#[test]
fn the_number_of_threads_changes_no_bit() -> TestResult {
    let wide = vec![512, 64];
    for trunk in [
        TrunkConfig::SharedBottom(SharedBottomConfig { widths: wide.clone() }),
        TrunkConfig::Mmoe(MmoeConfig { experts: 4, widths: wide.clone() }),
        TrunkConfig::Independent(IndependentConfig { widths: wide.clone() }),
        TrunkConfig::Ple(PleConfig { levels: 2, shared_experts: 1, task_experts: 1, widths: wide.clone() }),
        TrunkConfig::Aitm(AitmConfig { widths: wide.clone() }),
        TrunkConfig::Pepnet(PepnetConfig {
            domain: vec!["last_item".into()],
            personal: vec!["user".into()],
            widths: wide,
        }),
    ] {
        let with_threads = |threads| -> Result<_, Box<dyn std::error::Error>> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            Ok(pool.install(|| train(&trunk))?)
        };
        let one = with_threads(1)?;
        for threads in [2, 3] {
            let several = with_threads(threads)?;
            assert!(one.1.to_bits() == several.1.to_bits(), "{trunk:?}: the loss differs on {threads} threads");
            for (name, values) in &one.0 {
                assert!(several.0[name] == *values, "{trunk:?}: {name} differs on {threads} threads");
            }
        }
    }
    Ok(())
}
