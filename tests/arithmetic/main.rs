//! Sizes that are too large: no arithmetic on them panics, and none wraps. With the overflow checks of the
//! compiler the one is seen, without them the other: `ci.sh` runs these both ways.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod built_by_hand;
mod plans;
mod products;
mod programs;

/// Sizes at which products pass one range or another.
pub(crate) const HOSTILE: [usize; 16] = [
    0,
    1,
    2,
    3,
    32,
    96,
    1 << 13,
    1 << 16,
    (1 << 31) - 1,
    1 << 31,
    1 << 32,
    (1 << 32) + 1,
    usize::MAX / 4 + 1,
    usize::MAX / 2 + 1,
    usize::MAX - 1,
    usize::MAX,
];
