//! Where everything of a sampling loop is, and how large.

use super::recording::Binding;

/// Where everything of a run is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) x: Binding,
    pub(crate) x_start: Binding,
    pub(crate) history: Binding,
    pub(crate) output: Binding,
    pub(crate) normals: Binding,
    pub(crate) not_finite: Binding,
    /// The numbers of the step that runs, and of all steps, x_T's noise behind them.
    pub(crate) step: Binding,
    pub(crate) steps: Binding,
    /// The timesteps that the network sees, and those of all steps.
    pub(crate) timesteps: Option<Binding>,
    pub(crate) all_timesteps: Binding,
}

impl Places {
    /// All of them.
    pub(crate) fn each(&self) -> impl Iterator<Item = Binding> {
        let Self {
            x,
            x_start,
            history,
            output,
            normals,
            not_finite,
            step,
            steps,
            timesteps,
            all_timesteps,
        } = *self;
        let always = [
            x,
            x_start,
            history,
            output,
            normals,
            not_finite,
            step,
            steps,
            all_timesteps,
        ];
        always.into_iter().chain(timesteps)
    }
}

/// How large a run is.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    /// D.
    pub(super) elements: usize,
    /// Those that the network makes of an image.
    pub(super) output_elements: usize,
    /// How often the network sees each image.
    pub(super) looks: usize,
}

/// What the network's runs read and make.
pub(super) struct Ends {
    pub(super) x: Binding,
    pub(super) timesteps: Option<Binding>,
    pub(super) output: Binding,
}
