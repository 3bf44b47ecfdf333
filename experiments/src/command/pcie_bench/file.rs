//! A microbenchmark as a file: `kind = "pcie-bench"`, and options of the command as keys.

use std::path::Path;

use clap::{CommandFactory, Parser};
use espsim_sweep::failure::{Failure, nearest, read_text};
use espsim_sweep::file::plain;
use espsim_sweep::file::source::{Source, syntax};
use espsim_sweep::file::value::shown;
use toml::{Table, Value};

use super::args::BenchArgs;

/// The value of `kind`.
pub const KIND: &str = "pcie-bench";

/// Options as words of a command line.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Words {
    #[command(flatten)]
    bench: BenchArgs,
}

/// What a file says.
#[derive(Debug, Default)]
pub struct BenchFile {
    /// Of figures and reports.
    pub title: Option<String>,
    /// What is asked.
    pub question: Option<String>,
    /// The options.
    pub bench: BenchArgs,
}

impl BenchFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure`] at the key that is wrong.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(path, read_text("read benchmark", path)?)
    }

    /// Parses the text of a file; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &Path, text: String) -> Result<Self, Failure> {
        plain::check(path, &text)?;
        let mut table: Table = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
        let source = Source::toml(path, text)?;
        match table.remove("kind") {
            Some(Value::String(kind)) if kind == KIND => {}
            Some(_) => return Err(source.failure("kind", format!("`kind` is `{KIND}` in a file of this command"))),
            None => return Err(source.failure("kind", format!("`kind = \"{KIND}\"` is missing"))),
        }
        let mut words_of = |key: &str| match table.remove(key) {
            None => Ok(None),
            Some(Value::String(words)) => Ok(Some(words)),
            Some(_) => Err(source.failure(key, format!("`{key}` is a text"))),
        };
        let (title, question) = (words_of("title")?, words_of("question")?);
        let command = Words::command();
        let known: Vec<&str> = command.get_arguments().filter_map(|of| of.get_long()).collect();
        let mut words = Vec::new();
        for (key, value) in &table {
            if !known.contains(&key.as_str()) {
                let message = format!("`{key}` is no option of espsim pcie-bench: {}", known.join(", "));
                return Err(source.failure(key, message).with_help(nearest(key, &known)));
            }
            let of_key = option(key, value).map_err(|message| source.failure(key, message))?;
            // What one needs of another is looked at when all are there.
            let alone = of_key.iter().cloned().chain(key.starts_with("iommu-").then(|| "--iommu".to_owned()));
            Words::try_parse_from(alone).map_err(|error| source.failure(key, plainly(&error)))?;
            words.extend(of_key);
        }
        let all = Words::try_parse_from(words).map_err(|error| source.failure("iommu", plainly(&error)))?;
        Ok(BenchFile { title, question, bench: all.bench })
    }
}

/// A key and its value as words.
fn option(key: &str, value: &Value) -> Result<Vec<String>, String> {
    let plain = |value: &Value| match value {
        Value::String(_) | Value::Integer(_) => Ok(shown(value)),
        _ => Err(format!("`{key}`: a text, a number or a list of them")),
    };
    match value {
        Value::Boolean(true) => Ok(vec![format!("--{key}")]),
        Value::Boolean(false) => Ok(Vec::new()),
        Value::Array(items) if items.is_empty() => Err(format!("`{key}` is an empty list")),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect::<Result<_, _>>()?;
            Ok(vec![format!("--{key}={}", items.join(","))])
        }
        one => Ok(vec![format!("--{key}={}", plain(one)?)]),
    }
}

/// What clap says, without how to use a command line.
fn plainly(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or(&text);
    first.trim_start_matches("error: ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::test::Test;
    use crate::command::pcie_bench::args::Sizes;

    fn read(text: &str) -> Result<BenchFile, Failure> {
        BenchFile::parse(Path::new("bench.toml"), text.to_owned())
    }

    #[test]
    fn keys_are_the_options() {
        let file = read("kind = \"pcie-bench\"\ntitle = \"a\"\ntest = [\"read-bandwidth\", \"write-bandwidth\"]\nsize = [64, \"128..512\"]\niommu = true\niommu-entries = 32\n").unwrap();
        assert_eq!(file.bench.test, [Test::ReadBandwidth, Test::WriteBandwidth]);
        assert_eq!(file.bench.size, [Sizes(vec![64]), Sizes(vec![128, 256, 512])]);
        assert_eq!((file.bench.iommu, file.bench.iommu_entries, file.title.as_deref()), (true, Some(32), Some("a")));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_line() {
        let of = |text: &str| {
            format!("{:?}", miette::Report::new(read(&format!("kind = \"pcie-bench\"\n{text}")).unwrap_err()))
        };
        for (said, parts) in [
            (of("lanse = 8"), &["bench.toml:2", "`lanse`", "did you mean `lanes`?"][..]),
            (of("lanes = 3"), &["bench.toml:2", "1, 2, 4, 8 or 16"]),
            (of("tags = 0"), &["bench.toml:2", "1..=1024"]),
            (of("size = [64.5]"), &["bench.toml:2", "a text, a number"]),
            (of("iommu-entries = 3"), &["bench.toml", "--iommu"]),
            (of("test = \"read\""), &["bench.toml:2", "read-bandwidth"]),
        ] {
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
        assert!(
            read("test = \"read-bandwidth\"").unwrap_err().to_string().contains("`kind = \"pcie-bench\"` is missing")
        );
    }
}
