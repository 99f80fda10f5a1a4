//! Images in the host's textures, and work in a host's frames.

use iddpm::diffusion::pixels::{has_alpha, to_u8, unpremultiply};
use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
use iddpm::gpu::{
    DeviceGeneration, DeviceWeights, Gpu, GpuError, NoiseSource, Precision, Shown, wgpu,
};
use iddpm::unet::{ImageSize, UnetConfig, Weights};

use super::generation::{SIDE, begin, samples, weights};
use super::gpu;
use super::held::Held;

/// A texture larger than an image, of two layers, and where in it the image goes.
const EXTENT: wgpu::Extent3d = wgpu::Extent3d {
    width: 24,
    height: 16,
    depth_or_array_layers: 2,
};
const ORIGIN: wgpu::Origin3d = wgpu::Origin3d { x: 5, y: 3, z: 1 };

fn process() -> InlineProcess<4> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(4)).unwrap()
}

fn texture(gpu: &Gpu, change: impl FnOnce(&mut wgpu::TextureDescriptor<'_>)) -> wgpu::Texture {
    let mut descriptor = wgpu::TextureDescriptor {
        label: None,
        size: EXTENT,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    };
    change(&mut descriptor);
    gpu.device().create_texture(&descriptor)
}

/// Every layer's pixels, four bytes each.
fn read(gpu: &Gpu, texture: &wgpu::Texture) -> Vec<[u8; 4]> {
    let rows = (EXTENT.height * EXTENT.depth_or_array_layers) as usize;
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 256 * rows as u64,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(256),
                rows_per_image: Some(EXTENT.height),
            },
        },
        EXTENT,
    );
    gpu.queue().submit([encoder.finish()]);
    buffer.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
    gpu.device()
        .poll(wgpu::PollType::wait_indefinitely())
        .unwrap();
    let bytes = buffer.get_mapped_range(..).unwrap().to_vec();
    let (pixels, _) = bytes.as_chunks::<4>();
    let row = |row: usize| pixels[64 * row..][..EXTENT.width as usize].to_vec();
    (0..rows).flat_map(row).collect()
}

fn advance(gpu: &Gpu, run: &mut DeviceGeneration, steps: usize) {
    for _ in 0..steps {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        run.record_step(&mut encoder);
        gpu.submit_blocking(encoder).unwrap();
    }
}

/// Image 1 of a run's two, of so many channels: the bytes that the CPU makes of the same numbers, and nothing beside
/// them.
fn check_painted(
    run: &DeviceGeneration,
    channels: usize,
    shown: Shown,
    format: wgpu::TextureFormat,
    bgra: bool,
) {
    let texture = texture(gpu(), |descriptor| descriptor.format = format);
    let mut encoder = gpu().device().create_command_encoder(&Default::default());
    run.paint(&mut encoder, shown, 1, &texture, ORIGIN).unwrap();
    gpu().submit_blocking(encoder).unwrap();
    let numbers = match shown {
        Shown::X => run.x_blocking().unwrap(),
        Shown::XStart => run.x_start_blocking().unwrap(),
    };
    let image = &numbers[channels * SIDE * SIDE..];
    for (at, pixel) in read(gpu(), &texture).iter().enumerate() {
        let width = EXTENT.width as usize;
        let column = (at % width).wrapping_sub(ORIGIN.x as usize);
        let row = (at / width).wrapping_sub((EXTENT.height + ORIGIN.y) as usize);
        if column >= SIDE || row >= SIDE {
            assert_eq!(*pixel, [0; 4], "{at} is beside the image");
            continue;
        }
        let byte = |channel: usize| to_u8(image[(channel * SIDE + row) * SIDE + column]);
        let alpha = match has_alpha(channels) {
            true => byte(channels - 1),
            false => 255,
        };
        let straight = |channel| unpremultiply(byte(channel), alpha);
        let colours = if channels < 3 { [0; 3] } else { [0, 1, 2] };
        let [red, green, blue] = colours.map(straight);
        let due = match bgra {
            true => [blue, green, red, alpha],
            false => [red, green, blue, alpha],
        };
        let how = format!("{channels}, {shown:?}, {format:?}: row {row}, column {column}");
        assert_eq!(*pixel, due, "{how}");
    }
}

/// A run of images of so many channels, grey or in colour, with alpha or without.
#[test]
fn a_texture_has_alpha_where_the_image_has() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    for channels in 1..=4 {
        let unet = UnetConfig::new(channels, 32).with_multipliers(&[1]);
        let unet = unet.with_attention(&[]).with_learned_variance();
        let graph = unet.graph(2, ImageSize::square(SIDE)).unwrap();
        let weights = weights(&graph);
        let (weights, full) = (Weights::F32(&weights), Precision::Full);
        let weights = DeviceWeights::upload_blocking(gpu(), &graph, weights, full).unwrap();
        let mut batch = samples([3, 4]);
        batch.iter_mut().for_each(|sample| sample.label = None);
        let source = NoiseSource::Philox;
        let run = DeviceGeneration::new_blocking(gpu(), &graph, &weights, &sampler, &batch, source);
        let mut run = run.unwrap();
        for _ in 0..4 {
            advance(gpu(), &mut run, 1);
            for shown in [Shown::X, Shown::XStart] {
                check_painted(
                    &run,
                    channels,
                    shown,
                    wgpu::TextureFormat::Rgba8Unorm,
                    false,
                );
                check_painted(&run, channels, shown, wgpu::TextureFormat::Bgra8Unorm, true);
            }
        }
    }
}

/// Image 1 of two, within a run and at its end, x and x̂_0: the bytes the CPU makes of the same numbers,
/// nothing beside them, and the run goes on as if nothing had been.
#[test]
fn a_texture_holds_the_bytes_of_the_image() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let want = begin(gpu(), &sampler, [3, 4]).finish_blocking().unwrap();
    let mut run = begin(gpu(), &sampler, [3, 4]);
    for (steps, format, bgra) in [
        (2, wgpu::TextureFormat::Rgba8Unorm, false),
        (1, wgpu::TextureFormat::Bgra8UnormSrgb, true),
        (1, wgpu::TextureFormat::Rgba8UnormSrgb, false),
    ] {
        advance(gpu(), &mut run, steps);
        for shown in [Shown::X, Shown::XStart] {
            check_painted(&run, 3, shown, format, bgra);
        }
    }
    assert!(run.is_done());
    assert_eq!(run.x_blocking().unwrap(), want);
}

/// What a texture, an image or a run without pictures cannot do, it says, and nothing was recorded.
#[test]
fn what_cannot_be_painted_is_refused() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let run = begin(gpu(), &sampler, [3, 4]);
    let fine = texture(gpu(), |_| ());
    let attempt = |run: &DeviceGeneration, image, texture: &wgpu::Texture, origin| {
        let mut encoder = gpu().device().create_command_encoder(&Default::default());
        let result = run.paint(&mut encoder, Shown::X, image, texture, origin);
        gpu().submit_blocking(encoder).unwrap();
        result.unwrap_err()
    };
    let error = attempt(&run, 2, &fine, ORIGIN);
    assert_eq!(error, GpuError::Image { image: 2, batch: 2 });
    let float = texture(gpu(), |d| d.format = wgpu::TextureFormat::Rgba32Float);
    let still = texture(gpu(), |d| d.usage = wgpu::TextureUsages::TEXTURE_BINDING);
    let solid = texture(gpu(), |d| d.dimension = wgpu::TextureDimension::D3);
    let (origin, right) = (wgpu::Origin3d::ZERO, wgpu::Origin3d { x: 21, ..ORIGIN });
    let (below, behind) = (
        wgpu::Origin3d { y: 13, ..ORIGIN },
        wgpu::Origin3d { z: 2, ..ORIGIN },
    );
    let far = wgpu::Origin3d {
        x: u32::MAX,
        ..ORIGIN
    };
    for (texture, origin, part) in [
        (
            &float,
            origin,
            "format must be RGBA or BGRA of 8 bits, is Rgba32Float",
        ),
        (&still, origin, "usage must be COPY_DST"),
        (&solid, origin, "dimension must be D2, is D3"),
        (&fine, right, "must be 4×4 in a layer, is 3×13 in 1 layers"),
        (&fine, below, "is 19×3 in 1 layers"),
        (&fine, behind, "in 0 layers"),
        (&fine, far, "is 0×13"),
    ] {
        let error = attempt(&run, 0, texture, origin);
        assert!(error.to_string().contains(part), "{error}");
    }
    let mut batch = samples([0]);
    batch.iter_mut().for_each(|sample| sample.label = None);
    let bare = DeviceGeneration::without_network_blocking(
        gpu(),
        192,
        &sampler,
        &batch,
        NoiseSource::Philox,
    );
    let error = attempt(&bare.unwrap(), 0, &fine, ORIGIN);
    assert_eq!(error, GpuError::NoPicture { elements: 192 });
}

/// However much work a frame takes, the bits are the same, each frame has some, none has too much but where
/// one dispatch has, and all together are the whole.
#[test]
fn any_budget_gives_the_same_image() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let want = begin(gpu(), &sampler, [6]).finish_blocking().unwrap();
    let mut whole = 0;
    for share in [0, 1, 7, 40, 1000] {
        let mut run = begin(gpu(), &sampler, [6]);
        let budget = run.work_of_step() * share / 20;
        let (mut frames, mut all) = (0, 0);
        while !run.is_done() {
            let left = run.dispatches_left();
            let mut encoder = gpu().device().create_command_encoder(&Default::default());
            let work = run.record_work(&mut encoder, budget);
            gpu().submit_blocking(encoder).unwrap();
            assert!(work > 0);
            assert!(
                work <= budget || left - run.dispatches_left() == 1,
                "{work}"
            );
            frames += 1;
            all += work;
        }
        let mut encoder = gpu().device().create_command_encoder(&Default::default());
        assert_eq!(run.record_work(&mut encoder, budget), 0);
        assert_eq!(run.x_blocking().unwrap(), want, "{share}/20 of a step");
        println!("{share}/20 of a step's work: {frames} frames");
        if whole == 0 {
            assert_eq!(frames, begin(gpu(), &sampler, [6]).dispatches_left());
            whole = all;
        }
        assert_eq!(all, whole);
    }
    let run = begin(gpu(), &sampler, [6]);
    let flops = super::generation::graph(1).flops();
    assert!(run.work_of_step() > flops);
}

/// A run that is dropped in the middle of a step, with work in flight, leaves the device as it was.
#[test]
fn a_run_dropped_midway_is_gone() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let want = begin(gpu(), &sampler, [8]).finish_blocking().unwrap();
    let gpu = Gpu::create_blocking().unwrap();
    let mut first = None;
    for dispatches in [1, 3, 50] {
        let mut run = begin(&gpu, &sampler, [8]);
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        run.record(&mut encoder, dispatches);
        gpu.queue().submit([encoder.finish()]);
        drop(run);
        gpu.device()
            .poll(wgpu::PollType::wait_indefinitely())
            .unwrap();
        let held = Held::by(&gpu);
        assert_eq!(*first.get_or_insert(held), Held::by(&gpu));
    }
    assert_eq!(begin(&gpu, &sampler, [8]).finish_blocking().unwrap(), want);
}
