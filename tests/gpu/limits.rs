//! Devices made with one limit too low: each is named, with what would do, before anything is compiled. With
//! just that much the run is made, with one less it is not.

use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
use iddpm::gpu::{
    AttentionVariant, ConvVariant, DeviceGeneration, DeviceNetwork, DeviceWeights, Gpu, GpuError,
    Limit, MatrixSide, NoiseSource, Precision, Variants, WeightPlan, wgpu,
};
use iddpm::unet::Weights;
use wgpu::Limits;

use super::generation::{graph, samples, weights};
use super::host::host;

const ELEMENTS: usize = 5000;

/// Two images by a denoiser of the host's own: kernels with sums, thresholds and most bindings.
fn run(gpu: &Gpu) -> Result<DeviceGeneration, GpuError> {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<4>::new(&diffusion, Timesteps::even(4)).unwrap();
    let (ratio, max) = (0.9, 1.5);
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Dynamic { ratio, max }).unwrap();
    let source = NoiseSource::Philox;
    DeviceGeneration::without_network_blocking(gpu, ELEMENTS, &sampler, &samples([0, 1]), source)
}

/// A limit by name, how it is set, a value too low, and what the run wants of it.
struct Row {
    name: &'static str,
    set: fn(&mut Limits, u64),
    low: u64,
    wanted: u64,
}

macro_rules! row {
    ($name:ident, $low:expr, $wanted:expr) => {
        Row {
            name: stringify!($name),
            set: |limits, value| limits.$name = value.try_into().unwrap(),
            low: $low,
            wanted: $wanted,
        }
    };
}

#[test]
fn every_limit_is_named() {
    let rich = run(&host(|_| ())).unwrap();
    let dispatches = &rich.recording().dispatches;
    let workgroups = dispatches.iter().map(|dispatch| dispatch.workgroups);
    let side = (workgroups.max().unwrap() as f64).sqrt().ceil() as u64;
    let numbers = rich.recording().buffers.iter();
    let step = numbers.clone().find(|buffer| buffer.name == "step");
    // With the variance, a denoiser returns twice as much as it is given.
    let output = 2 * 4 * 2 * ELEMENTS as u64;
    let rows = [
        row!(max_bindings_per_bind_group, 8, 10),
        row!(max_storage_buffers_per_shader_stage, 4, 8),
        row!(max_uniform_buffers_per_shader_stage, 1, 2),
        row!(
            max_buffers_and_acceleration_structures_per_shader_stage,
            8,
            10
        ),
        row!(max_compute_invocations_per_workgroup, 32, 256),
        row!(max_compute_workgroup_size_x, 128, 256),
        row!(max_compute_workgroup_storage_size, 0, 1024),
        row!(max_compute_workgroups_per_dimension, 2, side),
        row!(max_storage_buffer_binding_size, 1 << 12, output),
        row!(max_uniform_buffer_binding_size, 32, step.unwrap().bytes),
        row!(max_buffer_size, 1 << 12, output),
    ];
    for row in rows {
        let with = |value| run(&host(|limits| (row.set)(limits, value)));
        for had in [row.low, row.wanted - 1] {
            let Err(GpuError::Limit {
                limit,
                what,
                wanted,
                had: found,
            }) = with(had)
            else {
                panic!("{} = {had} is not too low", row.name);
            };
            println!("{what} needs {limit} = {wanted}");
            assert_eq!((limit.name(), wanted, found), (row.name, row.wanted, had));
            let dispatches = &mut dispatches.iter().map(|dispatch| &dispatch.name);
            let is_dispatch = dispatches.any(|name| *name == what);
            assert!(is_dispatch || numbers.clone().any(|buffer| buffer.name == what));
        }
        let mut made = with(row.wanted).unwrap();
        made.finish_blocking().unwrap();
    }
}

fn stored(gpu: &Gpu) -> Result<DeviceWeights, GpuError> {
    let graph = graph(1);
    let numbers = weights(&graph);
    DeviceWeights::upload_blocking(gpu, &graph, Weights::F32(&numbers), Precision::Full)
}

/// The limits of phones that have half the buffers.
#[test]
fn half_of_the_buffers() {
    let low = host(|limits| *limits = Limits::downlevel_defaults());
    let stored = stored(&low).unwrap();
    for variants in Variants::all(low.device(), None) {
        let low = low.clone().with_variants(variants);
        let refused = DeviceNetwork::new_blocking(&low, &graph(1), &stored).unwrap_err();
        let GpuError::Limit { limit, had, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((limit, had), (Limit::StorageBuffers, 4));
    }
}

/// What bounds a buffer of weights is the lower limit of two.
#[test]
fn weights_name_the_lower_limit() {
    type Set = fn(&mut Limits, u64);
    let buffer: Set = |limits, bytes| limits.max_buffer_size = bytes;
    let binding: Set = |limits, bytes| limits.max_storage_buffer_binding_size = bytes;
    let named = [Limit::BufferSize, Limit::StorageBinding];
    let graph = graph(1);
    let had = 1 << 15;
    let Err(GpuError::Limit { what, wanted, .. }) = WeightPlan::new(&graph, Precision::Full, had)
    else {
        panic!("all weights fit");
    };
    for (limit, set) in named.into_iter().zip([buffer, binding]) {
        let expected = GpuError::Limit {
            limit,
            what: what.clone(),
            wanted,
            had,
        };
        let refused = stored(&host(|limits| set(limits, had))).unwrap_err();
        assert_eq!(refused, expected);
    }
}

/// Tiles take 8.5 KiB, matrices of eight rows 15.6 KiB and of sixteen 16, a workgroup's attention 16 KiB; all else 3 KiB.
#[test]
fn variants_are_what_there_is_room_for() {
    let [eight, sixteen] = [MatrixSide::Eight, MatrixSide::Sixteen].map(ConvVariant::Matrix);
    let (tiled, plain) = (ConvVariant::Tiled, ConvVariant::Plain);
    let in_matrices = AttentionVariant::Matrix(MatrixSide::Sixteen);
    let (shared, alone) = (AttentionVariant::Shared, AttentionVariant::Plain);
    for (bytes, wanted, conv, attention) in [
        (16 << 10, (sixteen, in_matrices), sixteen, in_matrices),
        (16 << 10, (sixteen, shared), sixteen, shared),
        (16 << 10, (plain, shared), plain, shared),
        (16_383, (sixteen, in_matrices), tiled, alone),
        (16_000, (eight, shared), eight, alone),
        (15_999, (eight, shared), tiled, alone),
        (8704, (eight, shared), tiled, alone),
        (8703, (eight, shared), plain, alone),
        (8703, (tiled, shared), plain, alone),
    ] {
        let limits = Limits {
            max_compute_workgroup_storage_size: bytes,
            ..Limits::default()
        };
        let fastest = Variants {
            conv: wanted.0,
            attention: wanted.1,
            ..Variants::PARALLEL
        };
        let found = fastest.within(&limits);
        assert_eq!((found.conv, found.attention), (conv, attention), "{bytes}");
    }

    let low = host(|limits| limits.max_compute_workgroup_storage_size = 4096);
    let all = Variants::all(low.device(), None);
    assert_eq!(all, [Variants::PLAIN]);
    assert_eq!(low.variants(), Variants::PLAIN);
    let stored = stored(&low).unwrap();
    DeviceNetwork::new_blocking(&low, &graph(1), &stored).unwrap();
    let forced = low.with_variants(Variants::PARALLEL);
    let refused = DeviceNetwork::new_blocking(&forced, &graph(1), &stored).unwrap_err();
    let GpuError::Limit {
        limit, wanted, had, ..
    } = refused
    else {
        panic!("{refused:?}");
    };
    let expected = (Limit::WorkgroupMemory, 14_336, 4096);
    assert_eq!((limit, wanted, had), expected);
}
