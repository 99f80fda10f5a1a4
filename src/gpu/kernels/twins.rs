//! Every shader against its host side, without a device: naga parses and checks each, and what it
//! declares is compared with what the host writes and binds.

#![allow(clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::string::String;
use std::vec::Vec;
use std::{assert_eq, panic, println};

use naga::{AddressSpace, Module, StorageAccess, TypeInner};

use super::step::StepNumbers;
use super::{
    Access, Dialect, Form, KERNELS, Kernel, linear, linear_grad_input, linear_grad_weight,
    norm_grad_param, norm_grad_scale_shift,
};
use crate::diffusion::LossRow;
use crate::optimizer::{AverageRate, OptimizerNumbers};

fn parse(kernel: &Kernel, form: Form) -> Module {
    parse_in(kernel, form, Dialect::Native)
}

fn parse_in(kernel: &Kernel, form: Form, dialect: Dialect) -> Module {
    let source = kernel.text(form, dialect);
    let name = std::format!("{} {form:?}", kernel.name);
    let mut front = naga::front::wgsl::Frontend::new();
    // unpack2x16float: every WebGPU device has it. The others only where a form asks for them.
    let mut capabilities = naga::valid::Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    if source.contains("f16;") {
        capabilities |= naga::valid::Capabilities::SHADER_FLOAT16;
    }
    if form.subgroups || form.matrix.is_some() {
        capabilities |= naga::valid::Capabilities::SUBGROUP;
    }
    if form.matrix.is_some() {
        capabilities |= naga::valid::Capabilities::COOPERATIVE_MATRIX;
    }
    front.set_options(naga::front::wgsl::Options {
        parse_doc_comments: false,
        capabilities,
    });
    let module = front
        .parse(&source)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
    let flags = naga::valid::ValidationFlags::all();
    let mut validator = naga::valid::Validator::new(flags, capabilities);
    validator.subgroup_stages(naga::valid::ShaderStages::COMPUTE);
    validator.subgroup_operations(naga::valid::SubgroupOperationSet::all());
    let valid = validator.validate(&module);
    valid.unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
    module
}

/// Every kernel in every form.
fn all_forms() -> impl Iterator<Item = (&'static Kernel, Form)> {
    let forms = |kernel: &'static Kernel| {
        let forms = kernel.forms().into_iter();
        forms.map(move |form| (kernel, form))
    };
    KERNELS.into_iter().flat_map(forms)
}

/// Members of a struct of words: name and type, at every fourth byte.
fn members(module: &Module, name: &str) -> Vec<(String, &'static str)> {
    let found = module
        .types
        .iter()
        .find(|(_, ty)| ty.name.as_deref() == Some(name));
    let (_, ty) = found.unwrap_or_else(|| panic!("no struct {name}"));
    let TypeInner::Struct { members, span } = &ty.inner else {
        panic!("{name} is no struct");
    };
    assert_eq!(*span as usize, 4 * members.len(), "size of {name}");
    let fields = members.iter().enumerate().map(|(at, member)| {
        assert_eq!(
            member.offset as usize,
            4 * at,
            "offset of {:?} in {name}",
            member.name
        );
        let scalar = match module.types[member.ty].inner {
            TypeInner::Scalar(scalar) if scalar == naga::Scalar::U32 => "u32",
            TypeInner::Scalar(scalar) if scalar == naga::Scalar::F32 => "f32",
            ref other => panic!("{:?} in {name} is {other:?}", member.name),
        };
        // Without a name it is none that is listed.
        (member.name.clone().unwrap_or_default(), scalar)
    });
    fields.collect()
}

/// Whether a type is an array of f16, or of vectors of such.
fn holds_halves(module: &Module, ty: naga::Handle<naga::Type>) -> bool {
    match module.types[ty].inner {
        TypeInner::Array { base, .. } => {
            module.types[base].inner.scalar() == Some(naga::Scalar::F16)
        }
        _ => false,
    }
}

fn listed(fields: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    fields.iter().map(|&(name, ty)| (name.into(), ty)).collect()
}

#[test]
fn every_shader_is_what_its_host_side_takes_it_for() {
    for (kernel, form) in all_forms() {
        let module = parse(kernel, form);
        let [entry] = module.entry_points.as_slice() else {
            panic!("{} has not one entry point", kernel.name);
        };
        assert_eq!(entry.name, "main");
        assert_eq!(
            entry.workgroup_size,
            [kernel.workgroup, 1, 1],
            "{}",
            kernel.name
        );
        assert_eq!(
            members(&module, "Params"),
            listed(kernel.params),
            "{}",
            kernel.name
        );

        let mut declared: Vec<(u32, String, AddressSpace, bool)> = Vec::new();
        for (_, variable) in module.global_variables.iter() {
            if let Some(binding) = &variable.binding {
                assert_eq!(binding.group, 0, "{}", kernel.name);
                // Without a name it is none that is wanted.
                let name = variable.name.clone().unwrap_or_default();
                let is_half = holds_halves(&module, variable.ty);
                declared.push((binding.binding, name, variable.space, is_half));
            }
        }
        declared.sort_by_key(|(binding, ..)| *binding);
        let params = [(0, "params".into(), AddressSpace::Uniform, false)].into_iter();
        let bound = (1..)
            .zip(kernel.bindings)
            .map(|(binding, &(name, access))| {
                let storage = |access| AddressSpace::Storage { access };
                let space = match access {
                    Access::Step => AddressSpace::Uniform,
                    Access::Read | Access::Weights | Access::Activations => {
                        storage(StorageAccess::LOAD)
                    }
                    Access::Write | Access::Result => {
                        storage(StorageAccess::LOAD | StorageAccess::STORE)
                    }
                };
                // Weights are read as words of either width, but for those of matrices.
                let is_tensor = match access {
                    Access::Activations | Access::Result => true,
                    Access::Weights => form.matrix.is_some() && name == "weight",
                    Access::Step | Access::Read | Access::Write => false,
                };
                let is_half = is_tensor && form.halves >> (binding - 1) & 1 == 1;
                (binding, name.into(), space, is_half)
            });
        let wanted: Vec<(u32, String, AddressSpace, bool)> = params.chain(bound).collect();
        assert_eq!(declared, wanted, "{}", kernel.name);
    }
}

#[test]
fn the_numbers_of_a_step_are_those_the_shaders_read() {
    let kernel = KERNELS.iter().find(|kernel| kernel.name == "step");
    let kernel = kernel.unwrap_or_else(|| panic!("no step"));
    let module = parse(kernel, Form::default());
    assert_eq!(members(&module, "Step"), listed(StepNumbers::FIELDS));
}

#[test]
fn rows_are_those_the_shaders_read() {
    for (kernel, name, fields) in [
        (&linear::KERNEL, "Layer", linear::Row::FIELDS),
        (
            &linear_grad_input::KERNEL,
            "Layer",
            linear_grad_input::Row::FIELDS,
        ),
        (
            &linear_grad_weight::KERNEL,
            "Parameter",
            linear_grad_weight::Row::FIELDS,
        ),
        (
            &norm_grad_param::KERNEL,
            "Norm",
            norm_grad_param::Row::FIELDS,
        ),
        (
            &norm_grad_scale_shift::KERNEL,
            "Norm",
            norm_grad_scale_shift::Row::FIELDS,
        ),
    ] {
        let module = parse(kernel, Form::default());
        assert_eq!(members(&module, name), listed(fields), "{}", kernel.name);
    }
}

#[test]
fn the_numbers_of_an_update_are_those_the_shaders_read() {
    for name in ["square_sums", "gradient_norm", "adamw"] {
        let kernel = KERNELS.iter().find(|kernel| kernel.name == name);
        let kernel = kernel.unwrap_or_else(|| panic!("no {name}"));
        let module = parse(kernel, Form::default());
        assert_eq!(
            members(&module, "OptimizerNumbers"),
            listed(OptimizerNumbers::FIELDS)
        );
    }
    for name in ["adamw", "ema"] {
        let kernel = KERNELS.iter().find(|kernel| kernel.name == name);
        let kernel = kernel.unwrap_or_else(|| panic!("no {name}"));
        let module = parse(kernel, Form::default());
        assert_eq!(members(&module, "AverageRate"), listed(AverageRate::FIELDS));
    }
}

#[test]
fn the_numbers_of_a_loss_are_those_the_shaders_read() {
    for name in ["diffuse", "loss", "loss_grad"] {
        let kernel = KERNELS.iter().find(|kernel| kernel.name == name);
        let kernel = kernel.unwrap_or_else(|| panic!("no {name}"));
        let module = parse(kernel, Form::default());
        let members = members(&module, "LossRow");
        assert_eq!(members.len(), LossRow::LEN);
        let (fields, unused) = members.split_at(LossRow::FIELDS.len());
        let wanted = LossRow::FIELDS.iter().map(|&name| (name.into(), "f32"));
        assert_eq!(fields, wanted.collect::<Vec<_>>());
        assert!(unused.iter().all(|(name, _)| name.starts_with("unused")));
    }
}

#[test]
fn every_kernel_keeps_to_the_default_limits() {
    let limits = wgpu::Limits::default();
    for (kernel, form) in all_forms() {
        let module = parse(kernel, form);
        let is_storage = |access: Access| access != Access::Step;
        let storage = kernel
            .bindings
            .iter()
            .filter(|(_, access)| is_storage(*access))
            .count();
        assert!(
            storage <= limits.max_storage_buffers_per_shader_stage as usize,
            "{}",
            kernel.name
        );
        assert!(kernel.workgroup <= limits.max_compute_invocations_per_workgroup);
        assert!(kernel.workgroup <= limits.max_compute_workgroup_size_x);
        let shared = module.global_variables.iter().map(|(_, variable)| variable);
        let shared = shared.filter(|variable| variable.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared
            .map(|variable| module.types[variable.ty].inner.size(module.to_ctx()))
            .sum();
        println!(
            "{:<24} {storage} storage buffers, {bytes} bytes of a workgroup ({form:?})",
            kernel.name
        );
        assert!(
            bytes <= limits.max_compute_workgroup_storage_size,
            "{}",
            kernel.name
        );
    }
}

#[test]
fn workgroup_memory_is_what_the_text_declares() {
    for (kernel, form) in all_forms() {
        let module = parse(kernel, form);
        let variables = module.global_variables.iter();
        let shared = variables.filter(|(_, one)| one.space == AddressSpace::WorkGroup);
        let bytes = |ty: naga::Handle<_>| module.types[ty].inner.size(module.to_ctx());
        let declared = shared.map(|(_, one)| u64::from(bytes(one.ty).next_multiple_of(16)));
        let (name, declared) = (kernel.name, declared.sum::<u64>());
        assert_eq!(kernel.workgroup_bytes(form), declared, "{name} {form:?}");
    }
}

/// What differs for Metal is how a workgroup's memory is written, which no other test reads.
#[test]
fn naga_takes_every_text_for_metal() {
    for (kernel, form) in all_forms().filter(|(_, form)| form.matrix.is_some()) {
        parse_in(kernel, form, Dialect::Metal);
    }
}

/// The stems of a folder's files of one kind.
fn stems(folder: &str, extension: &str, others: &[&str]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut stems: Vec<String> = entries
        .map(|entry| entry.unwrap_or_else(|error| panic!("{error}")).path())
        .filter(|path| !path.is_dir())
        .map(|path| {
            assert_eq!(
                path.extension().and_then(|e| e.to_str()),
                Some(extension),
                "{path:?}"
            );
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            String::from(stem.unwrap_or_else(|| panic!("{path:?}")))
        })
        .filter(|stem| !others.contains(&stem.as_str()))
        .collect();
    stems.sort();
    stems
}

#[test]
fn every_shader_has_a_host_side_and_every_host_side_a_shader() {
    let shaders = stems("shaders", "wgsl", &[]);
    assert_eq!(
        shaders,
        stems(
            "src/gpu/kernels",
            "rs",
            &["declare", "form", "kernel", "matrices", "mod", "twins"]
        )
    );
    let mut named: Vec<String> = KERNELS.iter().map(|kernel| kernel.name.into()).collect();
    named.sort();
    assert_eq!(shaders, named);
}

/// Browsers read WGSL by Tint, which judges every text they could be handed. A developer's check: no package
/// of Debian's has the program.
#[test]
#[ignore = "needs Google's `tint`, which no package brings: `cargo test --lib -- --ignored tint`"]
fn tint_takes_every_text_of_browsers() {
    let folder = std::env::temp_dir().join(std::format!("iddpm-tint-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
    let mut refused = String::new();
    for (at, (kernel, form)) in all_forms().enumerate() {
        // Browsers have none of wgpu's cooperative matrices.
        if form.matrix.is_some() {
            continue;
        }
        let path = folder.join(std::format!("{at}.wgsl"));
        fs::write(&path, kernel.text(form, Dialect::Browser))
            .unwrap_or_else(|error| panic!("{error}"));
        let mut run = Command::new("tint");
        let output = run.args(["--format", "wgsl"]).arg(&path).output();
        let output = output.unwrap_or_else(|error| panic!("{error}"));
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            refused += &std::format!("{} {form:?}: {said}\n", kernel.name);
        }
    }
    drop(fs::remove_dir_all(&folder));
    assert!(refused.is_empty(), "{refused}");
}

/// What the loops of kernels may be, since wgpu does not count them; see `kernel_module`.
#[test]
fn kernels_have_no_loops_but_for() {
    for (kernel, form) in all_forms() {
        let text = kernel.text(form, Dialect::Native);
        let code = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or(""));
        for line in code {
            let mut words = line.split(|char: char| !char.is_alphanumeric());
            let other = words.find(|word| ["loop", "while"].contains(word));
            assert_eq!(other, None, "{}: {line}", kernel.name);
        }
    }
}
