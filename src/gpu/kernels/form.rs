//! The whole text of a kernel: what is put before it says how wide the numbers are that it binds, how it
//! adds over a workgroup, and which cooperative matrices it multiplies. The kernel itself says none of it.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::conv::{OUTPUT, RESIDUAL};
use super::conv_matrix::SECOND;
use super::matrices::{FACTORS, Patch, widest};
use super::{Access, Form, Kernel, Memory, Seen, Uses};
use crate::gpu::variants::MatrixSide;

/// What several kernels compute.
const COMMON: &str = include_str!("../../../shaders/shared/common.wgsl");
/// Sums over a workgroup, with barriers alone.
const REDUCE_TREE: &str = include_str!("../../../shaders/shared/reduce_tree.wgsl");
/// The same through subgroups.
const REDUCE_SUBGROUPS: &str = include_str!("../../../shaders/shared/reduce_subgroups.wgsl");
/// The right factor's tile, brought anew for each step.
const RIGHT_LINES: &str = include_str!("../../../shaders/shared/right_lines.wgsl");
/// The walk through taps that brings it so.
const WALK_TAPS: &str = include_str!("../../../shaders/shared/walk_taps.wgsl");
/// The walk that brings it once for all taps.
const HALO: &str = include_str!("../../../shaders/shared/halo.wgsl");
/// What such a walk sees: all of it in one place, and as it is.
const SEEN_WHOLE: &str = include_str!("../../../shaders/shared/seen_whole.wgsl");
/// The same, normalised by laws.
const SEEN_LAWS: &str = concat!(
    include_str!("../../../shaders/shared/group_law.wgsl"),
    include_str!("../../../shaders/shared/seen_laws.wgsl")
);
/// Where the parts of a concatenation are.
const PARTS: &str = include_str!("../../../shaders/shared/parts.wgsl");
/// What a convolution's positions see, read four numbers at a time.
const CONV_QUADS: &str = include_str!("../../../shaders/shared/conv_quads.wgsl");
/// The same number by number.
const CONV_EACH: &str = include_str!("../../../shaders/shared/conv_each.wgsl");
/// A convolution's residual, and what is seen of it through a kernel of one, in the same two ways.
const RESIDUAL_EACH: &str = include_str!("../../../shaders/shared/residual.wgsl");
const SKIP_QUADS: &str = include_str!("../../../shaders/shared/skip_quads.wgsl");
const SKIP_EACH: &str = include_str!("../../../shaders/shared/skip_each.wgsl");
/// Where there is no residual to be seen.
const SKIP_NONE: &str = include_str!("../../../shaders/shared/skip_none.wgsl");
/// Sums of a convolution's stretches, stored as they are in matrices.
const SUMS_STORED: &str = include_str!("../../../shaders/shared/sums_stored.wgsl");
/// All other sums of such.
const SUMS_ENDED: &str = include_str!("../../../shaders/shared/sums_ended.wgsl");
/// Tiles of matrices in workgroup memory, written four numbers at a time.
const CELLS_FOUR: &str = include_str!("../../../shaders/shared/cells_four.wgsl");
/// The same number by number.
const CELLS_ONE: &str = include_str!("../../../shaders/shared/cells_one.wgsl");

/// A dialect of WGSL: they differ in which extensions must be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The dialect of naga, which natively reads it: subgroups need no word, and the word is refused.
    Native,
    /// The same for Metal, where naga loads matrices from single numbers only, not from vectors of them.
    Metal,
    /// The dialect of browsers, as the standard has it.
    Browser,
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
                    let is_factor =
                        FACTORS.contains(&at) || (form.laws || form.skip) && at == SECOND;
                    let is_read = *access == Access::Activations;
                    let of = if form.seen != Seen::Each && is_factor && is_read {
                        format!("vec4<{width}>")
                    } else {
                        width.into()
                    };
                    aliases += &format!("alias {} = {of};\n", capitalised(name));
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
            head += &format!("const PATCHES: u32 = {}u;\n", side.patches());
        }
        if let Some(side) = form.matrix.filter(|_| !self.has_own_patches()) {
            let Patch {
                rows,
                columns,
                patches: _,
                beside,
                step,
                buffers,
                slots,
                is_crowded,
            } = Patch::of(side, form);
            head += &format!("const ROWS: u32 = {rows}u;\n");
            head += &format!("const COLUMNS: u32 = {columns}u;\n");
            head += &format!("const BESIDE: u32 = {beside}u;\n");
            head += &format!("const STEP: u32 = {step}u;\n");
            head += &format!("const BUFFERS: u32 = {buffers}u;\n");
            head += &format!("const WIDEST: u32 = {}u;\n", widest(side));
            head += &format!("const SLOTS: u32 = {slots}u;\n");
            head += &format!("const CROWDED: bool = {is_crowded};\n");
            head += &format!("const QUADS: bool = {};\n", form.seen != Seen::Each);
            head += &format!("const SKIP: bool = {};\n", form.skip);
            head += &format!("const LAWS: bool = {};\n", form.laws);
        }
        head += &aliases;
        head += &format!("const HALF: bool = {weights};\n");
        head += &format!("const JOINED: bool = {};\n", form.joined);
        head += &format!("const LARGE: bool = {};\n", form.large);
        let mut parts = Vec::from([head.as_str(), COMMON]);
        match (self.uses, form.subgroups) {
            (Uses::Nothing | Uses::Blocks | Uses::Stretches, _) => {}
            (Uses::Reductions, false) => parts.push(REDUCE_TREE),
            (Uses::Reductions, true) => parts.push(REDUCE_SUBGROUPS),
            (Uses::OwnMatrices | Uses::BlockMatrices, _) => parts.push(cells(dialect)),
            (Uses::Matrices | Uses::TapMatrices | Uses::JoinedMatrices, _) => {
                match form.seen {
                    Seen::Each => parts.extend([RIGHT_LINES, CONV_EACH]),
                    Seen::Quads => parts.extend([RIGHT_LINES, CONV_QUADS]),
                    Seen::Halo => parts.push(HALO),
                }
                if form.seen != Seen::Each {
                    parts.push(if form.laws { SEEN_LAWS } else { SEEN_WHOLE });
                }
                if form.seen != Seen::Each && (form.laws || form.skip) {
                    parts.push(PARTS);
                }
                if self.uses != Uses::Matrices && form.seen != Seen::Halo {
                    parts.push(WALK_TAPS);
                }
                parts.push(cells(dialect));
                let is_cut = self.uses == Uses::JoinedMatrices && !form.joined;
                parts.push(if is_cut && !form.is_half(OUTPUT) {
                    SUMS_STORED
                } else {
                    SUMS_ENDED
                });
            }
        }
        match self.uses {
            // Of a residual that is added numbers are read one by one.
            Uses::JoinedMatrices if form.skip && form.seen != Seen::Each => parts.push(SKIP_QUADS),
            Uses::JoinedMatrices => parts.extend([RESIDUAL_EACH, SKIP_EACH]),
            Uses::TapMatrices => parts.push(SKIP_NONE),
            Uses::Nothing
            | Uses::Blocks
            | Uses::Reductions
            | Uses::Stretches
            | Uses::OwnMatrices
            | Uses::BlockMatrices
            | Uses::Matrices => {}
        }
        parts.extend([self.interface, self.source]);
        parts.join("\n")
    }

    /// Whether its matrices are not in the patches of shared/matrices.wgsl.
    const fn has_own_patches(&self) -> bool {
        matches!(self.uses, Uses::OwnMatrices | Uses::BlockMatrices)
    }

    /// Whether a factor of matrices may be of this width: a gradient may be f32 too, and is rounded then.
    fn is_factor_in(&self, at: usize, halves: u32) -> bool {
        let is_gradient = self
            .bindings
            .get(at)
            .is_some_and(|(name, _)| *name == "grad");
        is_gradient || halves >> at & 1 == 1
    }

    /// The number of bytes of a workgroup's memory that the kernel's whole text declares.
    pub fn workgroup_bytes(&self, form: Form) -> u64 {
        let own = match self.memory {
            Memory::Bytes(bytes) => bytes,
            Memory::OfForm(bytes) => bytes(form),
        };
        let for_sums = match self.uses {
            Uses::Reductions => 4 * u64::from(self.workgroup),
            Uses::Nothing
            | Uses::Blocks
            | Uses::Stretches
            | Uses::OwnMatrices
            | Uses::BlockMatrices
            | Uses::Matrices
            | Uses::TapMatrices
            | Uses::JoinedMatrices => 0,
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
        let sides = [
            MatrixSide::Eight,
            MatrixSide::Sixteen,
            MatrixSide::SixteenWide,
        ];
        let sides = &sides.map(Some)[..];
        let none = &[None][..];
        let each = &[Seen::Each][..];
        let fours = &[Seen::Quads][..];
        let quads = &[Seen::Each, Seen::Quads][..];
        let all = &[Seen::Each, Seen::Quads, Seen::Halo][..];
        // The last are of the convolution alone: what is seen of its residual, and laws for its input.
        let (subgroups, joined, matrices, large, seen, more) = match self.uses {
            Uses::Nothing => (no, no, none, no, each, no),
            Uses::Blocks => (no, no, none, both, each, no),
            Uses::Reductions => (both, no, none, no, each, no),
            Uses::Stretches => (no, both, none, no, each, no),
            Uses::OwnMatrices => (no, no, sides, no, fours, no),
            Uses::BlockMatrices => (no, no, sides, both, fours, no),
            Uses::Matrices => (no, no, sides, both, quads, no),
            Uses::TapMatrices => (no, no, sides, both, all, no),
            Uses::JoinedMatrices => (no, both, sides, both, all, both),
        };
        if matrices != none {
            // Factors are f16, or rounded to it.
            halves.retain(|half| FACTORS.iter().all(|&at| self.is_factor_in(at, *half)));
        }
        let mut forms = Vec::from([Form::default()]);
        fn with_each<T: Copy>(forms: &mut Vec<Form>, values: &[T], set: fn(Form, T) -> Form) {
            let with = |&form: &Form| values.iter().map(move |&value| set(form, value));
            *forms = forms.iter().flat_map(with).collect();
        }
        with_each(&mut forms, &halves, |form, halves| Form { halves, ..form });
        with_each(&mut forms, subgroups, |form, subgroups| Form {
            subgroups,
            ..form
        });
        with_each(&mut forms, joined, |form, joined| Form { joined, ..form });
        with_each(&mut forms, matrices, |form, matrix| Form { matrix, ..form });
        with_each(&mut forms, large, |form, large| Form { large, ..form });
        with_each(&mut forms, seen, |form, seen| Form { seen, ..form });
        with_each(&mut forms, more, |form, skip| Form { skip, ..form });
        with_each(&mut forms, more, |form, laws| Form { laws, ..form });
        // Patches of eight rows are of one size.
        let has_sizes =
            |form: &Form| self.has_own_patches() || form.matrix != Some(MatrixSide::Eight);
        forms.retain(|form| has_sizes(form) || !form.large);
        // What is seen through a kernel is a factor too.
        forms.retain(|form| !form.skip || form.is_half(RESIDUAL));
        if self.uses == Uses::JoinedMatrices {
            // The second part of a concatenation is, too, and what is bound where there is none is as wide.
            forms.retain(|form| form.is_half(SECOND));
            forms.retain(|form| !form.laws || form.seen != Seen::Each);
        }
        forms
    }
}

/// How tiles of matrices are written.
const fn cells(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Metal => CELLS_ONE,
        Dialect::Native | Dialect::Browser => CELLS_FOUR,
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
