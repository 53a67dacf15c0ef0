//! A quantizer between the two halves of a candle network, trained with them: `cargo run --release --example nsvq_layer`.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Module, Optimizer, VarBuilder, VarMap};
use vqlab::data::stream::{normal, stream};
use vqlab::quantizer::{Config, Method, Quantizer};

fn main() -> Result<()> {
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    // 16 coordinates → 4 latent ones → 2 × 4 bits → 16.
    let encoder = candle_nn::linear(16, 4, vb.pp("encoder"))?;
    let config = Config { method: Method::Rvq, dimension: 4, stages: 2, codebook_size: 16, beam: None };
    let quantizer = Quantizer::new(config, vb.pp("quantizer"))?;
    let decoder = candle_nn::linear(4, 16, vb.pp("decoder"))?;
    let mut adam = candle_nn::AdamW::new_lr(variables.all_vars(), 0.01)?;

    let (mut data, mut noise) = (stream("data"), stream("noise"));
    let mut batch = || {
        let row = |_| {
            let [a, b] = [(); 2].map(|()| normal(&mut data));
            (0..16).map(|i| if i % 2 == 0 { a } else { b }).collect::<Vec<f32>>()
        };
        Tensor::from_vec((0..64).flat_map(row).collect(), (64, 16), &Device::Cpu)
    };
    for update in 0..600 {
        let x = batch()?;
        // Noise replaces the quantization error, so that the loss has a gradient to codebooks and encoder.
        let latent = quantizer.forward(&encoder.forward(&x)?, Some(&mut noise))?;
        let loss = (decoder.forward(&latent)? - &x)?.sqr()?.mean_all()?;
        adam.backward_step(&loss)?;
        if update % 100 == 0 {
            println!("update {update}: loss {:.4}", loss.to_scalar::<f32>()?);
        }
    }
    // Without noise: the output of the decoder.
    let x = batch()?;
    let decoded = decoder.forward(&quantizer.forward(&encoder.forward(&x)?, None)?)?;
    println!("quantized with 8 bits: {:.4}", (decoded - x)?.sqr()?.mean_all()?.to_scalar::<f32>()?);
    Ok(())
}
