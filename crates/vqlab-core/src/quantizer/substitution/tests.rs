//! Tests of the substitution: its formula, its gradients, and the estimators.

use candle_core::{D, Device, Var};

use super::*;
use crate::data::stream::{below, stream};

struct Case {
    x: Var,
    codebooks: Var,
    indices: Vec<u32>,
    method: Method,
}

const SHAPE: (usize, usize, usize, usize) = (7, 12, 3, 5);

fn case(method: Method) -> Case {
    let (n, dimension, stages, size) = SHAPE;
    let mut rng = stream("case");
    let mut random = |count: usize| (0..count).map(|_| f64::from(normal(&mut rng))).collect::<Vec<f64>>();
    let width = if method.is_product() { dimension / stages } else { dimension };
    let tensor = |values, shape: &[usize]| Var::from_vec(values, shape, &Device::Cpu).unwrap();
    let x = tensor(random(n * dimension), &[n, dimension]);
    let codebooks = tensor(random(stages * size * width), &[stages, size, width]);
    let mut rng = stream("indices");
    let indices = (0..n * stages).map(|i| (i % stages * size + below(&mut rng, size)) as u32).collect();
    Case { x, codebooks, indices, method }
}

fn output(case: &Case, how: &Substitute) -> Tensor {
    substitute(&case.x, &case.codebooks, case.indices.clone(), case.method, how, &mut stream("noise")).unwrap()
}

/// q as a function of the codebooks, by candle's own operations.
fn quantized(case: &Case) -> Tensor {
    let (n, dimension, stages, _) = SHAPE;
    let numbers = Tensor::from_vec(case.indices.clone(), n * stages, &Device::Cpu).unwrap();
    let words = case.codebooks.flatten(0, 1).unwrap().index_select(&numbers, 0).unwrap();
    match case.method.is_product() {
        true => words.reshape((n, dimension)).unwrap(),
        false => words.reshape((n, stages, dimension)).unwrap().sum(1).unwrap(),
    }
}

/// Gradients of a fixed weighting of `y`, plus `more`.
fn gradients(case: &Case, y: &Tensor, more: Option<Tensor>) -> [Vec<f64>; 2] {
    let mut rng = stream("weights");
    let weights: Vec<f64> = (0..y.elem_count()).map(|_| f64::from(normal(&mut rng))).collect();
    let weights = Tensor::from_vec(weights, y.shape(), &Device::Cpu).unwrap();
    let loss = (y * weights).unwrap().sum_all().unwrap();
    let loss = more.map_or(loss.clone(), |more| (loss + more).unwrap());
    let all = loss.backward().unwrap();
    [&case.x, &case.codebooks].map(|var| match all.get(var) {
        Some(gradient) => gradient.flatten_all().unwrap().to_vec1().unwrap(),
        None => vec![0.0; var.elem_count()],
    })
}

fn close(a: &[Vec<f64>; 2], b: &[Vec<f64>; 2]) {
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() < 1e-10 * (1.0 + a.abs()), "{a} {b}"));
    }
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// x + ‖x − q‖·u by candle's operations, u held constant; parts are concatenated.
fn composed(case: &Case, how: &Substitute) -> Tensor {
    let (n, dimension, stages, _) = SHAPE;
    let parts = if how.noise == Noise::Stage && case.method.is_product() { stages } else { 1 };
    let split = |t: &Tensor| t.reshape((n, parts, dimension / parts)).unwrap();
    let mut rng = stream("noise");
    let noise: Vec<f64> = (0..n * dimension).map(|_| f64::from(normal(&mut rng))).collect();
    let noise = Tensor::from_vec(noise, (n, dimension), &Device::Cpu).unwrap();
    let error = (quantized(case) - case.x.as_tensor()).unwrap();
    let direction = match how.estimator {
        Estimator::Diveq => (noise * DIRECTION_NOISE).unwrap().add(&error).unwrap().detach(),
        _ => noise,
    };
    let length = |t: &Tensor| split(t).sqr().unwrap().sum_keepdim(D::Minus1).unwrap().sqrt().unwrap();
    let unit = split(&direction).broadcast_div(&length(&direction)).unwrap();
    let step = unit.broadcast_mul(&length(&error)).unwrap().reshape((n, dimension)).unwrap();
    (case.x.as_tensor() + step).unwrap()
}

#[test]
fn noise_and_direction_are_what_autograd_makes_of_their_formulas() {
    for method in Method::PAPER {
        let case = case(method);
        for (estimator, noise) in [
            (Estimator::Nsvq, Noise::Vector),
            (Estimator::Nsvq, Noise::Stage),
            (Estimator::Diveq, Noise::Vector),
            (Estimator::Diveq, Noise::Stage),
        ] {
            let how = Substitute { estimator, noise, ..Substitute::default() };
            let (ours, theirs) = (output(&case, &how), composed(&case, &how));
            close(&[values(&ours), vec![]], &[values(&theirs), vec![]]);
            close(&gradients(&case, &ours, None), &gradients(&case, &theirs, None));
            if estimator == Estimator::Diveq {
                let q = values(&quantized(&case));
                assert!(values(&ours).iter().zip(q).all(|(y, q)| (y - q).abs() < 0.02), "it is nearly q");
            }
        }
    }
}

#[test]
fn straight_through_passes_gradients_and_adds_those_of_its_losses() {
    for method in Method::PAPER {
        let case = case(method);
        let how = Substitute { estimator: Estimator::Ste, commitment: 0.25, noise: Noise::Vector };
        let ours = output(&case, &how);
        close(&[values(&ours), vec![]], &[values(&quantized(&case)), vec![]]);
        let (x, q) = (case.x.as_tensor(), quantized(&case));
        let through = (x + (&q - x).unwrap().detach()).unwrap();
        let mean = |a: Tensor| a.sqr().unwrap().mean_all().unwrap();
        let losses = (mean((x.detach() - &q).unwrap()) + (mean((x - q.detach()).unwrap()) * 0.25).unwrap()).unwrap();
        close(&gradients(&case, &ours, None), &gradients(&case, &through, Some(losses)));
    }
}

#[test]
fn the_rotation_takes_x_to_q_and_gradients_back() {
    let case = case(Method::Rvq);
    let (n, dimension, _, _) = SHAPE;
    let how = Substitute { estimator: Estimator::Rotation, commitment: 0.0, noise: Noise::Vector };
    let ours = output(&case, &how);
    let (x, q) = (values(&case.x), values(&quantized(&case)));
    // λ R of each vector as a matrix, from Householder reflections, by candle: y = λ R x with λ R constant.
    let mut matrices = vec![0.0; n * dimension * dimension];
    for (row, matrix) in matrices.chunks_exact_mut(dimension * dimension).enumerate() {
        let part = |v: &[f64]| v[row * dimension..(row + 1) * dimension].to_vec();
        let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        let (x, q) = (part(&x), part(&q));
        let scale = norm(&q) / norm(&x);
        let (x, q): (Vec<f64>, Vec<f64>) =
            (x.iter().map(|v| v / norm(&x)).collect(), q.iter().map(|v| v / norm(&q)).collect());
        let r: Vec<f64> = x.iter().zip(&q).map(|(x, q)| x + q).collect();
        let r: Vec<f64> = r.iter().map(|v| v / norm(&r)).collect();
        for (i, row) in matrix.chunks_exact_mut(dimension).enumerate() {
            for (j, m) in row.iter_mut().enumerate() {
                *m = scale * (f64::from(u8::from(i == j)) - 2.0 * r[i] * r[j] + 2.0 * q[i] * x[j]);
            }
        }
    }
    let matrices = Tensor::from_vec(matrices, (n, dimension, dimension), &Device::Cpu).unwrap();
    let column = case.x.reshape((n, dimension, 1)).unwrap();
    let rotated = matrices.matmul(&column).unwrap().reshape((n, dimension)).unwrap();
    close(&[values(&ours), vec![]], &[values(&rotated), vec![]]);
    let loss = (case.x.as_tensor().detach() - quantized(&case)).unwrap().sqr().unwrap().mean_all().unwrap();
    close(&gradients(&case, &ours, None), &gradients(&case, &rotated, Some(loss)));
}

#[test]
fn an_exact_hit_has_finite_gradients() {
    for estimator in Estimator::ALL {
        let mut case = case(Method::Rvq);
        case.x = Var::from_tensor(&quantized(&case).detach()).unwrap();
        let how = Substitute { estimator, commitment: 0.25, noise: Noise::Vector };
        let gradients = gradients(&case, &output(&case, &how), None);
        assert!(gradients.iter().flatten().all(|g| g.is_finite()), "{estimator:?}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let case = case(Method::Rvq);
    let refused = |indices: Vec<u32>, method| {
        substitute(&case.x, &case.codebooks, indices, method, &Substitute::default(), &mut stream("noise")).is_err()
    };
    assert!(refused(case.indices[1..].to_vec(), Method::Rvq));
    assert!(refused(vec![15; 21], Method::Rvq));
    assert!(refused(case.indices.clone(), Method::Pvq));
}
