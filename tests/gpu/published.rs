//! The published models as recordings, without a device: within WebGPU's default limits, and of kernels in
//! forms that were looked at.

use std::collections::BTreeSet;

use iddpm::checkpoint::Preset;
use iddpm::diffusion;
use iddpm::gpu::{ALIGNMENT, Recording, grid, wgpu};
use iddpm::unet::{Graph, ImageSize, UnetConfig};

use super::recorded::each_recording;

fn preset_graph(preset: Preset, batch: usize) -> Graph {
    let description = preset.describe(diffusion::WeightSet::Raw, 0).unwrap();
    description.graph(batch).unwrap()
}

fn keeps_to(limits: &wgpu::Limits, name: &str, recording: &Recording) {
    assert_eq!(recording.mistake(), None);
    assert_eq!(recording.check(limits), Ok(()), "{name}");
    let most = limits.max_compute_workgroups_per_dimension;
    for dispatch in &recording.dispatches {
        let what = format!("{name}: {}", dispatch.name);
        assert!(grid(dispatch.workgroups, most).is_some(), "{what}");
        for binding in &dispatch.bindings {
            let limit = limits.max_storage_buffer_binding_size;
            assert!(binding.bytes <= limit, "{what}");
            assert!(binding.offset.is_multiple_of(ALIGNMENT), "{what}");
        }
    }
    for buffer in &recording.buffers {
        let what = format!("{name}: {} of {}", buffer.name, buffer.bytes);
        assert!(buffer.bytes <= limits.max_buffer_size, "{what}");
    }
}

#[test]
fn published_models_keep_to_the_default_limits() {
    let limits = wgpu::Limits::default();
    let mut runs: Vec<(Preset, usize)> = Preset::ALL.map(|preset| (preset, 1)).into();
    runs.extend([(Preset::Cifar10Uncond, 16), (Preset::ImageNet64Uncond, 4)]);
    for (preset, batch) in runs {
        let (mut dispatches, mut largest, mut cut) = (0, 0, 0);
        each_recording(&preset_graph(preset, batch), |how, recorded| {
            let recording = &recorded.recording;
            keeps_to(
                &limits,
                &format!("{preset:?}, batch {batch}, {how}"),
                recording,
            );
            dispatches = dispatches.max(recording.dispatches.len());
            let bytes = recording.buffers.iter().map(|buffer| buffer.bytes).sum();
            largest = largest.max(bytes);
            let kernels = recording
                .dispatches
                .iter()
                .map(|dispatch| dispatch.kernel.name);
            let sums = ["conv_sum", "group_norm_sums"];
            cut += kernels.filter(|name| sums.contains(name)).count();
        });
        // Sums of stretches are among what was looked at.
        assert!(cut > 0, "{preset:?}");
        let mib = largest >> 20;
        println!("{preset:?}, batch {batch}: up to {dispatches} dispatches, {mib} MiB");
    }
}

/// Networks of every option: what no published model has.
fn other_graphs() -> Vec<Graph> {
    let plain = UnetConfig::new(1, 32).with_multipliers(&[1, 2]);
    let resampled = UnetConfig {
        conv_resample: false,
        scale_shift: false,
        ..plain
            .clone()
            .with_attention(&[1, 2])
            .with_learned_variance()
    };
    let all = UnetConfig {
        super_resolution: true,
        ..plain.clone().with_classes(3)
    };
    let narrow = UnetConfig::new(1, 8).with_norm_groups(4);
    let size = ImageSize {
        height: 16,
        width: 12,
        low_res: Some((5, 7)),
    };
    let graphs = [
        plain.graph(1, ImageSize::square(2)),
        plain.graph(300, ImageSize::square(16)),
        resampled.graph(2, ImageSize::square(16)),
        all.graph(2, size),
        narrow.graph(1, ImageSize::square(8)),
    ];
    graphs.map(Result::unwrap).into()
}

/// Every form that a network runs a kernel in is one of [`Kernel::forms`](iddpm::gpu::Kernel::forms), which
/// naga and Tint are shown.
#[test]
fn every_form_that_networks_run_is_listed() {
    let presets = Preset::ALL.map(|preset| preset_graph(preset, 1));
    // Many images at once, so that convolutions join their stretches.
    let many = preset_graph(Preset::Cifar10Uncond, 64);
    let (mut missing, mut found) = (BTreeSet::new(), BTreeSet::new());
    for graph in presets.into_iter().chain([many]).chain(other_graphs()) {
        each_recording(&graph, |how, recorded| {
            for dispatch in &recorded.recording.dispatches {
                let (kernel, form) = (dispatch.kernel, dispatch.form);
                let is_new = found.insert((kernel.name, format!("{form:?}")));
                if is_new && !kernel.forms().contains(&form) {
                    missing.insert(format!(
                        "{} {form:?}: {}, {how}",
                        kernel.name, dispatch.name
                    ));
                }
            }
        });
    }
    println!("{} forms", found.len());
    let joined = found
        .iter()
        .filter(|(_, form)| form.contains("joined: true"));
    assert!(joined.count() > 3, "{found:?}");
    assert!(missing.is_empty(), "{missing:#?}");
}
