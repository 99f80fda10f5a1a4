//! Waiting for what has a twin that does not wait: a program stops until it is there, which a page cannot.

pub(crate) use pollster::block_on;
