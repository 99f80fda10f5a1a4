//! Pictures as the public implementation loads, lists and writes them.
//!
//! The cases are those of the directory `$IDDPM_GOLDEN`, or of `tests/golden` where that is not set.
//! Nothing is rounded differently, so nothing may differ.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "golden_support/case.rs"]
#[allow(dead_code)]
mod case;
#[path = "golden_support/report.rs"]
#[allow(dead_code)]
mod report;
#[path = "support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

use std::path::Path;

use case::{Case, Outcome, cases, check_index, golden_directory, list, whole};
use iddpm::data::{Listing, load};
use iddpm::diffusion::pixels::{image_from_u8, to_u8};
use iddpm::unet::Extents;
use report::Report;
use scratch::Scratch;

fn check(case: &Case, report: &mut Report) -> Outcome {
    if case.params.get("expected_files").is_some() {
        check_listing(case, report)
    } else if case.params.get("resolution").is_some() {
        check_load(case, report)
    } else if case.name.starts_with("to_uint8") {
        check_to_u8(case, report)
    } else {
        Err("an unknown kind of case".into())
    }
}

/// By way of a PNG, which keeps every value.
fn check_load(case: &Case, report: &mut Report) -> Outcome {
    let (params, image) = (&case.params, case.tensor("image")?);
    let side = whole(params, "resolution")? as usize;
    let (height, width) = (whole(params, "height")?, whole(params, "width")?);
    report.equal(
        "shape",
        &image.shape[..],
        &[height as usize, width as usize, 3],
    );
    let bytes = image.values.iter().map(|&value| value as u8).collect();
    let scratch = Scratch::new(&format!("golden-{}", case.name));
    let path = scratch.join("picture.png");
    let picture = image::RgbImage::from_raw(width, height, bytes).ok_or("no picture")?;
    picture.save(&path)?;

    let extents = Extents {
        channels: 3,
        height: side,
        width: side,
    };
    let loaded = load(&path, extents)?;
    let (pixels, floats) = (case.tensor("out_u8")?, case.tensor("out")?);
    report.equal("shape of out_u8", &pixels.shape[..], &[side, side, 3]);
    report.equal("shape of out", &floats.shape[..], &[3, side, side]);
    let mut x_start = vec![0.0; loaded.len()];
    image_from_u8(&loaded, &mut x_start)?;
    for (at, (&value, &x)) in loaded.iter().zip(&x_start).enumerate() {
        let (channel, position) = (at / (side * side), at % (side * side));
        let want = pixels.values[position * 3 + channel];
        report.near(&format!("out_u8[{at}]"), value.into(), want, 0.0);
        report.near(&format!("out[{at}]"), x.into(), floats.values[at], 0.0);
    }
    Ok(())
}

fn check_listing(case: &Case, report: &mut Report) -> Outcome {
    let scratch = Scratch::new(&format!("golden-{}", case.name));
    let names = |key| -> Outcome<Vec<&str>> {
        let names = list(&case.params, key)?.iter().map(|name| name.as_str());
        names
            .collect::<Option<_>>()
            .ok_or_else(|| "not a name".into())
    };
    for name in names("names")? {
        scratch.write(name, b"");
    }
    let listing = Listing::of(scratch.path())?;
    let files = listing
        .files()
        .iter()
        .map(|file| file.strip_prefix(scratch.path()));
    let files: Vec<_> = files.collect::<Result<_, _>>()?;
    let want: Vec<_> = names("expected_files")?
        .into_iter()
        .map(Path::new)
        .collect();
    report.equal("files", files, want);
    let labels = serde_json::from_value(case.params["expected_classes"].clone())?;
    report.equal("labels", listing.labels().to_vec(), labels);
    Ok(())
}

fn check_to_u8(case: &Case, report: &mut Report) -> Outcome {
    let (x, bytes) = (case.tensor("x")?, case.tensor("u8")?);
    report.equal("length", x.values.len(), bytes.values.len());
    for (&x, &want) in x.values.iter().zip(&bytes.values) {
        report.near(&format!("u8 of {x}"), to_u8(x as f32).into(), want, 0.0);
    }
    Ok(())
}

fn check_all(directory: &Path) {
    let mut report = Report::new("image");
    for case in cases(directory, "image").unwrap() {
        report.begin(&case.name);
        let outcome = check(&case, &mut report).and_then(|()| case.finish());
        outcome.unwrap_or_else(|error| panic!("image/{}: {error}", case.name));
    }
    println!("{report}");
    assert!(report.cases > 0, "no case of the group image");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}

#[test]
fn image() {
    check_all(&golden_directory());
}

/// Pictures so tall that their columns are resized before their rows.
#[test]
fn tall_pictures() {
    check_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pillow"));
}

#[test]
fn every_file_is_in_the_index() {
    check_index(&golden_directory(), "image").unwrap();
}
