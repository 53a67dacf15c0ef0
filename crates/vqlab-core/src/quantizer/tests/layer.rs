//! The NSVQ layer against the closed-form training step.

use candle_core::{Device, Tensor, Var};

use super::*;
use crate::training::accumulate_gradient;

/// The closed-form gradient equals candle's autograd through the NSVQ layer.
#[test]
fn the_closed_form_gradient_is_that_of_the_nsvq_layer() {
    for (method, beam) in [
        (Method::Pvq, None),
        (Method::Rvq, None),
        (Method::Avq, Some((Search::Beam, 4))),
        (Method::Avq, Some((Search::Released, 4))),
    ] {
        let books = books(method, 12, 3, 8, 3);
        let x = numbers("x", 70 * 12);
        let mut assign = assigner(method, beam);
        let (indices, residual) = assigned(&books, assign.as_mut(), &x);
        let mut gradient = vec![0.0; books.values().len()];
        let loss = accumulate_gradient(&books, &residual, &indices, &mut gradient);

        let shape = (3, 8, books.width());
        let variable = Var::from_vec(books.values().to_vec(), shape, &Device::Cpu).unwrap();
        let config = Config { method, dimension: 12, stages: 3, codebook_size: 8, beam };
        let layer = Quantizer::from_codebooks(config, variable.as_tensor().clone());
        let x = Tensor::from_vec(x, (70, 12), &Device::Cpu).unwrap();
        let y = layer.forward(&x, Some(&mut stream("noise"))).unwrap();
        let nsvq_loss = (&x - y).unwrap().sqr().unwrap().mean_all().unwrap();
        let gradients = nsvq_loss.backward().unwrap();
        let autograd = gradients.get(&variable).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();

        assert!((f64::from(nsvq_loss.to_scalar::<f32>().unwrap()) / loss - 1.0).abs() < 1e-5);
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let difference = gradient.iter().zip(&autograd).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        assert!(difference < 1e-5 * norm, "{method:?}: {difference} of {norm}");
    }
}

#[test]
fn nsvq_keeps_the_error_length_and_evaluation_gives_the_quantized_vectors() {
    let books = books(Method::Rvq, 6, 2, 4, 9);
    let config = Config { method: Method::Rvq, dimension: 6, stages: 2, codebook_size: 4, beam: None };
    let tensor = Tensor::from_vec(books.values().to_vec(), (2, 4, 6), &Device::Cpu).unwrap();
    let layer = Quantizer::from_codebooks(config, tensor);
    let x = Tensor::from_vec(numbers("x", 60), (10, 6), &Device::Cpu).unwrap();
    let lengths =
        |y: &Tensor| (&x - y).unwrap().sqr().unwrap().sum(1).unwrap().sqrt().unwrap().to_vec1::<f32>().unwrap();
    let noisy = lengths(&layer.forward(&x, Some(&mut stream("n"))).unwrap());
    let exact = layer.forward(&x, None).unwrap();
    for (a, b) in noisy.iter().zip(lengths(&exact)) {
        assert!((a - b).abs() < 1e-5 * b);
    }
    let flat = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let codes = encode(&books, &mut Greedy::default(), &flat).unwrap();
    let mut decoded = vec![0.0; 60];
    books.decode(&codes, &mut decoded).unwrap();
    let exact = exact.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(exact.iter().zip(&decoded).all(|(a, b)| (a - b).abs() < 1e-6));
    assert!(layer.forward(&Tensor::zeros((1, 5), candle_core::DType::F32, &Device::Cpu).unwrap(), None).is_err());
}
