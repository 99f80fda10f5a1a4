//! One `defmt` line for each step a sampler yields.

use super::sampler::Step;

pub(crate) fn step(step: &Step) {
    defmt::debug!(
        "iddpm: evaluation {=u32}, step {=usize}, timestep {=f32}",
        step.position(),
        step.index(),
        step.timestep()
    );
}
