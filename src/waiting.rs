//! Waiting for what has a twin that does not wait: a program stops until it is there, which a page cannot.

#[cfg(not(feature = "gpu"))]
use core::pin::pin;
#[cfg(not(feature = "gpu"))]
use core::task::{Context, Poll, Waker};

#[cfg(feature = "gpu")]
pub(crate) use pollster::block_on;

/// Without a GPU nothing is waited for: all that is asked is there at the first look.
#[cfg(not(feature = "gpu"))]
pub(crate) fn block_on<T>(asked: impl Future<Output = T>) -> T {
    let mut asked = pin!(asked);
    loop {
        if let Poll::Ready(there) = asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return there;
        }
    }
}
