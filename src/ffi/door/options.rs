//! A drawing as C asks for it.

use core::ffi::c_char;
use core::ops::Range;
use core::ptr;
use std::vec::Vec;

use super::error::Failure;
use super::pixels::Rows;
use crate::run::{Canvas, DrawError, Palette};
use crate::{Draw, Model};

/// What is to be drawn, and how. `iddpm_draw_init` fills it with the usual drawing; a text or a pointer that is NULL is
/// not given. Everything that it points to must stay until the call with it returns, and no longer. Later versions may have
/// more at its end.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct iddpm_draw {
    /// The size of this struct in bytes: `iddpm_draw_init` sets it.
    pub struct_size: usize,
    /// What all noise follows from: the same seed, the same images.
    pub seed: u64,
    /// The number of the first image. An image is the same in whatever run it is.
    pub first: u64,
    /// How many images there are, 1 or more.
    pub count: u32,
    /// How many colours `palette` has, up to 256.
    pub palette_count: u32,
    /// Towards the class: 1 as the network learnt it, 2 or 3 further, 0 without it, 100 at most.
    pub guidance: f64,
    /// How far images go from `init`: 0 leaves it, 1 draws anew.
    pub strength: f64,
    /// The class, by its name or number; all there are in turn where no class is named.
    pub class_name: *const c_char,
    /// More classes, which are drawn in turn with it: `class_count` texts. A row goes from the first class to the second.
    pub classes: *const *const c_char,
    /// How many classes `classes` has: none of it is read where this is 0. How many images there are is `count` alone.
    pub class_count: usize,
    /// How many steps, or which, as "50", "ddim25", "10,15,20"; as many as the method wants where it is NULL.
    pub steps: *const c_char,
    /// How a step is taken: "dpm", "heun", "ddim", "ddim:0.5", "ancestral"; where it is NULL "dpm", and
    /// "ddim" of a distilled network, which takes no other.
    pub method: *const c_char,
    /// What is done to each prediction: "unit", "none", "dynamic"; "unit" where it is NULL.
    pub clip: *const c_char,
    /// Where images go round, so that copies side by side have no seams: "x", "y", "xy"; nowhere where it is NULL.
    pub wrap: *const c_char,
    /// How often steps are taken again within `mask`: "10", "5,10"; once where it is NULL.
    pub resample: *const c_char,
    /// A row from this seed to another: that seed, and over how many images the row goes, as "7,12", of which `count` from
    /// `first` on are drawn; none where it is NULL.
    pub between: *const c_char,
    /// The colours that are drawn in, red, green, blue and alpha of each; all there are where it is NULL.
    pub palette: *const u8,
    /// A picture that images begin from, of the network's size, RGBA of 8 bits each, alpha straight.
    pub init: *const u8,
    /// Bytes from one row of `init` to the next.
    pub init_stride: usize,
    /// Pixels of `init` from left to right.
    pub init_width: u32,
    /// Pixels of `init` from top to bottom.
    pub init_height: u32,
    /// Which part of `init` is drawn anew, a byte for each of its pixels: 0 keeps it, 255 draws it anew.
    pub mask: *const u8,
    /// Bytes from one row of `mask` to the next.
    pub mask_stride: usize,
    /// What a network enlarges, RGBA as `init`, of the size that `iddpm_info` says: a picture for all images, or `count` of
    /// them, each below the one before.
    pub low_res: *const u8,
    /// Bytes from one row of `low_res` to the next.
    pub low_res_stride: usize,
    /// Pixels of `low_res` from left to right.
    pub low_res_width: u32,
    /// Pixels of `low_res` from top to bottom, of all its pictures.
    pub low_res_height: u32,
}

impl iddpm_draw {
    /// One image of the usual drawing.
    pub(in crate::ffi) const fn usual(struct_size: usize) -> Self {
        Self {
            struct_size,
            seed: 0,
            first: 0,
            count: 1,
            palette_count: 0,
            guidance: 1.0,
            strength: 1.0,
            class_name: ptr::null(),
            classes: ptr::null(),
            class_count: 0,
            steps: ptr::null(),
            method: ptr::null(),
            clip: ptr::null(),
            wrap: ptr::null(),
            resample: ptr::null(),
            between: ptr::null(),
            palette: ptr::null(),
            init: ptr::null(),
            init_stride: 0,
            init_width: 0,
            init_height: 0,
            mask: ptr::null(),
            mask_stride: 0,
            low_res: ptr::null(),
            low_res_stride: 0,
            low_res_width: 0,
            low_res_height: 0,
        }
    }

    /// The options that are texts, by a drawing's words for them.
    pub(in crate::ffi) const fn texts(&self) -> [(&'static str, *const c_char); 7] {
        [
            ("class", self.class_name),
            ("steps", self.steps),
            ("method", self.method),
            ("clip", self.clip),
            ("wrap", self.wrap),
            ("resample", self.resample),
            ("between", self.between),
        ]
    }
}

/// What was asked for, with all that it points to.
#[derive(Debug)]
pub(in crate::ffi) struct Asked<'a> {
    pub(in crate::ffi) plain: &'a iddpm_draw,
    /// Those that were given.
    pub(in crate::ffi) texts: Vec<(&'static str, &'a str)>,
    /// Red, green, blue, alpha of each colour; empty for all.
    pub(in crate::ffi) palette: &'a [u8],
    pub(in crate::ffi) init: Option<Rows<'a>>,
    pub(in crate::ffi) mask: Option<Rows<'a>>,
    pub(in crate::ffi) low_res: Option<Rows<'a>>,
}

impl Asked<'_> {
    /// As the door has it.
    pub(super) fn draw(&self) -> Result<Draw, Failure> {
        let iddpm_draw {
            seed,
            guidance,
            strength,
            ..
        } = *self.plain;
        let mut draw = Draw::new().seed(seed).guidance(guidance).strength(strength);
        for (word, text) in &self.texts {
            draw.set(word, text)?;
        }
        let (colours, _) = self.palette.as_chunks();
        match colours.is_empty() {
            true => Ok(draw),
            false => Ok(draw.palette(Palette::new(colours.iter().copied())?)),
        }
    }

    /// The numbers of the images.
    pub(super) fn numbers(&self) -> Result<Range<u64>, Failure> {
        let iddpm_draw { first, count, .. } = *self.plain;
        let end = first.checked_add(u64::from(count));
        let why = || {
            std::format!(
                "{count} images from it on have numbers up to {}",
                u64::MAX - 1
            )
        };
        let end = end.ok_or_else(|| Failure::argument("first", first, why()))?;
        Ok(first..end)
    }

    /// The picture that is drawn on, where there is one.
    pub(super) fn canvas(&self, model: &Model) -> Result<Option<Canvas>, Failure> {
        let image = model.image();
        let Some(init) = self.init else {
            let why = "it is a mask of init, which is NULL";
            return match self.mask {
                Some(_) => Err(Failure::argument("mask", "given", why)),
                None => Ok(None),
            };
        };
        init.check("init", image.width, image.height)?;
        let bytes = init.of_channels("init", image.channels)?;
        let canvas = Canvas::from_bytes(model, &bytes)?;
        let Some(mask) = self.mask else {
            return Ok(Some(canvas));
        };
        let mask: Vec<u8> = mask.pixels().flatten().copied().collect();
        Ok(Some(canvas.with_mask(&mask)?))
    }

    /// What a network enlarges, where it does.
    pub(super) fn low_res(&self, model: &Model) -> Result<Option<Vec<u8>>, Failure> {
        let (rows, (width, height)) = match (self.low_res, model.low_res()) {
            (None, None) => return Ok(None),
            (None, Some(size)) => return Err(DrawError::LowResMissing { size }.into()),
            (Some(_), None) => return Err(DrawError::LowResUnexpected.into()),
            (Some(rows), Some(size)) => (rows, size),
        };
        let (layout, count) = (rows.layout, self.plain.count as usize);
        let heights = [1, count].map(|pictures| height.saturating_mul(pictures));
        if layout.width != width || !heights.contains(&layout.height) {
            let value = std::format!("{}x{}", layout.width, layout.height);
            let why = std::format!(
                "the network enlarges {width}x{height}: one picture, or {count}, each below the one before"
            );
            return Err(Failure::argument("low_res", value, why));
        }
        Ok(Some(rows.of_channels("low_res", model.image().channels)?))
    }
}
