//! One `defmt` line for each step a sampler yields.

pub(crate) fn step(position: u32, index: usize, timestep: f32) {
    defmt::debug!(
        "iddpm: evaluation {=u32}, step {=usize}, timestep {=f32}",
        position,
        index,
        timestep
    );
}
