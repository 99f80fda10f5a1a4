//! Many blocks at a time, one pass per step of the transform.
//!
//! Each pass is a plain loop over arrays of one kind of value, of a length known to the compiler,
//! which turns it into vector code, and short enough that a processor keeps many turns of it in
//! flight. What a pass computes for a block is what the scalar functions compute: the same
//! operations on the same values.
//!
//! All of it is inlined into its caller, for the instruction set the caller was compiled for.

use super::NoiseStream;
use super::normal::{direction, exponential, normal_block, signed_radius};
use super::{philox4x32_10, unit};

/// Blocks per pass of the bulk of a range: 1.5 KiB of stack.
const MANY: usize = 64;
/// Blocks per pass of what remains.
const FEW: usize = 8;

/// What the words of a block become.
pub(super) trait Deviate {
    /// The deviates of one block.
    fn block(words: [u32; 4]) -> [f32; 4];

    /// The deviates of the N blocks whose words are in the room.
    fn blocks<const N: usize>(room: &mut Room<N>, out: &mut [[f32; 4]; N]);
}

/// The deviates of whole blocks from `first` on.
#[inline(always)]
pub(super) fn fill<D: Deviate>(stream: NoiseStream, first: u32, out: &mut [[f32; 4]]) {
    let (first, rest) = groups::<D, MANY>(stream, first, out);
    let (first, rest) = groups::<D, FEW>(stream, first, rest);
    for (i, out) in rest.iter_mut().enumerate() {
        *out = D::block(stream.words(first.wrapping_add(i as u32)));
    }
}

/// Fills as many groups of N blocks as there are, and returns the block after them and the rest of
/// the output.
#[inline(always)]
fn groups<D: Deviate, const N: usize>(
    stream: NoiseStream,
    mut first: u32,
    out: &mut [[f32; 4]],
) -> (u32, &mut [[f32; 4]]) {
    let mut room = Room::<N>::new();
    let (groups, rest) = out.as_chunks_mut();
    for group in groups {
        room.draw(stream, first);
        D::blocks(&mut room, group);
        first = first.wrapping_add(N as u32);
    }
    (first, rest)
}

/// Room for the words of N blocks, lane by lane, and for the radii of their pairs.
pub(super) struct Room<const N: usize> {
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

/// N(0, 1).
pub(super) struct Normal;

impl Deviate for Normal {
    #[inline(always)]
    fn block(words: [u32; 4]) -> [f32; 4] {
        normal_block(words)
    }

    #[inline(always)]
    fn blocks<const N: usize>(room: &mut Room<N>, out: &mut [[f32; 4]; N]) {
        let [a, b, c, d] = &room.words;
        let [r0, r1] = &mut room.radii;
        signed_radii(a, r0);
        signed_radii(c, r1);
        let lanes = r0.iter().zip(r1).zip(b.iter().zip(d));
        for (out, ((&r0, &mut r1), (&b, &d))) in out.iter_mut().zip(lanes) {
            let ([cos0, sin0], [cos1, sin1]) = (direction(b), direction(d));
            *out = [r0 * cos0, r0 * sin0, r1 * cos1, r1 * sin1];
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

/// U\[0, 1).
pub(super) struct Uniform;

impl Deviate for Uniform {
    #[inline(always)]
    fn block(words: [u32; 4]) -> [f32; 4] {
        words.map(unit)
    }

    #[inline(always)]
    fn blocks<const N: usize>(room: &mut Room<N>, out: &mut [[f32; 4]; N]) {
        let [a, b, c, d] = &room.words;
        let lanes = a.iter().zip(b).zip(c.iter().zip(d));
        for (out, ((&a, &b), (&c, &d))) in out.iter_mut().zip(lanes) {
            *out = [unit(a), unit(b), unit(c), unit(d)];
        }
    }
}
