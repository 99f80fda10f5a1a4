//! Frames of a host that do not run as they were recorded: refused by the device, dropped, held back. The image is the
//! same, and what is shown or saved on the way is what was done.

use iddpm::gpu::{Gpu, GpuError, wgpu};
use iddpm::run::{Budget, DrawError};
use iddpm::{Device, Draw, Error, Run};

use super::door::{begin, finish, model};
use super::gpu;

fn draw() -> Draw {
    Draw::new().steps("4").method("heun")
}

fn encoder(gpu: &Gpu) -> wgpu::CommandEncoder {
    gpu.device().create_command_encoder(&Default::default())
}

/// Into an encoder, about so many steps.
fn record(run: &mut Run, steps: f64) -> (wgpu::CommandEncoder, bool) {
    let mut encoder = encoder(gpu());
    let step = run.pacing().unwrap().milliseconds_per_step;
    let budget = Budget::milliseconds(1.01 * steps * step);
    let was_left = run.record(&mut encoder, budget).unwrap();
    (encoder, was_left)
}

fn submit(encoder: wgpu::CommandEncoder) {
    gpu().queue().submit([encoder.finish()]);
}

fn poll() {
    let wait = wgpu::PollType::wait_indefinitely();
    gpu().device().poll(wait).unwrap();
}

/// Submits what the device must refuse, as the texture that it paints is gone; the host hears of it.
fn submit_refused(run: &Run, mut encoder: wgpu::CommandEncoder) {
    let texture = gpu().device().create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d {
            width: 64,
            height: 64,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    run.paint(&mut encoder, &texture).unwrap();
    texture.destroy();
    let scope = gpu()
        .device()
        .push_error_scope(wgpu::ErrorFilter::Validation);
    submit(encoder);
    let error = pollster::block_on(scope.pop());
    assert!(error.is_some(), "a destroyed texture was painted");
}

fn is_refused<T>(asked: &Result<T, Error>) -> bool {
    matches!(asked, Err(Error::Draw(DrawError::FrameNotSubmitted)))
}

/// A frame that the device refused, any of them, of a step, of parts and of several: what is saved at any moment is a
/// step that was done, and the run ends in the same image, by frames as by steps.
#[test]
fn a_frame_that_is_refused_is_made_again() {
    let mut studio = model().on(Device::from(gpu().clone())).unwrap();
    let mut run = begin(&mut studio, &draw(), 0);
    let mut states = Vec::new();
    loop {
        states.push(run.save().unwrap().to_bytes().unwrap());
        if !run.advance().unwrap() {
            break;
        }
    }
    let whole = finish(run);
    let cases = [(0.4, 0), (0.4, 4), (1.0, 1), (1.0, 3), (2.5, 1), (2.5, 2)];
    for ((steps, refused), by_frames) in cases
        .into_iter()
        .zip([true, false, false, true, true, false])
    {
        let mut run = begin(&mut studio, &draw(), 0);
        for frame in 0.. {
            let (encoder, was_left) = record(&mut run, steps);
            match frame == refused {
                true => submit_refused(&run, encoder),
                false => submit(encoder),
            }
            poll();
            let how = format!("{steps} steps a frame, {refused} refused, after {frame}");
            let saved = run.save().unwrap();
            let state = &states[saved.position() as usize];
            assert!(saved.to_bytes().unwrap() == *state, "{how}");
            if frame > refused && (!by_frames || !was_left) {
                break;
            }
        }
        assert_eq!(finish(run), whole, "{steps}, {refused}, {by_frames}");
    }
}

/// The last frame is refused: no image is shown that is none, and the next step makes it good.
#[test]
fn a_last_frame_that_is_refused_shows_nothing() {
    let mut studio = model().on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw(), 0));
    let mut run = begin(&mut studio, &draw(), 1);
    let (encoder, _) = record(&mut run, 1e9);
    submit_refused(&run, encoder);
    assert!(run.is_done());
    assert!(is_refused(&run.images()) && is_refused(&run.preview()));
    assert_eq!(run.save().unwrap().position(), 1);
    assert_eq!(finish(run), whole);
}

/// Dropped behind a frame that is under way, or whose step has come and was not looked at.
#[test]
fn a_frame_is_dropped_while_another_comes() {
    let mut studio = model().on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw(), 0));
    for is_polled in [false, true] {
        let mut run = begin(&mut studio, &draw(), 0);
        for _ in 0..2 {
            submit(record(&mut run, 1.0).0);
            if is_polled {
                poll();
            }
            drop(record(&mut run, 1.0));
            assert!(run.advance().unwrap());
        }
        assert_eq!(finish(run), whole, "polled: {is_polled}");
    }
}

/// What is recorded and not submitted is not shown, nor what was dropped.
#[test]
fn what_has_not_run_is_not_shown() {
    let mut studio = model().on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw(), 0));
    let mut run = begin(&mut studio, &draw(), 1);
    let before = run.preview().unwrap();
    let (encoder, _) = record(&mut run, 1e9);
    assert!(run.is_done());
    assert!(is_refused(&run.images()) && is_refused(&run.preview()));
    drop(encoder);
    assert!(is_refused(&run.images()) && is_refused(&run.preview()));
    // Back where it was.
    assert!(record(&mut run, 0.0).1);
    assert!(!run.is_done());
    poll();
    assert!(is_refused(&run.preview()));
    assert_eq!(finish(run), whole);
    // Not looked at any more than once it was submitted.
    let mut run = begin(&mut studio, &draw(), 1);
    assert_eq!(run.preview().unwrap(), before);
    submit(record(&mut run, 1e9).0);
    assert_eq!(run.images().unwrap().planes(), whole);
}

/// A frame that is held back, while one before it was dropped: until it is submitted or dropped too, nothing is
/// recorded that it would undo.
#[test]
fn a_frame_is_held_back_behind_one_that_is_dropped() {
    let mut studio = model().on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw(), 0));
    for is_submitted in [true, false] {
        let mut run = begin(&mut studio, &draw(), 1);
        let [(second, _), (third, _)] = [1.0, 1.0].map(|steps| record(&mut run, steps));
        drop(second);
        let position = run.position();
        let (fourth, was_left) = record(&mut run, 1.0);
        assert!(was_left && run.position() == position);
        assert!(is_refused(&run.advance()));
        assert_eq!(run.save().unwrap().position(), 1);
        match is_submitted {
            true => submit(third),
            false => drop(third),
        }
        submit(fourth);
        assert_eq!(finish(run), whole, "submitted: {is_submitted}");
    }
}

/// A step that fails again and again is never counted as done.
#[test]
fn a_step_that_fails_is_not_passed_over() {
    let mut studio = model().on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw(), 0));
    let mut run = begin(&mut studio, &draw(), 2);
    run.generation().unwrap().x_buffer().destroy();
    for _ in 0..run.steps() {
        let failed = run.advance();
        assert!(matches!(failed, Err(Error::Gpu(_))), "{failed:?}");
    }
    let saved = run.save().unwrap();
    assert_eq!(saved.position(), 2);
    assert_eq!(finish(studio.resume(&saved).unwrap()), whole);
}

/// What another has done wrong on the same device is kept for whoever asks, and no run's error.
#[test]
fn an_error_is_told_to_whom_it_concerns() {
    let shared = Gpu::create_blocking().unwrap();
    let mut run = begin(
        &mut model().on(Device::from(shared.clone())).unwrap(),
        &draw(),
        0,
    );
    let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let buffer = shared.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 8,
        usage,
        mapped_at_creation: false,
    });
    let mut encoder = encoder(&shared);
    encoder.clear_buffer(&buffer, 0, None);
    buffer.destroy();
    shared.queue().submit([encoder.finish()]);
    assert!(run.advance().unwrap());
    run.images().unwrap();
    let told = shared.check();
    assert!(matches!(told, Err(GpuError::Refused { .. })), "{told:?}");
}
