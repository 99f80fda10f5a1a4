//! What varies from picture to picture, drawn from the crate's own counter-based generator.

use iddpm::diffusion::Noise;

/// More than any picture asks for.
const NUMBERS: usize = 128;

/// The decisions of one picture; those of another do not depend on how many it took.
pub(crate) struct Choices(std::array::IntoIter<f32, NUMBERS>);

impl Choices {
    pub(crate) fn new(seed: u64, class: u32, index: u64) -> Self {
        let mut numbers = [0.0; NUMBERS];
        Noise::new(seed)
            .stream(index, class)
            .fill_uniforms(0, &mut numbers);
        Self(numbers.into_iter())
    }

    /// In [0, 1).
    fn next(&mut self) -> f32 {
        self.0.next().unwrap_or_default()
    }

    /// In [from, to).
    pub(crate) fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.next()
    }

    /// One of `from..=to`.
    pub(crate) fn whole(&mut self, from: i32, to: i32) -> i32 {
        (from + (self.next() * (to - from + 1) as f32) as i32).min(to)
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.next() < probability
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.whole(0, of.len() as i32 - 1) as usize]
    }
}
