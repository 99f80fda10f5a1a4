//! The kernel that runs a convolution, and into how many stretches its input channels are cut.

use super::kernels::conv::{self, Bindings, Params, Tile};
use super::kernels::conv_matrix::Laws;
use super::kernels::{Seen, conv_matrix, conv_sum, conv_tiled, matrices};
use super::recording::{Binding, Dispatch, Width};
use super::variants::{ConvVariant, MatrixSide, Variants};

/// Stretches are multiples of so many input channels: of what every kernel walks at a time.
const STEP: u32 = 32;
/// The fewest products that a stretch has for each number, so that writing and adding it stays cheap.
const PRODUCTS: u32 = 9 * STEP;
/// The same where no normalisation adds the stretches up, but a dispatch of their own.
const PRODUCTS_OF_OWN: u32 = 4 * PRODUCTS;

/// The most stretches: what is read again of each number are eight sums, however many channels there are.
const MOST: u64 = 8;
/// How many times fewer workgroups than keep the device busy are enough in matrices to join stretches where apart they would have no large
/// tiles: processors that idle for a while cost less than sums that are written and read for each stretch.
const SPARED: u64 = 4;

/// The fewest numbers of a channel that is normalised as it is read.
const LEAST: u64 = 16;

/// How one convolution runs; its parameters as they come in, of one stretch.
pub(crate) struct Convolution {
    variant: ConvVariant,
    params: Params,
    /// Whether one workgroup has all stretches of a tile.
    joined: bool,
    /// Workgroups that keep the device busy.
    enough: u64,
}

impl Convolution {
    /// How it runs, where the operation behind it adds its stretches up, should it be cut, or where it is to do so itself.
    pub(crate) fn new(
        variants: Variants,
        params: Params,
        bindings: &Bindings,
        is_added: bool,
    ) -> Self {
        let enough = variants.class.enough_workgroups();
        let variant = match variants.conv {
            ConvVariant::Plain => ConvVariant::Plain,
            ConvVariant::Tiled => ConvVariant::Tiled,
            ConvVariant::Matrix(side) if suits_matrices(&params, bindings, side) => {
                ConvVariant::Matrix(side)
            }
            ConvVariant::Matrix(_) => ConvVariant::Tiled,
        };
        let tile = match variant {
            ConvVariant::Plain => None,
            ConvVariant::Tiled => Some(conv_tiled::TILE),
            // The small tile, whichever runs: the sums must not depend on that.
            ConvVariant::Matrix(side) => {
                let seen = conv_matrix::seen(&params, side);
                Some(matrices::tile(side, seen, false, false))
            }
        };
        let stretch = |tile| stretch(&params, tile, enough, is_added);
        let split_inputs = tile.map_or(params.inputs, stretch);
        let splits = params.inputs.div_ceil(split_inputs.max(1));
        let share = params.skip_inputs.div_ceil(splits.max(1));
        let mut convolution = Self {
            variant,
            params: Params {
                splits,
                split_inputs,
                split_skip: share.next_multiple_of(STEP),
                ..params
            },
            joined: false,
            enough,
        };
        let wanted = match variant {
            ConvVariant::Matrix(side) if !convolution.suits_large(side) => enough / SPARED,
            ConvVariant::Plain | ConvVariant::Tiled | ConvVariant::Matrix(_) => enough,
        };
        convolution.joined = tile.is_none_or(|tile| conv::tiles(&params, tile) >= wanted);
        convolution
    }

    /// Whether workgroups have the large tiles of matrices.
    fn suits_large(&self, side: MatrixSide) -> bool {
        let joined = self.is_joined();
        let seen = conv_matrix::seen(&self.params, side);
        suits_large((side, seen), joined, self.enough, |tile| {
            let tiles = conv::tiles(&self.params, tile);
            [tiles, tiles * conv::cut(&self.params, joined)]
        })
    }

    /// Whether a workgroup joins stretches: one form the fewer where there is nothing to join.
    const fn is_joined(&self) -> bool {
        self.joined && self.params.splits > 1
    }

    /// Words of the sums of all stretches; 0 where none are written.
    pub(crate) fn partial_words(&self) -> u64 {
        match self.params.splits {
            0 | 1 => 0,
            _ if self.joined => 0,
            splits => u64::from(splits) * numbers(&self.params),
        }
    }

    /// The dispatch that multiplies, and where it does so in stretches what is left to do with their sums;
    /// `partial` is what [`partial_words`](Self::partial_words) asks for.
    pub(crate) fn dispatches(
        &self,
        name: &str,
        bindings: Bindings,
        laws: Laws,
        partial: Binding,
    ) -> (Dispatch, Option<Ended>) {
        if self.partial_words() == 0 {
            return (self.main(name, bindings, laws), None);
        }
        let part = Bindings {
            output: partial,
            ..bindings
        };
        let ended = Ended {
            params: self.params,
            bindings,
            sums: partial,
        };
        let stretches = std::format!("{name}.stretches");
        (self.main(&stretches, part, laws), Some(ended))
    }

    /// Channels of the residual that are seen through a kernel of one.
    pub(crate) const fn skip_inputs(&self) -> u32 {
        self.params.skip_inputs
    }

    /// Whether it may normalise what it reads: where a workgroup brings each number once, not once for each tap or for each
    /// position that it doubles, and channels are longer than their laws.
    pub(crate) fn suits_laws(&self) -> bool {
        let positions = u64::from(self.params.height) * u64::from(self.params.width);
        match self.variant {
            _ if positions < LEAST => false,
            ConvVariant::Plain | ConvVariant::Tiled => false,
            ConvVariant::Matrix(side) => match conv_matrix::seen(&self.params, side) {
                Seen::Each => false,
                Seen::Quads => self.params.side == 1,
                Seen::Halo => self.params.upsample == 0,
            },
        }
    }

    /// Whether what it sees through a kernel of one may be in two parts.
    pub(crate) fn suits_parts(&self) -> bool {
        match self.variant {
            ConvVariant::Plain | ConvVariant::Tiled => false,
            ConvVariant::Matrix(side) => {
                self.params.skip_inputs > 0 && conv_matrix::seen(&self.params, side) != Seen::Each
            }
        }
    }

    fn main(&self, name: &str, bindings: Bindings, laws: Laws) -> Dispatch {
        let joined = self.is_joined();
        match self.variant {
            ConvVariant::Plain => conv::dispatch(name, &self.params, bindings),
            ConvVariant::Tiled => conv_tiled::dispatch(name, &self.params, bindings, joined),
            ConvVariant::Matrix(side) => {
                let way = (side, self.suits_large(side));
                conv_matrix::dispatch(name, &self.params, bindings, joined, way, laws)
            }
        }
    }
}

/// A convolution whose stretches are summed, each for itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) params: Params,
    pub(crate) bindings: Bindings,
    pub(crate) sums: Binding,
}

impl Ended {
    /// What is bound where no residual is left to add: there was none, or it has been seen.
    pub(crate) fn with_residual_or(self, none: Binding) -> Self {
        let mut bindings = self.bindings;
        if self.params.has_residual == 0 {
            bindings.residual = none;
        }
        Self { bindings, ..self }
    }

    /// The dispatch that adds their sums.
    pub(crate) fn alone(&self, name: &str) -> Dispatch {
        let Self {
            params,
            bindings,
            sums,
        } = *self;
        conv_sum::dispatch(
            name,
            &conv_sum::Params {
                batch: params.batch,
                outputs: params.outputs,
                positions: params.out_height * params.out_width,
                splits: params.splits,
                has_shift: params.has_shift,
                has_residual: params.has_residual,
                skip_bias: params.skip_bias,
            },
            conv_sum::Bindings {
                sums,
                conv_bias: bindings.bias,
                shift: bindings.shift,
                residual: bindings.residual,
                output: bindings.output,
            },
        )
    }
}

/// Numbers of the output.
fn numbers(params: &Params) -> u64 {
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    u64::from(params.batch) * u64::from(params.outputs) * image
}

/// All factors are f16, and a matrix has no fewer rows of them than it has room for.
fn suits_matrices(params: &Params, bindings: &Bindings, side: MatrixSide) -> bool {
    let half = |binding: Binding| binding.width == Width::Half;
    let is_residual_factor = params.skip_inputs > 0;
    let has_factors = half(bindings.input) && half(bindings.weight);
    let suits = has_factors && (!is_residual_factor || half(bindings.residual));
    suits && params.inputs >= side.length()
}

/// Whether the large tiles of matrices are workgroups enough, and reach no further past the product's edges than the small
/// ones but for an eighth; of a tile is known how many there are, and how many workgroups have them.
pub(crate) fn suits_large(
    (side, seen): (MatrixSide, Seen),
    joined: bool,
    enough: u64,
    count: impl Fn(Tile) -> [u64; 2],
) -> bool {
    let [small, large] = [false, true].map(|large| {
        let tile = matrices::tile(side, seen, large, joined);
        let [tiles, workgroups] = count(tile);
        let numbers = u64::from(tile.rows) * u64::from(tile.columns);
        (workgroups, tiles * numbers)
    });
    side != MatrixSide::Eight && large.0 >= enough && large.1 <= small.1 + small.1 / 8
}

/// Input channels of a stretch: all, where one image's tiles are enough workgroups. Whatever the batch, so
/// that an image's numbers do not depend on what else is in it.
fn stretch(params: &Params, tile: Tile, enough: u64, is_added: bool) -> u32 {
    let image = Params {
        batch: 1,
        ..*params
    };
    let wanted = enough.div_ceil(conv::tiles(&image, tile).max(1)).min(MOST);
    let even = u64::from(params.inputs).div_ceil(wanted) as u32;
    let products = if is_added { PRODUCTS } else { PRODUCTS_OF_OWN };
    let least = products.div_ceil(params.side * params.side);
    even.max(least).next_multiple_of(STEP)
}
