//! Whole runs over a small network: however they are cut, paused or batched, the same bits.

use iddpm::diffusion::{
    Clip, Diffusion, Error, InlineProcess, Method, Noise, Paused, Prediction, Sample, Sampler,
    Schedule, Slice, Timesteps,
};
use iddpm::gpu::{
    DeviceGeneration, DeviceNetwork, DeviceWeights, Gpu, GpuError, NoiseSource, Precision,
    Variants, wgpu,
};
use iddpm::unet::{Graph, ImageSize, Input, UnetConfig, Weights};

use super::golden_network::generate;
use super::gpu;
use super::host::host;

/// Of the images of whole runs, which on a software device take long: their kernels have tests of larger ones.
pub(crate) const SIDE: usize = 4;

pub(crate) fn config() -> UnetConfig {
    UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(3, 32)
            .with_multipliers(&[1, 2])
            .with_attention(&[2])
            .with_learned_variance()
            .with_classes(5)
    }
}

pub(crate) fn graph(batch: usize) -> Graph {
    sized(batch, SIDE)
}

fn sized(batch: usize, side: usize) -> Graph {
    config().graph(batch, ImageSize::square(side)).unwrap()
}

pub(crate) fn weights(graph: &Graph) -> Vec<f32> {
    let mut weights = vec![0.0; graph.weights_len()];
    for param in graph.params() {
        let rows = param.rows().max(1);
        let scale = 0.8 / ((param.elements() / rows).max(8) as f64).sqrt();
        let is_norm = param.shape.len() == 1 && param.name.ends_with("weight");
        let values = generate(3, &param.name, param.elements(), f64::from(is_norm), scale);
        weights[param.offset..][..values.len()].copy_from_slice(&values);
    }
    weights
}

/// Of another seed each, in which both words differ.
pub(crate) fn samples(numbers: impl IntoIterator<Item = u64>) -> Vec<Sample> {
    let sample = |number: u64| Sample {
        noise: Noise::new(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 11),
        number,
        label: Some((number % 5) as u32),
    };
    numbers.into_iter().map(sample).collect()
}

fn process() -> InlineProcess<4> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(4)).unwrap()
}

pub(crate) fn begin(
    gpu: &Gpu,
    sampler: &Sampler<'_>,
    numbers: impl IntoIterator<Item = u64>,
) -> DeviceGeneration {
    begin_in(gpu, Precision::Full, sampler, numbers)
}

pub(crate) fn begin_in(
    gpu: &Gpu,
    precision: Precision,
    sampler: &Sampler<'_>,
    numbers: impl IntoIterator<Item = u64>,
) -> DeviceGeneration {
    begin_sized(gpu, precision, sampler, numbers, SIDE)
}

/// Of images of another size.
pub(crate) fn begin_sized(
    gpu: &Gpu,
    precision: Precision,
    sampler: &Sampler<'_>,
    numbers: impl IntoIterator<Item = u64>,
    side: usize,
) -> DeviceGeneration {
    let batch = samples(numbers);
    let graph = sized(batch.len(), side);
    let weights = weights(&graph);
    let weights = Weights::F32(&weights);
    let weights = DeviceWeights::upload_blocking(gpu, &graph, weights, precision).unwrap();
    let source = NoiseSource::Philox;
    DeviceGeneration::new_blocking(gpu, &graph, &weights, sampler, &batch, source).unwrap()
}

pub(crate) fn methods() -> [Method; 4] {
    [
        Method::Ancestral,
        Method::Ddim { eta: 0.0 },
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ]
}

/// What a network makes of timesteps and classes is a table of all steps, or made in each where a buffer has no room for
/// that: the first step is the same to the bit.
#[test]
fn a_step_from_a_table_is_that_step() {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000).with_prediction(Prediction::XStart);
    let process = diffusion.process(Timesteps::even(1000)).unwrap();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
    let first = |gpu: &Gpu| {
        let gpu = gpu.clone().with_variants(Variants::PLAIN);
        let mut run = begin(&gpu, &sampler, 3..6);
        let dispatches = run.dispatches_left() / 1000;
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = gpu.device().create_command_encoder(&descriptor);
        run.record(&mut encoder, 1 + dispatches);
        gpu.queue().submit([encoder.finish()]);
        (run.x_start_blocking().unwrap(), dispatches)
    };
    let (among, fewer) = first(gpu());
    let (alone, dispatches) = first(&host(|limits| {
        limits.max_storage_buffer_binding_size = 1 << 20
    }));
    assert_eq!(alone, among);
    // The embedding of the timestep, two layers of it, that of the class, and the layers of all blocks.
    assert_eq!(fewer + 5, dispatches);
}

/// Everything in one encoder; one dispatch a submission; pieces of seven.
#[test]
fn however_it_is_cut() {
    let process = process();
    for method in methods() {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let whole = begin(gpu(), &sampler, [4, 5]).finish_blocking().unwrap();
        for piece in [1, 7, usize::MAX] {
            let mut run = begin(gpu(), &sampler, [4, 5]);
            let total = run.dispatches_left();
            let mut recorded = 0;
            while !run.is_done() {
                let mut encoder = gpu().device().create_command_encoder(&Default::default());
                recorded += run.record(&mut encoder, piece);
                gpu().queue().submit([encoder.finish()]);
                assert_eq!(run.dispatches_left(), total - recorded);
            }
            assert_eq!(recorded, total);
            assert_eq!(
                run.x_blocking().unwrap(),
                whole,
                "{method:?} in pieces of {piece}"
            );
        }
    }
}

/// Saved within a step and at its end, resumed on another device.
#[test]
fn paused_and_resumed_on_another_device() {
    let process = process();
    let other = Gpu::create_blocking().unwrap();
    for method in methods() {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let whole = begin(gpu(), &sampler, [2]).finish_blocking().unwrap();
        let mut run = begin(gpu(), &sampler, [2]);
        let step = run.dispatches_left() / run.evaluations() as usize + 1;
        for dispatches in [step, step / 2, step / 2 + 3] {
            let mut encoder = gpu().device().create_command_encoder(&Default::default());
            run.record(&mut encoder, dispatches);
            gpu().submit_blocking(encoder).unwrap();
            let saved = run.paused_blocking().unwrap();
            assert_eq!(saved.state.position, run.position());
            let mut resumed = begin(&other, &sampler, [2]);
            resumed.resume(&saved).unwrap();
            assert_eq!(resumed.finish_blocking().unwrap(), whole, "{method:?}");
        }
    }
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let mut run = begin(gpu(), &sampler, [2]);
    // Before anything ran: x_T is still to be drawn.
    let saved = run.paused_blocking().unwrap();
    assert_eq!((saved.state.position, saved.x.len()), (0, 0));
    let whole = begin(gpu(), &sampler, [2]).finish_blocking().unwrap();
    let mut resumed = begin(&other, &sampler, [2]);
    resumed.resume(&saved).unwrap();
    assert_eq!(resumed.finish_blocking().unwrap(), whole);

    let saved = Paused {
        state: Sampler::new(&process, Method::Ancestral, Clip::None)
            .unwrap()
            .state(),
        x: vec![0.0; 3 * SIDE * SIDE],
        history: Vec::new(),
    };
    let refused = run.resume(&saved);
    assert!(
        matches!(refused, Err(GpuError::Sampler(Error::StateMismatch { .. }))),
        "{refused:?}"
    );
}

#[test]
fn wrong_labels_and_sizes_are_named() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let graph = graph(2);
    let weights = weights(&graph);
    let stored = DeviceWeights::upload_blocking(
        gpu(),
        &graph,
        Weights::F32(&weights),
        Precision::HalfWeights,
    )
    .unwrap();
    let new = |batch: &[Sample]| {
        let source = NoiseSource::Philox;
        DeviceGeneration::new_blocking(gpu(), &graph, &stored, &sampler, batch, source).err()
    };
    let mut batch = samples([0, 1]);
    assert_eq!(new(&batch), None);
    let length = GpuError::Length {
        what: "samples",
        len: 1,
        expected: 2,
    };
    assert_eq!(new(&batch[..1]), Some(length));
    batch[1].label = Some(5);
    assert_eq!(
        new(&batch),
        Some(GpuError::Label {
            index: 1,
            label: 5,
            classes: 5
        })
    );
    batch[1].label = None;
    assert_eq!(
        new(&batch),
        Some(GpuError::LabelsExpected { expected: true })
    );
    let network = DeviceNetwork::new_blocking(gpu(), &graph, &stored).unwrap();
    assert_eq!(network.write(Input::Labels, &[4.0, 0.0]), Ok(()));
    let (index, label, classes) = (1, 5, 5);
    let wrong = GpuError::Label {
        index,
        label,
        classes,
    };
    assert_eq!(network.write(Input::Labels, &[4.0, 5.0]), Err(wrong));
    for number in [0.5, -1.0] {
        let wrong = GpuError::NoLabel { index: 0, number };
        assert_eq!(network.write(Input::Labels, &[number, 0.0]), Err(wrong));
    }
    let short = Weights::F32(&weights[1..]);
    let refused = DeviceWeights::upload_blocking(gpu(), &graph, short, Precision::Full);
    assert!(matches!(
        refused,
        Err(GpuError::Length {
            what: "weights",
            ..
        })
    ));
}

/// What a host binds is what it could read.
#[test]
fn the_buffer_of_x_holds_x() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let mut run = begin(gpu(), &sampler, [4]);
    let image = run.finish_blocking().unwrap();
    let bytes = 4 * image.len() as u64;
    let copy = gpu().device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = gpu().device().create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(run.x_buffer(), 0, &copy, 0, bytes);
    gpu().submit_blocking(encoder).unwrap();
    copy.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    let polled = gpu().device().poll(wgpu::PollType::wait_indefinitely());
    polled.unwrap();
    let copied = copy.get_mapped_range(..).unwrap();
    let copied = copied.chunks_exact(4);
    let copied = copied.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    assert_eq!(copied.collect::<Vec<_>>(), image);
    assert_eq!(run.output_buffer().size() % 4, 0);
}

/// One step from noise to image is the clipped prediction, whatever the method.
#[test]
fn one_step() {
    // ε says next to nothing of x_0 where ᾱ is nearly 0: every pixel would be clipped.
    let model = Diffusion::new(Schedule::Cosine, 1000).with_prediction(Prediction::V);
    let process = InlineProcess::<1>::new(&model, Timesteps::trailing(1)).unwrap();
    let images = [
        Method::Ddim { eta: 0.0 },
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ]
    .map(|method| {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let mut run = begin(gpu(), &sampler, [2, 7]);
        assert_eq!(run.evaluations(), 1);
        let x = run.finish_blocking().unwrap();
        assert_eq!(x, run.x_start_blocking().unwrap(), "{method:?}");
        x
    });
    assert!(images.iter().all(|image| *image == images[0]));
    assert!(images[0].iter().any(|x| x.abs() < 1.0));
}

/// What no step can have left is no state.
#[test]
fn a_saved_run_that_is_not_finite_is_refused() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Heun, Clip::Unit).unwrap();
    let mut run = begin(gpu(), &sampler, [2]);
    let mut encoder = gpu().device().create_command_encoder(&Default::default());
    run.record_step(&mut encoder);
    gpu().submit_blocking(encoder).unwrap();
    let saved = run.paused_blocking().unwrap();
    let bad = |slice, change: fn(&mut Paused)| {
        let mut saved = saved.clone();
        change(&mut saved);
        let error = Error::NotFinite { slice, index: 3 };
        (saved, Err(GpuError::Sampler(error)))
    };
    let mut resumed = begin(gpu(), &sampler, [2]);
    for (saved, refused) in [
        bad(Slice::X, |saved| saved.x[3] = f32::NAN),
        bad(Slice::History, |saved| saved.history[3] = f32::INFINITY),
    ] {
        assert_eq!(resumed.resume(&saved), refused);
        assert_eq!(resumed.position(), 0);
    }
    resumed.resume(&saved).unwrap();
    assert_eq!(
        resumed.finish_blocking().unwrap(),
        run.finish_blocking().unwrap()
    );
}
