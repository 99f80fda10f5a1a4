//! Whole runs in every way that the device can make them: the variants of kernels, in f32 and in f16. However
//! a run is batched, cut or paused, it has the same bits.

use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
use iddpm::gpu::{ConvVariant, DeviceGeneration, Gpu, MatrixSide, Precision, Variants, wgpu};

use super::generation::begin_sized;
use super::gpu;

/// Each with the device that runs it so.
pub(crate) fn ways() -> Vec<(Gpu, Precision)> {
    let device = gpu().device();
    let has_half = device.features().contains(wgpu::Features::SHADER_F16);
    let precisions = &[Precision::Full, Precision::Half][..1 + usize::from(has_half)];
    let mut ways = Vec::new();
    for variants in Variants::all(device, gpu().matrices()) {
        let gpu = gpu().clone().with_variants(variants);
        ways.extend(precisions.iter().map(|&precision| (gpu.clone(), precision)));
    }
    ways
}

/// Images of which matrices see more than they multiply, and of sixteen rows two at once.
const SIDE: usize = 8;

fn process() -> InlineProcess<3> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(3)).unwrap()
}

/// Records and submits so many dispatches.
fn submit(run: &mut DeviceGeneration, gpu: &Gpu, dispatches: usize) {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    run.record(&mut encoder, dispatches);
    gpu.submit_blocking(encoder).unwrap();
}

/// Images of other seeds, numbers and classes.
#[test]
fn a_batch_is_its_images() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let numbers = [3, 0, 9, 1 << 40];
    for (gpu, precision) in ways() {
        let how = format!("{:?}, {precision:?}", gpu.variants());
        let begin = |numbers: &[u64]| {
            let numbers = numbers.iter().copied();
            begin_sized(&gpu, precision, &sampler, numbers, SIDE)
        };
        let together = begin(&numbers).finish_blocking().unwrap();
        let images = together.chunks(together.len() / numbers.len());
        for (number, image) in numbers.iter().zip(images) {
            let apart = begin(&[*number]).finish_blocking().unwrap();
            assert_eq!(image, apart, "{number}: {how}");
            assert!(
                image.iter().all(|value| value.abs() <= 1.0),
                "clipped: {how}"
            );
            let squares = image.iter().map(|value| value * value).sum::<f32>();
            let deviation = squares / image.len() as f32;
            assert!(deviation > 0.01, "{deviation}: {how}");
            let alike = together.chunks(image.len()).filter(|other| *other == image);
            assert_eq!(alike.count(), 1, "{number} is another one's: {how}");
        }
    }
}

/// Pieces of seven dispatches, and a run saved within a step and resumed.
#[test]
fn however_it_is_cut_and_paused() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    for (gpu, precision) in ways() {
        let how = format!("{:?}, {precision:?}", gpu.variants());
        let begin = || begin_sized(&gpu, precision, &sampler, [4, 5], SIDE);
        let whole = begin().finish_blocking().unwrap();
        let mut cut = begin();
        while !cut.is_done() {
            submit(&mut cut, &gpu, 7);
        }
        assert_eq!(cut.x_blocking().unwrap(), whole, "{how}");

        let mut run = begin();
        let step = run.dispatches_left() / run.evaluations() as usize;
        submit(&mut run, &gpu, step + step / 2);
        let saved = run.paused_blocking().unwrap();
        assert_eq!(saved.state.position, 1);
        let mut resumed = begin();
        resumed.resume(&saved).unwrap();
        assert_eq!(resumed.finish_blocking().unwrap(), whole, "{how}");
        drop(run);
    }
}

/// What the runs above are of: the kernels of each way are those that it is named after.
#[test]
fn each_way_runs_its_own_kernels() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    for (gpu, precision) in ways() {
        let variants = gpu.variants();
        let run = begin_sized(&gpu, precision, &sampler, [1], SIDE);
        for dispatch in &run.recording().dispatches {
            // What is put together as of sixteen rows is listed of those.
            let mut form = dispatch.form;
            form.matrix = form.matrix.map(|side| match side {
                MatrixSide::EightAsSixteen => MatrixSide::Sixteen,
                MatrixSide::EightAsSixteenWide => MatrixSide::SixteenWide,
                other => other,
            });
            let is_listed = dispatch.kernel.forms().contains(&form);
            let name = dispatch.kernel.name;
            assert!(is_listed, "{name}, {form:?}: {variants:?}, {precision:?}");
        }
        let kernels = |name| {
            let dispatches = run.recording().dispatches.iter();
            dispatches.filter(move |dispatch| dispatch.kernel.name == name)
        };
        let wanted = match variants.conv {
            ConvVariant::Plain => "conv",
            ConvVariant::Matrix(_) if precision == Precision::Half => "conv_matrix",
            ConvVariant::Tiled | ConvVariant::Matrix(_) => "conv_tiled",
        };
        assert!(kernels(wanted).count() > 5, "{variants:?}, {precision:?}");
        let is_half = kernels(wanted).any(|dispatch| dispatch.form.halves != 0);
        assert_eq!(is_half, precision == Precision::Half, "{variants:?}");
        let is_cut =
            ["conv_sum", "group_norm_sums"].map(|name| kernels(name).count() > 0) != [false; 2];
        assert_eq!(is_cut, variants.conv != ConvVariant::Plain);
    }
}
