//! naga's back ends, each with the options that wgpu writes a kernel of this crate with: every check of what is read and
//! written, no counters in loops, no workgroup memory that is cleared first, and a place for each binding.

use std::collections::BTreeMap;

use iddpm::gpu::{Access, Kernel};
use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::ModuleInfo;
use naga::{Module, ResourceBinding, ShaderStage};

use super::{Needs, Target};

const ENTRY: &str = "main";

/// A kernel as it is to be written.
pub(super) struct Checked<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) needs: Needs,
    /// Whether it is for the newest devices, by the newest versions that wgpu writes; else for the oldest that have what
    /// the form needs.
    pub(super) is_new: bool,
    pub(super) module: Module,
    pub(super) info: ModuleInfo,
}

impl Checked<'_> {
    /// Writes it for a target, or says what the back end says against it.
    pub(super) fn write(&self, target: Target) -> Result<(), String> {
        let text = match target {
            Target::Spirv => return self.spirv(),
            Target::Msl => self.msl()?,
            Target::Hlsl => self.hlsl()?,
            Target::GlslEs => self.glsl(glsl::Version::new_gles(self.version(310, 320)))?,
            Target::Glsl => self.glsl(glsl::Version::Desktop(self.version(430, 460)))?,
        };
        let entry = match target {
            Target::Msl => "kernel void main_(",
            Target::Hlsl | Target::GlslEs | Target::Glsl | Target::Spirv => "void main(",
        };
        assert!(text.contains(entry), "{}: {text}", self.kernel.name);
        Ok(())
    }

    const fn version<T: Copy>(&self, oldest: T, newest: T) -> T {
        if self.is_new { newest } else { oldest }
    }

    /// Each binding, the parameters first, and whether it is written, or a uniform.
    fn bindings(&self) -> impl Iterator<Item = (ResourceBinding, Access)> {
        let bound = self.kernel.bindings.iter().map(|&(_, access)| access);
        let all = [Access::Step].into_iter().chain(bound);
        let place = |binding| ResourceBinding { group: 0, binding };
        (0..).map(place).zip(all)
    }

    /// By the versions of Vulkan from 1.0 to 1.3, which brought subgroups with 1.1.
    fn spirv(&self) -> Result<(), String> {
        let mut capabilities = vec![spv::Capability::Shader];
        let (needs, has_matrices) = (self.needs, self.needs.matrices.is_some());
        if needs.halves {
            capabilities.push(spv::Capability::Float16);
        }
        if needs.subgroups || has_matrices {
            capabilities.extend([
                spv::Capability::GroupNonUniform,
                spv::Capability::GroupNonUniformArithmetic,
            ]);
        }
        if has_matrices {
            capabilities.extend([
                spv::Capability::CooperativeMatrixKHR,
                spv::Capability::VulkanMemoryModel,
            ]);
        }
        let info = |(place, _): (ResourceBinding, _)| {
            let info = spv::BindingInfo {
                descriptor_set: place.group,
                binding: place.binding,
                binding_array_size: None,
            };
            (place, info)
        };
        let options = spv::Options {
            lang_version: match needs {
                _ if has_matrices || needs.subgroups => self.version((1, 3), (1, 6)),
                _ => self.version((1, 0), (1, 6)),
            },
            flags: spv::WriterFlags::empty(),
            fake_missing_bindings: false,
            binding_map: self.bindings().map(info).collect(),
            capabilities: Some(capabilities.into_iter().collect()),
            bounds_check_policies: RESTRICTED,
            zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
            force_loop_bounding: false,
            use_storage_input_output_16: needs.halves,
            ..spv::Options::default()
        };
        let pipeline = spv::PipelineOptions {
            shader_stage: ShaderStage::Compute,
            entry_point: ENTRY.into(),
        };
        let words = spv::write_vec(&self.module, &self.info, &options, Some(&pipeline));
        let words = words.map_err(|error| error.to_string())?;
        assert_eq!(
            words.first(),
            Some(&0x0723_0203),
            "the word that SPIR-V begins with"
        );
        Ok(())
    }

    /// By the versions of Metal. Its matrices have sides of 8: of 16 naga writes too, which
    /// no device there says that it has.
    fn msl(&self) -> Result<String, String> {
        let slot = |(place, access): (ResourceBinding, Access)| {
            let target = msl::BindTarget {
                buffer: Some(place.binding as u8),
                mutable: access.writes(),
                ..msl::BindTarget::default()
            };
            (place, target)
        };
        let resources = msl::EntryPointResources {
            sizes_buffer: Some(self.bindings().count() as u8),
            resources: self.bindings().map(slot).collect(),
            immediates_buffer: None,
        };
        let options = msl::Options {
            lang_version: match self.needs {
                needs if needs.matrices.is_some() => self.version((2, 3), (4, 0)),
                needs if needs.subgroups => self.version((2, 2), (4, 0)),
                _ => self.version((2, 1), (4, 0)),
            },
            per_entry_point_map: BTreeMap::from([(ENTRY.into(), resources)]),
            fake_missing_bindings: false,
            bounds_check_policies: RESTRICTED,
            zero_initialize_workgroup_memory: false,
            force_loop_bounding: false,
            ..msl::Options::default()
        };
        let pipeline = msl::PipelineOptions {
            entry_point: Some((ShaderStage::Compute, ENTRY.into())),
            ..msl::PipelineOptions::default()
        };
        let written = msl::write_string(&self.module, &self.info, &options, &pipeline);
        let (text, info) = written.map_err(|error| error.to_string())?;
        for name in info.entry_point_names {
            name.map_err(|error| error.to_string())?;
        }
        Ok(text)
    }

    /// By shader models: the oldest, without f16 and subgroups, is that of Microsoft's older compiler.
    fn hlsl(&self) -> Result<String, String> {
        // Registers are counted by kind: uniforms, what is read, what is written.
        let mut taken = [0; 3];
        let mut binding_map = hlsl::BindingMap::default();
        for (place, access) in self.bindings() {
            let kind = match access {
                Access::Step => 0,
                Access::Read | Access::Weights | Access::Activations => 1,
                Access::Write | Access::Result => 2,
            };
            let target = hlsl::BindTarget {
                register: taken[kind],
                restrict_indexing: true,
                ..hlsl::BindTarget::default()
            };
            binding_map.insert(place, target);
            taken[kind] += 1;
        }
        // Where the number of workgroups is, which Direct3D tells no kernel by itself.
        let special_constants = hlsl::BindTarget {
            register: taken[0],
            ..hlsl::BindTarget::default()
        };
        let options = hlsl::Options {
            shader_model: match self.needs {
                _ if self.is_new => hlsl::ShaderModel::V6_9,
                needs if needs.matrices.is_some() => hlsl::ShaderModel::V6_9,
                needs if needs.halves => hlsl::ShaderModel::V6_2,
                needs if needs.subgroups => hlsl::ShaderModel::V6_0,
                _ => hlsl::ShaderModel::V5_1,
            },
            binding_map,
            fake_missing_bindings: false,
            special_constants_binding: Some(special_constants),
            zero_initialize_workgroup_memory: false,
            restrict_indexing: true,
            force_loop_bounding: false,
            ..hlsl::Options::default()
        };
        let pipeline = hlsl::PipelineOptions {
            entry_point: Some((ShaderStage::Compute, ENTRY.into())),
        };
        let mut text = String::new();
        let mut writer = hlsl::Writer::new(&mut text, &options, &pipeline);
        let written = writer.write(&self.module, &self.info, None);
        let info = written.map_err(|error| error.to_string())?;
        for name in info.entry_point_names {
            name.map_err(|error| error.to_string())?;
        }
        Ok(text)
    }

    /// By a version of OpenGL, or of OpenGL ES: the oldest are the first that have kernels.
    fn glsl(&self, version: glsl::Version) -> Result<String, String> {
        // Counted by kind: uniforms, and what lies in storage.
        let mut taken = [0; 2];
        let mut binding_map = glsl::BindingMap::default();
        for (place, access) in self.bindings() {
            let kind = usize::from(access != Access::Step);
            binding_map.insert(place, taken[kind]);
            taken[kind] += 1;
        }
        let options = glsl::Options {
            version,
            binding_map,
            zero_initialize_workgroup_memory: false,
            ..glsl::Options::default()
        };
        let pipeline = glsl::PipelineOptions {
            shader_stage: ShaderStage::Compute,
            entry_point: ENTRY.into(),
            multiview: None,
        };
        let mut text = String::new();
        // What is read and written is bounded by OpenGL itself.
        let policies = BoundsCheckPolicies::default();
        let (module, info) = (&self.module, &self.info);
        glsl::Writer::new(&mut text, module, info, &options, &pipeline, policies)
            .and_then(|mut writer| writer.write())
            .map_err(|error| error.to_string())?;
        Ok(text)
    }
}

/// wgpu's own checks, where a device has none.
const RESTRICTED: BoundsCheckPolicies = BoundsCheckPolicies {
    index: BoundsCheckPolicy::Restrict,
    buffer: BoundsCheckPolicy::Restrict,
    image_load: BoundsCheckPolicy::Restrict,
    binding_array: BoundsCheckPolicy::Unchecked,
};
