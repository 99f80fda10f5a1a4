//! The order of a run: which examples a step sees, mirrored or not, at which t, with which noise. All of it
//! follows from the seed and the example's position in the run, and never from what was before.

use std::vec::Vec;

use crate::diffusion::Noise;
use crate::part::item;

/// What the words of a position are for; each purpose has its own.
#[derive(Clone, Copy)]
enum Purpose {
    Noise,
    Timestep,
    Flip,
    Order,
    Label,
}

/// Random numbers of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    seed: u64,
}

impl Draws {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    fn stream(self, position: u64, purpose: Purpose) -> crate::diffusion::noise::NoiseStream {
        Noise::new(self.seed).stream(position, purpose as u32)
    }

    /// ε of the example at a position of the run.
    pub(crate) fn noise(self, position: u64, out: &mut [f32]) {
        self.stream(position, Purpose::Noise).fill_normals(0, out);
    }

    /// What its t is drawn by, in [0, 1).
    pub(crate) fn timestep(self, position: u64) -> f64 {
        self.stream(position, Purpose::Timestep).uniform_f64(0)
    }

    /// Whether it is mirrored.
    pub(crate) fn flip(self, position: u64) -> bool {
        self.stream(position, Purpose::Flip).uniform(0) < 0.5
    }

    /// Whether it is trained without its class, at this probability.
    pub(crate) fn drops_label(self, position: u64, rate: f64) -> bool {
        self.stream(position, Purpose::Label).uniform_f64(0) < rate
    }

    /// What dropout's masks follow from: another key than that of the noise.
    pub(crate) const fn keys(self, position: u64) -> [u32; 4] {
        let key = self.seed ^ 0x6472_6f70_6f75_7421;
        [
            key as u32,
            (key >> 32) as u32,
            position as u32,
            (position >> 32) as u32,
        ]
    }
}

/// The order of the examples: every epoch a permutation of its own.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    draws: Draws,
    len: usize,
    epoch: Option<(u64, Vec<u32>)>,
}

impl Order {
    pub(crate) const fn new(draws: Draws, len: usize) -> Self {
        Self {
            draws,
            len,
            epoch: None,
        }
    }

    /// The example at a position of the run.
    pub(crate) fn example(&mut self, position: u64) -> usize {
        let len = self.len.max(1) as u64;
        let (epoch, at) = (position / len, (position % len) as usize);
        let (_, order) = match &self.epoch {
            Some(held) if held.0 == epoch => held,
            Some(_) | None => {
                let order = permutation(self.draws, epoch, self.len);
                self.epoch.insert((epoch, order))
            }
        };
        item(order, at) as usize
    }
}

/// Fisher and Yates' shuffle.
fn permutation(draws: Draws, epoch: u64, len: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..len as u32).collect();
    let stream = draws.stream(epoch, Purpose::Order);
    for at in (1..len).rev() {
        let other = (stream.uniform_f64(at as u64) * (at + 1) as f64) as usize;
        order.swap(at, other.min(at));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of a million draws is within six standard deviations of the rate: it fails once in 10^9 seeds.
    #[test]
    fn labels_are_dropped_at_the_rate() {
        let (draws, count) = (Draws::new(11), 1_000_000);
        for rate in [0.0, 0.001, 0.1, 0.5, 0.99] {
            let dropped = (0..count).filter(|&at| draws.drops_label(at, rate)).count() as f64;
            let (mean, variance) = (rate * count as f64, rate * (1.0 - rate) * count as f64);
            assert!(
                (dropped - mean).abs() <= 6.0 * variance.sqrt(),
                "{rate}: {dropped}"
            );
        }
        // Whether an image is mirrored says nothing of its label: of those that are, as many.
        let both = (0..count)
            .filter(|&at| draws.flip(at) && draws.drops_label(at, 0.5))
            .count();
        let deviation = (0.25 * 0.75 * count as f64).sqrt();
        assert!(
            (both as f64 - 0.25 * count as f64).abs() <= 6.0 * deviation,
            "{both}"
        );
    }

    #[test]
    fn every_epoch_is_another_permutation() {
        let mut order = Order::new(Draws::new(3), 50);
        let epochs: Vec<Vec<usize>> = (0..3)
            .map(|epoch| (0..50).map(|at| order.example(epoch * 50 + at)).collect())
            .collect();
        for epoch in &epochs {
            let mut sorted = epoch.clone();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..50));
        }
        assert!(epochs.windows(2).all(|pair| pair.first() != pair.last()));
        // Asked again, out of order, it is the same.
        assert_eq!(
            epochs.first().and_then(|e| e.get(7)).copied(),
            Some(order.example(7))
        );
    }
}
