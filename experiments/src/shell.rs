//! What a shell and a manual reader want: completions and man pages, made from the command line's own description.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::input::Failure;

/// A completion script for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "espsim", &mut script);
    script
}

/// The manual in roff: the program's page and then that of every command, or of one command alone.
///
/// # Errors
/// [`Failure`] for a command that does not exist.
pub fn man(of: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut program = Cli::command();
    program.build();
    let commands: Vec<clap::Command> = program.get_subcommands().filter(|c| !c.is_hide_set()).cloned().collect();
    let pages = match of {
        None => std::iter::once(program).chain(commands).collect(),
        Some(name) => match commands.iter().find(|command| command.get_name() == name) {
            Some(command) => vec![command.clone()],
            None => {
                let known: Vec<&str> = commands.iter().map(clap::Command::get_name).collect();
                let message = format!("no command is called `{name}`: {}", known.join(", "));
                return Err(Failure::new(message).with_help(crate::input::nearest(name, &known)));
            }
        },
    };
    let mut text = Vec::new();
    for page in pages {
        let title = page.get_display_name().unwrap_or_else(|| page.get_name()).to_owned();
        let render = |text: &mut Vec<u8>| -> io::Result<()> { clap_mangen::Man::new(page).title(title).render(text) };
        render(&mut text).map_err(|error| Failure::new(format!("cannot write the manual: {error}")))?;
    }
    Ok(text)
}
