//! The edge of the library: errors become results and a sentence that is kept, and panics errors.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;

use super::error::Failure;
use crate::ffi::result::iddpm_result;

std::thread_local! {
    static LAST: RefCell<Failure> = const { RefCell::new(NONE) };
}

/// Before any call failed.
const NONE: Failure = Failure {
    result: iddpm_result::IDDPM_OK,
    text: String::new(),
};

/// Why the last call of this thread that failed did; no result below 0 and no sentence where none did.
pub(in crate::ffi) fn last() -> Failure {
    // A thread that is ending has none any more.
    LAST.try_with(|last| last.borrow().clone()).unwrap_or(NONE)
}

/// Makes a call, whose answer is this where it fails.
pub(in crate::ffi) fn answer<T>(
    failed: impl FnOnce(iddpm_result) -> T,
    call: impl FnOnce() -> Result<T, Failure>,
) -> T {
    // What a panic may leave half done lies behind locks, which are then poisoned.
    let done = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(panicked(&*panic)));
    done.unwrap_or_else(|failure| {
        let result = failure.result;
        // As above: without a place for the sentence there is the result still.
        let _ = LAST.try_with(|last| last.replace(failure));
        failed(result)
    })
}

/// Makes a call that comes to a result.
pub(in crate::ffi) fn result(call: impl FnOnce() -> Result<iddpm_result, Failure>) -> iddpm_result {
    answer(|result| result, call)
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let literal = panic.downcast_ref::<&str>().copied();
    let text = literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("it panicked without a word");
    Failure::new(
        iddpm_result::IDDPM_PANIC,
        std::format!("a mistake in iddpm, which its makers want to hear of: {text}"),
    )
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use std::sync::Mutex;

    use super::super::handles::lock;
    use super::*;

    #[test]
    fn a_panic_becomes_a_result_and_its_handle_is_lost() {
        let value = Mutex::new(0);
        let call = || -> Result<iddpm_result, Failure> {
            let _held = lock("run", &value)?;
            panic!("on purpose");
        };
        assert_eq!(result(call), iddpm_result::IDDPM_PANIC);
        assert!(
            last().text.ends_with("hear of: on purpose"),
            "{last:?}",
            last = last()
        );
        let after = result(|| lock("run", &value).map(|_| iddpm_result::IDDPM_OK));
        assert_eq!(after, iddpm_result::IDDPM_PANIC);
        assert!(
            last().text.starts_with("run: an earlier call"),
            "{last:?}",
            last = last()
        );
    }
}
