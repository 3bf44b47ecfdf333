//! What a shell and a manual reader want: completions and man pages, made from the command line's own description.

use std::io;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use espsim_sweep::failure::Failure;

use crate::args::Cli;

/// The section of what stands after the options.
const EXTRA: &str = ".SH EXTRA\n";

/// A completion script for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut for_people(), "espsim", &mut script);
    script
}

/// The command line without the commands that only the program itself uses.
fn for_people() -> Command {
    let whole = Cli::command();
    let about = whole.get_about().cloned().unwrap_or_default();
    let shown: Vec<Command> = whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    Command::new("espsim").version(env!("CARGO_PKG_VERSION")).about(about).subcommands(shown)
}

/// The manual in roff: the program's page and then that of every command, or of one command alone.
///
/// # Errors
/// [`Failure`] for a command that does not exist.
pub fn man(of: Option<&str>) -> Result<Vec<u8>, Failure> {
    // There is no page of the command that prints help.
    let mut program = for_people().disable_help_subcommand(true);
    program.build();
    let commands: Vec<Command> = program.get_subcommands().cloned().collect();
    let pages = match of {
        None => std::iter::once(program).chain(commands).collect(),
        Some(name) => match commands.iter().find(|command| command.get_name() == name) {
            Some(command) => vec![command.clone()],
            None => {
                let known: Vec<&str> = commands.iter().map(Command::get_name).collect();
                let message = format!("no command is called `{name}`: {}", known.join(", "));
                return Err(Failure::new(message).with_help(espsim_sweep::failure::nearest(name, &known)));
            }
        },
    };
    let mut text = Vec::new();
    for page in pages {
        text.extend(man_page(page).map_err(|error| Failure::new(format!("cannot write the manual: {error}")))?);
    }
    Ok(text)
}

/// One page. What stands in lines keeps them: examples are no text to be filled.
fn man_page(page: Command) -> io::Result<Vec<u8>> {
    let title = page.get_display_name().unwrap_or_else(|| page.get_name()).to_owned();
    let mut text = Vec::new();
    let man = clap_mangen::Man::new(page).title(title).source(concat!("espsim ", env!("CARGO_PKG_VERSION")));
    man.render(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let Some((before, rest)) = text.split_once(EXTRA) else { return Ok(text.into_bytes()) };
    let (extra, after) = rest.split_at(rest.find("\n.SH").map_or(rest.len(), |at| at + 1));
    Ok(format!("{before}{EXTRA}.nf\n{}\n.fi\n{after}", extra.trim_end()).into_bytes())
}
