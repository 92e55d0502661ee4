//! `nutgraf completions`: completions for a shell.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::End;

/// Print completions for a shell.
#[derive(clap::Args)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> End {
    let mut command = super::Arguments::command();
    generate(arguments.shell, &mut command, "nutgraf", &mut std::io::stdout());
    End::Done
}
