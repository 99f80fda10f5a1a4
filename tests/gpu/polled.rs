//! A host that never blocks: it records, submits, asks, and polls once a frame.

use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Method, Paused, Sampler, Schedule, Timesteps,
};
use iddpm::gpu::{DeviceGeneration, Gpu, GpuError, NoiseSource, PausedReadback, Readback, wgpu};

use super::generation::{begin, samples};
use super::gpu;

fn process() -> InlineProcess<4> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(4)).unwrap()
}

/// Submits what `record` records.
fn submit<T>(gpu: &Gpu, record: impl FnOnce(&mut wgpu::CommandEncoder) -> T) -> T {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let recorded = record(&mut encoder);
    gpu.queue().submit([encoder.finish()]);
    recorded
}

/// What `take` yields, a poll at a time.
fn polled<T>(
    gpu: &Gpu,
    mut take: impl FnMut() -> Result<Option<T>, GpuError>,
) -> Result<T, GpuError> {
    loop {
        gpu.device().poll(wgpu::PollType::Poll).unwrap();
        if let Some(taken) = take()? {
            return Ok(taken);
        }
    }
}

fn saved(run: &DeviceGeneration, into: &mut PausedReadback) -> Result<Paused, GpuError> {
    submit(gpu(), |encoder| run.read_paused(encoder, into));
    into.map();
    polled(gpu(), || into.take())
}

type Read = fn(&DeviceGeneration, &mut wgpu::CommandEncoder, &Readback);

fn numbers(run: &DeviceGeneration, read: Read, into: &mut Readback) -> Result<Vec<f32>, GpuError> {
    submit(gpu(), |encoder| read(run, encoder, into));
    into.map();
    let words = polled(gpu(), || into.take())?;
    Ok(words.into_iter().map(f32::from_bits).collect())
}

/// Saved every few dispatches, into the same room: what blocking saves, and each goes on to the same bits.
#[test]
fn saved_without_blocking() {
    let process = process();
    for method in [Method::Ancestral, Method::DpmSolverPlusPlus2M] {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let whole = begin(gpu(), &sampler, [3, 4]).finish_blocking().unwrap();
        let mut run = begin(gpu(), &sampler, [3, 4]);
        let mut resumed = begin(gpu(), &sampler, [3, 4]);
        let mut room = pollster::block_on(run.paused_readback()).unwrap();
        assert_eq!(room.take(), Ok(None), "nothing was asked for");
        let piece = run.dispatches_left() / 5;
        while !run.is_done() {
            let now = saved(&run, &mut room).unwrap();
            assert_eq!(now, run.paused_blocking().unwrap());
            assert_eq!(now.state.position, run.position());
            resumed.resume(&now).unwrap();
            assert_eq!(resumed.finish_blocking().unwrap(), whole, "{method:?}");
            submit(gpu(), |encoder| run.record(encoder, piece));
        }
        assert_eq!(saved(&run, &mut room).unwrap().x, whole);
    }
}

/// A preview, which on the last step is the image.
#[test]
fn a_preview_without_blocking() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let mut run = begin(gpu(), &sampler, [3, 4]);
    let mut room = pollster::block_on(run.readback()).unwrap();
    let mut last = Vec::new();
    while !run.is_done() {
        submit(gpu(), |encoder| run.record_step(encoder));
        let preview = numbers(&run, DeviceGeneration::read_x_start, &mut room).unwrap();
        assert_eq!(preview, run.x_start_blocking().unwrap());
        assert!(preview.iter().all(|number| number.abs() <= 1.0));
        assert_ne!(preview, last);
        last = preview;
    }
    let image = numbers(&run, DeviceGeneration::read_x, &mut room).unwrap();
    assert_eq!(last, image);
    assert_eq!(image, run.x_blocking().unwrap());
}

/// x that is not finite is told by everything that is read, until the run is put where it was.
#[test]
fn not_finite_without_blocking() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
    let (elements, source) = (5, NoiseSource::Host);
    let batch = samples([0, 1]);
    let mut run =
        DeviceGeneration::without_network_blocking(gpu(), elements, &sampler, &batch, source)
            .unwrap();
    let mut room = pollster::block_on(run.readback()).unwrap();
    let mut saved_room = pollster::block_on(run.paused_readback()).unwrap();
    run.write_x(&[0.5; 10]).unwrap();
    run.write_normals(&[0.0; 10]).unwrap();
    run.write_output(&[0.0; 20]).unwrap();
    let before = saved(&run, &mut saved_room).unwrap();

    let mut x = [0.5; 10];
    x[7] = f32::NAN;
    run.write_x(&x).unwrap();
    submit(gpu(), |encoder| run.record_step(encoder));
    let (image, element) = (1, 2);
    let not_finite = GpuError::NotFinite { image, element };
    for read in [DeviceGeneration::read_x, DeviceGeneration::read_x_start] {
        assert_eq!(numbers(&run, read, &mut room), Err(not_finite.clone()));
    }
    assert_eq!(saved(&run, &mut saved_room), Err(not_finite.clone()));
    assert_eq!(run.paused_blocking(), Err(not_finite));

    run.resume(&before).unwrap();
    submit(gpu(), |encoder| run.record_step(encoder));
    let after = saved(&run, &mut saved_room).unwrap();
    assert_eq!(after.state.position, 1);
    let x = numbers(&run, DeviceGeneration::read_x, &mut room).unwrap();
    assert_eq!(after.x, x);
    assert!(x.iter().all(|number| number.is_finite()));
}
