//! A network that owns all it needs.

use super::compile::ProgramBuf;
use super::error::{NetworkError, NetworkSlice};
use super::executor::Executor;
#[cfg(feature = "run")]
use super::fast::Ready;
use super::given::{Inputs, length};
use super::interpreter::check_output;
use super::program::Program;
use crate::unet::{Graph, Plan, Weights};

/// A network for images of one size: program, weights, workspace and, with `std`, threads.
///
/// ```
/// use iddpm::cpu::{Inputs, Network};
/// use iddpm::unet::{ImageSize, UnetConfig, Weights};
/// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
/// let weights = vec![0.01; graph.weights_len()];
/// let mut network = Network::new(&graph, Weights::F32(&weights))?;
/// let inputs = Inputs { x: &[0.5; 64], timesteps: &[10.0], labels: None, low_res: None };
/// let mut output = [0.0; 64];
/// network.forward(&inputs, &mut output)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Network {
    program: ProgramBuf,
    executor: Executor,
}

impl core::fmt::Debug for Network {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let header = self.program.view().map(|program| *program.header());
        f.debug_struct("Network").field("program", &header).finish()
    }
}

impl Network {
    /// Builds a network with its weights, which are copied; with `std` it uses all cores.
    ///
    /// # Errors
    /// [`NetworkError::Length`] or [`NetworkError::NotFinite`] for the weights; [`NetworkError::Memory`]
    /// where it [needs](Self::needs) more than there is; those of [`ProgramBuf::new`].
    pub fn new(graph: &Graph, weights: Weights<'_>) -> Result<Self, NetworkError> {
        Self::from_program(ProgramBuf::new(graph, &Plan::single(graph))?, weights)
    }

    /// Builds a network of a program that is already at hand.
    ///
    /// ```
    /// use iddpm::cpu::{Network, ProgramBuf};
    /// use iddpm::unet::{ImageSize, Plan, UnetConfig, Weights};
    /// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
    /// let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
    /// let weights = vec![0.01; graph.weights_len()];
    /// let network = Network::from_program(program, Weights::F32(&weights))?;
    /// assert_eq!(network.program()?.output_len(), 8 * 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NetworkError::Length`] or [`NetworkError::NotFinite`] for the weights; [`NetworkError::Memory`].
    pub fn from_program(program: ProgramBuf, weights: Weights<'_>) -> Result<Self, NetworkError> {
        let view = program.view()?;
        check_weights(&view, weights)?;
        let executor = Executor::new(&view, weights)?;
        Ok(Self { program, executor })
    }

    /// Builds a network that uses so many threads, the caller's own where that is 1; 0 stands for as many
    /// as the machine has.
    ///
    /// ```
    /// use iddpm::cpu::{Network, ProgramBuf};
    /// use iddpm::unet::{ImageSize, Plan, UnetConfig, Weights};
    /// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
    /// let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
    /// let weights = vec![0.01; graph.weights_len()];
    /// // On the caller's thread alone.
    /// let network = Network::with_threads(program, Weights::F32(&weights), 1)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_program`](Self::from_program), and [`NetworkError::Threads`].
    #[cfg(feature = "std")]
    pub fn with_threads(
        program: ProgramBuf,
        weights: Weights<'_>,
        threads: usize,
    ) -> Result<Self, NetworkError> {
        let view = program.view()?;
        check_weights(&view, weights)?;
        let executor = Executor::with_threads(&view, weights, threads)?;
        Ok(Self { program, executor })
    }

    /// The number of bytes that a network of this program takes beside the program: weights as they are
    /// run, workspace, room for what operations hand on. A [`Generation`](super::Generation) has its images
    /// besides.
    ///
    /// ```
    /// use iddpm::cpu::{Network, ProgramBuf};
    /// use iddpm::memory::Bytes;
    /// use iddpm::unet::{ImageSize, Plan, UnetConfig};
    /// let graph = UnetConfig::new(3, 128).graph(8, ImageSize::square(64))?;
    /// let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
    /// println!("{} are needed", Bytes(Network::needs(&program.view()?)?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NetworkError::Memory`] where there is not even room to tell.
    pub fn needs(program: &Program<'_>) -> Result<u64, NetworkError> {
        Executor::needs(program)
    }

    /// Borrows the program of the network.
    ///
    /// # Errors
    /// As [`ProgramBuf::view`]: none.
    pub fn program(&self) -> Result<Program<'_>, NetworkError> {
        Ok(self.program.view()?)
    }

    /// Replaces the weights by others of the same network, as training changes them.
    ///
    /// # Errors
    /// [`NetworkError::Length`] or [`NetworkError::NotFinite`]; the weights are then as before.
    #[cfg(feature = "std")]
    pub fn set_weights(&mut self, weights: Weights<'_>) -> Result<(), NetworkError> {
        check_weights(&self.program.view()?, weights)?;
        self.executor.set_weights(weights)
    }

    /// The network without the room that an evaluation needs.
    #[cfg(feature = "run")]
    pub(crate) fn prepared(&self) -> Prepared {
        Prepared {
            program: self.program.clone(),
            ready: self.executor.ready(),
        }
    }

    /// Evaluates the network for a batch of images, without allocating.
    ///
    /// # Errors
    /// Those of [`run`](super::run).
    pub fn forward(&mut self, inputs: &Inputs<'_>, output: &mut [f32]) -> Result<(), NetworkError> {
        let program = self.program.view()?;
        length(NetworkSlice::Output, output.len(), program.output_len())?;
        self.executor.forward(&program, inputs, output)?;
        check_output(output)
    }

    /// Evaluates the network by operations, one at least, and asks after each whether to do another; `false` where some
    /// are left, which the next call, of the same inputs, goes on with.
    #[cfg(feature = "run")]
    pub(crate) fn forward_while(
        &mut self,
        inputs: &Inputs<'_>,
        output: &mut [f32],
        again: impl FnMut() -> bool + Send,
    ) -> Result<bool, NetworkError> {
        let program = self.program.view()?;
        length(NetworkSlice::Output, output.len(), program.output_len())?;
        let executor = &mut self.executor;
        let is_over = executor.forward_while(&program, inputs, output, again)?;
        if is_over {
            check_output(output)?;
        }
        Ok(is_over)
    }

    /// The share that is done of an evaluation that was begun; 0 where none was.
    #[cfg(feature = "run")]
    pub(crate) fn fraction(&self) -> f32 {
        self.executor.fraction().unwrap_or_default()
    }
}

/// A network whose weights and threads several runs share: each has room of its own, and is in the middle of an
/// evaluation of its own.
#[cfg(feature = "run")]
pub(crate) struct Prepared {
    program: ProgramBuf,
    ready: Ready,
}

#[cfg(feature = "run")]
impl Prepared {
    pub(crate) fn network(&self) -> Result<Network, NetworkError> {
        Ok(Network {
            program: self.program.clone(),
            executor: Executor::beside(&self.ready)?,
        })
    }
}

fn check_weights(program: &Program<'_>, weights: Weights<'_>) -> Result<(), NetworkError> {
    length(NetworkSlice::Weights, weights.len(), program.weights_len())?;
    let is_half_bad = |bits: u16| bits & 0x7c00 == 0x7c00;
    let bad = match weights {
        Weights::F32(numbers) => numbers.iter().position(|number| !number.is_finite()),
        Weights::F16(bits) => bits.iter().position(|&bits| is_half_bad(bits)),
        Weights::F16Bytes(bytes) => {
            let mut bits = bytes.iter().map(|&bytes| u16::from_le_bytes(bytes));
            bits.position(is_half_bad)
        }
    };
    match bad {
        Some(index) => Err(NetworkError::NotFinite {
            slice: NetworkSlice::Weights,
            index,
        }),
        None => Ok(()),
    }
}
