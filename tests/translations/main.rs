//! Every kernel in every form, written in every language that wgpu hands to drivers, without a device: SPIR-V, MSL, HLSL and
//! GLSL. What a back end cannot write is in one table, with what it says: a failure that is not there fails, and so does
//! one that is there and no longer comes.

#![allow(missing_docs, clippy::panic, clippy::indexing_slicing)]

mod writers;

use std::collections::{BTreeMap, HashSet};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use iddpm::gpu::{Dialect, Form, KERNELS, Kernel, MatrixSide};
use naga::front::wgsl;
use naga::valid::{Capabilities, ModuleInfo, ShaderStages};
use naga::valid::{SubgroupOperationSet, ValidationFlags, Validator};
use naga::{Module, ShaderStage};
use writers::Checked;

/// What a form needs of a device beside what all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Needs {
    halves: bool,
    subgroups: bool,
    /// Cooperative matrices of so many rows and columns.
    matrices: Option<u32>,
}

impl Needs {
    const NOTHING: Self = Self {
        halves: false,
        subgroups: false,
        matrices: None,
    };
    const HALVES: Self = Self {
        halves: true,
        ..Self::NOTHING
    };
    const HALVES_AND_SUBGROUPS: Self = Self {
        subgroups: true,
        ..Self::HALVES
    };

    const fn matrices_of(side: u32) -> Self {
        let matrices = Some(side);
        Self {
            matrices,
            ..Self::HALVES
        }
    }
}

/// A language that kernels are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Spirv,
    Msl,
    Hlsl,
    GlslEs,
    Glsl,
}

const TARGETS: [Target; 5] = [
    Target::Spirv,
    Target::Msl,
    Target::Hlsl,
    Target::GlslEs,
    Target::Glsl,
];

/// What is refused: every form with these needs, in this language, with a sentence that begins so. wgpu reaches no device by way of
/// the language that says that it has what these forms need, so that none is asked for there.
const REFUSALS: [(Needs, Target, &str); 10] = [
    (Needs::HALVES, Target::GlslEs, NO_F16),
    (Needs::HALVES, Target::Glsl, NO_F16),
    (Needs::HALVES_AND_SUBGROUPS, Target::GlslEs, NO_F16),
    (Needs::HALVES_AND_SUBGROUPS, Target::Glsl, NO_F16),
    (Needs::matrices_of(8), Target::GlslEs, NO_F16),
    (Needs::matrices_of(8), Target::Glsl, NO_F16),
    (Needs::matrices_of(16), Target::GlslEs, NO_F16),
    (Needs::matrices_of(16), Target::Glsl, NO_F16),
    (
        Needs::matrices_of(8),
        Target::Hlsl,
        "write_value_type CooperativeMatrix { columns: Eight, rows: Eight, ",
    ),
    (
        Needs::matrices_of(16),
        Target::Hlsl,
        "write_value_type CooperativeMatrix { columns: Sixteen, rows: Sixteen, ",
    ),
];
const NO_F16: &str =
    "A scalar with an unsupported width was requested: Scalar { kind: Float, width: 2 }";

fn needs(form: Form, text: &str) -> Needs {
    Needs {
        halves: text.contains("enable f16;"),
        subgroups: form.subgroups,
        matrices: form.matrix.map(MatrixSide::length),
    }
}

/// Reads a text and checks it, with leave to use what it needs and nothing else.
fn checked(name: &str, text: &str, needs: Needs) -> (Module, ModuleInfo) {
    let has_matrices = needs.matrices.is_some();
    // unpack2x16float: every WebGPU device has it.
    let mut capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    capabilities.set(Capabilities::SHADER_FLOAT16, needs.halves);
    capabilities.set(Capabilities::SUBGROUP, needs.subgroups || has_matrices);
    capabilities.set(Capabilities::COOPERATIVE_MATRIX, has_matrices);
    let mut front = wgsl::Frontend::new();
    front.set_options(wgsl::Options {
        parse_doc_comments: false,
        capabilities,
    });
    let module = front
        .parse(text)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    validator.subgroup_stages(ShaderStages::COMPUTE);
    validator.subgroup_operations(SubgroupOperationSet::all());
    let info = validator
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    assert_eq!(module.entry_points[0].stage, ShaderStage::Compute);
    (module, info)
}

/// A text, with the first form that it is of.
struct Text {
    kernel: &'static Kernel,
    form: Form,
    dialect: Dialect,
    text: String,
}

/// Every text once in each dialect.
fn texts() -> Vec<Text> {
    let mut texts = Vec::new();
    for (kernel, dialect) in KERNELS
        .into_iter()
        .flat_map(|kernel| [(kernel, Dialect::Native), (kernel, Dialect::Metal)])
    {
        let forms = kernel.forms();
        assert!(!forms.is_empty(), "{} has no form", kernel.name);
        let mut seen = HashSet::new();
        for form in forms {
            let text = kernel.text(form, dialect);
            if seen.insert(text.clone()) {
                texts.push(Text {
                    kernel,
                    form,
                    dialect,
                    text,
                });
            }
        }
    }
    texts
}

/// Each language that a dialect is written in, for the oldest devices and for the newest.
fn ways(dialect: Dialect) -> impl Iterator<Item = (Target, bool)> {
    let is_its = move |target: &Target| (*target == Target::Msl) == (dialect == Dialect::Metal);
    let both = |target| [(target, false), (target, true)];
    TARGETS.into_iter().filter(is_its).flat_map(both)
}

/// What became of forms with the same needs in a language: each sentence, with those of whom it was said; the empty one
/// where they were written.
type Outcomes = BTreeMap<(Needs, Target), BTreeMap<String, Vec<String>>>;

fn translate_all(texts: &[Text]) -> Outcomes {
    let (outcomes, next) = (Mutex::new(Outcomes::new()), AtomicUsize::new(0));
    let work = || {
        while let Some(one) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Text {
                kernel,
                form,
                dialect,
                text,
            } = one;
            let name = format!("{} {form:?}", kernel.name);
            let needs = needs(*form, text);
            let (module, info) = checked(&name, text, needs);
            let mut checked = Checked {
                kernel,
                needs,
                is_new: false,
                module,
                info,
            };
            for (target, is_new) in ways(*dialect) {
                checked.is_new = is_new;
                let said = checked.write(target).err().unwrap_or_default();
                let mut outcomes = outcomes.lock().unwrap_or_else(|error| panic!("{error}"));
                let sentences = outcomes.entry((needs, target)).or_default();
                sentences.entry(said).or_default().push(name.clone());
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
    outcomes
        .into_inner()
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_form_in_every_language() {
    let texts = texts();
    let outcomes = translate_all(&texts);
    let mut wrong = String::new();
    for (&(needs, target), sentences) in &outcomes {
        let listed = REFUSALS
            .iter()
            .find(|(of, by, _)| (*of, *by) == (needs, target));
        let is_due = |said: &str| match listed {
            Some((.., sentence)) => said.starts_with(sentence),
            None => said.is_empty(),
        };
        for (said, names) in sentences.iter().filter(|(said, _)| !is_due(said)) {
            let said = if said.is_empty() {
                "is written now"
            } else {
                said
            };
            wrong += &format!(
                "{target:?}, {needs:?}: {said}, {} forms: {}\n",
                names.len(),
                names[0]
            );
        }
    }
    for (needs, target, sentence) in REFUSALS {
        if !outcomes.contains_key(&(needs, target)) {
            wrong +=
                &format!("{target:?}, {needs:?}: no form is left of which is said: {sentence}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    let written: usize = outcomes
        .values()
        .flatten()
        .map(|(_, names)| names.len())
        .sum();
    let due: usize = texts.iter().map(|text| ways(text.dialect).count()).sum();
    assert_eq!(written, due, "each form in each language");
    println!(
        "{} texts of {} kernels, each in {} languages",
        texts.len(),
        KERNELS.len(),
        TARGETS.len()
    );
}
