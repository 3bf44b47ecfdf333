//! The batch files: what a task of the array does, and how shards are joined.

use espsim_sweep::failure::Failure;
use espsim_sweep::quote::shell_words;
use minijinja::{Environment, UndefinedBehavior, context};

use super::args::SubmitArgs;

/// A task that is ended by signals is queued again so often.
const RESTARTS: u32 = 50;

/// What batch files are made of.
pub struct Batch<'a> {
    /// The command line of `submit`.
    pub args: &'a SubmitArgs,
    /// This program, where nodes find it.
    pub program: &'a str,
    /// `run` or `failover`.
    pub command: &'a str,
    /// The scenario's file in the folder of shards.
    pub scenario: &'a str,
    /// The profile, as tasks name it.
    pub profile: &'a str,
    /// The output folder, from the root.
    pub out: &'a str,
    /// Tasks.
    pub tasks: u32,
    /// Points.
    pub points: usize,
}

impl Batch<'_> {
    /// The scripts of a task and of the join.
    ///
    /// # Errors
    /// [`Failure`] if a template is wrong.
    pub fn scripts(&self) -> Result<[String; 2], Failure> {
        let args = self.args;
        let mut task = vec![self.program.to_owned(), self.command.into(), self.scenario.into()];
        task.extend(["--profile".into(), self.profile.into(), "--jobs".into(), args.jobs.to_string()]);
        let settings = args.base.settings.iter().chain(&args.base.of_profile);
        task.extend(settings.flat_map(|setting| ["--set".into(), setting.to_string()]));
        task.extend(args.base.seed.iter().flat_map(|seed| ["--seed".into(), seed.to_string()]));
        task.extend(args.draw.draws.iter().flat_map(|n| ["--draws".into(), n.to_string()]));
        let mut merge = vec![self.program.to_owned(), "merge".into()];
        merge.extend((1..=self.tasks).map(|task| format!("shard-{task}")));
        merge.extend(["--out".into(), self.out.into(), "--jobs".into(), args.jobs.to_string()]);
        merge.extend(args.columns.parquet.then(|| "--parquet".into()));
        Ok([
            self.script(include_str!("task.sh"), &shell_words(task.iter().map(String::as_str)))?,
            self.script(include_str!("merge.sh"), &shell_words(merge.iter().map(String::as_str)))?,
        ])
    }

    fn script(&self, template: &str, command: &str) -> Result<String, Failure> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let name = self.scenario.rsplit('/').next().unwrap_or_default();
        let stem = name.trim_end_matches(".toml");
        let values = context! {
            name => format!("espsim-{}", stem.replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
            // Words on one line, quoted as a shell's, are what sbatch reads.
            arguments => shell_words(self.args.sbatch.iter().map(String::as_str)),
            tasks => self.tasks,
            at_once => self.args.at_once,
            jobs => self.args.jobs,
            points => self.points,
            points_per_task => self.points.div_ceil(self.tasks as usize),
            restarts => RESTARTS,
            command => command,
        };
        let text = environment.render_str(template, values);
        text.map(|text| text + "\n").map_err(|error| Failure::new(format!("cannot write a batch file: {error:#}")))
    }
}
