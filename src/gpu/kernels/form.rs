//! The whole text of a kernel: what is put before it says how wide the numbers are that it binds, how it
//! adds over a workgroup, and which cooperative matrices it multiplies. The kernel itself says none of it.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::{Access, Kernel, Memory, Uses};
use crate::gpu::variants::MatrixSide;

/// What several kernels compute.
const COMMON: &str = include_str!("../../../shaders/shared/common.wgsl");
/// Sums over a workgroup, with barriers alone.
const REDUCE_TREE: &str = include_str!("../../../shaders/shared/reduce_tree.wgsl");
/// The same through subgroups.
const REDUCE_SUBGROUPS: &str = include_str!("../../../shaders/shared/reduce_subgroups.wgsl");

/// The form in which a kernel is compiled for a dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Form {
    /// The bindings that hold f16, a bit for each in the order of [`Kernel::bindings`].
    pub halves: u32,
    /// Whether sums over a workgroup go through subgroups.
    pub subgroups: bool,
    /// Whether a convolution's workgroup joins all stretches of the input channels.
    pub joined: bool,
    /// The cooperative matrices, for the kernel that multiplies them.
    pub matrix: Option<MatrixSide>,
}

/// A dialect of WGSL: they differ in which extensions must be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The dialect of naga, which natively reads it: subgroups need no word, and the word is refused.
    Native,
    /// The dialect of browsers, as the standard has it.
    Browser,
}

impl Form {
    fn is_half(self, binding: usize) -> bool {
        self.halves >> binding & 1 == 1
    }
}

impl Kernel {
    /// Returns the whole text of the kernel.
    ///
    /// ```
    /// use iddpm::gpu::{Dialect, Form, KERNELS};
    /// let texts = KERNELS.map(|kernel| kernel.text(Form::default(), Dialect::Native));
    /// assert!(texts.iter().all(|text| text.contains("fn main(")));
    /// ```
    pub fn text(&self, form: Form, dialect: Dialect) -> String {
        let mut head = String::new();
        let mut weights = "false";
        let mut aliases = String::new();
        let mut has_halves = false;
        for (at, (name, access)) in self.bindings.iter().enumerate() {
            match access {
                Access::Activations | Access::Result => {
                    has_halves |= form.is_half(at);
                    let width = if form.is_half(at) { "f16" } else { "f32" };
                    aliases += &format!("alias {} = {width};\n", capitalised(name));
                }
                Access::Weights if form.is_half(at) => weights = "true",
                Access::Weights | Access::Step | Access::Read | Access::Write => {}
            }
        }
        if has_halves || form.matrix.is_some() {
            head += "enable f16;\n";
        }
        if form.subgroups && dialect == Dialect::Browser {
            head += "enable subgroups;\n";
        }
        if let Some(side) = form.matrix {
            let n = side.length();
            head += "enable wgpu_cooperative_matrix;\n";
            // naga has one rule for all that asks for uniform control flow, and takes a subgroup's number
            // for one that differs within it.
            head += "diagnostic(off, derivative_uniformity);\n";
            head += &format!("const SIDE: u32 = {n}u;\n");
            for (name, scalar, role) in [("Left", "f16", 'A'), ("Right", "f16", 'B')] {
                head += &format!("alias {name} = coop_mat{n}x{n}<{scalar}, {role}>;\n");
            }
            head += &format!("alias Sums = coop_mat{n}x{n}<f32, C>;\n");
        }
        head += &aliases;
        head += &format!("const HALF: bool = {weights};\n");
        head += &format!("const JOINED: bool = {};\n", form.joined);
        let reduce = match (self.uses, form.subgroups) {
            (Uses::Nothing | Uses::Stretches | Uses::Matrices, _) => "",
            (Uses::Reductions, false) => REDUCE_TREE,
            (Uses::Reductions, true) => REDUCE_SUBGROUPS,
        };
        let parts = [&head, COMMON, reduce, self.interface, self.source];
        parts.join("\n")
    }

    /// The number of bytes of a workgroup's memory that the kernel's whole text declares.
    pub fn workgroup_bytes(&self, form: Form) -> u64 {
        let own = match self.memory {
            Memory::Bytes(bytes) => bytes,
            // Without matrices there is no such kernel: of `forms`, all have them.
            Memory::OfMatrices(bytes) => form.matrix.map_or(0, bytes),
        };
        let for_sums = match self.uses {
            Uses::Reductions => 4 * u64::from(self.workgroup),
            Uses::Nothing | Uses::Stretches | Uses::Matrices => 0,
        };
        own + for_sums
    }

    /// Lists every form that a network may run the kernel in, and those that tell its bindings apart: all
    /// f32; weights in f16, and any of the activations. A network's inputs and result, sums of stretches
    /// and images of one position are f32 wherever the others are f16. For tests, which compile them all.
    #[doc(hidden)]
    pub fn forms(&self) -> Vec<Form> {
        let bits = |wanted: &[Access]| {
            let bindings = self.bindings.iter().enumerate();
            let wanted = bindings.filter(|(_, (_, access))| wanted.contains(access));
            wanted.fold(0, |bits, (at, _)| bits | 1 << at)
        };
        let weights: u32 = bits(&[Access::Weights]);
        let activations: u32 = bits(&[Access::Activations, Access::Result]);
        let some = (0..=activations).filter(|some| some & !activations == 0);
        let mut halves: Vec<u32> = [0].into();
        halves.extend(some.map(|some| weights | some));
        halves.dedup();
        let no = &[false][..];
        let both = &[false, true][..];
        let sides = &[Some(MatrixSide::Eight), Some(MatrixSide::Sixteen)][..];
        let (subgroups, joined, matrices) = match self.uses {
            Uses::Nothing => (no, no, &[None][..]),
            Uses::Reductions => (both, no, &[None][..]),
            Uses::Stretches => (no, both, &[None][..]),
            Uses::Matrices => {
                halves.retain(|half| half & weights != 0);
                (no, both, sides)
            }
        };
        let mut forms = Vec::new();
        for &halves in &halves {
            for &subgroups in subgroups {
                for &joined in joined {
                    forms.extend(matrices.iter().map(|&matrix| Form {
                        halves,
                        subgroups,
                        joined,
                        matrix,
                    }));
                }
            }
        }
        forms
    }
}

/// `scale_shift` as `ScaleShift`.
fn capitalised(name: &str) -> String {
    let word = |word: &str| {
        // Between two underscores there is no letter.
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    };
    name.split('_').map(word).collect()
}
