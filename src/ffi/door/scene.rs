//! A picture without end, of which tiles are drawn where they are looked at.

use std::sync::{Arc, Mutex};
use std::vec::Vec;

use super::error::Failure;
#[cfg(not(target_family = "wasm"))]
use super::handles::shared;
use super::handles::{Painter, lock};
use super::options::Asked;
use crate::run::Windows;
use crate::{Draw, Studio};

#[cfg(not(target_family = "wasm"))]
const _: () = shared::<Scene>();

/// A drawing on a studio, and the windows that were drawn of it.
#[derive(Debug)]
pub(in crate::ffi) struct Scene {
    studio: Arc<Mutex<Studio>>,
    draw: Draw,
    windows: Mutex<Windows>,
}

impl Scene {
    /// Begins one, where the drawing can be a plane.
    pub(in crate::ffi) fn new(painter: &Painter, asked: &Asked<'_>) -> Result<Self, Failure> {
        let pictures = [
            ("init", asked.init),
            ("mask", asked.mask),
            ("low_res", asked.low_res),
        ];
        if let Some((word, _)) = pictures.iter().find(|(_, rows)| rows.is_some()) {
            let why = "a plane begins with noise alone";
            return Err(Failure::argument(word, "given", why));
        }
        if asked.numbers()? != (0..1) {
            let why = "a plane is one image, its number 0";
            let (first, count) = (asked.plain.first, asked.plain.count);
            let value = std::format!("{count}, the first {first}");
            return Err(Failure::argument("count", value, why));
        }
        let draw = asked.draw()?;
        painter.studio()?.plane(&draw)?;
        Ok(Self {
            studio: painter.shared(),
            draw,
            windows: Mutex::default(),
        })
    }

    /// A tile as RGBA, row after row.
    pub(in crate::ffi) fn rgba(
        &self,
        x: i32,
        y: i32,
        size: (usize, usize),
    ) -> Result<Vec<u8>, Failure> {
        let mut windows = lock("plane", &self.windows)?;
        let mut studio = lock("studio", &self.studio)?;
        let mut plane = studio
            .plane(&self.draw)?
            .with_windows(core::mem::take(&mut windows));
        let tile = plane.tile(x, y, size);
        *windows = plane.into_windows();
        Ok(tile?.rgba(0)?)
    }
}
