//! A network that enlarges what is in files.

use iddpm::data::{Dataset, Images, npz};
use iddpm::unet::Extents;
use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use super::archive::write_archive;
use super::network::{Kind, network};
use super::scratch::Scratch;
use super::{bytes, run};

/// From 4x6 to 8x12 pixels, in three classes.
const ENLARGE: Kind<'_> = Kind {
    channels: 3,
    sides: (8, 12),
    low_res: Some((4, 6)),
    classes: 3,
    names: &[],
    average: None,
};

const LARGE: Extents = Extents {
    channels: 3,
    height: 8,
    width: 12,
};

/// Runs it on what there is to enlarge; the images, or what it says.
fn enlarge(scratch: &Scratch, options: &str) -> Result<Images, String> {
    let common = "--checkpoint enlarge.safetensors --out large.npz --steps 2";
    let arguments = format!("{common} {options}");
    let output = run(
        scratch,
        &arguments.split_whitespace().collect::<Vec<&str>>(),
    );
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{errors}");
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(!scratch.join("large.npz").exists());
        return Err(errors);
    }
    let images = npz::open(scratch.join("large.npz")).unwrap();
    std::fs::remove_file(scratch.join("large.npz")).unwrap();
    Ok(images)
}

fn image(images: &Images, at: usize) -> Vec<u8> {
    images.get(at).unwrap().pixels.into_owned()
}

/// A picture in colours, another for each number.
fn colours(number: u8, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([6 * x as u8, 8 * y as u8, 60 * number])
    })
}

#[test]
fn a_picture_is_enlarged() {
    let scratch = Scratch::new("sample-enlarge");
    network(&scratch, "enlarge.safetensors", ENLARGE);
    // Any format, any size, grey or in colour; its content decides, not its name.
    colours(0, 40, 30).save(scratch.join("colour.png")).unwrap();
    std::fs::copy(scratch.join("colour.png"), scratch.join("named.jpg")).unwrap();
    let grey = GrayImage::from_fn(6, 4, |x, y| Luma([40 * x as u8 + y as u8]));
    let grey = image::DynamicImage::from(grey).into_rgb8();
    grey.save(scratch.join("grey.gif")).unwrap();

    let colour = enlarge(&scratch, "--low-res colour.png --count 4").unwrap();
    assert_eq!((colour.extents(), colour.len()), (LARGE, 4));
    // It has no class: all in turn.
    assert_eq!(colour.labels().unwrap(), [0, 1, 2, 0]);
    for again in ["colour.png", "named.jpg"] {
        let arguments = format!("--low-res {again} --count 4");
        assert_eq!(enlarge(&scratch, &arguments).unwrap(), colour, "{again}");
    }
    // The network sees it.
    let grey = enlarge(&scratch, "--low-res grey.gif --count 4").unwrap();
    assert_ne!(grey, colour);
}

/// The network's channels decide: four keep a picture's alpha. What lies under alpha 0 changes nothing, and a folder of
/// pictures is the archive of the same.
#[test]
fn a_picture_with_alpha_is_enlarged() {
    let scratch = Scratch::new("sample-enlarge-alpha");
    let four = Kind {
        channels: 4,
        ..ENLARGE
    };
    network(&scratch, "enlarge.safetensors", four);
    let picture = |unseen: u8| {
        RgbaImage::from_fn(6, 4, |x, y| match (x + y) % 3 {
            0 => Rgba([unseen, 9, unseen, 0]),
            alpha => Rgba([40 * x as u8, 9, 60 * y as u8, 127 * alpha as u8]),
        })
    };
    for (name, unseen) in [("one.png", 0), ("two.png", 255)] {
        picture(unseen).save(scratch.join(name)).unwrap();
    }
    std::fs::create_dir(scratch.join("small")).unwrap();
    for name in ["0_0.png", "1_1.png"] {
        picture(7).save(scratch.join("small").join(name)).unwrap();
    }
    let pixels = picture(7).into_raw().repeat(2);
    write_archive(&scratch.join("small.npz"), [2, 4, 6, 4], &pixels, &[0, 1]);
    let [one, two, folder, archive] = ["one.png", "two.png", "small", "small.npz"].map(|path| {
        let images = enlarge(&scratch, &format!("--low-res {path} --count 2")).unwrap();
        assert_eq!(images.extents().channels, 4);
        images
    });
    assert_eq!(one, two);
    assert_eq!(folder, archive);
    assert_eq!(image(&one, 0), image(&folder, 0));
    // To the network it is not what it would be on white.
    let mut white = RgbaImage::from_pixel(6, 4, Rgba([255; 4]));
    image::imageops::overlay(&mut white, &picture(0), 0, 0);
    white.save(scratch.join("white.png")).unwrap();
    let white = enlarge(&scratch, "--low-res white.png --count 2").unwrap();
    assert_ne!(one, white);
}

#[test]
fn what_is_no_picture_is_refused_by_name() {
    let scratch = Scratch::new("sample-enlarge-not");
    network(&scratch, "enlarge.safetensors", ENLARGE);
    scratch.write("broken.png", b"no picture");
    // A GIF of no columns: head, no colours, one image, its end.
    let mut gif = b"GIF89a\x00\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff".to_vec();
    gif.extend(b"\x2c\x00\x00\x00\x00\x00\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b");
    scratch.write("empty.gif", &gif);
    scratch.write("pictures/notes.txt", b"none here");
    for (path, why) in [
        ("broken.png", "broken.png"),
        ("empty.gif", "it has no pixels"),
        ("absent.png", "absent.png"),
        ("pictures", "pictures"),
        ("/dev/null", "/dev/null"),
        ("enlarge.safetensors", "enlarge.safetensors"),
    ] {
        let errors = enlarge(&scratch, &format!("--low-res {path}")).unwrap_err();
        assert!(errors.contains("--low-res"), "{path}: {errors}");
        assert!(errors.contains(why), "{path}: {errors}");
    }
    let errors = enlarge(&scratch, "").unwrap_err();
    assert!(
        errors.contains("this network enlarges images of 6x4: --low-res says which"),
        "{errors}"
    );
}

/// Image i enlarges image i, with its class.
#[test]
fn an_archive_and_a_folder_are_enlarged_image_by_image() {
    let scratch = Scratch::new("sample-enlarge-many");
    network(&scratch, "enlarge.safetensors", ENLARGE);
    let small = Kind {
        sides: (4, 6),
        low_res: None,
        ..ENLARGE
    };
    network(&scratch, "small.safetensors", small);
    for out in ["small.npz", "small/"] {
        let first = [
            "--checkpoint",
            "small.safetensors",
            "--steps",
            "2",
            "--count",
            "5",
            "--out",
            out,
        ];
        assert!(run(&scratch, &first).status.success());
    }
    let all = enlarge(&scratch, "--low-res small.npz --batch 2").unwrap();
    assert_eq!(
        (all.len(), all.labels().unwrap()),
        (5, &[0, 1, 2, 0, 1][..])
    );
    // In any batch, and fewer of them.
    assert_eq!(enlarge(&scratch, "--low-res small.npz").unwrap(), all);
    let some = enlarge(&scratch, "--low-res small.npz --count 3").unwrap();
    assert_eq!(some.len(), 3);
    assert!((0..3).all(|at| image(&some, at) == image(&all, at)));
    // Another image of another class is another one.
    assert_ne!(image(&all, 0), image(&all, 3));

    // The folder is read by names: classes 0, 0, 1, 1, 2.
    let folder = enlarge(&scratch, "--low-res small").unwrap();
    assert_eq!(folder.labels().unwrap(), [0, 0, 1, 1, 2]);
    assert_eq!(image(&folder, 0), image(&all, 0));

    for (options, why) in [
        (
            "--low-res small.npz --count 6",
            "--count 6: --low-res has 5 images",
        ),
        (
            "--low-res small --count 6",
            "--count 6: --low-res has 5 images",
        ),
        (
            "--low-res small.npz --class 1",
            "--class 1: image 0 of those that are enlarged is of class 0",
        ),
    ] {
        let errors = enlarge(&scratch, options).unwrap_err();
        assert!(errors.contains(why), "{options}: {errors}");
    }
    let zero = enlarge(&scratch, "--low-res small.npz --class 0 --count 1").unwrap();
    assert_eq!(zero.labels().unwrap(), [0]);
    assert_eq!(image(&zero, 0), image(&all, 0));
}

/// Images of the size that the network makes are what it was trained with: means over areas are taken of them.
#[test]
fn larger_images_of_an_archive_are_made_small() {
    let scratch = Scratch::new("sample-enlarge-large");
    network(&scratch, "enlarge.safetensors", ENLARGE);
    let made = |name: &str, sides, channels| {
        let kind = Kind {
            sides,
            channels,
            low_res: None,
            classes: 0,
            ..ENLARGE
        };
        network(&scratch, "other.safetensors", kind);
        let arguments = [
            "--checkpoint",
            "other.safetensors",
            "--steps",
            "2",
            "--count",
            "2",
            "--out",
            name,
        ];
        assert!(run(&scratch, &arguments).status.success());
    };
    made("large_in.npz", (8, 12), 3);
    let images = enlarge(&scratch, "--low-res large_in.npz").unwrap();
    assert_eq!((images.len(), images.extents()), (2, LARGE));
    assert_eq!(images.labels().unwrap(), [0, 1]);

    made("tiny.npz", (4, 4), 3);
    let errors = enlarge(&scratch, "--low-res tiny.npz").unwrap_err();
    assert!(
        errors.contains("4x4, 3 channels") && errors.contains("6x4, 3"),
        "{errors}"
    );
    made("grey.npz", (4, 6), 1);
    let errors = enlarge(&scratch, "--low-res grey.npz").unwrap_err();
    assert!(errors.contains("6x4, 1 channels"), "{errors}");
}

/// What is enlarged is not written over.
#[test]
fn the_input_is_not_the_output() {
    let scratch = Scratch::new("sample-enlarge-over");
    network(&scratch, "enlarge.safetensors", ENLARGE);
    colours(0, 6, 4).save(scratch.join("in.png")).unwrap();
    let before = bytes(&scratch, "in.png");
    for out in ["in.png", "./in.png", "enlarge.safetensors/../in.png"] {
        let arguments = [
            "--checkpoint",
            "enlarge.safetensors",
            "--low-res",
            "in.png",
            "--count",
            "1",
            "--out",
            out,
        ];
        let output = run(&scratch, &arguments);
        assert!(!output.status.success(), "{out}");
        assert_eq!(bytes(&scratch, "in.png"), before);
    }
}
