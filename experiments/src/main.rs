//! The `espsim` program.

use std::process::ExitCode;

use espsim::args::{Cli, Command};
use espsim::command::{
    all, calibrate, completions, explore, failover, fit, import, list, merge, pcie_bench, report, run, submit,
    template, trace, validate,
};
use espsim::console::{print, say};
use espsim::question::{compare, plan};

fn main() -> ExitCode {
    let cli = Cli::of_command_line();
    let done = match &cli.command {
        Command::Run(args) | Command::Failover(args) if args.all => all::run_all(args, &words()),
        Command::Run(args) => run::run(args, words()),
        Command::Failover(args) => failover::failover(args, words()),
        Command::Merge(args) => merge::merge(args, words()),
        Command::Submit(args) => submit::submit(args),
        Command::Plan(args) => plan::plan(args, words()),
        Command::Compare(args) => compare::compare(args, words()),
        Command::Trace(args) => trace::trace(args),
        Command::Calibrate(args) => calibrate::calibrate(args, &words()),
        Command::Fit(args) => fit::fit(args),
        Command::Import(args) => import::import(args),
        Command::Validate(args) => validate::validate(args, words()),
        Command::PcieBench(args) => pcie_bench::pcie_bench(args, words()),
        Command::Explore(args) => explore::explore(args),
        Command::Report(args) => report::report(args),
        #[cfg(target_os = "linux")]
        Command::NativeInside => calibrate::native_inside(),
        #[cfg(target_os = "linux")]
        Command::GuestLaunch { command } => calibrate::guest_launch(command),
        #[cfg(target_os = "linux")]
        Command::GuestInside { result, plan, .. } => {
            calibrate::guest_inside(result, plan);
            Ok(())
        }
        Command::Template(args) => template::template(args),
        Command::Schema { of } => print(format!("{:#}\n", of.schema()).as_bytes()),
        Command::Completions { shell } => print(&completions::completions(*shell)),
        Command::Man { command } => completions::man(command.as_deref()).and_then(|text| print(&text)),
        Command::List(args) => list::list(args).and_then(|text| print(text.as_bytes())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let code = failure.code();
            say(&format!("{:?}", miette::Report::new(failure)));
            ExitCode::from(code)
        }
    }
}

/// The command line as text, for manifests and messages; what is none is shown as well as it can be.
fn words() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}
