//! Quality of pictures: mean squared error, peak signal-to-noise ratio (Peak SNR) and structural similarity (SSIM).

use super::structure::{GAUSSIAN, Structure, UNIFORM};

/// Values of a pixel: red, green, blue.
const CHANNELS: usize = 3;
/// Shares of red, green and blue in the luminance, as scikit-image rounds them.
const LUMINANCE: [f64; CHANNELS] = [0.2125, 0.7154, 0.0721];
/// The largest value of a pixel.
const PEAK: f64 = 255.0;

/// The shortest side of a picture that has an SSIM: the length of the Gaussian window.
pub const SHORTEST_SIDE: usize = GAUSSIAN.taps();

/// Why pictures can't be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageQualityError {
    #[error("there are no pictures; quality needs at least one")]
    NoImages,
    #[error(
        "pictures of {width} × {height} pixels are smaller than the window of SSIM; use pictures of at least {n} × {n}",
        n = SHORTEST_SIDE
    )]
    TooSmall { width: usize, height: usize },
    #[error(
        "the originals have {originals} values, but the reconstructions have {reconstructions}; use the same pictures \
         of both"
    )]
    Counts { originals: usize, reconstructions: usize },
    #[error(
        "{values} values are not a whole number of RGB pictures of {width} × {height} pixels; check the size of the \
         pictures"
    )]
    Shape { values: usize, width: usize, height: usize },
}

/// Quality of reconstructions against their originals, 8-bit RGB.
///
/// Peak SNR is 10 log10(255² / MSE) dB. It is infinite without any error, which neither a mean nor JSON can hold. The
/// MSE is then replaced by the smallest possible error: a single one of the values over which the MSE is averaged, off
/// by one. No other picture has a higher Peak SNR, and every picture with an error has the Peak SNR of the formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageQuality {
    /// Mean squared error over all values of all pictures, in 8-bit units squared.
    pub mse: f64,
    /// Peak SNR of `mse`, dB.
    pub psnr: f64,
    /// Mean over pictures of the Peak SNR of each picture, dB.
    pub psnr_images: f64,
    /// SSIM of Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 13, 2004: Gaussian window of 11 × 11
    /// and σ = 1.5, K1 = .01, K2 = .03, L = 255, population covariance. Mean over the windows inside the picture, over
    /// the three channels and over pictures. It equals scikit-image's `structural_similarity` with
    /// `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255`.
    pub ssim: f64,
    /// SSIM with scikit-image's defaults for floating-point images: uniform window of 7 × 7, sample covariance, values
    /// of −.5 to .5 with a range L of 2 (scikit-image's former default range for floating point). Means as for `ssim`.
    pub ssim_uniform: f64,
    /// SSIM of the luminance .2125 R + .7154 G + .0721 B (ITU-R BT.709, scikit-image's `rgb2gray`), otherwise as
    /// `ssim_uniform`: what scikit-image gave for gray floating-point images from −.5 to .5.
    pub ssim_gray: f64,
}

/// Compares square pictures: n × side × side × 3 values each, row by row, RGB interleaved.
///
/// # Errors
/// [`ImageQualityError`]: no pictures, pictures below [`SHORTEST_SIDE`], different numbers of values, incomplete
/// pictures.
pub fn image_quality(originals: &[u8], reconstructions: &[u8], side: usize) -> Result<ImageQuality, ImageQualityError> {
    image_quality_sized(originals, reconstructions, side, side)
}

/// Compares pictures of any size: n × height × width × 3 values each, row by row, RGB interleaved.
///
/// # Errors
/// The errors of [`image_quality`].
pub fn image_quality_sized(
    originals: &[u8],
    reconstructions: &[u8],
    width: usize,
    height: usize,
) -> Result<ImageQuality, ImageQualityError> {
    let values = checked(originals, reconstructions, width, height)?;
    let images = (originals.len() / values) as f64;
    let mut gaussian = Structure::new(&GAUSSIAN, width, CHANNELS);
    let mut uniform = Structure::new(&UNIFORM, width, CHANNELS);
    let mut gray = Structure::new(&UNIFORM, width, 1);
    let mut squares = 0;
    let (mut psnr, mut ssim, mut ssim_uniform, mut ssim_gray) = (0.0, 0.0, 0.0, 0.0);
    for (original, reconstruction) in originals.chunks_exact(values).zip(reconstructions.chunks_exact(values)) {
        let own = squared_error(original, reconstruction);
        squares += own;
        psnr += peak_snr(own, values);
        ssim += gaussian.similarity(original, reconstruction);
        ssim_uniform += uniform.similarity(original, reconstruction);
        ssim_gray += gray.similarity(&luminance(original), &luminance(reconstruction));
    }
    Ok(ImageQuality {
        mse: squares as f64 / originals.len() as f64,
        psnr: peak_snr(squares, originals.len()),
        psnr_images: psnr / images,
        ssim: ssim / images,
        ssim_uniform: ssim_uniform / images,
        ssim_gray: ssim_gray / images,
    })
}

/// Mean squared error in 8-bit units squared, and Peak SNR in dB, of one picture of any size or of several together.
/// The Peak SNR is infinite if the pictures are equal.
///
/// # Errors
/// [`ImageQualityError::NoImages`], [`ImageQualityError::Counts`].
pub fn pixel_error(originals: &[u8], reconstructions: &[u8]) -> Result<(f64, f64), ImageQualityError> {
    let mse = squares(originals, reconstructions)? as f64 / originals.len() as f64;
    Ok((mse, 10.0 * (PEAK * PEAK / mse).log10()))
}

/// [`ImageQuality::psnr`] alone. It is finite even if the pictures are equal.
///
/// # Errors
/// The errors of [`pixel_error`].
pub fn image_psnr(originals: &[u8], reconstructions: &[u8]) -> Result<f64, ImageQualityError> {
    Ok(peak_snr(squares(originals, reconstructions)?, originals.len()))
}

/// The squared error of pictures of any size.
fn squares(originals: &[u8], reconstructions: &[u8]) -> Result<u64, ImageQualityError> {
    if originals.len() != reconstructions.len() {
        let (originals, reconstructions) = (originals.len(), reconstructions.len());
        return Err(ImageQualityError::Counts { originals, reconstructions });
    }
    if originals.is_empty() {
        return Err(ImageQualityError::NoImages);
    }
    Ok(squared_error(originals, reconstructions))
}

/// The gray value of each pixel, 0 to 255.
fn luminance(picture: &[u8]) -> Vec<f64> {
    let gray = |pixel: &[u8]| pixel.iter().zip(LUMINANCE).map(|(value, share)| share * f64::from(*value)).sum();
    picture.chunks_exact(CHANNELS).map(gray).collect()
}

/// The number of values in a picture.
fn checked(originals: &[u8], reconstructions: &[u8], width: usize, height: usize) -> Result<usize, ImageQualityError> {
    if width < SHORTEST_SIDE || height < SHORTEST_SIDE {
        return Err(ImageQualityError::TooSmall { width, height });
    }
    if originals.len() != reconstructions.len() {
        let (originals, reconstructions) = (originals.len(), reconstructions.len());
        return Err(ImageQualityError::Counts { originals, reconstructions });
    }
    if originals.is_empty() {
        return Err(ImageQualityError::NoImages);
    }
    let values = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(CHANNELS));
    let whole = values.filter(|values| originals.len().is_multiple_of(*values));
    whole.ok_or(ImageQualityError::Shape { values: originals.len(), width, height })
}

/// Sum of squared differences.
fn squared_error(original: &[u8], reconstruction: &[u8]) -> u64 {
    // A 32-bit sum holds 66,000 squared differences of 8-bit values. Summing in pieces is faster.
    let pieces = original.chunks(1 << 14).zip(reconstruction.chunks(1 << 14));
    let piece = |(a, b): (&[u8], &[u8])| -> u64 {
        a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>().into()
    };
    pieces.map(piece).sum()
}

/// Peak SNR in dB for a sum of squared errors over this number of values. See [`ImageQuality`] for a sum of 0.
fn peak_snr(squares: u64, values: usize) -> f64 {
    10.0 * (PEAK * PEAK * values as f64 / squares.max(1) as f64).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (usize, usize, &'static str, f64, [f64; 3]);

    /// Width, height, change of the picture, MSE, and three SSIMs (Gaussian window, uniform window, uniform window on
    /// gray values): the output of `python tests/reference/ssim.py` with scikit-image 0.26.0.
    #[rustfmt::skip]
    const REFERENCE: [Case; 21] = [
        (32, 32, "noisy", 136.5787760417, [0.9032168113, 0.9205732663, 0.9399277539]),
        (32, 32, "blurred", 2109.5485026042, [0.3774532858, 0.5233467121, 0.5920210431]),
        (32, 32, "flattened", 628.2438151042, [0.9164821971, 0.8682138104, 0.8724644078]),
        (32, 32, "gray", 7458.9218750000, [0.0763849461, -0.0905671983, -0.1706848195]),
        (32, 32, "two grays", 64.0000000000, [0.9970466767, 0.9449467101, 0.9449467101]),
        (32, 32, "black and white", 65025.0000000000, [0.0000999900, -0.9984012790, -0.9984012790]),
        (32, 32, "same", 0.0000000000, [1.0000000000, 1.0000000000, 1.0000000000]),
        (11, 11, "noisy", 141.9366391185, [0.8394090166, 0.8812542645, 0.9033794367]),
        (11, 11, "blurred", 285.2479338843, [0.5343162684, 0.6678899256, 0.7846463036]),
        (11, 11, "flattened", 213.9366391185, [0.9184898549, 0.8742965262, 0.8823876171]),
        (11, 11, "gray", 1841.2506887052, [0.1378218156, 0.0754431672, 0.4030468647]),
        (11, 11, "two grays", 64.0000000000, [0.9970466767, 0.9449467101, 0.9449467101]),
        (11, 11, "black and white", 65025.0000000000, [0.0000999900, -0.9984012790, -0.9984012790]),
        (11, 11, "same", 0.0000000000, [1.0000000000, 1.0000000000, 1.0000000000]),
        (45, 17, "noisy", 136.0187363834, [0.9095227041, 0.9253497032, 0.9468713449]),
        (45, 17, "blurred", 2271.2941176471, [0.3854904596, 0.5199406401, 0.5275620350]),
        (45, 17, "flattened", 628.1124183007, [0.9119315881, 0.8684978498, 0.8736493566]),
        (45, 17, "gray", 6713.2100217865, [0.0745398183, -0.0410456893, -0.0783408222]),
        (45, 17, "two grays", 64.0000000000, [0.9970466767, 0.9449467101, 0.9449467101]),
        (45, 17, "black and white", 65025.0000000000, [0.0000999900, -0.9984012790, -0.9984012790]),
        (45, 17, "same", 0.0000000000, [1.0000000000, 1.0000000000, 1.0000000000]),
    ];

    fn noise(seed: u32, i: usize) -> u8 {
        let mut h = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40503));
        h ^= h >> 15;
        h = h.wrapping_mul(2_246_822_519);
        h ^= h >> 13;
        (h >> 24) as u8
    }

    fn base(width: usize, height: usize) -> Vec<u8> {
        let value = |i: usize| {
            let (y, x, c) = (i / CHANNELS / width, i / CHANNELS % width, i % CHANNELS);
            (5 * x + 3 * y + 40 * c + usize::from(noise(1, i)) / 4) as u8
        };
        (0..width * height * CHANNELS).map(value).collect()
    }

    fn noisy(picture: &[u8]) -> Vec<u8> {
        let value = |(i, v): (usize, &u8)| (i32::from(*v) + i32::from(noise(2, i)) % 41 - 20).clamp(0, 255) as u8;
        picture.iter().enumerate().map(value).collect()
    }

    fn blurred(picture: &[u8], width: usize, height: usize) -> Vec<u8> {
        let value = |i: usize| {
            let (y, x, c) = (i / CHANNELS / width, i / CHANNELS % width, i % CHANNELS);
            let at = |k: usize| {
                let (y, x) =
                    ((y + k / 3).saturating_sub(1).min(height - 1), (x + k % 3).saturating_sub(1).min(width - 1));
                u32::from(picture[CHANNELS * (y * width + x) + c])
            };
            ((0..9).map(at).sum::<u32>() / 9) as u8
        };
        (0..picture.len()).map(value).collect()
    }

    fn pair(width: usize, height: usize, name: &str) -> [Vec<u8>; 2] {
        let picture = base(width, height);
        let gray = |value| vec![value; picture.len()];
        match name {
            "noisy" => [picture.clone(), noisy(&picture)],
            "blurred" => [picture.clone(), blurred(&picture, width, height)],
            "flattened" => [picture.clone(), picture.iter().map(|v| ((2 * u32::from(*v) + 128) / 3) as u8).collect()],
            "gray" => [picture.clone(), gray(100)],
            "two grays" => [gray(100), gray(108)],
            "black and white" => [gray(0), gray(255)],
            _ => [picture.clone(), picture],
        }
    }

    #[test]
    fn agrees_with_scikit_image() {
        for (width, height, name, mse, expected) in REFERENCE {
            let [a, b] = pair(width, height, name);
            let found = image_quality_sized(&a, &b, width, height).unwrap();
            let similarities = [found.ssim, found.ssim_uniform, found.ssim_gray];
            for (found, expected) in similarities.into_iter().zip(expected).chain([(found.mse, mse)]) {
                assert!((found - expected).abs() < 1e-9, "{width} × {height} {name}: {found} against {expected}");
            }
        }
    }

    #[test]
    fn several_pictures_are_averaged() {
        let pairs = ["noisy", "flattened"].map(|name| pair(32, 32, name));
        let [a, b] = [0, 1].map(|i| [pairs[0][i].clone(), pairs[1][i].clone()].concat());
        let both = image_quality(&a, &b, 32).unwrap();
        let [one, two] = pairs.map(|[a, b]| image_quality(&a, &b, 32).unwrap());
        let same = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} against {b}");
        same(both.mse, (one.mse + two.mse) / 2.0);
        same(both.psnr, 10.0 * (65025.0 / both.mse).log10());
        same(both.psnr_images, (one.psnr + two.psnr) / 2.0);
        same(both.ssim, (one.ssim + two.ssim) / 2.0);
        same(both.ssim_uniform, (one.ssim_uniform + two.ssim_uniform) / 2.0);
        same(both.ssim_gray, (one.ssim_gray + two.ssim_gray) / 2.0);
    }

    #[test]
    fn no_error_counts_as_the_smallest_one() {
        let picture = base(16, 16);
        let none = image_quality(&picture, &picture, 16).unwrap();
        assert_eq!((none.mse, none.ssim, none.ssim_uniform, none.ssim_gray), (0.0, 1.0, 1.0, 1.0));
        let mut other = picture.clone();
        other[7] ^= 1;
        let one = image_quality(&picture, &other, 16).unwrap();
        assert_eq!(one.mse, 1.0 / 768.0);
        assert_eq!((none.psnr, none.psnr_images), (one.psnr, one.psnr_images));
        assert!((one.psnr - 10.0 * (65025.0_f64 * 768.0).log10()).abs() < 1e-12);
    }

    #[test]
    fn pixels_are_compared_at_any_size() {
        for (width, height, name, mse, ..) in REFERENCE {
            let [a, b] = pair(width, height, name);
            let (found, psnr) = pixel_error(&a, &b).unwrap();
            assert!((found - mse).abs() < 1e-9 && (psnr.is_infinite() == (name == "same")), "{name}: {found} {psnr}");
        }
        assert_eq!(pixel_error(&[0, 0, 0], &[255, 255, 255]), Ok((65025.0, 0.0)));
        assert_eq!(pixel_error(&[7], &[7]), Ok((0.0, f64::INFINITY)));
        assert_eq!(pixel_error(&[], &[]), Err(ImageQualityError::NoImages));
        assert!(matches!(pixel_error(&[1], &[1, 2]), Err(ImageQualityError::Counts { .. })));
    }

    #[test]
    fn wrong_shapes_are_named() {
        let found = |a: usize, b: usize, side| image_quality(&vec![0; a], &vec![0; b], side).unwrap_err();
        assert_eq!(found(0, 0, 32), ImageQualityError::NoImages);
        assert_eq!(found(300, 300, 10), ImageQualityError::TooSmall { width: 10, height: 10 });
        assert_eq!(found(363, 364, 11), ImageQualityError::Counts { originals: 363, reconstructions: 364 });
        assert_eq!(found(364, 364, 11), ImageQualityError::Shape { values: 364, width: 11, height: 11 });
        let huge = ImageQualityError::Shape { values: 363, width: usize::MAX, height: usize::MAX };
        assert_eq!(found(363, 363, usize::MAX), huge);
    }

    /// `cargo test --release --lib metric::image -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn time_of_ten_thousand_pictures() {
        let a: Vec<u8> = (0..10_000 * 32 * 32 * CHANNELS).map(|i| noise(3, i)).collect();
        let b = noisy(&a);
        let start = std::time::Instant::now();
        let quality = image_quality(&a, &b, 32).unwrap();
        println!("{quality:?} in {:.2} s", start.elapsed().as_secs_f64());
    }
}
