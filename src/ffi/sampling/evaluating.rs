//! A network in flash, evaluated in pieces.

use super::failure::Why;
use crate::cpu::{Bare, Cursor, NetworkError, Program};
use crate::diffusion::Query;
use crate::unet::Weights;

/// A network, and the evaluation that is under way.
#[derive(Debug)]
pub(in crate::ffi) struct Evaluating {
    network: Bare<'static>,
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
    ) -> Result<Self, Why> {
        let program = Program::from_bytes(program).map_err(NetworkError::from)?;
        let (numbers, []) = weights.as_chunks() else {
            let bytes = weights.len();
            return Err(Why::HalfWeight { bytes });
        };
        let mut network = Bare::new(program, Weights::F16Bytes(numbers), workspace)?;
        if !low_res.is_empty() {
            network = network.with_low_res(low_res)?;
        }
        Ok(Self {
            network,
            under_way: None,
        })
    }

    /// Begins an evaluation; one that was under way is left.
    pub(in crate::ffi) fn begin(
        &mut self,
        query: Query,
        x: &'static [f32],
        output: &'static mut [f32],
    ) -> Result<(), Why> {
        self.under_way = None;
        let cursor = Cursor::begin(&self.network, query, x, output)?;
        self.under_way = Some(UnderWay { cursor, x, output });
        Ok(())
    }

    /// Computes on, and says whether anything is left.
    pub(in crate::ffi) fn advance(&mut self, multiply_adds: u64) -> Result<bool, Why> {
        let Self { network, under_way } = self;
        let UnderWay { cursor, x, output } = under_way.as_mut().ok_or(Why::NotBegun)?;
        let is_left = cursor.advance(network, x, output, multiply_adds);
        if !matches!(is_left, Ok(true)) {
            // What it borrowed is the caller's again.
            *under_way = None;
        }
        Ok(is_left?)
    }
}
