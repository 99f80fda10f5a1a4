//! Work that is spread over threads, for as long as it lasts.

use std::iter;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, Builder};
use std::vec::Vec;

/// What `each` makes of the items, in their order: on the caller's thread and others, as many together as this process may
/// use; on the caller's alone where no others can be started.
///
/// No thread ends before all work is done: beside NVIDIA's OpenGL (580.159) one that ends while others are in Vulkan stops
/// the program for ever.
pub(super) fn spread<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let left = Mutex::new(items.iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let others = threads.min(items.len()).saturating_sub(1);
    let end = Mutex::new(());
    let (sender, made) = mpsc::channel();
    let work = |sender: mpsc::Sender<(usize, R)>| {
        for (at, item) in iter::from_fn(next) {
            // Received below, for as long as anybody sends.
            drop(sender.send((at, each(item))));
        }
    };
    let mut made: Vec<_> = thread::scope(|scope| {
        let held = end.lock();
        let started = (0..others).map_while(|_| {
            let sender = sender.clone();
            let until_all_is_done = || {
                work(sender);
                drop(end.lock());
            };
            Builder::new().spawn_scoped(scope, until_all_is_done).ok()
        });
        let started: Vec<_> = started.collect();
        work(sender);
        let made = made.into_iter().collect();
        drop(held);
        for thread in started {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
        made
    });
    made.sort_unstable_by_key(|&(at, _)| at);
    made.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use std::assert_eq;
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::thread;
    use std::vec::Vec;

    use super::spread;

    #[test]
    fn results_are_in_the_order_of_their_items() {
        for len in [0, 1, 2, 1000] {
            let items: Vec<usize> = (0..len).collect();
            let doubled = spread(&items, |item| 2 * item);
            assert_eq!(
                doubled,
                items.iter().map(|item| 2 * item).collect::<Vec<_>>()
            );
        }
    }

    /// Each waits for the others: on fewer threads it would not end.
    #[test]
    fn it_is_done_on_all_threads() {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let all = Barrier::new(threads);
        let ids = spread(&std::vec![(); threads], |()| {
            all.wait();
            thread::current().id()
        });
        assert_eq!(HashSet::<_>::from_iter(ids).len(), threads);
    }
}
