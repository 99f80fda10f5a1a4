//! A wish to stop, by Ctrl-C or by whoever manages the process.

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What is listened to: Ctrl-C, the end that service managers ask for, and a terminal that is closed.
#[cfg(unix)]
const SIGNALS: [(i32, &str); 3] = [(SIGINT, "Ctrl-C"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")];
#[cfg(not(unix))]
const SIGNALS: [(i32, &str); 2] = [(SIGINT, "Ctrl-C"), (SIGTERM, "SIGTERM")];

/// The number of SIGHUP, wherever there is one.
const SIGHUP: i32 = 1;

/// Hears signals from its making on.
pub(crate) struct Stop(Arc<AtomicUsize>);

/// What was heard. As an error it says so, where work ends by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopped {
    signal: i32,
    name: &'static str,
}

impl Stop {
    /// Listens: the first signal is a wish, which is to be asked for; the second ends the process at once.
    pub(crate) fn listen() -> io::Result<Self> {
        let heard = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for (signal, _) in SIGNALS.into_iter().filter(|(signal, _)| !is_nohup(*signal)) {
            // In this order: what the first sets, the second finds.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&heard), signal as usize)?;
        }
        Ok(Self(heard))
    }

    /// The signal that was heard, if any was.
    pub(crate) fn heard(&self) -> Option<Stopped> {
        let heard = self.0.load(Ordering::Relaxed);
        let mut signals = SIGNALS.into_iter();
        let (signal, name) = signals.find(|(signal, _)| *signal as usize == heard)?;
        Some(Stopped { signal, name })
    }
}

impl Stopped {
    /// That of a process which the signal has ended.
    pub(crate) fn status(self) -> ExitCode {
        ExitCode::from(128 + self.signal as u8)
    }
}

impl std::error::Error for Stopped {}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped by {}", self.name)
    }
}

/// Whether this is SIGHUP and `nohup` began the process, which is to outlive its terminal: that signal is then
/// ignored. Linux tells; elsewhere it is listened to.
fn is_nohup(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    signal == SIGHUP && ignored.is_some_and(|mask| mask & 1 == 1)
}
