//! Noise from any `rand_core` generator, and Philox as one.

use super::{NoiseStream, normal_pair, philox4x32_10, unit};
use core::convert::Infallible;
use rand_core::{Rng, SeedableRng, TryRng, utils};

/// Normal and uniform deviates from a generator, by the transform of [`NoiseStream`].
///
/// Each pair of normal deviates takes two words, each uniform deviate one. The second of a pair is
/// kept for the next normal deviate that is asked for, so a sequence of deviates does not depend on
/// how it is cut.
///
/// ```
/// use iddpm::diffusion::noise::{Noise, rng::{FromRng, Philox}};
///
/// let stream = Noise::new(1).stream(2, 3);
/// let mut noise = FromRng::new(Philox::from(stream));
/// let mut z = [0.0; 5];
/// noise.fill_normals(&mut z);
/// assert_eq!(z[4], stream.normal(4));
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FromRng<R> {
    rng: R,
    spare: Option<f32>,
}

impl<R: Rng> FromRng<R> {
    /// Draws deviates from `rng`, which may be a `&mut` to a generator.
    #[must_use]
    pub const fn new(rng: R) -> Self {
        Self { rng, spare: None }
    }

    /// Fills `out` with normal deviates, N(0, 1): see [`normal_pair`] for their error and their largest
    /// value.
    pub fn fill_normals(&mut self, out: &mut [f32]) {
        let kept = usize::from(self.spare.is_some()).min(out.len());
        let (kept, rest) = out.split_at_mut(kept);
        for out in kept {
            *out = self.normal();
        }
        let (pairs, last) = rest.as_chunks_mut();
        for pair in pairs {
            *pair = self.pair();
        }
        for out in last {
            *out = self.normal();
        }
    }

    /// Fills `out` with uniform deviates, U\[0, 1): multiples of 2^-24, one word each.
    pub fn fill_uniforms(&mut self, out: &mut [f32]) {
        for out in out {
            *out = self.uniform();
        }
    }

    /// Draws the next normal deviate.
    #[must_use]
    pub fn normal(&mut self) -> f32 {
        match self.spare.take() {
            Some(spare) => spare,
            None => {
                let [z, spare] = self.pair();
                self.spare = Some(spare);
                z
            }
        }
    }

    /// Draws the next uniform deviate in \[0, 1).
    #[must_use]
    pub fn uniform(&mut self) -> f32 {
        unit(self.rng.next_u32())
    }

    /// Returns the generator, without the deviate kept of a pair.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.rng
    }

    fn pair(&mut self) -> [f32; 2] {
        let word0 = self.rng.next_u32();
        normal_pair(word0, self.rng.next_u32())
    }
}

/// Philox 4x32-10 as a generator: 2^130 words from a 64-bit seed.
///
/// Its counter is 128 bits, lowest word first, and grows by one for four words. It starts at the
/// counter of a [`NoiseStream`], whose words it yields in order of element; after those 2^34 words
/// it goes on with the stream of the next step. Not for cryptography.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Philox {
    key: [u32; 2],
    counter: [u32; 4],
    words: [u32; 4],
    used: u8,
}

impl Philox {
    /// The generator of a seed, from its first word: that of `Noise::new(seed).stream(0, 0)`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            counter: [0; 4],
            words: [0; 4],
            used: 4,
        }
    }

    /// The next block of words.
    fn refill(&mut self) {
        self.words = philox4x32_10(self.counter, self.key);
        for word in &mut self.counter {
            *word = word.wrapping_add(1);
            if *word != 0 {
                break;
            }
        }
        self.used = 0;
    }

    fn next(&mut self) -> u32 {
        if self.used >= 4 {
            self.refill();
        }
        let [a, b, c, d] = self.words;
        self.used += 1;
        match self.used {
            1 => a,
            2 => b,
            3 => c,
            _ => d,
        }
    }
}

impl From<NoiseStream> for Philox {
    /// The words of a stream, in order of element.
    fn from(stream: NoiseStream) -> Self {
        Self {
            counter: stream.counter(0),
            ..Self::new(stream.seed)
        }
    }
}

impl TryRng for Philox {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_u64_via_u32(self)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(out, || self.try_next_u32())
    }
}

impl SeedableRng for Philox {
    type Seed = [u8; 8];

    /// The key is the seed, lowest byte first: [`Philox::new`] of `u64::from_le_bytes(seed)`.
    fn from_seed(seed: [u8; 8]) -> Self {
        Self::new(u64::from_le_bytes(seed))
    }

    /// [`Philox::new`]: a counter-based generator needs no spreading of its seed.
    fn seed_from_u64(seed: u64) -> Self {
        Self::new(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Noise;
    use super::*;

    #[test]
    fn the_counter_carries_into_every_word() {
        let noise = Noise::new(2);
        let (step, sample) = (u32::MAX, u64::MAX);
        let ends = [
            (noise.stream(0, 0), noise.stream(0, 1)),
            (noise.stream(0, step), noise.stream(1, 0)),
            (noise.stream(step.into(), step), noise.stream(1 << 32, 0)),
            (noise.stream(sample, step), noise.stream(0, 0)),
        ];
        for (stream, next) in ends {
            let mut rng = Philox {
                counter: stream.counter(u32::MAX),
                ..Philox::from(stream)
            };
            for word in stream.words(u32::MAX).into_iter().chain(next.words(0)) {
                assert_eq!(rng.next_u32(), word);
            }
        }
    }
}
