//! `vqlab speech`: speech files → coded files → speech files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, Subcommand};

use super::codec::{refused, wrong_file, wrote};
use super::outcome::failed;
use super::{CliError, print, warn};
use crate::data::file::Output;
use crate::data::speech::{Audio, RATE, wav_bytes};
use crate::metric::{perceptual_snr, pesq};
use crate::speech::{BITRATES, Codec, Model};

const EXAMPLES: &str = "\
Examples:
  vqlab speech encode codec.safetensors in.wav -o out.vqsp --bitrate 16400
  vqlab speech decode codec.safetensors out.vqsp -o out.wav

`vqlab run experiments/speech.toml` writes one codec file per method to results/codecs.
Decoding needs the codec file that encoded the speech.";

const ENCODE_EXAMPLES: &str = "\
Examples:
  vqlab speech encode codec.safetensors in.wav -o out.vqsp --bitrate 16400
  vqlab speech encode codec.safetensors in.flac -o out.vqsp --bitrate 8000 --score --json

The coded file has at most the bits of --bitrate, plus 1 % and 64 bytes. Signals too
loud for the coarsest quantizer lose high frequencies. If that is not enough, the
command fails and writes nothing.

The input has a sampling rate of 8 to 384 kHz and any number of channels. One channel
of 16 kHz is coded. --score measures the decoded speech. It needs a file of 16 kHz or
more, because its measures are defined for wideband speech.";

const DECODE_EXAMPLES: &str = "\
Example:
  vqlab speech decode codec.safetensors out.vqsp -o out.wav

The output is a WAV file of 16 bits, one channel, 16 kHz.";

/// Encodes and decodes speech with a trained codec.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SpeechArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    Encode(EncodeArgs),
    Decode(DecodeArgs),
}

/// Encodes a WAV or FLAC file.
#[derive(Args, Debug)]
#[command(after_help = ENCODE_EXAMPLES)]
struct EncodeArgs {
    /// Trained codec
    #[arg(value_name = "CODEC")]
    codec: PathBuf,
    /// Speech: .wav or .flac
    #[arg(value_name = "SPEECH")]
    input: PathBuf,
    /// Output file of coded speech
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Bits per second of the whole file, 6000 to 64000; exceeded by at most 1 % and 64 bytes
    #[arg(long, value_name = "BITS", value_parser = bitrate)]
    bitrate: u32,
    /// Also decode, and print PESQ and perceptual SNR
    #[arg(long)]
    score: bool,
    #[command(flatten)]
    options: Options,
}

/// Decodes a file that `vqlab speech encode` wrote.
#[derive(Args, Debug)]
#[command(after_help = DECODE_EXAMPLES)]
struct DecodeArgs {
    /// The codec that encoded the file
    #[arg(value_name = "CODEC")]
    codec: PathBuf,
    /// Coded speech
    #[arg(value_name = "FILE")]
    input: PathBuf,
    /// Output file of speech, .wav
    #[arg(long, short, value_name = "WAV")]
    output: PathBuf,
    #[command(flatten)]
    options: Options,
}

#[derive(Args, Debug)]
struct Options {
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

fn bitrate(text: &str) -> Result<u32, String> {
    let (least, most) = (BITRATES.start(), BITRATES.end());
    text.parse()
        .ok()
        .filter(|rate| BITRATES.contains(rate))
        .ok_or(format!("allowed are {least} to {most} bits per second"))
}

/// # Errors
/// [`CliError::Usage`]: files that are missing, of another kind or of another codec, or an existing output.
/// [`CliError::Failed`]: a full disk.
pub fn run(args: SpeechArgs) -> Result<(), CliError> {
    match args.action {
        Action::Encode(args) => encode(&args),
        Action::Decode(args) => decode(&args),
    }
}

fn encode(args: &EncodeArgs) -> Result<(), CliError> {
    let model = Model::load(&args.codec).map_err(|error| wrong_file(&args.codec, &error, "speech codec"))?;
    let samples = read(args)?;
    let output = output(&args.output, &args.options, [&args.codec, &args.input]);
    let mut file = output.begin().map_err(refused)?;
    let codec = Codec::new(&model);
    let since = Instant::now();
    let coded = codec.encode(&samples, args.bitrate).map_err(|error| of(&args.input, &error))?;
    let work = since.elapsed().as_secs_f64();
    file.write(&coded.bytes).map_err(failed)?;
    file.commit().map_err(failed)?;
    wrote(&args.output);
    let seconds = samples.len() as f64 / f64::from(RATE);
    let real = 8.0 * coded.bytes.len() as f64 / seconds;
    let scores = match args.score {
        true => Some((
            pesq(&samples, &coded.samples).map_err(|error| of(&args.input, &error))?,
            perceptual_snr(&samples, &coded.samples).map_err(|error| of(&args.input, &error))?,
        )),
        false => None,
    };
    if args.options.json {
        let value = serde_json::json!({
            "output": args.output.display().to_string(),
            "method": model.books.method().label().to_lowercase(),
            "seconds": seconds,
            "bytes": coded.bytes.len(),
            "bitrate": real,
            "pesq": scores.map(|(pesq, _)| pesq),
            "psnr_perceptual": scores.map(|(_, snr)| snr),
            "times_real_time": seconds / work.max(1e-9),
        });
        return print(&format!("{value:#}\n"));
    }
    let scored = scores.map_or(String::new(), |(pesq, snr)| format!(", PESQ {pesq:.3}, perceptual SNR {snr:.2} dB"));
    print(&format!(
        "{seconds:.2} s of speech in {} bytes, {:.3} kbit/s, {:.0} times real time{scored}\n",
        coded.bytes.len(),
        real / 1e3,
        seconds / work.max(1e-9)
    ))
}

/// The samples to encode. With `--score`, only wideband speech is accepted.
fn read(args: &EncodeArgs) -> Result<Vec<f32>, CliError> {
    if args.score {
        return Audio::read_wideband(&args.input).map_err(refused);
    }
    let Audio { rate, samples } = Audio::read(&args.input).map_err(refused)?;
    if rate < RATE {
        let (path, band) = (args.input.display(), rate / 2);
        warn(&format!(
            "{path} has a sampling rate of {rate} Hz; it is coded as speech of {RATE} Hz with nothing above {band} Hz"
        ));
    }
    Ok(samples)
}

fn decode(args: &DecodeArgs) -> Result<(), CliError> {
    let model = Model::load(&args.codec).map_err(|error| wrong_file(&args.codec, &error, "speech codec"))?;
    let bytes = std::fs::read(&args.input)
        .map_err(|error| CliError::Usage(format!("cannot read {}: {error}", args.input.display())))?;
    let output = output(&args.output, &args.options, [&args.codec, &args.input]);
    let mut file = output.begin().map_err(refused)?;
    let since = Instant::now();
    let samples = Codec::new(&model).decode(&bytes).map_err(|error| of(&args.input, &error))?;
    let work = since.elapsed().as_secs_f64();
    file.write(&wav_bytes(&samples)).map_err(failed)?;
    file.commit().map_err(failed)?;
    wrote(&args.output);
    let seconds = samples.len() as f64 / f64::from(RATE);
    let speed = seconds / work.max(1e-9);
    if args.options.json {
        let value = serde_json::json!({
            "output": args.output.display().to_string(),
            "seconds": seconds,
            "samples": samples.len(),
            "times_real_time": speed,
        });
        return print(&format!("{value:#}\n"));
    }
    print(&format!("{seconds:.2} s of speech, {speed:.0} times real time\n"))
}

fn output(path: &Path, options: &Options, inputs: [&PathBuf; 2]) -> Output {
    Output::new(path).force(options.force).made_from(&inputs.map(PathBuf::as_path))
}

/// An error with the name of its file.
fn of(path: &Path, error: &impl std::fmt::Display) -> CliError {
    CliError::Usage(format!("{}: {error}", path.display()))
}
