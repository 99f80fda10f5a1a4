//! The plan of where each parameter lies on the device: buffers under the binding limit, and the order of
//! numbers that the kernels read.

use std::vec;
use std::vec::Vec;

use half::f16;

use super::error::{GpuError, Limit};
use super::fusion;
use super::layers::layers;
use super::limits::MOST_BOUND;
use super::recording::{ALIGNMENT, Width};
use crate::memory::{MemoryError, collected};
use crate::part::{item, put};
use crate::unet::{Conv, Graph, Op, Param, ParamId, Weights};

/// The precision of a network on a device: how wide the numbers are that it is kept in; it adds in f32
/// always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// Weights and activations in f32.
    Full,
    /// Weights in f16, activations in f32: half the memory for weights, and half of what convolutions
    /// read of them. Needs no feature.
    HalfWeights,
    /// Weights and activations in f16: half the memory and half the traffic of everything large. x, the
    /// network's result, vectors (embeddings, scale and shift) and statistics stay f32. Convolutions may
    /// then run in cooperative matrices. Needs [`wgpu::Features::SHADER_F16`].
    Half,
}

impl Precision {
    /// The width of weights.
    pub const fn weights(self) -> Width {
        match self {
            Self::Full => Width::Full,
            Self::HalfWeights | Self::Half => Width::Half,
        }
    }

    /// The width of an operation's result of so many positions an image.
    pub const fn activations(self, positions: usize) -> Width {
        match self {
            Self::Half if positions > 1 => Width::Half,
            Self::Full | Self::HalfWeights | Self::Half => Width::Full,
        }
    }
}

/// In which order the numbers of a parameter lie on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As in the checkpoint.
    AsGiven,
    /// [M, K] of the checkpoint as [K, M], M padded with zeros to a multiple of 4.
    Transposed { rows: usize, columns: usize },
}

impl Order {
    /// How many numbers a column of so many rows takes.
    pub(crate) const fn padded(self, rows: usize) -> usize {
        match self {
            Self::AsGiven => rows,
            Self::Transposed { .. } => rows.div_ceil(4).saturating_mul(4),
        }
    }

    /// How many numbers a parameter of so many elements takes.
    const fn numbers(self, elements: usize) -> usize {
        let (rows, columns) = self.extents(elements);
        columns.saturating_mul(self.padded(rows))
    }

    /// Rows and columns of the checkpoint.
    const fn extents(self, elements: usize) -> (usize, usize) {
        match self {
            Self::AsGiven => (1, elements),
            Self::Transposed { rows, columns } => (rows, columns),
        }
    }
}

/// A parameter's place on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WeightPlace {
    pub(crate) buffer: usize,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) order: Order,
    /// Its first number in the caller's slice, and how many.
    from: usize,
    elements: usize,
}

/// The plan of where a graph's parameters lie, by [`ParamId::index`].
///
/// ```
/// use iddpm::gpu::{Precision, WeightPlan};
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
/// let plan = WeightPlan::new(&graph, Precision::HalfWeights, 1 << 27)?;
/// assert_eq!(plan.buffers().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightPlan {
    precision: Precision,
    places: Vec<WeightPlace>,
    buffers: Vec<u64>,
    /// Numbers in the caller's slice.
    len: usize,
}

impl WeightPlan {
    /// Plans the places of a graph's parameters: fills one buffer after the other, none above `limit`
    /// bytes.
    ///
    /// # Errors
    /// [`GpuError::Limit`] where one parameter alone is larger.
    pub fn new(graph: &Graph, precision: Precision, limit: u64) -> Result<Self, GpuError> {
        Self::under(graph, precision, (Limit::StorageBinding, limit))
    }

    /// Under the lower one of a device's two limits.
    pub(crate) fn within(
        graph: &Graph,
        precision: Precision,
        limits: &wgpu::Limits,
    ) -> Result<Self, GpuError> {
        let (binding, buffer) = (
            limits.max_storage_buffer_binding_size,
            limits.max_buffer_size,
        );
        let limit = if buffer < binding {
            (Limit::BufferSize, buffer)
        } else {
            (Limit::StorageBinding, binding)
        };
        Self::under(graph, precision, limit)
    }

    fn under(
        graph: &Graph,
        precision: Precision,
        (name, limit): (Limit, u64),
    ) -> Result<Self, GpuError> {
        let limit = limit.min(MOST_BOUND);
        let mut orders = vec![Order::AsGiven; graph.params().len()];
        for node in graph.nodes() {
            if let Op::Conv(Conv { weight, .. }) | Op::ConvGradInput { weight, .. } = node.op
                // What is not of this graph, `record` refuses.
                && let Some(param) = graph.param(weight)
                && let Some(order) = orders.get_mut(weight.index())
            {
                let rows = param.rows();
                let columns = param.elements() / rows.max(1);
                *order = Order::Transposed { rows, columns };
            }
        }
        let mut plan = Self {
            precision,
            places: Vec::new(),
            buffers: Vec::new(),
            len: graph.weights_len(),
        };
        let mut places = vec![None; graph.params().len()];
        let bytes_of = |id: &ParamId| {
            let (param, order) = (graph.param(*id)?, orders.get(id.index())?);
            let bytes = precision.weights().bytes(order.numbers(param.elements()));
            Some(bytes.saturating_add(ALIGNMENT))
        };
        for together in placed_in_order(graph) {
            if together.len() > 1 {
                let bytes = together.iter().filter_map(bytes_of);
                plan.keep_together(bytes.fold(0, u64::saturating_add), limit);
            }
            for id in together {
                let (Some(param), Some(&order)) = (graph.param(id), orders.get(id.index())) else {
                    continue;
                };
                let numbers = order.numbers(param.elements());
                let bytes = precision.weights().bytes(numbers);
                // The optimiser takes four numbers at a time, to the end of a buffer.
                let room = bytes.checked_next_multiple_of(16).unwrap_or(u64::MAX);
                if room > limit {
                    return Err(GpuError::Limit {
                        limit: name,
                        what: param.name.clone(),
                        wanted: room,
                        had: limit,
                    });
                }
                let (buffer, offset) = plan.room_for(room, limit);
                let place = WeightPlace {
                    buffer,
                    offset,
                    bytes,
                    order,
                    from: param.offset,
                    elements: param.elements(),
                };
                put(&mut places, id.index(), Some(place));
            }
        }
        // Each has a place by now.
        plan.places = places.into_iter().flatten().collect();
        Ok(plan)
    }

    /// Of no parameters.
    pub(crate) const fn none() -> Self {
        Self {
            precision: Precision::Full,
            places: Vec::new(),
            buffers: Vec::new(),
            len: 0,
        }
    }

    /// The same places for numbers of full width: those of f16 in twice as many bytes.
    pub(crate) fn widened(&self) -> Self {
        let times = match self.precision.weights() {
            Width::Full => 1,
            Width::Half => 2,
        };
        let place = |place: &WeightPlace| WeightPlace {
            offset: times * place.offset,
            bytes: times * place.bytes,
            ..*place
        };
        Self {
            precision: Precision::Full,
            places: self.places.iter().map(place).collect(),
            buffers: self.buffers.iter().map(|bytes| times * bytes).collect(),
            len: self.len,
        }
    }

    /// Begins a buffer where the last one has no room for so many bytes, if a whole one has.
    fn keep_together(&mut self, bytes: u64, limit: u64) {
        let limit = self.within_limit(limit);
        let used = self
            .buffers
            .last()
            .map_or(0, |last| last.next_multiple_of(ALIGNMENT));
        if used.saturating_add(bytes) > limit && bytes <= limit {
            self.buffers.push(0);
        }
    }

    fn room_for(&mut self, bytes: u64, limit: u64) -> (usize, u64) {
        let limit = self.within_limit(limit);
        if let Some(last) = self.buffers.last_mut() {
            let offset = last.next_multiple_of(ALIGNMENT);
            if offset + bytes <= limit {
                *last = offset + bytes;
                return (self.buffers.len() - 1, offset);
            }
        }
        self.buffers.push(bytes);
        (self.buffers.len() - 1, 0)
    }

    /// Half of a limit for f16, so that the same places can hold f32.
    const fn within_limit(&self, limit: u64) -> u64 {
        match self.precision.weights() {
            Width::Full => limit,
            Width::Half => limit / 2,
        }
    }

    /// Numbers in the caller's slice.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The reverse of [`for_each`](Self::for_each) for one buffer: brings numbers of full width from its
    /// words into the order of the caller's slice. What belongs to no parameter stays as it is.
    pub(crate) fn gather(&self, buffer: usize, words: &[u32], into: &mut [f32]) {
        for place in self.places.iter().filter(|place| place.buffer == buffer) {
            let (rows, columns) = place.order.extents(place.elements);
            let padded = place.order.padded(rows);
            let begin = (place.offset / 4) as usize;
            for row in 0..rows {
                for column in 0..columns {
                    // `words` are a whole buffer, and `into` is as long as `len` says.
                    let word = item(words, begin + column * padded + row);
                    let to = place.from + row * columns + column;
                    put(into, to, f32::from_bits(word));
                }
            }
        }
    }

    /// The precision that the weights are kept in.
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// The size of each buffer in bytes.
    pub fn buffers(&self) -> &[u64] {
        &self.buffers
    }

    pub(crate) fn place(&self, param: ParamId) -> Option<WeightPlace> {
        self.places.get(param.index()).copied()
    }

    /// The first parameter, by its number, for which this is another graph's plan: it lies elsewhere in the
    /// caller's slice, is of another length or is not there.
    pub(crate) fn misplaced(&self, graph: &Graph) -> Option<usize> {
        let params = graph.params();
        let is_its = |(place, param): (&WeightPlace, &Param)| {
            (place.from, place.elements) == (param.offset, param.elements())
        };
        let alike = self
            .places
            .iter()
            .zip(params)
            .take_while(|&pair| is_its(pair));
        let alike = alike.count();
        (alike < params.len().max(self.places.len())).then_some(alike)
    }

    /// Calls `write` with the place of each parameter and its words, until it fails.
    pub(crate) fn for_each(
        &self,
        weights: Weights<'_>,
        mut write: impl FnMut(WeightPlace, &[u32]) -> Result<(), GpuError>,
    ) -> Result<(), GpuError> {
        if weights.len() != self.len {
            return Err(GpuError::Length {
                what: "weights",
                len: weights.len(),
                expected: self.len,
            });
        }
        for place in &self.places {
            let len = place.order.numbers(place.elements);
            let words = match self.precision.weights() {
                Width::Full => {
                    let numbers = ordered(place, |i| number(weights, i));
                    collected(len, numbers.map(f32::to_bits))?
                }
                Width::Half => {
                    let halves = ordered(place, |i| half_number(weights, i));
                    pairs(&collected(len, halves)?)?
                }
            };
            write(*place, &words)?;
        }
        Ok(())
    }
}

/// The parameters of a graph in the order in which they are placed, those together that one buffer should have: weights of
/// layers that run as one are neighbours, so are their biases, and so are the parameters of normalisations; then all others,
/// as the graph has them, those of a convolution beside those of the one that ends in it.
fn placed_in_order(graph: &Graph) -> impl Iterator<Item = Vec<ParamId>> {
    let together = layers(graph);
    let weights = together.iter().flatten().map(|layer| layer.weight);
    let biases = together.iter().flatten().map(|layer| layer.bias);
    let norms = graph.nodes().iter().flat_map(|node| match node.op {
        Op::GroupNorm { weight, bias, .. } => [Some(weight), Some(bias)],
        _ => [None; 2],
    });
    let first: Vec<ParamId> = weights.chain(biases).chain(norms.flatten()).collect();
    let mut beside = vec![None; graph.params().len()];
    for [one, other] in fusion::bound_together(graph) {
        // What is not of this graph, `record` refuses.
        if let Some(beside) = beside.get_mut(one.index()) {
            *beside = Some(other);
        }
    }
    let mut seen = vec![false; graph.params().len()];
    let all = (0..graph.params().len()).map(|at| ParamId(at as u32));
    let each = first.into_iter().chain(all);
    each.map(move |id| {
        let other = beside.get(id.index()).copied().flatten();
        let both = [id].into_iter().chain(other);
        // A parameter of two layers is placed once.
        let is_new = |id: &ParamId| {
            let seen = seen.get_mut(id.index());
            seen.is_some_and(|seen| !core::mem::replace(seen, true))
        };
        both.filter(is_new).collect()
    })
}

/// The numbers of a parameter in the order of the device.
fn ordered<T: Default>(place: &WeightPlace, at: impl Fn(usize) -> T) -> impl Iterator<Item = T> {
    let (rows, columns) = place.order.extents(place.elements);
    let padded = place.order.padded(rows);
    let from = place.from;
    (0..columns * padded).map(move |i| {
        let (column, row) = (i / padded, i % padded);
        if row < rows {
            at(from + row * columns + column)
        } else {
            T::default()
        }
    })
}

/// One of the caller's numbers, of which there are as many as [`WeightPlan::for_each`] has found.
fn number(weights: Weights<'_>, at: usize) -> f32 {
    match weights {
        Weights::F32(numbers) => item(numbers, at),
        Weights::F16(_) | Weights::F16Bytes(_) => f16::from_bits(half_number(weights, at)).to_f32(),
    }
}

/// The same in f16.
fn half_number(weights: Weights<'_>, at: usize) -> u16 {
    match weights {
        Weights::F32(numbers) => f16::from_f32(item(numbers, at)).to_bits(),
        Weights::F16(bits) => item(bits, at),
        Weights::F16Bytes(bytes) => u16::from_le_bytes(item(bytes, at)),
    }
}

/// Two halves to a word, the first in its lower part; 0 behind the last of an odd number of them.
fn pairs(halves: &[u16]) -> Result<Vec<u32>, MemoryError> {
    let (pairs, last) = halves.as_chunks::<2>();
    let word = |&[first, second]: &[u16; 2]| u32::from(first) | u32::from(second) << 16;
    let last = last.iter().map(|&half| u32::from(half));
    collected(halves.len().div_ceil(2), pairs.iter().map(word).chain(last))
}
