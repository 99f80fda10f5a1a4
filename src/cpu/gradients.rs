//! Runs of a training graph on the processor: losses and gradients.

use super::compile::ProgramBuf;
use super::error::{NetworkError, NetworkSlice};
use super::fast::{Fast, Layout, Threads};
use super::given::{Given, Results, TrainingInputs, length};
use crate::memory;
use crate::unet::{Graph, Plan, Weights};

/// A training graph made ready to run: plan, workspace, packed weights, threads.
///
#[cfg_attr(feature = "train_cpu", doc = "```")]
#[cfg_attr(not(feature = "train_cpu"), doc = "```ignore")]
/// use iddpm::cpu::{Gradients, TrainingInputs};
/// use iddpm::diffusion::{Diffusion, InlineProcess, LossRow, Objective, Schedule, Timesteps};
/// use iddpm::train::{Recompute, training_graph};
/// use iddpm::unet::{ImageSize, UnetConfig};
///
/// let model = Diffusion::new(Schedule::Cosine, 100);
/// let process = InlineProcess::<100>::new(&model, Timesteps::ALL)?;
/// let network = UnetConfig::new(1, 32).with_learned_variance().graph(1, ImageSize::square(8))?;
/// let mut gradients = Gradients::new(&training_graph(&network, Recompute::Nothing)?)?;
///
/// let weights = vec![0.01; network.weights_len()];
/// let mut gradient = vec![0.0; weights.len()];
/// let (index, mut loss) = (40, [0.0; 3]);
/// let inputs = TrainingInputs {
///     x_start: &[0.5; 64],
///     noise: &[1.0; 64],
///     rows: &LossRow::of(&process, Objective::RescaledMse, index)?.words(),
///     timesteps: &[process.model_timestep(index)?],
///     labels: None,
///     low_res: None,
///     keys: None,
/// };
/// gradients.run(&weights, &inputs, &mut gradient, &mut loss)?;
/// assert!(loss[0] > 0.0 && gradient.iter().any(|&g| g != 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Gradients {
    program: ProgramBuf,
    fast: Fast,
}

impl core::fmt::Debug for Gradients {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (workspace, beside) = self.fast.elements();
        f.debug_struct("Gradients")
            .field("workspace", &workspace)
            .field("beside", &beside)
            .finish_non_exhaustive()
    }
}

impl Gradients {
    /// Makes a graph of [`training_graph`](crate::train::training_graph) ready to run, on all cores.
    ///
    /// # Errors
    /// [`NetworkError::Program`] for other graphs, or ones over 2^31 elements; [`NetworkError::Memory`]
    /// where it [needs](Self::needs) more than there is.
    pub fn new(graph: &Graph) -> Result<Self, NetworkError> {
        Self::on(graph, || Ok(Threads::all()))
    }

    /// The number of bytes that a training graph takes: workspace, packed weights, room. The weights
    /// themselves and their gradients are the caller's.
    ///
    /// # Errors
    /// [`NetworkError::Program`]; [`NetworkError::Memory`] where there is not even room to tell.
    pub fn needs(graph: &Graph) -> Result<u64, NetworkError> {
        let program = ProgramBuf::new(graph, &Plan::single(graph))?;
        Ok(Layout::of(&program.view()?)?.bytes())
    }

    /// Makes a training graph ready to run as [`new`](Self::new), on so many threads, the caller's own
    /// where that is 1.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`NetworkError::Threads`].
    pub fn with_threads(graph: &Graph, threads: usize) -> Result<Self, NetworkError> {
        Self::on(graph, || Threads::new(threads))
    }

    fn on(
        graph: &Graph,
        threads: impl FnOnce() -> Result<Threads, NetworkError>,
    ) -> Result<Self, NetworkError> {
        let program = ProgramBuf::new(graph, &Plan::single(graph))?;
        let layout = Layout::of(&program.view()?)?;
        memory::check(layout.bytes())?;
        Ok(Self {
            fast: Fast::new(layout, threads()?)?,
            program,
        })
    }

    /// The number of elements of the workspace: the plan's peak and the inputs.
    pub fn workspace_len(&self) -> usize {
        self.fast.elements().0
    }

    /// The number of elements of packed weights and intermediate results beside the workspace.
    pub fn room_len(&self) -> usize {
        self.fast.elements().1
    }

    /// Runs forward and backward. `weights` and `gradients` are laid out as the graph's parameters;
    /// gradients are overwritten, and are those of Σ_n weight_n·total_n, the weights being the rows'.
    /// `loss` is [N, 3]: total, mean squared error and the bound's term of each image, not weighted.
    ///
    /// # Errors
    /// A [`NetworkError`] that names the slice whose length is wrong, the class there is not, the input
    /// that is missing or superfluous. Numbers that are not finite are not looked for: the loss and the
    /// gradients' norm tell.
    pub fn run(
        &mut self,
        weights: &[f32],
        inputs: &TrainingInputs<'_>,
        gradients: &mut [f32],
        loss: &mut [f32],
    ) -> Result<(), NetworkError> {
        let due = self.program.view()?.output_len();
        length(NetworkSlice::Loss, loss.len(), due)?;
        let results = Results {
            output: loss,
            gradients,
        };
        self.run_given(weights, &Given::from(inputs), results)
    }

    /// Runs forward and backward as [`run`](Self::run), for a graph of any inputs and result: that of
    /// [`gradient_graph`](crate::train::gradient_graph) is the network's own, whose gradient is given.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_given(
        &mut self,
        weights: &[f32],
        given: &Given<'_>,
        results: Results<'_>,
    ) -> Result<(), NetworkError> {
        let program = self.program.view()?;
        let Results { output, gradients } = &results;
        length(NetworkSlice::Weights, weights.len(), program.weights_len())?;
        length(
            NetworkSlice::Gradients,
            gradients.len(),
            program.weights_len(),
        )?;
        length(NetworkSlice::Output, output.len(), program.output_len())?;
        given.check(&program)?;
        self.fast.pack(Weights::F32(weights))?;
        self.fast.run(given, results);
        Ok(())
    }
}
