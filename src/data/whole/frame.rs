//! The frame of a JPEG, which its scans have in common: its components, and how many blocks of 8x8 each
//! has.

use std::format;
use std::vec::Vec;

use super::undecodable;
use crate::data::fault::Fault;
use crate::memory::reserve;

/// Most components: decoders know no picture of more, and each takes memory for its blocks.
const MAX_COMPONENTS: u8 = 4;

/// The head of a picture.
///
/// ```text
/// bits of a value 1 byte | rows 2 | columns 2 | components 1 | of each: name 1, blocks of a unit 4 + 4 bits, 1
/// ```
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) progressive: bool,
    /// Units along each side: each has some blocks of every component.
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) components: Vec<Component>,
}

/// A colour, or brightness.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) name: u8,
    /// Blocks of a unit, along each side.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks that it has where it is alone in a scan, along each side.
    pub(super) alone: (usize, usize),
    /// Blocks of a row, those of units at its end included.
    pub(super) stride: usize,
    /// Of a progressive picture, which numbers of each block are known not to be 0.
    pub(super) seen: Vec<u64>,
    /// Whether a scan had something of it.
    pub(super) drawn: bool,
}

impl Frame {
    /// Nothing for a head that is none; whether it is one is for the decoder to say.
    ///
    /// # Errors
    /// [`Fault::Undecodable`] for more than four components; [`Fault::Memory`].
    pub(super) fn read(segment: &[u8], progressive: bool) -> Result<Option<Self>, Fault> {
        let [8, a, b, c, d, count, rest @ ..] = segment else {
            return Ok(None);
        };
        if *count > MAX_COMPONENTS {
            let reason =
                format!("it has {count} components, and at most {MAX_COMPONENTS} are read");
            return Err(undecodable(&reason));
        }
        let (rows, columns) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
        let (rows, columns) = (usize::from(rows), usize::from(columns));
        let (given, _) = rest.as_chunks::<3>();
        let Some(given) = given.get(..usize::from(*count)) else {
            return Ok(None);
        };
        let sides = |&[_, sides, _]: &[u8; 3]| (usize::from(sides >> 4), usize::from(sides & 15));
        let (most_across, most_down) = given.iter().map(sides).fold((0, 0), |most, sides| {
            (most.0.max(sides.0), most.1.max(sides.1))
        });
        let sound =
            |sides: (usize, usize)| (1..=4).contains(&sides.0) && (1..=4).contains(&sides.1);
        if given.is_empty() || !given.iter().map(sides).all(sound) {
            return Ok(None);
        }
        let across = columns.div_ceil(8 * most_across);
        let down = rows.div_ceil(8 * most_down);
        let mut components = Vec::new();
        for one in given {
            let (&[name, ..], (width, height)) = (one, sides(one));
            let mut seen = Vec::new();
            if progressive {
                let blocks = across * down * width * height;
                reserve(&mut seen, blocks as u64)?;
                seen.resize(blocks, 0);
            }
            components.push(Component {
                name,
                width,
                height,
                alone: (
                    (columns * width).div_ceil(8 * most_across),
                    (rows * height).div_ceil(8 * most_down),
                ),
                stride: across * width,
                seen,
                drawn: false,
            });
        }
        Ok(Some(Self {
            progressive,
            across,
            down,
            components,
        }))
    }
}
