//! Options from files of TOML: one that is given, and the one that a run keeps in its folder. Each option is there by
//! its long name; what the command line says wins over a file that is given, and that over what a run keeps.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use iddpm::files::{read_text, write_bytes};
use toml::{Table, Value};

use super::distill::is_student;
use super::files::OPTIONS;
use super::options::Options;
use super::program::{Failure, command};

/// Bytes of a file of options.
const MOST: u64 = 1 << 20;
/// What is of one call of the program, and not kept.
const OF_A_CALL: [&str; 4] = ["config", "run", "resume", "init"];

/// The words of the command line, with those of files before them.
///
/// # Errors
/// What is wrong with a file, by its name and the option's.
pub(crate) fn words(line: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    // Whatever is wrong with the command line is told when all of it is read.
    let all = optional(command::<Options>().ignore_errors(true));
    let Ok(given) = all.try_get_matches_from(&line) else {
        return Ok(line);
    };
    let mut settings = Settings::of_line(&given);
    if let Some(file) = given.get_one::<PathBuf>("config") {
        let text = read_text(file, MOST).map_err(|error| format!("--config: {error}"))?;
        let added = settings.add(file, &text);
        added.map_err(|error| format!("--config {error}"))?;
    }
    let run = settings.run.clone();
    if let Some(run) = run.filter(|_| settings.resume) {
        let kept = run.join(OPTIONS);
        // A run of before options were kept has none.
        if kept.exists() {
            settings.add(&kept, &read_text(&kept, MOST)?)?;
        } else {
            check_no_student(&run)?;
        }
    }
    let mut line = line.into_iter();
    let name = line.next();
    Ok(name.into_iter().chain(settings.words).chain(line).collect())
}

/// Refuses to go on with a student by itself: its options are its chain's.
fn check_no_student(run: &Path) -> Result<(), Failure> {
    let run = std::path::absolute(run)?;
    let chain = run.parent().filter(|chain| chain.join(OPTIONS).exists());
    match chain.filter(|_| is_student(&run)) {
        None => Ok(()),
        Some(chain) => {
            let (run, chain) = (run.display(), chain.display());
            Err(format!(
                "--run {run}: is a student of the chain in {chain}: --run {chain} --resume goes on"
            )
            .into())
        }
    }
}

/// What files say, where nothing before them says it.
struct Settings {
    words: Vec<OsString>,
    /// Options that are said.
    said: BTreeSet<String>,
    run: Option<PathBuf>,
    resume: bool,
}

impl Settings {
    fn of_line(given: &ArgMatches) -> Self {
        let on_line = |argument: &Arg| {
            let source = given.value_source(argument.get_id().as_str());
            source == Some(ValueSource::CommandLine)
        };
        let command = command::<Options>();
        let said = command.get_arguments().filter(|argument| on_line(argument));
        Self {
            words: Vec::new(),
            said: said.filter_map(long).map(String::from).collect(),
            run: given.get_one("run").cloned(),
            // No more is known of a line that is wrong before its end.
            resume: given.get_one("resume").copied().unwrap_or_default(),
        }
    }

    /// Adds what a file says and nothing before it has said.
    fn add(&mut self, file: &Path, given: &str) -> Result<(), Failure> {
        let table: Table = given
            .parse()
            .map_err(|error: toml::de::Error| of_file(file, error))?;
        let command = optional(command::<Options>());
        let mut words = Vec::new();
        for (key, value) in &table {
            let argument = command.get_arguments().find(|it| long(it) == Some(key));
            let Some(argument) = argument.filter(|_| key != "config") else {
                return Err(of_file(file, format!("{key}: there is no such option")));
            };
            let takes = argument.get_action().takes_values();
            let word = match (takes, text(value)) {
                (false, _) if *value == Value::Boolean(true) => format!("--{key}"),
                (false, _) if *value == Value::Boolean(false) => continue,
                (false, _) => return Err(of_file(file, format!("{key}: is true or false"))),
                (true, Some(text)) => format!("--{key}={text}"),
                (true, None) => {
                    let told = format!("{key}: is a number, a text, or a list of these");
                    return Err(of_file(file, told));
                }
            };
            words.push((key, OsString::from(word)));
        }
        // Each is read, said before or not: a file is right or wrong as it is.
        let alone = words.iter().map(|(_, word)| word.clone());
        let read = command.try_get_matches_from(std::iter::once("train".into()).chain(alone));
        let read = read.map_err(|error| of_file(file, first_words(&error)))?;
        self.resume |= read.get_flag("resume");
        if self.run.is_none() {
            self.run = read.get_one("run").cloned();
        }
        for (key, word) in words {
            if self.said.insert(key.clone()) {
                self.words.push(word);
            }
        }
        Ok(())
    }
}

/// Keeps the options of a run in a file, each as it was found, so that `--resume` needs no other word.
///
/// # Errors
/// A path that is no text; what is wrong with the file.
pub(crate) fn keep(file: &Path, options: &Options, given: &ArgMatches) -> Result<(), Failure> {
    let mut table = Table::new();
    for argument in command::<Options>().get_arguments() {
        let (Some(key), id) = (long(argument), argument.get_id().as_str()) else {
            continue;
        };
        if OF_A_CALL.contains(&key) {
            continue;
        }
        let value = match key {
            // From wherever it goes on; drawn once.
            "data" => Some(path(&std::path::absolute(&options.data)?)?),
            "distill" if let Some(file) = &options.distill.distill => {
                Some(path(&std::path::absolute(file)?)?)
            }
            "val" if let Some(data) = options.val.path() => {
                Some(path(&std::path::absolute(data)?)?)
            }
            "seed" => Some(options.seed.to_string().into()),
            _ if !argument.get_action().takes_values() => Some(given.get_flag(id).into()),
            _ => match given.get_raw(id) {
                Some(raw) => {
                    let texts: Vec<&str> = raw.filter_map(|raw| raw.to_str()).collect();
                    Some(texts.join(",").into())
                }
                None => None,
            },
        };
        if let Some(value) = value {
            table.insert(key.into(), value);
        }
    }
    Ok(write_bytes(file, table.to_string().as_bytes())?)
}

fn path(path: &Path) -> Result<Value, Failure> {
    match path.to_str() {
        Some(text) => Ok(text.into()),
        None => Err(format!("{}: is no UTF-8, as {OPTIONS} must be", path.display()).into()),
    }
}

fn optional(command: Command) -> Command {
    command.mut_args(|argument| argument.required(false))
}

fn long(argument: &Arg) -> Option<&str> {
    argument.get_long()
}

/// A value as it is typed.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(text).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

fn of_file(file: &Path, told: impl std::fmt::Display) -> Failure {
    format!("{}: {told}", file.display()).into()
}

/// What is wrong, without the advice behind it.
fn first_words(error: &clap::Error) -> String {
    let text = error.to_string();
    let told = text.split("\n\n").next().unwrap_or_default();
    told.trim_start_matches("error: ").replace("\n", " ")
}
