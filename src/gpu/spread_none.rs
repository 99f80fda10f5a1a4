//! Work that would be spread over threads, where there are none.

use std::vec::Vec;

/// What `each` makes of the items, in their order.
pub(super) fn spread<T, R>(items: &[T], each: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(each).collect()
}
