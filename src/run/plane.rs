//! A picture without end, any part of which is made by itself.

use core::ops::{Range, RangeInclusive};
use std::collections::BTreeMap;
use std::format;
use std::vec::Vec;

use super::draw::Draw;
use super::error::DrawError;
use super::images::Images;
use super::studio::Studio;
use crate::Error;
use crate::diffusion::{Noise, Paused, Sample};
use crate::memory::{self, MemoryError, bytes_of, copied, zeros};
use crate::part::part;
use crate::text::Number;
use crate::unet::{Extents, Wrap};
use crate::waiting::block_on;

/// Windows that are drawn at once.
const AT_ONCE: usize = 8;
/// How often windows are blended, the last time into the picture.
const BLENDS: u32 = 4;
/// Bytes of windows that are kept for later tiles.
const CACHE: u64 = 128 << 20;

/// A picture without end in every direction, in the style of a model's images, drawn where it is looked at.
///
/// Windows of the network's size lie on a grid of half their sides, so that each place is in four of them. The noise
/// belongs to places, not to windows. All windows take some of the steps by themselves, then what lies over each other is
/// blended, some times ([`with_blends`](Self::with_blends)): a place follows from windows at most so many steps of the grid
/// away. So a tile is the same bytes whatever was drawn before, and continues its neighbours. Windows are kept, so that a
/// neighbour costs less; all are forgotten after a tile with which they are more than 128 MiB
/// ([`with_cache`](Self::with_cache)).
///
/// ```
/// use iddpm::{Device, Draw, Model};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32.safetensors"
/// # )
/// );
/// let mut studio = Model::from_bytes(file)?.on(Device::cpu())?;
/// let draw = Draw::new().class("tree").steps("4").method("ddim");
/// let mut plane = studio.plane(&draw)?.with_blends(2)?;
/// let tile = plane.tile(-8, 0, (40, 32))?;
/// let alone = plane.tile(0, 0, (32, 32))?;
/// assert_eq!(alone.bytes()?[..4 * 32], tile.bytes()?[4 * 8..4 * 40]);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Plane<'s> {
    studio: &'s mut Studio,
    draw: Draw,
    label: Option<u32>,
    evaluations: u32,
    blends: u32,
    /// The most bytes of windows that are kept.
    cache: u64,
    windows: BTreeMap<Key, Window>,
}

/// How often a window's place was blended before, and where it lies in the grid.
type Key = (u32, Cell);
/// Row and column.
type Cell = (i32, i32);

/// x and history of a window.
#[derive(Debug)]
struct Window([Vec<f32>; 2]);

/// The windows of a plane, whose studio does something else meanwhile.
#[cfg(feature = "ffi")]
#[derive(Debug, Default)]
pub(crate) struct Windows(BTreeMap<Key, Window>);

impl Window {
    fn bytes(&self) -> u64 {
        self.0
            .iter()
            .map(|numbers| bytes_of::<f32>(numbers.len()))
            .sum()
    }
}

impl Studio {
    /// Begins a picture without end, of one class, by a method that adds no noise: `ddim`, `dpm`, `heun`. Where no class
    /// is named, it is of none, by a network that knows none or that was trained with some labels dropped.
    ///
    /// # Errors
    /// [`DrawError::Value`] for another method, for several classes, for what is of one image alone (a row, a strength, a
    /// wrap), and for a network that enlarges images.
    pub fn plane(&mut self, draw: &Draw) -> Result<Plane<'_>, Error> {
        let course = self.course(draw, false)?;
        let sampler = course.sampler()?;
        if course.begins_with_picture() {
            let why = "a plane begins with noise alone";
            return Err(DrawError::value("strength", Number(draw.picture_strength()), why).into());
        }
        if let Some(row) = draw.row() {
            return Err(DrawError::value("between", row, "a plane is of one seed").into());
        }
        if course.wrap() != Wrap::None {
            let why = "a plane has no edges to go round";
            return Err(DrawError::value("wrap", course.wrap(), why).into());
        }
        course.check_adds_no_noise("a plane")?;
        let Extents { height, width, .. } = self.model().image();
        if self.model().low_res().is_some() || height % 2 != 0 || width % 2 != 0 {
            let why = "a plane is of windows with even sides, which enlarge nothing";
            return Err(DrawError::value("size", self.model().image(), why).into());
        }
        let label = match draw.labels(self.model())?.as_slice() {
            [] if self.model().classes() == 0 || self.model().description().unet.null_class => None,
            [label] => Some(*label),
            _ => {
                let why = "a plane is of one class: name it";
                return Err(DrawError::value("class", draw.only_classes().join(", "), why).into());
            }
        };
        Ok(Plane {
            draw: draw.clone(),
            label,
            evaluations: sampler.evaluations(),
            blends: BLENDS.min(sampler.evaluations()),
            cache: CACHE,
            windows: BTreeMap::new(),
            studio: self,
        })
    }
}

impl Plane<'_> {
    /// Blends windows so many times, 4 without this: more makes them agree better, and a tile follow from more of them.
    ///
    /// # Errors
    /// [`DrawError::Value`] for 0, and for more than there are evaluations of the network.
    pub fn with_blends(mut self, blends: u32) -> Result<Self, DrawError> {
        if !(1..=self.evaluations).contains(&blends) {
            let why = format!("must be within 1 to the {} evaluations", self.evaluations);
            return Err(DrawError::value("blends", blends, why));
        }
        self.blends = blends;
        self.windows.clear();
        Ok(self)
    }

    /// Keeps windows for later tiles in so many bytes, 128 MiB without this. A tile is drawn whatever they are: with all
    /// the windows that it follows from, which [`tile`](Self::tile) finds room for first.
    #[must_use]
    pub const fn with_cache(mut self, bytes: u64) -> Self {
        self.cache = bytes;
        self
    }

    /// Lets go of the studio, and keeps the windows for an equal plane.
    #[cfg(feature = "ffi")]
    pub(crate) fn into_windows(self) -> Windows {
        Windows(self.windows)
    }

    /// Goes on with the windows of an equal plane: of the same drawing on the same studio.
    #[cfg(feature = "ffi")]
    pub(crate) fn with_windows(mut self, windows: Windows) -> Self {
        self.windows = windows.0;
        self
    }

    /// How many evaluations of the network for one window a tile takes: none for what is kept of those before.
    ///
    /// # Errors
    /// Those of [`tile`](Self::tile), of its size and place.
    pub fn cost(&self, x: i32, y: i32, size: (usize, usize)) -> Result<u64, Error> {
        let mut cells = self.cells(x, y, size)?;
        let mut cost = 0;
        for blend in (0..self.blends).rev() {
            cells.retain(|&cell| !self.windows.contains_key(&(blend, cell)));
            let steps = self.steps(blend);
            cost += cells.len() as u64 * u64::from(steps.end - steps.start);
            cells = around(&cells);
        }
        Ok(cost)
    }

    /// Draws a tile: its left upper corner and its size in pixels.
    ///
    /// # Errors
    /// [`DrawError::Value`] for a tile without pixels, or one that is too far away; [`MemoryError`]; those of the device.
    pub fn tile(&mut self, x: i32, y: i32, size: (usize, usize)) -> Result<Images, Error> {
        let cells = self.cells(x, y, size)?;
        let last = self.blends - 1;
        self.ensure(last, &cells)?;
        let image = Extents {
            width: size.0,
            height: size.1,
            ..self.image()
        };
        let mut pixels = self.blended(last, 0, (x, y), image)?;
        // A mean of two colours of a palette is none of it.
        if let Some(palette) = self.draw.snapped(self.studio.model(), self.evaluations)? {
            palette.as_colours().snap(&mut pixels)?;
        }
        let drawn = Images::of_size(self.studio.model(), image, pixels, &[self.sample(0)])?;
        if self.windows.values().map(Window::bytes).sum::<u64>() > self.cache {
            self.windows.clear();
        }
        Ok(drawn.indexed(self.draw.only_colours().is_some()))
    }

    fn image(&self) -> Extents {
        self.studio.model().image()
    }

    fn sample(&self, number: u64) -> Sample {
        Sample {
            noise: Noise::new(self.draw.noise_seed()),
            number,
            label: self.label,
        }
    }

    /// Half a window's sides: from one to the next.
    fn stride(&self) -> (i32, i32) {
        let Extents { height, width, .. } = self.image();
        (height as i32 / 2, width as i32 / 2)
    }

    /// The evaluations that windows take by themselves after so many blends.
    fn steps(&self, blend: u32) -> Range<u32> {
        let at = |blend: u32| {
            let share = u64::from(self.evaluations) * u64::from(blend) / u64::from(self.blends);
            share as u32
        };
        at(blend)..at(blend + 1)
    }

    /// The windows that a tile has a part in; an error for a tile without pixels, without room, or too far away.
    fn cells(&self, x: i32, y: i32, size: (usize, usize)) -> Result<Vec<Cell>, Error> {
        let (of_row, of_column) = self.stride();
        // All that it follows from, once for each blend and at its edges, has its place too.
        let wider = i64::from(self.blends) + 2;
        let fits = |begin: i32, len: usize, stride: i32| {
            let most = i64::from(i32::MAX / 2) - wider * i64::from(stride);
            let begin = i64::from(begin);
            let end = i64::try_from(len).map_or(i64::MAX, |len| begin.saturating_add(len));
            len > 0 && begin > -most && end < most
        };
        if !fits(y, size.1, of_row) || !fits(x, size.0, of_column) {
            let why = "a tile has pixels, and lies within half of what 32 bits count";
            let value = format!("{}x{} at {x},{y}", size.0, size.1);
            return Err(DrawError::value("size", value, why).into());
        }
        let (rows, columns) = (lines(y, size.1, of_row), lines(x, size.0, of_column));
        let count = |lines: &RangeInclusive<i32>| i64::from(lines.end() - lines.start()) as u64 + 1;
        self.check_room(count(&rows), count(&columns), size)?;
        Ok(cells(&rows, &columns).collect())
    }

    /// Whether there is room for a tile, and for its windows at every blend.
    fn check_room(&self, rows: u64, columns: u64, size: (usize, usize)) -> Result<(), MemoryError> {
        let image = self.image();
        let wider = u64::from(2 * (self.blends - 1));
        let windows = (rows + wider).saturating_mul(columns + wider);
        // x and history.
        let of_windows = windows
            .saturating_mul(u64::from(self.blends))
            .saturating_mul(2 * image.elements() as u64);
        let pixels = (size.0 as u64).saturating_mul(size.1 as u64);
        let of_tile = pixels.saturating_mul(image.channels as u64);
        memory::check(of_windows.saturating_add(of_tile).saturating_mul(4))
    }

    /// Draws these windows up to where they are blended for this time, unless they are there.
    fn ensure(&mut self, blend: u32, cells: &[Cell]) -> Result<(), Error> {
        let is_missing = |cell: &&Cell| !self.windows.contains_key(&(blend, **cell));
        let missing: Vec<Cell> = cells.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        if let Some(before) = blend.checked_sub(1) {
            self.ensure(before, &around(&missing))?;
        }
        for cells in missing.chunks(AT_ONCE) {
            self.draw_windows(blend, cells)?;
        }
        Ok(())
    }

    fn draw_windows(&mut self, blend: u32, cells: &[Cell]) -> Result<(), Error> {
        let image = self.image();
        let samples: Vec<Sample> = (0..cells.len() as u64).map(|at| self.sample(at)).collect();
        let mut run = self.studio.begin_samples(&self.draw, &samples)?;
        let begun = block_on(run.paused())?;
        let (mut x, mut history) = (Vec::new(), Vec::new());
        for &cell in cells {
            match blend.checked_sub(1) {
                None => x.extend(self.noise(cell)?),
                Some(before) => {
                    let corner = self.corner(cell);
                    x.extend(self.blended(before, 0, corner, image)?);
                    if !begun.history.is_empty() {
                        history.extend(self.blended(before, 1, corner, image)?);
                    }
                }
            }
        }
        let steps = self.steps(blend);
        if blend == 0 {
            history = begun.history;
        }
        let mut state = begun.state;
        state.position = steps.start;
        let mut run = run.with(Paused { state, x, history })?;
        block_on(run.advance_until(steps.end, &mut |_| true))?;
        let Paused { x, history, .. } = block_on(run.paused())?;
        let elements = image.elements();
        for (at, &cell) in cells.iter().enumerate() {
            let of_window = |all: &[f32]| match all.is_empty() {
                true => Ok(Vec::new()),
                false => copied(part(all, at * elements, elements)),
            };
            let window = Window([of_window(&x)?, of_window(&history)?]);
            self.windows.insert((blend, cell), window);
        }
        Ok(())
    }

    fn corner(&self, (row, column): Cell) -> (i32, i32) {
        let (of_row, of_column) = self.stride();
        (column * of_column, row * of_row)
    }

    /// The noise of a window: that of the four cells of the grid that it covers, each a function of its place.
    fn noise(&self, (row, column): Cell) -> Result<Vec<f32>, MemoryError> {
        let image = self.image();
        let (rows, columns) = (image.height / 2, image.width / 2);
        let noise = Noise::new(self.draw.noise_seed());
        let mut x = zeros(image.elements())?;
        let mut line = zeros(columns)?;
        for (down, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let word = |number: i32| u64::from(number.cast_unsigned());
            let place = word(row + down) << 32 | word(column + right);
            let stream = noise.stream(place, Noise::INITIAL);
            for at in 0..image.channels * rows {
                let (channel, within) = (at / rows, at % rows);
                stream.fill_normals((at * columns) as u64, &mut line);
                let row = within + down as usize * rows;
                let begin = (channel * image.height + row) * image.width + right as usize * columns;
                for (x, line) in x.iter_mut().skip(begin).zip(&line) {
                    *x = *line;
                }
            }
        }
        Ok(x)
    }

    /// A rectangle of what lies over each other: each window weighs as much as a place is away from its edges.
    fn blended(
        &self,
        blend: u32,
        which: usize,
        (x, y): (i32, i32),
        size: Extents,
    ) -> Result<Vec<f32>, Error> {
        let image = self.image();
        let (of_row, of_column) = self.stride();
        let mut out = zeros(size.elements())?;
        let (rows, columns) = (
            lines(y, size.height, of_row),
            lines(x, size.width, of_column),
        );
        for cell in cells(&rows, &columns) {
            let window = self.windows.get(&(blend, cell));
            let window = window.and_then(|it| it.0.get(which));
            debug_assert!(window.is_some(), "{cell:?} was ensured");
            let Some(window) = window else { continue };
            let (left, top) = self.corner(cell);
            let (rows, columns) = (
                shared(y, size.height, top, of_row),
                shared(x, size.width, left, of_column),
            );
            let within = (columns.start - left) as usize;
            let beyond = (columns.start - x) as usize;
            for channel in 0..size.channels {
                for row in rows.clone() {
                    let (down, of_down) = ((row - top) as usize, weight(row - top, of_row));
                    let from = (channel * image.height + down) * image.width + within;
                    let to = (channel * size.height + (row - y) as usize) * size.width + beyond;
                    let line = out.iter_mut().skip(to).zip(window.iter().skip(from));
                    for (column, (out, value)) in columns.clone().zip(line) {
                        *out += of_down * weight(column - left, of_column) * value;
                    }
                }
            }
        }
        Ok(out)
    }
}

/// The places of a line that a window of twice the stride has a part in.
fn shared(begin: i32, len: usize, window: i32, stride: i32) -> Range<i32> {
    begin.max(window)..(begin + len as i32).min(window + 2 * stride)
}

/// What a place in a window of twice the stride weighs: as much as it is away from the nearer edge. The two windows of a
/// place weigh 1 together.
fn weight(place: i32, stride: i32) -> f32 {
    let from_edge = |place: i32| (place as f32 + 0.5) / stride as f32;
    match place < stride {
        true => from_edge(place),
        false => 1.0 - from_edge(place - stride),
    }
}

/// The lines of the grid whose windows lie over so many pixels, of a place that was checked.
fn lines(begin: i32, len: usize, stride: i32) -> RangeInclusive<i32> {
    begin.div_euclid(stride) - 1..=(begin + len as i32 - 1).div_euclid(stride)
}

fn cells(rows: &RangeInclusive<i32>, columns: &RangeInclusive<i32>) -> impl Iterator<Item = Cell> {
    let columns = columns.clone();
    rows.clone()
        .flat_map(move |row| columns.clone().map(move |column| (row, column)))
}

/// Cells and those that have a part in them.
fn around(cells: &[Cell]) -> Vec<Cell> {
    let near = |&(row, column): &Cell| {
        (row - 1..=row + 1).flat_map(move |row| (column - 1..=column + 1).map(move |c| (row, c)))
    };
    let mut all: Vec<Cell> = cells.iter().flat_map(near).collect();
    all.sort_unstable();
    all.dedup();
    all
}
