//! Without the `defmt` feature, steps are not logged.

pub(crate) const fn step(_: u32, _: usize, _: f32) {}
