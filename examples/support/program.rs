//! What every program does alike: it reads its options, says its lines, and ends with a status.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::{ExitCode, Termination};

use clap::{ArgMatches, Command, Parser};

/// Whatever a program ends with where it does not end well.
pub(crate) type Failure = Box<dyn Error>;

/// Runs a program. An error goes to the standard error, behind the program's name, and ends it with status 1;
/// options that are none with 2, as `clap` does it.
pub(crate) fn run<O: Parser, T: Termination>(
    program: impl FnOnce(&O) -> Result<T, Failure>,
) -> ExitCode {
    run_with(std::env::args_os().collect(), |options, _| program(options))
}

/// Runs a program by these words, the first of which is its name, as [`run`]; the program is told them as they were
/// read besides.
pub(crate) fn run_with<O: Parser, T: Termination>(
    words: Vec<OsString>,
    program: impl FnOnce(&O, &ArgMatches) -> Result<T, Failure>,
) -> ExitCode {
    let read = command::<O>().try_get_matches_from(words);
    let read = read.and_then(|given| Ok((O::from_arg_matches(&given)?, given)));
    let (options, given) = match read {
        Ok(read) => read,
        Err(told) => return tell(&told),
    };
    match program(&options, &given) {
        Ok(done) => done.report(),
        Err(error) => fail(&*error),
    }
}

/// Prints a line. A reader that is gone, as `head` is after its lines, is no error: the work goes on for the
/// files that come of it.
///
/// # Errors
/// Where the standard output takes no more, as on a full disk.
pub(crate) fn say(line: impl Display) -> Result<(), Failure> {
    // At once: a line is there whole.
    let line = format!("{line}\n");
    let mut out = io::stdout().lock();
    printed(out.write_all(line.as_bytes()).and_then(|()| out.flush()))
}

/// Says something beside what is printed. There is nobody to tell where it cannot be said.
pub(crate) fn warn(line: impl Display) {
    let line = format!("{line}\n");
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// The command line. A number that begins with a minus is an option's value, so that it is refused by name.
pub(crate) fn command<O: Parser>() -> Command {
    O::command().mut_args(|argument| {
        let takes = argument.get_action().takes_values();
        argument.allow_negative_numbers(takes)
    })
}

/// Help, or what is wrong with the options.
fn tell(told: &clap::Error) -> ExitCode {
    match printed(told.print()) {
        Err(error) if !told.use_stderr() => fail(&*error),
        _ => ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(1)),
    }
}

/// Ends a program that did not end well.
pub(crate) fn fail(error: &dyn Error) -> ExitCode {
    warn(format_args!("{}: {error}", env!("CARGO_CRATE_NAME")));
    ExitCode::FAILURE
}

fn printed(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the standard output: {error}").into())
        }
        _ => Ok(()),
    }
}
