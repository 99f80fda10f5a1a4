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
    /// What the network is told of the step that runs, and of all steps, one after the other: timesteps, or the vectors that
    /// it makes of them.
    pub(crate) told: Option<(Binding, Binding)>,
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
            told,
        } = *self;
        let always = [
            x, x_start, history, output, normals, not_finite, step, steps,
        ];
        let told = told.into_iter().flat_map(|(one, all)| [one, all]);
        always.into_iter().chain(told)
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
