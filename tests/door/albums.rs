//! Images in files, by what a path ends in.

use std::fs::File;
use std::path::Path;

use iddpm::diffusion::{Noise, Sample};
use iddpm::run::{Album, DrawError, Trajectory};
use iddpm::{Device, Draw, Error, Images, Model};
use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;

use crate::scratch::Scratch;
use crate::{digits, renamed, studio};

fn images(count: usize) -> Images {
    studio().sample(&Draw::new().steps("2"), count).unwrap()
}

fn frames(path: &Path) -> Vec<image::Frame> {
    let file = std::io::BufReader::new(File::open(path).unwrap());
    let frames = GifDecoder::new(file).unwrap().into_frames();
    frames.collect_frames().unwrap()
}

#[test]
fn a_path_says_what_becomes_of_images() {
    let scratch = Scratch::new("door-albums");
    let images = images(3);
    let bytes = images.bytes().unwrap();

    images.save(scratch.join("grid.PNG")).unwrap();
    let grid = image::open(scratch.join("grid.PNG")).unwrap().to_luma8();
    // Three of four times the size, with two pixels around each and a line of text above.
    assert_eq!((grid.width(), grid.height()), (3 * 66 + 2, 64 + 12 + 4));
    for (at, image) in bytes.chunks(256).enumerate() {
        let corner = grid.get_pixel(66 * at as u32 + 2, 2 + 12).0[0];
        assert_eq!(corner, image[0]);
    }

    images.save(scratch.join("frames.gif")).unwrap();
    let found = frames(&scratch.join("frames.gif"));
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].buffer().dimensions(), (64, 64));

    images.save(scratch.join("all.npz")).unwrap();
    let mut archive = zip::ZipArchive::new(File::open(scratch.join("all.npz")).unwrap()).unwrap();
    let pixels = npyz::NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
    assert_eq!(pixels.shape(), [3, 16, 16, 1]);
    assert_eq!(pixels.into_vec::<u8>().unwrap(), bytes);
    let labels = npyz::NpyFile::new(archive.by_name("arr_1.npy").unwrap()).unwrap();
    assert_eq!(labels.into_vec::<i64>().unwrap(), [0, 1, 2]);

    images.save(scratch.join("folder/")).unwrap();
    for (at, image) in bytes.chunks(256).enumerate() {
        let path = scratch.join(&format!("folder/{at}_{at:06}.png"));
        assert_eq!(image::open(path).unwrap().to_luma8().as_raw(), image);
    }
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let scratch = Scratch::new("door-refused");
    let images = images(1);
    for (path, says) in [
        ("grid.jpg", ".jpg is none of .png, .gif and .npz"),
        (".png", "a suffix without a name"),
        ("absent/folder/", "there is no folder"),
    ] {
        let path = scratch.join(path);
        for error in [
            Album::check(&path).unwrap_err(),
            images.save(&path).unwrap_err(),
        ] {
            assert!(error.to_string().contains(says), "{error}");
        }
        assert!(!path.exists());
    }
    // Not the folder that the program happens to run in.
    assert!(
        images
            .save("")
            .unwrap_err()
            .to_string()
            .contains("no path at all")
    );
    let model = digits();
    let many = Album::create(scratch.join("grid.png"), &model, usize::MAX).unwrap_err();
    assert!(
        matches!(many, Error::Draw(DrawError::Count { most, .. }) if most > 10_000),
        "{many}"
    );
    // Another model's images have no place among these.
    let sprites = Model::open("../examples/assets/sprites32.safetensors").unwrap();
    let mut album = Album::create(scratch.join("all.npz"), &sprites, 1).unwrap();
    let error = album.add(&images).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("an image of 16x16, 1 channels, among those of 32x32, 4"),
        "{error}"
    );
    drop(album);
    assert!(!scratch.join("all.npz").exists());
}

/// Of the same size, they are of other classes.
#[test]
fn images_of_other_classes_have_no_place_among_these() {
    let scratch = Scratch::new("door-other-classes");
    let (model, images) = (renamed(), images(1));
    for name in ["grid.png", "all.gif", "all.npz", "folder/"] {
        let mut album = Album::create(scratch.join(name), &model, 1).unwrap();
        let error = album.add(&images).unwrap_err().to_string();
        let says =
            "an image of a network of 10 classes, among those of a network of 10 classes (9, 8, 7";
        assert!(error.contains(says), "{error}");
        let error = album.finish().unwrap_err().to_string();
        assert!(error.contains("there is no image to write"), "{error}");
    }
    let mut trajectory = Trajectory::create(scratch.join("way.gif"), &model, 1, 2).unwrap();
    let error = trajectory.add(&images).unwrap_err().to_string();
    assert!(error.contains("among those of a network of"), "{error}");
    // Nor have those of another run among the moments of one.
    let mut trajectory = Trajectory::create(scratch.join("way.gif"), &digits(), 1, 2).unwrap();
    trajectory.add(&images).unwrap();
    let others = studio().sample(&Draw::new().class("7").steps("2"), 1);
    let error = trajectory.add(&others.unwrap()).unwrap_err().to_string();
    assert!(error.contains("than those of its first step"), "{error}");
    trajectory.add(&images).unwrap();
    trajectory.finish().unwrap();
}

/// A picture is called after number and class: one of another noise is not put in its place.
#[test]
fn pictures_of_a_folder_do_not_replace_each_other() {
    let scratch = Scratch::new("door-same-names");
    let path = scratch.join("folder");
    let samples = [1, 2].map(|seed| Sample {
        noise: Noise::new(seed),
        number: 0,
        label: Some(3),
    });
    let draw = Draw::new().steps("2");
    let mut run = studio().begin_samples(&draw, &samples).unwrap();
    while run.advance().unwrap() {}
    let images = run.images().unwrap();
    let error = images.save(&path).unwrap_err().to_string();
    assert!(error.contains("3_000000.png: "), "{error}");
    assert!(error.contains("is there already"), "{error}");
    let found = image::open(path.join("3_000000.png")).unwrap().to_luma8();
    assert_eq!(found.as_raw()[..], images.bytes().unwrap()[..256]);
}

/// In memory as in a file, and as pixels whatever the channels: a digit is grey and opaque.
#[test]
fn one_image_by_itself() {
    let scratch = Scratch::new("door-one-image");
    let (images, path) = (images(2), scratch.join("one.png"));
    images.save_one(1, &path).unwrap();
    assert_eq!(images.png(1).unwrap(), std::fs::read(&path).unwrap());
    let bytes = images.bytes().unwrap();
    let expected: Vec<u8> = bytes[256..].iter().flat_map(|&v| [v, v, v, 255]).collect();
    assert_eq!(images.rgba(1).unwrap(), expected);
    for refused in [
        images.rgba(2),
        images.png(2),
        images.save_one(2, &path).map(|()| Vec::new()),
    ] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, Error::Draw(DrawError::Value { .. })),
            "{error}"
        );
        assert!(error.to_string().contains("image"), "{error}");
    }
}

/// Images that could not be taken are not there at the end.
#[test]
fn an_album_without_images_is_not_finished() {
    let scratch = Scratch::new("door-not-taken");
    let path = scratch.join("folder");
    let mut album = Album::create(&path, &digits(), 1).unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    std::fs::write(&path, "in its place").unwrap();
    assert!(matches!(album.add(&images(1)), Err(Error::File(_))));
    assert_eq!(album.made(), Some(0));
    let error = album.finish().unwrap_err().to_string();
    assert!(error.contains("there is no image to write"), "{error}");
}

/// As many frames as steps, and a strip of no more than twelve.
#[test]
fn a_trajectory_has_every_step() {
    let scratch = Scratch::new("door-trajectory");
    let model = digits();
    let mut studio = model.on(Device::cpu()).unwrap();
    for (name, steps) in [("way.gif", 5), ("way.png", 14)] {
        let draw = Draw::new().steps(steps.to_string());
        let mut run = studio.begin(&draw, 2).unwrap();
        let path = scratch.join(name);
        let mut trajectory = Trajectory::create(&path, &model, 2, steps).unwrap();
        while run.advance().unwrap() {
            trajectory.add(&run.preview().unwrap()).unwrap();
        }
        assert!(!path.exists());
        trajectory.finish().unwrap();
    }
    assert_eq!(frames(&scratch.join("way.gif")).len(), 5);
    let strip = image::open(scratch.join("way.png")).unwrap();
    assert_eq!(strip.width(), 12 * 66 + 2);
    let many = Trajectory::create(scratch.join("x.gif"), &model, 1 << 30, 5).unwrap_err();
    assert!(
        matches!(many, Error::Draw(DrawError::Count { .. })),
        "{many}"
    );
}
