//! Failures on purpose, so that tests see what each operation on a file leaves behind when it fails.
//!
//! Every creation, write, sync, rename and removal of this module passes `point`. A test counts them, and
//! then lets each fail in turn. It is of the calling thread alone, and does nothing where nothing was asked for.

use core::cell::Cell;
use std::io;

/// What happens at the operations to come.
#[derive(Clone, Copy)]
struct Plan {
    /// Operations so far.
    passed: u64,
    /// The first that fails, how, and whether all behind it do.
    fails: Option<(u64, io::ErrorKind, bool)>,
}

std::thread_local! {
    static PLAN: Cell<Plan> = const { Cell::new(Plan { passed: 0, fails: None }) };
}

/// Makes one operation of this thread fail, counted from 0 from now on; as a disk does that had an error.
#[doc(hidden)]
pub fn fail_at(operation: u64, kind: io::ErrorKind) {
    plan(Some((operation, kind, false)));
}

/// Makes all operations of this thread fail from one on; as a disk does that is full.
#[doc(hidden)]
pub fn fail_from(operation: u64, kind: io::ErrorKind) {
    plan(Some((operation, kind, true)));
}

/// Ends the failures, and tells how many operations there were since they began.
#[doc(hidden)]
pub fn end() -> u64 {
    let passed = PLAN.get().passed;
    plan(None);
    passed
}

fn plan(fails: Option<(u64, io::ErrorKind, bool)>) {
    PLAN.set(Plan { passed: 0, fails });
}

/// An operation is about to be done.
pub(crate) fn point() -> io::Result<()> {
    let Plan { passed, fails } = PLAN.get();
    PLAN.set(Plan {
        passed: passed.wrapping_add(1),
        fails,
    });
    match fails {
        Some((at, kind, false)) if passed == at => Err(kind.into()),
        Some((at, kind, true)) if passed >= at => Err(kind.into()),
        _ => Ok(()),
    }
}
