//! One evaluation of a network in pieces.

use super::bare::Bare;
use super::error::{NetworkError, NetworkSlice};
use super::given::{Given, Inputs, Results, check_inputs, length};
use super::interpreter::check_output;
use super::rows::Rows;
use crate::diffusion::{Denoiser, Query};

/// One evaluation of a network, a piece at a time, for a processor that has other work besides: a watchdog to feed, a radio
/// to hear.
///
/// [`Bare::begin`] begins it. In between, the workspace is the run's; x and the output are borrowed. Whatever the pieces, the
/// result has the bits of [`Denoiser::denoise`](crate::diffusion::Denoiser::denoise).
///
/// ```
/// use iddpm::cpu::{Bare, NetworkError};
/// use iddpm::diffusion::Query;
///
/// fn evaluate(network: &mut Bare<'_>, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), NetworkError> {
///     let mut run = network.begin(query, x, output)?;
///     while run.advance(2_000_000)? {
///         // Feed the watchdog: a piece of two million multiply-adds takes milliseconds.
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Run<'r, 'n> {
    network: &'r mut Bare<'n>,
    x: &'r [f32],
    output: &'r mut [f32],
    cursor: Cursor,
}

/// Where an evaluation stands, without what it borrows.
#[derive(Debug)]
pub(crate) struct Cursor {
    timesteps: [f32; 1],
    labels: Option<[u32; 1]>,
    /// The instruction that is due.
    instruction: usize,
    /// The first of its rows that is due.
    row: usize,
}

impl<'n> Bare<'n> {
    /// Begins an evaluation that is taken in pieces.
    ///
    /// # Errors
    /// A [`NetworkError`] that names the slice whose length is wrong, the class there is not, the input that is missing or not
    /// finite.
    pub fn begin<'r>(
        &'r mut self,
        query: Query,
        x: &'r [f32],
        output: &'r mut [f32],
    ) -> Result<Run<'r, 'n>, NetworkError> {
        let cursor = Cursor::begin(self, query, x, output)?;
        Ok(Run {
            network: self,
            x,
            output,
            cursor,
        })
    }
}

impl Denoiser for Bare<'_> {
    type Error = NetworkError;

    fn denoise(&mut self, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), NetworkError> {
        self.begin(query, x, output)?.advance(u64::MAX)?;
        Ok(())
    }
}

impl Run<'_, '_> {
    /// Computes on, for about so many multiply-adds, and says whether anything is left.
    ///
    /// It stops between two rows: what one output channel of a convolution or a linear layer, or one head of an attention,
    /// makes of the image; any other operation is taken whole, and each of its numbers counts as eight. The first row is taken
    /// whatever it is, so that 0 is a row at a time.
    ///
    /// # Errors
    /// [`NetworkError::NotFinite`] for a result that is not finite, at the end.
    pub fn advance(&mut self, multiply_adds: u64) -> Result<bool, NetworkError> {
        self.cursor
            .advance(self.network, self.x, self.output, multiply_adds)
    }

    /// How much is done, in instructions: 0 at first, 1 at the end.
    pub fn fraction(&self) -> f32 {
        let all = self.network.program().header().instructions;
        self.cursor.instruction as f32 / all as f32
    }
}

impl Cursor {
    /// Checks how many numbers an image and its output have.
    pub(crate) fn check_lengths(
        network: &Bare<'_>,
        x: usize,
        output: usize,
    ) -> Result<(), NetworkError> {
        let program = network.program();
        length(NetworkSlice::Output, output, program.output_len())?;
        length(NetworkSlice::X, x, program.x_len())
    }

    /// The beginning of an evaluation, whose inputs are sound.
    pub(crate) fn begin(
        network: &Bare<'_>,
        query: Query,
        x: &[f32],
        output: &[f32],
    ) -> Result<Self, NetworkError> {
        Self::check_lengths(network, x.len(), output.len())?;
        let inputs = Inputs {
            x,
            timesteps: &[query.timestep],
            labels: query.label.as_ref().map(core::slice::from_ref),
            low_res: network.low_res(),
        };
        check_inputs(network.program(), &inputs)?;
        Ok(Self {
            timesteps: [query.timestep],
            labels: query.label.map(|label| [label]),
            instruction: 0,
            row: 0,
        })
    }

    /// As [`Run::advance`], by what it began with.
    pub(crate) fn advance(
        &mut self,
        network: &mut Bare<'_>,
        x: &[f32],
        output: &mut [f32],
        multiply_adds: u64,
    ) -> Result<bool, NetworkError> {
        let (mut left, mut is_first) = (multiply_adds, true);
        while let Some(instruction) = network.program().nth(self.instruction) {
            let rows = Rows::of(&instruction);
            let due = rows.within(self.row, left);
            let (next, cost) = (due.end, rows.cost.saturating_mul(due.len() as u64));
            if cost > left && !is_first {
                return Ok(true);
            }
            is_first = false;
            let given = Given {
                x: Some(x),
                timesteps: Some(&self.timesteps),
                labels: self.labels.as_ref().map(<[u32; 1]>::as_slice),
                low_res: network.low_res(),
                ..Given::default()
            };
            let mut results = Results {
                output: &mut *output,
                gradients: &mut [],
            };
            network.execute(&instruction, due, &given, &mut results);
            left = left.saturating_sub(cost);
            self.row = next;
            if next >= rows.count {
                (self.instruction, self.row) = (self.instruction + 1, 0);
            }
        }
        check_output(output)?;
        Ok(false)
    }
}
