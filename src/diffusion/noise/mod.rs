//! Noise that is a function of where it is used, not of when it was drawn.
//!
//! A deviate is keyed by (seed, sample, step, element) through the counter-based generator Philox
//! 4x32-10 and the Box–Muller transform: it does not depend on batch, order, slicing or device,
//! and nothing has to be stored to draw it again.
//!
//! ```text
//! key     = [seed lo, seed hi]
//! counter = [element / 4, step, sample lo, sample hi]
//! words   = philox4x32_10(counter, key)          element e is lane e mod 4
//! normals = normal_pair(words 0, 1), normal_pair(words 2, 3)
//! ```
//!
//! Every operation is on 32-bit integers or is one f32 addition, subtraction or multiplication
//! rounded on its own, so the bits are the same on every target.
//!
//! ```
//! use iddpm::diffusion::noise::Noise;
//!
//! let stream = Noise::new(7).stream(0, Noise::INITIAL);
//! let mut whole = [0.0; 12];
//! stream.fill_normals(0, &mut whole);
//!
//! let mut part = [0.0; 5];
//! stream.fill_normals(3, &mut part);
//! assert_eq!(part, whole[3..8]);
//! assert_eq!(stream.normal(11), whole[11]);
//! ```

mod bulk;
mod normal;
mod philox;

#[cfg(feature = "micromath")]
pub mod fast;
#[cfg(feature = "rand_core")]
pub mod rng;

pub use normal::normal_pair;
pub use philox::philox4x32_10;

use super::lanes;
use bulk::{Deviate, Normal, Uniform};
use normal::normal_block;

/// The source of all noise of a run: a seed and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Noise {
    /// The key of the generator; every value is as good as another.
    pub seed: u64,
}

impl Noise {
    /// The step number under which x_T itself is drawn, below which all steps of a run lie.
    pub const INITIAL: u32 = u32::MAX;
    /// Added to a step's number for the noise of what that step keeps of a picture.
    pub const KEPT: u32 = 1 << 30;
    /// Added to a step's number for the noise with which x goes back after that step.
    pub const BACK: u32 = 1 << 31;

    /// The noise of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The noise of one step of one sample.
    #[must_use]
    pub const fn stream(self, sample: u64, step: u32) -> NoiseStream {
        NoiseStream {
            seed: self.seed,
            sample,
            step,
        }
    }
}

/// The noise of one step of one sample: 2^34 words, addressed by element.
///
/// Elements count modulo 2^34 (64 GiB of f32): element e + 2^34 is element e again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoiseStream {
    seed: u64,
    sample: u64,
    step: u32,
}

impl NoiseStream {
    /// Returns four random words of the stream: those of elements 4·block to 4·block + 3.
    #[must_use]
    #[inline(always)]
    pub const fn words(self, block: u32) -> [u32; 4] {
        philox4x32_10(self.counter(block), self.key())
    }

    /// Fills out\[i\] with the normal deviate of element `first_element` + i, N(0, 1).
    ///
    /// The value of an element does not depend on the range it is drawn with. See [`normal_pair`]
    /// for the transform, its error and its largest value.
    pub fn fill_normals(self, first_element: u64, out: &mut [f32]) {
        self.fill::<Normal>(first_element, out);
    }

    /// Fills out\[i\] with the uniform deviate of element `first_element` + i, U\[0, 1).
    ///
    /// It is k·2^-24 for the upper 24 bits k of the element's word: 0 occurs, 1 does not, and every
    /// value is exact. The normal deviate of the same element comes from the same word, so give
    /// each purpose a step number of its own.
    pub fn fill_uniforms(self, first_element: u64, out: &mut [f32]) {
        self.fill::<Uniform>(first_element, out);
    }

    /// Returns the normal deviate of one element, as [`fill_normals`](Self::fill_normals) gives it.
    #[must_use]
    pub fn normal(self, element: u64) -> f32 {
        let [a, b, c, d] = normal_block(self.words(block_of(element)));
        match element & 3 {
            0 => a,
            1 => b,
            2 => c,
            _ => d,
        }
    }

    /// Returns the uniform deviate of one element, as [`fill_uniforms`](Self::fill_uniforms) gives it.
    #[must_use]
    pub fn uniform(self, element: u64) -> f32 {
        let [a, b, c, d] = self.words(block_of(element));
        unit(match element & 3 {
            0 => a,
            1 => b,
            2 => c,
            _ => d,
        })
    }

    /// Returns a uniform deviate in \[0, 1) with all 53 bits of an f64.
    ///
    /// It is k·2^-53 for the upper 53 bits k of words 2·`element` (high) and 2·`element` + 1
    /// (low), so elements count modulo 2^33 here, and the words are those of the f32 elements
    /// 2·`element` and 2·`element` + 1.
    #[must_use]
    pub const fn uniform_f64(self, element: u64) -> f64 {
        let [a, b, c, d] = self.words((element >> 1) as u32);
        let (high, low) = if element & 1 == 0 { (a, b) } else { (c, d) };
        let bits = ((high as u64) << 21) | (low >> 11) as u64;
        bits as f64 * (1.0 / (1u64 << 53) as f64)
    }

    #[inline(always)]
    const fn key(self) -> [u32; 2] {
        [self.seed as u32, (self.seed >> 32) as u32]
    }

    #[inline(always)]
    const fn counter(self, block: u32) -> [u32; 4] {
        [
            block,
            self.step,
            self.sample as u32,
            (self.sample >> 32) as u32,
        ]
    }

    fn fill<D: Deviate>(self, first_element: u64, out: &mut [f32]) {
        let (first, whole) = self.fill_ends(first_element, out, D::block);
        lanes::dispatch(
            #[inline(always)]
            || bulk::fill::<D>(self, first, whole),
        );
    }

    /// Fills what is not a whole block at either end of a range of elements, and returns the
    /// whole blocks between with the number of the first.
    #[inline]
    fn fill_ends(
        self,
        first_element: u64,
        out: &mut [f32],
        values: impl Fn([u32; 4]) -> [f32; 4],
    ) -> (u32, &mut [[f32; 4]]) {
        let lane = (first_element & 3) as usize;
        let mut first = block_of(first_element);
        let (head, rest) = out.split_at_mut(out.len().min((4 - lane) & 3));
        if !head.is_empty() {
            let values = values(self.words(first)).into_iter().skip(lane);
            for (out, value) in head.iter_mut().zip(values) {
                *out = value;
            }
            first = first.wrapping_add(1);
        }
        let (whole, tail) = rest.as_chunks_mut();
        if !tail.is_empty() {
            let values = values(self.words(first.wrapping_add(whole.len() as u32)));
            for (out, value) in tail.iter_mut().zip(values) {
                *out = value;
            }
        }
        (first, whole)
    }
}

/// The block an element lies in, modulo 2^32.
const fn block_of(element: u64) -> u32 {
    (element >> 2) as u32
}

/// The upper 24 bits of a word as a multiple of 2^-24.
#[inline(always)]
fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}
