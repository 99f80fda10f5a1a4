//! What a device calls back with: looked for as it comes, or awaited. A page cannot stop and wait as a program can; its
//! browser calls back once the page has returned.

use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What stays where a callback was dropped before it was called: its encoder was, or the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped;

/// A value on its way.
#[derive(Debug)]
pub(crate) struct Arrival<T>(Arc<Mutex<Slot<T>>>);

/// What a callback holds: called with the value, or dropped with it.
pub(crate) struct Caller<T>(Arc<Mutex<Slot<T>>>);

#[derive(Debug)]
struct Slot<T> {
    value: Option<T>,
    is_over: bool,
    waker: Option<Waker>,
}

/// A callback's end, and where its value is waited for.
pub(crate) fn arrival<T>() -> (Caller<T>, Arrival<T>) {
    let slot = Arc::new(Mutex::new(Slot {
        value: None,
        is_over: false,
        waker: None,
    }));
    (Caller(Arc::clone(&slot)), Arrival(slot))
}

impl<T> Caller<T> {
    /// Hands the value over.
    pub(crate) fn call(self, value: T) {
        lock(&self.0).value = Some(value);
    }
}

impl<T> Drop for Caller<T> {
    fn drop(&mut self) {
        let mut slot = lock(&self.0);
        slot.is_over = true;
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Arrival<T> {
    /// Takes the value once it is there; `None` while it is on its way.
    pub(crate) fn take(&self) -> Option<Result<T, Dropped>> {
        let mut slot = lock(&self.0);
        let value = slot.value.take();
        match (value, slot.is_over) {
            (Some(value), _) => Some(Ok(value)),
            (None, true) => Some(Err(Dropped)),
            (None, false) => None,
        }
    }

    /// Comes back once there is something to [`take`](Self::take), and leaves it there.
    pub(crate) const fn come(&self) -> Come<'_, T> {
        Come(self)
    }
}

/// See [`Arrival::come`].
pub(crate) struct Come<'a, T>(&'a Arrival<T>);

impl<T> Future for Come<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut slot = lock(&self.0.0);
        if slot.is_over {
            return Poll::Ready(());
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// What is there at the first look, or nothing.
pub(crate) fn at_once<T>(asked: impl Future<Output = T>) -> Option<T> {
    match pin!(asked).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(there) => Some(there),
        Poll::Pending => None,
    }
}

fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{assert_eq, thread};

    use super::{Dropped, arrival};

    #[test]
    fn what_another_thread_calls_is_awaited() {
        let (caller, arrival) = arrival();
        assert_eq!(arrival.take(), None);
        let other = thread::spawn(move || caller.call(7));
        pollster::block_on(arrival.come());
        assert_eq!(arrival.take(), Some(Ok(7)));
        assert!(other.join().is_ok());
    }

    #[test]
    fn a_callback_that_is_dropped_ends_the_waiting() {
        let (caller, arrival) = arrival::<()>();
        drop(caller);
        pollster::block_on(arrival.come());
        assert_eq!(arrival.take(), Some(Err(Dropped)));
    }
}
