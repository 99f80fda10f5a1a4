//! Images in files that a super-resolution network enlarges.

use std::path::Path;

use iddpm::checkpoint::Description;
use iddpm::cpu::resize;
use iddpm::data::{self, Classes, Fit, Kind, Opened};
use iddpm::diffusion::pixels::image_from_u8;
use iddpm::unet::Extents;

use super::program::Failure;

/// The images that are enlarged: a picture for all that are made, or one for each.
pub(crate) struct LowRes {
    opened: Opened,
    size: Extents,
    /// The class of each that is used.
    labels: Vec<Option<u32>>,
}

impl LowRes {
    /// Whatever data a path leads to. Pictures are fitted to what the network takes; larger images of an
    /// archive become means over areas, as in training.
    pub(crate) fn open(
        path: &Path,
        description: &Description,
        (width, height): (usize, usize),
    ) -> Result<Self, Failure> {
        let size = Extents {
            height,
            width,
            ..description.image()
        };
        let names = description.class_names.as_deref();
        let classes = Classes::of_network(description.unet.num_classes, names, false);
        let fit = Fit::Pictures {
            extents: size,
            given: &[],
        };
        let opened = data::open(path, &data::Options { fit, classes })
            .map_err(|error| format!("--low-res {error}"))?;
        let found = opened.data.extents();
        if found.channels != size.channels || found.height < height || found.width < width {
            let (path, channels) = (path.display(), size.channels);
            return Err(format!(
                "--low-res {path}: images of {}x{}, {} channels, where the network enlarges {width}x{height}, {channels} \
                 channels",
                found.width, found.height, found.channels
            )
            .into());
        }
        Ok(Self {
            opened,
            size,
            labels: Vec::new(),
        })
    }

    /// How many images there are to enlarge; any number for one picture.
    pub(crate) fn most(&self) -> Option<usize> {
        (self.opened.kind != Kind::Picture).then(|| self.opened.data.len())
    }

    /// What was opened, and what is done to it.
    pub(crate) fn summary(&self) -> String {
        let Extents { height, width, .. } = self.size;
        match self.opened.data.extents() == self.size {
            true => format!("enlarging {}", self.opened),
            false => format!("enlarging {}, as {width}x{height}", self.opened),
        }
    }

    /// Reads the first images once, so that what is wrong with one is found before any work; none may be of
    /// another class than the one that was asked for.
    pub(crate) fn check(&mut self, count: usize, only: Option<u32>) -> Result<(), Failure> {
        let data = &self.opened.data;
        for at in 0..count.min(data.len()) {
            let example = data.get(at).map_err(|error| format!("--low-res {error}"))?;
            if let (Some(label), Some(only)) = (example.label, only)
                && label != only
            {
                return Err(format!(
                    "--class: image {at} of --low-res is of class {label}, not {only}; without --class each is of its own"
                )
                .into());
            }
            self.labels.push(example.label);
        }
        Ok(())
    }

    /// The class of the image that is enlarged to that of a number, where it has one.
    pub(crate) fn label(&self, number: usize) -> Option<u32> {
        self.labels.get(self.index(number)).copied().flatten()
    }

    /// The image that is enlarged to that of a number, in [-1, 1], channels first.
    pub(crate) fn image(&self, number: usize) -> Result<Vec<f32>, Failure> {
        let data = &self.opened.data;
        let example = data.get(self.index(number))?;
        let mut image = vec![0.0; example.pixels.len()];
        image_from_u8(&example.pixels, &mut image)?;
        if data.extents() == self.size {
            return Ok(image);
        }
        let mut small = vec![0.0; self.size.elements()];
        resize::area(&image, data.extents(), &mut small, self.size)?;
        Ok(small)
    }

    fn index(&self, number: usize) -> usize {
        match self.opened.kind {
            Kind::Picture => 0,
            _ => number,
        }
    }
}
