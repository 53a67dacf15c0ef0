//! The commands, one file each, without logic of their own. Data go to stdout, messages and progress go to stderr. The
//! exit status is 0 (done), 1 (failed at work) or 2 (wrong use).

mod bar;
mod codec;
mod color;
mod compare;
mod completions;
mod complexity;
mod data;
mod decode;
mod encode;
mod figures;
mod fit;
mod gathered;
mod init;
mod inspect;
mod meter;
mod outcome;
mod output;
mod queue;
mod recommend;
mod refuse;
mod report;
mod reproduce;
mod run;
mod schema;
mod score;
mod search;
mod specs;
mod speech;
mod status;
mod stop;
mod submit;
mod survey;
mod templates;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::level::Level;

pub use output::{note, print, print_results, warn};

/// An error that ends a command with a nonzero exit status.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Wrong use: the command line or a spec; nothing was done. Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// Failed at work. Exit status 1.
    #[error("{0}")]
    Failed(String),
}

const EXAMPLES: &str = "\
Examples:
  vqlab reproduce --dry-run
  vqlab run experiments/toy.toml
  vqlab run experiments/toy.toml experiments/toy-dimension.toml --profile paper
  vqlab status experiments/toy.toml
  vqlab init mine.toml --task toy
  vqlab complexity --method avq --dim 64 --stages 4 --codebook-size 1024 --beam 16
  vqlab encode books.safetensors base.fvecs -o codes.npy

The first example lists the cost of reproducing the whole paper. The second one
computes Figure 2: its numbers, a comparison and a report.
Exit status: 0 done, 1 failed at work, 2 wrong use.";

/// Compares vector quantization methods by accuracy, complexity and bitrate, and reproduces Vali and Bäckström (ICASSP 2023).
#[derive(Parser)]
#[command(name = "vqlab", version, after_help = EXAMPLES)]
struct Arguments {
    /// Colors: auto, always or never. auto obeys NO_COLOR, CLICOLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_enum, default_value_t, hide_possible_values = true, value_name = "WHEN")]
    color: color::Choice,
    /// Print results, warnings and errors only: no progress, no names of written files
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::RunArgs),
    Submit(submit::SubmitArgs),
    Status(status::StatusArgs),
    Figures(figures::FiguresArgs),
    Compare(compare::CompareArgs),
    Report(report::ReportArgs),
    Reproduce(reproduce::ReproduceArgs),
    Complexity(complexity::ComplexityArgs),
    Fit(fit::FitArgs),
    Encode(encode::EncodeArgs),
    Decode(decode::DecodeArgs),
    Inspect(inspect::InspectArgs),
    Search(search::SearchArgs),
    Score(score::ScoreArgs),
    Recommend(recommend::RecommendArgs),
    Speech(speech::SpeechArgs),
    Data(data::DataArgs),
    Specs(templates::SpecsArgs),
    Init(init::InitArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Man(completions::ManArgs),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            color::Choice::of_words(std::env::args()).apply();
            // A request for help is not an error. A closed pipe is not an error either.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    arguments.color.apply();
    if arguments.quiet {
        output::be_quiet();
    }
    let (status, error) = match dispatch(arguments.command) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error @ CliError::Failed(_)) => (1, error),
        Err(error @ CliError::Usage(_)) => (2, error),
    };
    warn(&format!("error: {error}"));
    ExitCode::from(status)
}

fn dispatch(command: Command) -> Result<(), CliError> {
    Level::from_environment().map_err(|error| CliError::Usage(error.to_string()))?;
    match command {
        Command::Run(args) => run::run(args),
        Command::Submit(args) => submit::run(args),
        Command::Status(args) => status::run(args),
        Command::Figures(args) => figures::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Report(args) => report::run(args),
        Command::Reproduce(args) => reproduce::run(args),
        Command::Complexity(args) => complexity::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Encode(args) => encode::run(args),
        Command::Decode(args) => decode::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Search(args) => search::run(args),
        Command::Score(args) => score::run(args),
        Command::Recommend(args) => recommend::run(args),
        Command::Speech(args) => speech::run(args),
        Command::Data(args) => data::run(args),
        Command::Specs(args) => templates::run(args),
        Command::Init(args) => init::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Completions(args) => completions::run(args, Arguments::command()),
        Command::Man(args) => completions::man(args, Arguments::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
