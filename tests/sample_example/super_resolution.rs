//! A network that enlarges a picture in a file.

use std::path::PathBuf;

use iddpm::checkpoint::{Description, Dtype, ImageSize, save};
use iddpm::data::{Dataset, npz};
use iddpm::diffusion::{Diffusion, ModelCard, Noise, Schedule, Variance, Weights as Which};
use iddpm::unet::{Extents, Init, UnetConfig, Weights};
use image::{GrayImage, Luma, RgbImage};

use super::run;
use super::scratch::Scratch;

/// A network that enlarges 4x6 to 8x12 pixels, with weights as training begins, but none of them 0.
fn super_resolution(scratch: &Scratch) -> PathBuf {
    let unet = UnetConfig {
        num_res_blocks: 1,
        super_resolution: true,
        ..UnetConfig::new(3, 32)
    };
    let size = ImageSize {
        height: 8,
        width: 12,
        low_res: Some((4, 6)),
    };
    let diffusion = Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::FixedSmall);
    let card = ModelCard {
        diffusion,
        weights: Which::Raw,
        step: 0,
    };
    let description = Description::new(unet, size, card);
    let graph = description.graph(1).unwrap();
    let mut weights = vec![0.0; graph.weights_len()];
    for (number, param) in (0..).zip(graph.params()) {
        let numbers = &mut weights[param.offset..][..param.elements()];
        Noise::new(1).stream(number, 0).fill_normals(0, numbers);
        let scale = match param.init {
            Init::Uniform { fan_in } => (3.0 * fan_in as f32).sqrt().recip(),
            Init::Zero => 0.02,
            Init::One | Init::Normal => 1.0,
        };
        numbers.iter_mut().for_each(|number| *number *= scale);
    }
    let path = scratch.join("enlarge.safetensors");
    save(&path, &description, Weights::F32(&weights), Dtype::F32).unwrap();
    path
}

#[test]
fn a_picture_is_enlarged() {
    let scratch = Scratch::new("sample-enlarge");
    let checkpoint = super_resolution(&scratch);
    let checkpoint = checkpoint.to_str().unwrap();
    let enlarge = |low_res: &str| {
        let arguments = [
            "--checkpoint",
            checkpoint,
            "--count",
            "2",
            "--out",
            "large.npz",
        ];
        let output = run(
            &scratch,
            &[&arguments[..], &["--low-res", low_res]].concat(),
        );
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            assert!(!scratch.join("large.npz").exists());
            return Err(errors);
        }
        let images = npz::open(scratch.join("large.npz")).unwrap();
        std::fs::remove_file(scratch.join("large.npz")).unwrap();
        Ok(images)
    };
    // Any format, any size, grey or in colour.
    let colour = RgbImage::from_fn(40, 30, |x, y| image::Rgb([6 * x as u8, 8 * y as u8, 0]));
    colour.save(scratch.join("colour.png")).unwrap();
    let grey = GrayImage::from_fn(6, 4, |x, y| Luma([40 * x as u8 + y as u8]));
    let grey = image::DynamicImage::from(grey).into_rgb8();
    grey.save(scratch.join("grey.gif")).unwrap();
    let from_colour = enlarge("colour.png").unwrap();
    let extents = Extents {
        channels: 3,
        height: 8,
        width: 12,
    };
    assert_eq!((from_colour.extents(), from_colour.len()), (extents, 2));
    assert_eq!(from_colour.labels(), None);
    assert_eq!(enlarge("colour.png").as_ref(), Ok(&from_colour));
    // The network sees it.
    assert_ne!(enlarge("grey.gif").unwrap(), from_colour);

    scratch.write("broken.png", b"no picture");
    let broken = enlarge("broken.png").unwrap_err();
    assert!(broken.contains("--low-res broken.png: "), "{broken}");
    let absent = enlarge("absent.png").unwrap_err();
    assert!(absent.contains("absent.png"), "{absent}");
    let none = run(&scratch, &["--checkpoint", checkpoint]);
    let errors = String::from_utf8_lossy(&none.stderr);
    assert!(
        errors.contains("this network enlarges an image of 6x4: --low-res"),
        "{errors}"
    );
    assert!(!none.status.success());
}
