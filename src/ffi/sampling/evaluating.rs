//! A network in flash, evaluated in pieces.

use core::fmt;
use core::ops::Range;

use crate::cpu::{Bare, Cursor, NetworkError, Program};
use crate::diffusion::Query;
use crate::ffi::result::{iddpm_result, of_network};
use crate::unet::Weights;

/// What is wrong with a network, or with an evaluation of it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ffi) enum Fault {
    Network(NetworkError),
    /// Weights of another network, or cut off.
    Weights {
        bytes: usize,
        expected: usize,
    },
    /// No evaluation is under way.
    NotBegun,
}

impl Fault {
    pub(super) fn result(&self) -> iddpm_result {
        match self {
            Self::Network(error) => of_network(error),
            Self::Weights { .. } => iddpm_result::IDDPM_ARGUMENT,
            Self::NotBegun => iddpm_result::IDDPM_ENDED,
        }
    }
}

impl From<NetworkError> for Fault {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(error) => error.fmt(f),
            Self::Weights { bytes, expected } => {
                write!(
                    f,
                    "weights {bytes} bytes: this network has {expected}, two for each number"
                )
            }
            Self::NotBegun => {
                f.write_str("network: no evaluation is under way: iddpm_network_begin begins one")
            }
        }
    }
}

/// Where a slice of the caller's lies, and what it is called.
type Place = (&'static str, Range<usize>);

/// A network, and the evaluation that is under way.
#[derive(Debug)]
pub(in crate::ffi) struct Evaluating {
    network: Bare<'static>,
    /// Of the program, the weights, the image that is enlarged, and the workspace.
    places: [Place; 4],
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    cursor: Cursor,
    x: &'static [f32],
    output: &'static mut [f32],
}

impl Evaluating {
    /// Takes a network as `flash_network` writes it; without an image that it enlarges, that has no numbers.
    pub(in crate::ffi) fn new(
        program: &'static [u8],
        weights: &'static [u8],
        workspace: &'static mut [f32],
        low_res: &'static [f32],
    ) -> Result<Self, Fault> {
        let places = [
            place("program", program),
            place("weights", weights),
            place("low_res", low_res),
            place("workspace", workspace),
        ];
        let program = Program::from_bytes(program).map_err(NetworkError::from)?;
        let (bytes, expected) = (weights.len(), 2 * program.weights_len());
        if bytes != expected {
            return Err(Fault::Weights { bytes, expected });
        }
        let (numbers, _) = weights.as_chunks();
        let mut network = Bare::new(program, Weights::F16Bytes(numbers), workspace)?;
        if !low_res.is_empty() {
            network = network.with_low_res(low_res)?;
        }
        Ok(Self {
            network,
            places,
            under_way: None,
        })
    }

    /// Leaves an evaluation that is under way, and what it borrowed.
    pub(in crate::ffi) fn leave(&mut self) {
        self.under_way = None;
    }

    /// Where the program, the weights, the image that is enlarged, and the workspace lie.
    pub(in crate::ffi) fn places(&self) -> [Place; 4] {
        self.places.clone()
    }

    /// Checks how many numbers there are of an image and of its output.
    pub(in crate::ffi) fn check_lengths(&self, x: usize, output: usize) -> Result<(), Fault> {
        Ok(Cursor::check_lengths(&self.network, x, output)?)
    }

    /// Begins an evaluation; one that was under way is left.
    pub(in crate::ffi) fn begin(
        &mut self,
        query: Query,
        x: &'static [f32],
        output: &'static mut [f32],
    ) -> Result<(), Fault> {
        self.leave();
        let cursor = Cursor::begin(&self.network, query, x, output)?;
        self.under_way = Some(UnderWay { cursor, x, output });
        Ok(())
    }

    /// Computes on, and says whether anything is left.
    pub(in crate::ffi) fn advance(&mut self, multiply_adds: u64) -> Result<bool, Fault> {
        let Self {
            network, under_way, ..
        } = self;
        let UnderWay { cursor, x, output } = under_way.as_mut().ok_or(Fault::NotBegun)?;
        let is_left = cursor.advance(network, x, output, multiply_adds);
        if !matches!(is_left, Ok(true)) {
            self.leave();
        }
        Ok(is_left?)
    }
}

fn place<T>(name: &'static str, slice: &[T]) -> Place {
    let Range { start, end } = slice.as_ptr_range();
    (name, start.addr()..end.addr())
}
