//! Many blocks at a time, one pass per step of the transform.
//!
//! Each pass is a plain loop over arrays of one kind of value, of a length known to the compiler,
//! which turns it into vector code, and short enough that a processor keeps many turns of it in
//! flight. What a pass computes for a block is what the scalar functions compute: the same
//! operations on the same values.

use super::NoiseStream;
use super::normal::{direction, exponential, normal_block, signed_radius};
use super::{philox4x32_10, unit, unit_block};

/// Blocks per pass of the bulk of a range: 1.5 KiB of stack.
const MANY: usize = 64;
/// Blocks per pass of what remains.
const FEW: usize = 8;

/// The normal deviates of whole blocks from `first` on.
#[inline(always)]
pub(super) fn normals(stream: NoiseStream, first: u32, out: &mut [[f32; 4]]) {
    let mut room = Room::<MANY>::new();
    let (first, rest) = each(first, out, |block, out| room.normals(stream, block, out));
    let mut room = Room::<FEW>::new();
    let (first, rest) = each(first, rest, |block, out| room.normals(stream, block, out));
    each(first, rest, |block, [out]: &mut [_; 1]| {
        *out = normal_block(stream.words(block));
    });
}

/// The uniform deviates of whole blocks from `first` on.
#[inline(always)]
pub(super) fn uniforms(stream: NoiseStream, first: u32, out: &mut [[f32; 4]]) {
    let mut room = Room::<MANY>::new();
    let (first, rest) = each(first, out, |block, out| room.uniforms(stream, block, out));
    let mut room = Room::<FEW>::new();
    let (first, rest) = each(first, rest, |block, out| room.uniforms(stream, block, out));
    each(first, rest, |block, [out]: &mut [_; 1]| {
        *out = unit_block(stream.words(block));
    });
}

/// Fills as many groups of N blocks as there are, from block `first` on, and returns the block
/// after them and the rest of the output.
#[inline(always)]
fn each<const N: usize>(
    mut first: u32,
    out: &mut [[f32; 4]],
    mut fill: impl FnMut(u32, &mut [[f32; 4]; N]),
) -> (u32, &mut [[f32; 4]]) {
    let (groups, rest) = out.as_chunks_mut();
    for group in groups {
        fill(first, group);
        first = first.wrapping_add(N as u32);
    }
    (first, rest)
}

/// Room for the words of N blocks, lane by lane, and for the radii of their pairs.
struct Room<const N: usize> {
    words: [[u32; N]; 4],
    radii: [[f32; N]; 2],
}

impl<const N: usize> Room<N> {
    const fn new() -> Self {
        Self {
            words: [[0; N]; 4],
            radii: [[0.0; N]; 2],
        }
    }

    /// The normal deviates of N blocks from `first` on.
    #[inline(always)]
    fn normals(&mut self, stream: NoiseStream, first: u32, out: &mut [[f32; 4]; N]) {
        self.draw(stream, first);
        let [a, b, c, d] = &self.words;
        let [r0, r1] = &mut self.radii;
        signed_radii(a, r0);
        signed_radii(c, r1);
        let lanes = r0.iter().zip(r1).zip(b.iter().zip(d));
        for (out, ((&r0, &mut r1), (&b, &d))) in out.iter_mut().zip(lanes) {
            let ([cos0, sin0], [cos1, sin1]) = (direction(b), direction(d));
            *out = [r0 * cos0, r0 * sin0, r1 * cos1, r1 * sin1];
        }
    }

    /// The uniform deviates of N blocks from `first` on.
    #[inline(always)]
    fn uniforms(&mut self, stream: NoiseStream, first: u32, out: &mut [[f32; 4]; N]) {
        self.draw(stream, first);
        let [a, b, c, d] = &self.words;
        let lanes = a.iter().zip(b).zip(c.iter().zip(d));
        for (out, ((&a, &b), (&c, &d))) in out.iter_mut().zip(lanes) {
            *out = [unit(a), unit(b), unit(c), unit(d)];
        }
    }

    /// The words of N blocks from `first` on.
    #[inline(always)]
    fn draw(&mut self, stream: NoiseStream, first: u32) {
        let key = stream.key();
        let [a, b, c, d] = &mut self.words;
        let lanes = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
        for (i, ((a, b), (c, d))) in lanes.enumerate() {
            let counter = stream.counter(first.wrapping_add(i as u32));
            [*a, *b, *c, *d] = philox4x32_10(counter, key);
        }
    }
}

/// The signed radii that N words give, in two passes.
#[inline(always)]
fn signed_radii<const N: usize>(words: &[u32; N], radii: &mut [f32; N]) {
    for (radius, word) in radii.iter_mut().zip(words) {
        *radius = exponential(*word);
    }
    for (radius, word) in radii.iter_mut().zip(words) {
        *radius = signed_radius(*radius, *word);
    }
}
