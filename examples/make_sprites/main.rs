//! Draws a data set of game items, 32×32 pixels each, transparent around the item, as a folder of pictures named by their
//! class.
//!
//! ```sh
//! cargo run --example make_sprites --features std -- --out sprites --sheet sprites.png
//! cargo run --release --example train --features train -- --data sprites --alpha keep --run runs/sprites
//! ```
//!
//! Every picture follows from the seed, its class and its number alone.

#![allow(clippy::indexing_slicing, reason = "an example's own pictures")]

mod canvas;
mod choices;
mod items;
mod palette;
#[path = "../support/places.rs"]
mod places;
#[path = "../support/png.rs"]
mod png;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/seed.rs"]
mod seed;
mod shapes;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{PathBufValueParser, TypedValueParser};
use iddpm::files::{FreshFolder, Place};
use image::imageops::{self, FilterType};
use image::{DynamicImage, Pixel, Rgb, RgbaImage};
use indicatif::{ProgressBar, ProgressStyle};

use canvas::SIDE;
use items::{ITEMS, picture};
use palette::GROUND;
use program::{Failure, say};
use seed::Seed;

/// Pictures of a class in a row of the sheet, and how often each pixel is repeated.
const COLUMNS: u64 = 12;
const ZOOM: u32 = 3;

/// Draws pixel art of game items in twelve classes
#[derive(Parser)]
struct Options {
    /// The folder, which must be new or empty
    #[arg(long)]
    out: PathBuf,
    /// Pictures of each class, 1 to 99999
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=99_999))]
    count: u64,
    /// What all choices follow from: a number, or random, which draws one and says it
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    seed: Seed,
    /// Paints the pictures over a ground: none is transparent
    #[arg(long)]
    opaque: bool,
    /// A picture of the first dozen of each class, as PNG
    #[arg(long, value_parser = PathBufValueParser::new().try_map(png::path))]
    sheet: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::run(make)
}

fn make(options: &Options) -> Result<(), Failure> {
    let sheet_at = match &options.sheet {
        Some(path) => Some((path, places::tried("--sheet", path)?)),
        None => None,
    };
    let folder = FreshFolder::take(&options.out)
        .map_err(|error| places::named("--out", &options.out, &error.error))?;
    let folder = folder.path();
    if let Some((path, Place::File(file))) = &sheet_at
        && folder
            .canonicalize()
            .is_ok_and(|folder| file.starts_with(folder))
    {
        return Err(places::named(
            "--sheet",
            path,
            "in this folder the pictures go",
        ));
    }
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    let bar = ProgressBar::new(ITEMS.len() as u64 * options.count);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    for (class, (name, _)) in ITEMS.iter().enumerate() {
        bar.set_message(*name);
        for index in 0..options.count {
            let path = folder.join(format!("{name}_{index:05}.png"));
            png::write(&path, &options.picture(class as u32, index))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    say(folder.display())?;
    if let Some(path) = &options.sheet {
        png::write(path, &sheet(options))?;
        say(path.display())?;
    }
    Ok(())
}

impl Options {
    /// A picture as it is asked for.
    fn picture(&self, class: u32, index: u64) -> DynamicImage {
        let item = picture(self.seed.number, class, index);
        if !self.opaque {
            return item.into();
        }
        let mut ground = RgbaImage::from_pixel(SIDE as u32, SIDE as u32, Rgb(GROUND).to_rgba());
        imageops::overlay(&mut ground, &item, 0, 0);
        DynamicImage::from(ground).into_rgb8().into()
    }
}

/// A row for each class.
fn sheet(options: &Options) -> DynamicImage {
    let columns = options.count.min(COLUMNS);
    let side = SIDE as u32;
    let mut sheet = RgbaImage::new(side * columns as u32, side * ITEMS.len() as u32);
    for class in 0..ITEMS.len() as u32 {
        for index in 0..columns {
            let item = options.picture(class, index).into_rgba8();
            let (left, top) = (index as i64 * SIDE as i64, i64::from(class * side));
            imageops::replace(&mut sheet, &item, left, top);
        }
    }
    let (width, height) = sheet.dimensions();
    let sheet = imageops::resize(&sheet, width * ZOOM, height * ZOOM, FilterType::Nearest);
    match options.opaque {
        true => DynamicImage::from(sheet).into_rgb8().into(),
        false => sheet.into(),
    }
}
