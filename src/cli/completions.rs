//! `vqlab completions` and `vqlab man`: files for shells and packages, generated from the command-line definitions.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::outcome::failed;
use super::{CliError, note, print};

const EXAMPLES: &str = "\
Examples:
  vqlab completions bash > vqlab.bash

bash: source the file in ~/.bashrc, or put it into ~/.local/share/bash-completion/completions
as `vqlab`. zsh: put it as `_vqlab` into a folder of $fpath. fish: put it as `vqlab.fish`
into ~/.config/fish/completions.";

/// Prints the completions of a shell: bash, zsh or fish, among others.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// Shell
    shell: Shell,
}

/// # Errors
/// stdout can't be written.
pub fn run(args: CompletionsArgs, mut command: Command) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "vqlab", &mut script);
    print(&String::from_utf8(script).map_err(failed)?)
}

const MAN_EXAMPLES: &str = "\
Examples:
  vqlab man share/man/man1

Writes vqlab.1 and one page per command, such as vqlab-run.1, for packages.";

/// Writes the man pages of all commands to a folder.
#[derive(Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct ManArgs {
    /// Folder, created if it does not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

/// # Errors
/// [`CliError::Usage`]: a page exists. [`CliError::Failed`]: a page can't be written.
pub fn man(args: ManArgs, command: Command) -> Result<(), CliError> {
    super::specs::try_folder(&args.folder)?;
    let mut pages = Vec::new();
    // The whole is built first, so that the pages of commands have the global options.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    add_pages(&command, &mut pages)?;
    let existing = pages.iter().map(|(name, _)| args.folder.join(name)).find(|path| path.exists());
    if let Some(path) = existing.filter(|_| !args.force) {
        return Err(CliError::Usage(format!("{} exists\nhint: --force replaces it", path.display())));
    }
    let count = pages.len();
    for (name, page) in pages {
        let path = args.folder.join(name);
        crate::temporary::replace(&path, &page)
            .map_err(|error| failed(format!("cannot write {}: {error}", path.display())))?;
    }
    note(&format!(
        "wrote {count} pages in {}\nhint: man -l {}",
        args.folder.display(),
        args.folder.join("vqlab.1").display()
    ));
    Ok(())
}

/// The pages of a command and of those below it: file names and contents.
fn add_pages(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> Result<(), CliError> {
    let man = Man::new(command.clone()).source(format!("vqlab {}", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render(&mut page).map_err(failed)?;
    pages.push((man.get_filename(), page));
    command.get_subcommands().filter(|inner| inner.get_name() != "help").try_for_each(|inner| add_pages(inner, pages))
}
