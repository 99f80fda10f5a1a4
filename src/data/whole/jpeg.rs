//! JPEG: segments up to the end of the image, each scan followed by its data.
//!
//! ```text
//! FF | marker | length 2 bytes, itself included | what it says      (no length: D0..D9, 01)
//! ```
//!
//! The data of every scan is read as far as it must be to know that no block of it is missing. What a
//! decoder reads all the same is let pass: bytes between segments, tables that are not there, scans of
//! kinds that are not known here.

use std::format;

use super::bits::marker;
use super::frame::Frame;
use super::huffman::Huffman;
use super::scan::{Scan, Tables};
use super::{cut, undecodable};
use crate::data::fault::Fault;

// Markers.
const SEQUENTIAL: u8 = 0xC0;
const EXTENDED: u8 = 0xC1;
const PROGRESSIVE: u8 = 0xC2;
const TABLES: u8 = 0xC4;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
const INTERVAL: u8 = 0xDD;

/// Most scans: no encoder makes more, and each is work for as many blocks as there are.
const MAX_SCANS: usize = 100;

/// Whether all is there.
///
/// # Errors
/// [`Fault::Undecodable`], [`Fault::Memory`].
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let (mut frame, mut is_framed) = (None, false);
    let mut tables: Tables = Default::default();
    let (mut interval, mut scans, mut at) = (0, 0, 0);
    loop {
        let (marker, after) = marker(bytes, at).ok_or_else(cut)?;
        at = after;
        match marker {
            END => return drawn(frame.as_ref()),
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let segment = bytes.get(at..).and_then(segment).ok_or_else(cut)?;
        at += 2 + segment.len();
        match marker {
            // Its sides are not those of the picture that was asked whether it is too large.
            SEQUENTIAL | EXTENDED | PROGRESSIVE if is_framed => {
                return Err(undecodable("it has more than one frame"));
            }
            SEQUENTIAL | EXTENDED | PROGRESSIVE => {
                is_framed = true;
                frame = Frame::read(segment, marker == PROGRESSIVE)?;
            }
            TABLES => read_tables(segment, &mut tables)
                .ok_or_else(|| undecodable("a table of its codes is none"))?,
            INTERVAL => interval = number(segment).ok_or_else(cut)?.into(),
            SCAN if scans == MAX_SCANS => {
                let reason = format!("it has more than {MAX_SCANS} scans");
                return Err(undecodable(&reason));
            }
            SCAN => {
                scans += 1;
                if let Some(frame) = &mut frame {
                    at = scan(segment, bytes, at, interval, frame, &tables).ok_or_else(cut)?;
                }
            }
            _ => {}
        }
    }
}

/// Where a scan's data ends, of a kind that is known; where it begins, of another.
fn scan(
    head: &[u8],
    bytes: &[u8],
    at: usize,
    interval: u64,
    frame: &mut Frame,
    tables: &Tables,
) -> Option<usize> {
    let Some(scan) = Scan::read(head, frame, tables) else {
        for component in &mut frame.components {
            component.drawn = true;
        }
        return Some(at);
    };
    scan.follow(bytes, at, interval, frame)
}

/// Whether some scan had something of each component.
fn drawn(frame: Option<&Frame>) -> Result<(), Fault> {
    let mut components = frame.into_iter().flat_map(|frame| &frame.components);
    match components.all(|component| component.drawn) {
        true => Ok(()),
        false => Err(cut()),
    }
}

fn read_tables(mut segment: &[u8], tables: &mut Tables) -> Option<()> {
    while let [place, rest @ ..] = segment {
        let (table, rest) = Huffman::read(rest)?;
        let of_kind = tables.get_mut(usize::from(place >> 4))?;
        *of_kind.get_mut(usize::from(place & 15))? = Some(table);
        segment = rest;
    }
    Some(())
}

/// What a segment says, without its length.
fn segment(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(2..number(bytes)?.into())
}

fn number(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|&bytes| u16::from_be_bytes(bytes))
}
