//! A recording, the linear list of dispatches over named buffers: plain data, made before any device is
//! touched.

use std::string::String;
use std::vec::Vec;

use super::kernels::{Form, Kernel, Uses};
use super::variants::Reduction;

/// The alignment of bindings in bytes, of which each begins at a multiple: the default limit of every
/// device.
pub const ALIGNMENT: u64 = 256;

/// The identity of a buffer in its recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub(crate) u32);

impl BufferId {
    /// The place of the buffer in [`Recording::buffers`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The contents of a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// Working memory, written by the host, or by a dispatch before it is read.
    Workspace,
    /// Constant words, the same for the whole life of the recording.
    Constant(Vec<u32>),
    /// Weights: one of their buffers, by its place among them.
    Weights(usize),
}

/// A buffer of a recording, named after what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffer {
    /// The name of the buffer.
    pub name: String,
    /// The size of the buffer in bytes.
    pub bytes: u64,
    /// The contents of the buffer.
    pub contents: Contents,
}

/// The width of stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Width {
    /// The width of f32, or of any other word.
    Full,
    /// The width of f16, two in a word.
    Half,
}

impl Width {
    /// The number of bytes that so many numbers take: whole words.
    pub const fn bytes(self, numbers: usize) -> u64 {
        let words = match self {
            Self::Full => numbers as u64,
            Self::Half => (numbers as u64).div_ceil(2),
        };
        words.saturating_mul(4)
    }
}

/// A stretch of a buffer that a dispatch binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The buffer that is bound.
    pub buffer: BufferId,
    /// The first byte of the stretch, a multiple of [`ALIGNMENT`].
    pub offset: u64,
    /// The length of the stretch in bytes, a multiple of 4.
    pub bytes: u64,
    /// The width of the numbers in it.
    pub width: Width,
}

impl Binding {
    /// The same stretch where so many buffers lie before its own.
    pub(crate) const fn moved_by(self, buffers: u32) -> Self {
        Self {
            buffer: BufferId(self.buffer.0 + buffers),
            ..self
        }
    }
}

/// One run of a kernel.
#[derive(Debug, Clone)]
pub struct Dispatch {
    /// The name, after the tensor that the dispatch makes. Nothing goes by it.
    pub name: String,
    /// The operation that the dispatch belongs to, by its place in
    /// [`Graph::nodes`](crate::unet::Graph::nodes); none for what is not of a network.
    pub node: Option<usize>,
    /// The share that the dispatch has of its operation's multiplications and additions: those of all its
    /// dispatches are [`Graph::node_flops`](crate::unet::Graph::node_flops).
    pub flops: u64,
    /// The kernel that is run.
    pub kernel: &'static Kernel,
    /// The form in which the kernel is compiled.
    pub form: Form,
    /// The kernel's `Params`, a word each.
    pub params: Vec<u32>,
    /// The stretches of buffers that are bound, in the order of [`Kernel::bindings`].
    pub bindings: Vec<Binding>,
    /// The number of workgroups, before they are folded over the grid.
    pub workgroups: u64,
    /// The bytes that its invocations ask memory for, or write, of each binding: a factor of products that several of them
    /// read counts for each. A layer's few parameters count once, and what a kernel looks for past an image's edge counts
    /// too. Caches spare some of it.
    pub moved: Vec<u64>,
}

impl Dispatch {
    /// The kernel over what is bound, in the form that its widths have; of no operation yet.
    pub(crate) fn new(
        name: &str,
        kernel: &'static Kernel,
        params: Vec<u32>,
        bindings: Vec<Binding>,
        workgroups: u64,
    ) -> Self {
        let is_half = |binding: &Binding| u32::from(binding.width == Width::Half);
        let bits = bindings
            .iter()
            .zip(0..)
            .map(|(binding, at)| is_half(binding) << at);
        let form = Form {
            halves: bits.fold(0, |all, bit| all | bit),
            ..Form::default()
        };
        Self {
            name: name.into(),
            node: None,
            flops: 0,
            kernel,
            form,
            params,
            moved: bindings.iter().map(|binding| binding.bytes).collect(),
            bindings,
            workgroups,
        }
    }

    /// One of the kernel's parameters, by its name; none where the kernel has no such.
    pub(crate) fn param(&self, name: &str) -> Option<u32> {
        let names = self.kernel.params.iter().map(|&(name, _)| name);
        let mut params = names.zip(&self.params);
        params.find_map(|(of_it, &word)| (of_it == name).then_some(word))
    }

    /// The same where so many numbers in all are asked for, or written, of the bindings of these places; of the others
    /// each byte once.
    pub(crate) fn moving(mut self, numbers: &[(usize, u64)]) -> Self {
        for &(at, numbers) in numbers {
            let each = self.bindings.get(at).map(|binding| match binding.width {
                Width::Full => 4,
                Width::Half => 2,
            });
            if let (Some(each), Some(moved)) = (each, self.moved.get_mut(at)) {
                *moved = numbers.saturating_mul(each);
            }
        }
        self
    }
}

/// A recording: dispatches in the order they run, and the buffers they run on.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// The buffers that the dispatches run on.
    pub buffers: Vec<Buffer>,
    /// The dispatches in the order they run.
    pub dispatches: Vec<Dispatch>,
}

impl Recording {
    /// Adds a buffer of so many words, at least one.
    pub fn add_buffer(&mut self, name: &str, words: usize, contents: Contents) -> Binding {
        let bytes = Width::Full.bytes(words.max(1));
        self.buffers.push(Buffer {
            name: name.into(),
            bytes,
            contents,
        });
        Binding {
            buffer: BufferId(self.buffers.len() as u32 - 1),
            offset: 0,
            bytes,
            width: Width::Full,
        }
    }

    /// Adds a dispatch, whose sums over a workgroup, if it has such, go as is said.
    pub(crate) fn push(&mut self, mut dispatch: Dispatch, reduction: Reduction) {
        dispatch.form.subgroups = match (dispatch.kernel.uses, reduction) {
            (Uses::Reductions, Reduction::Subgroups) => true,
            (Uses::Reductions, Reduction::Tree)
            | (
                Uses::Nothing
                | Uses::Blocks
                | Uses::Stretches
                | Uses::OwnMatrices
                | Uses::BlockMatrices
                | Uses::Matrices
                | Uses::TapMatrices
                | Uses::JoinedMatrices,
                _,
            ) => false,
        };
        self.dispatches.push(dispatch);
    }

    /// Adds another recording's buffers behind its own, and returns the other's dispatches, as they run on those:
    /// of no operation of this one's graph.
    pub(crate) fn append(&mut self, other: Self) -> Vec<Dispatch> {
        let before = self.buffers.len() as u32;
        self.buffers.extend(other.buffers);
        let mut dispatches = other.dispatches;
        for dispatch in &mut dispatches {
            dispatch.node = None;
            for binding in &mut dispatch.bindings {
                *binding = binding.moved_by(before);
            }
        }
        dispatches
    }

    /// A binding of so many words from the beginning of a workspace buffer, which grows to hold them.
    pub(crate) fn grown(&mut self, buffer: Binding, words: u64) -> Binding {
        let bytes = words.max(1).saturating_mul(4);
        // Of a buffer that is not there, `mistake` says so.
        if let Some(buffer) = self.buffers.get_mut(buffer.buffer.index()) {
            buffer.bytes = buffer.bytes.max(bytes);
        }
        Binding { bytes, ..buffer }
    }

    /// Finds the first thing wrong with the recording, if anything is: a binding out of its buffer or not
    /// aligned; a dispatch that writes a buffer it also reads or writes elsewhere; a list of another length
    /// than the kernel's.
    pub fn mistake(&self) -> Option<String> {
        self.dispatches.iter().find_map(|dispatch| {
            let found = self.mistake_in(dispatch)?;
            Some(std::format!(
                "{} ({}): {found}",
                dispatch.name,
                dispatch.kernel.name
            ))
        })
    }

    fn mistake_in(&self, dispatch: &Dispatch) -> Option<&'static str> {
        let kernel = dispatch.kernel;
        if dispatch.bindings.len() != kernel.bindings.len()
            || dispatch.params.len() != kernel.params.len()
        {
            return Some("not as many bindings or parameters as the kernel has");
        }
        let bound = || dispatch.bindings.iter().zip(kernel.bindings);
        for (at, (binding, &(_, access))) in bound().enumerate() {
            let Some(buffer) = self.buffers.get(binding.buffer.index()) else {
                return Some("binds a buffer that is not there");
            };
            if binding.bytes == 0 || binding.offset.saturating_add(binding.bytes) > buffer.bytes {
                return Some("binds past the end of a buffer");
            }
            if !binding.offset.is_multiple_of(ALIGNMENT) || !binding.bytes.is_multiple_of(4) {
                return Some("binds at an offset that is not aligned");
            }
            if binding.width == Width::Half && !access.has_widths() {
                return Some("binds 16-bit numbers as words");
            }
            let writes = access.writes();
            if writes && matches!(buffer.contents, Contents::Constant(_)) {
                return Some("writes what is constant");
            }
            let mut others = bound().enumerate().filter(|&(other, _)| other != at);
            if writes && others.any(|(_, (other, _))| other.buffer == binding.buffer) {
                return Some("writes a buffer that it binds twice");
            }
        }
        None
    }
}

/// Folds a number of workgroups over the grid, whose dimensions hold `most` each; `None` where even
/// that is too little. The kernels' `flat_workgroup` undoes it.
///
/// ```
/// use iddpm::gpu::grid;
/// assert_eq!(grid(100_000, 65_535), Some([50_000, 2, 1]));
/// ```
pub fn grid(workgroups: u64, most: u32) -> Option<[u32; 3]> {
    let most = u64::from(most.max(1));
    let rows = workgroups.div_ceil(most).max(1);
    let columns = workgroups.div_ceil(rows);
    let fits = rows <= most && rows * columns <= u64::from(u32::MAX);
    fits.then_some([columns as u32, rows as u32, 1])
}

#[cfg(test)]
mod tests {
    use super::grid;

    #[test]
    fn grids_hold_all_workgroups_and_few_more() {
        for workgroups in [
            1,
            2,
            64,
            65_535,
            65_536,
            65_537,
            131_070,
            131_071,
            1 << 24,
            100_000_007,
        ] {
            // No grid holds nothing.
            let [columns, rows, _] = grid(workgroups, 65_535).unwrap_or_default();
            let held = u64::from(columns) * u64::from(rows);
            assert!(held >= workgroups && held - workgroups < u64::from(rows));
            assert!(columns <= 65_535 && rows <= 65_535);
        }
        assert_eq!(grid(65_535 * 65_535 + 1, 65_535), None);
        assert_eq!(grid(0, 65_535), Some([0, 1, 1]));
    }
}
