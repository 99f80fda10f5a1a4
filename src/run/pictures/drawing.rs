//! How images are drawn: one, many in a grid, and how they came about.

use core::iter;
use std::string::{String, ToString};
use std::vec::Vec;

use image::DynamicImage;
use image::imageops::FilterType;

use super::colours::Colours;
use super::sheet::{cell, head_width, most_of_sheet, sheet, shown};
use crate::run::error::DrawError;
use crate::run::model::Look;
use crate::unet::Extents;

/// Images of a trajectory's strip.
pub(super) const MOMENTS: usize = 12;

/// How the images of a network are drawn.
#[derive(Debug, Clone)]
pub(super) struct Drawing {
    colours: Colours,
    width: usize,
    height: usize,
    columns: usize,
    elements: usize,
    /// Of the classes, where they have names.
    names: Vec<String>,
}

impl Drawing {
    /// # Errors
    /// [`DrawError::NoPicture`] where its images are none.
    pub(super) fn of(look: &Look) -> Result<Self, DrawError> {
        let Extents {
            channels,
            height,
            width,
        } = look.image;
        Ok(Self {
            colours: Colours::of(channels)?,
            width,
            height,
            columns: look.columns,
            elements: look.image.elements(),
            names: match &look.class_names {
                Some(names) => names.clone(),
                None => Vec::new(),
            },
        })
    }

    /// Width and height of an image in a sheet.
    pub(super) fn cell(&self) -> (usize, usize) {
        cell(self.width, self.height)
    }

    /// Images beside each other in a grid.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// The most images that a sheet holds.
    pub(super) fn most(&self) -> usize {
        most_of_sheet(self.width, self.height)
    }

    /// An image, [H, W, C], 8 bits a value.
    pub(super) fn picture(&self, image: &[u8]) -> DynamicImage {
        let (width, height) = (self.width as u32, self.height as u32);
        self.colours.picture(image, width, height)
    }

    /// An image as large as in a sheet.
    pub(super) fn enlarged(&self, image: &[u8]) -> DynamicImage {
        let (width, height) = shown(self.width, self.height);
        let picture = self.picture(image);
        picture.resize_exact(width as u32, height as u32, FilterType::Nearest)
    }

    pub(super) fn pictures(&self, images: &[u8]) -> Vec<DynamicImage> {
        let images = images.chunks(self.elements.max(1));
        images.map(|image| self.picture(image)).collect()
    }

    /// Images one after the other, with their labels, in rows.
    pub(super) fn grid(&self, images: &[u8], labels: &[Option<u32>]) -> DynamicImage {
        self.sheet(&self.pictures(images), &self.heads(labels), self.columns)
    }

    /// What stands above each image: its class by name, where that fits, or by number; nothing where no
    /// image has a class.
    pub(super) fn heads(&self, labels: &[Option<u32>]) -> Vec<String> {
        let width = shown(self.width, self.height).0;
        let head = |label: u32| {
            let name = self.names.get(label as usize);
            let name = name.filter(|name| head_width(name) <= width);
            name.map_or_else(|| label.to_string(), String::clone)
        };
        labels.iter().flatten().map(|&label| head(label)).collect()
    }

    pub(super) fn sheet(
        &self,
        pictures: &[DynamicImage],
        heads: &[String],
        columns: usize,
    ) -> DynamicImage {
        sheet(pictures, heads, columns).into()
    }

    /// A row for each image, its class above its first; a column for each of some moments, the last among
    /// them.
    pub(super) fn strip(&self, moments: &[Vec<DynamicImage>], heads: &[String]) -> DynamicImage {
        let count = moments.len();
        let columns = MOMENTS.min(count).max(1);
        let images = moments.first().map_or(0, Vec::len);
        let cells = (0..images).flat_map(|row| {
            let chosen = (1..=columns).map(move |column| column * count / columns - 1);
            chosen.filter_map(move |at| moments.get(at)?.get(row).cloned())
        });
        let firsts = heads.iter().flat_map(|head| {
            let others = iter::repeat_n(String::new(), columns - 1);
            iter::once(head.clone()).chain(others)
        });
        let (cells, heads): (Vec<_>, Vec<_>) = (cells.collect(), firsts.collect());
        self.sheet(&cells, &heads, columns)
    }
}
