//! The order in which a run takes its steps: all of them, the last of them, some of them again.

use core::fmt;
use core::str::FromStr;

use super::error::Error;
use super::method::{Method, Place};
use super::noise::Noise;
use super::schedule::MAX_TIMESTEPS;

/// How often the steps of a run that keeps a part of a picture are taken, so that what is drawn anew comes to agree
/// with what is kept (RePaint, Lugmayr et al. 2022).
///
/// The steps are taken in stretches of `jump`; after each stretch x goes back by the forward process to the noise that
/// it had before, `rounds` - 1 times. A jump of 1 is algorithm 1 of the paper but for t = 1: there the paper takes the
/// last step again from the same x, which leads to the same image, and here x goes back to new noise as everywhere.
/// Its name is `ROUNDS` or `ROUNDS,JUMP`.
///
/// ```
/// use iddpm::diffusion::Resampling;
/// assert_eq!("10".parse(), Ok(Resampling { rounds: 10, jump: 1 }));
/// assert_eq!(Resampling { rounds: 5, jump: 10 }.to_string(), "5,10");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Resampling {
    /// How often each stretch is walked.
    pub rounds: u32,
    /// The steps of a stretch.
    pub jump: u32,
}

impl Resampling {
    /// Each step once.
    pub const ONCE: Self = Self { rounds: 1, jump: 1 };
    /// The most rounds, and the longest jump.
    pub const MOST: u32 = 500;

    /// Checks that there is a round and a step in it, and not too many.
    ///
    /// # Errors
    /// [`Error::Resampling`].
    pub fn check(self) -> Result<(), Error> {
        let Self { rounds, jump } = self;
        let bounds = 1..=Self::MOST;
        if bounds.contains(&rounds) && bounds.contains(&jump) {
            return Ok(());
        }
        Err(Error::Resampling {
            rounds,
            jump,
            max: Self::MOST,
        })
    }
}

impl fmt::Display for Resampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { rounds, jump: 1 } => write!(f, "{rounds}"),
            Self { rounds, jump } => write!(f, "{rounds},{jump}"),
        }
    }
}

impl FromStr for Resampling {
    type Err = Error;

    /// Reads `ROUNDS` or `ROUNDS,JUMP`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = |_| Error::Unknown {
            what: "resampling",
            known: "ROUNDS; ROUNDS,JUMP",
        };
        let (rounds, jump) = text.split_once(',').unwrap_or((text, "1"));
        let resampling = Self {
            rounds: rounds.parse().map_err(unknown)?,
            jump: jump.parse().map_err(unknown)?,
        };
        resampling.check()?;
        Ok(resampling)
    }
}

/// The steps that a run takes, and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Walk {
    /// The steps that are taken: the last of the process.
    pub(super) steps: usize,
    /// How often they are, where a part of a picture is kept.
    pub(super) keeping: Option<Resampling>,
}

// Step numbers of noise from the first of these on are for what is kept, and for going back: no run, of two evaluations a
// step, is as long.
const _: () = assert!(2 * MAX_TIMESTEPS as u64 * Resampling::MOST as u64 <= Noise::KEPT as u64);

impl Walk {
    /// Every step of a process, once.
    pub(super) const fn all(steps: usize) -> Self {
        Self {
            steps,
            keeping: None,
        }
    }

    fn rounds(self) -> Resampling {
        self.keeping.unwrap_or(Resampling::ONCE)
    }

    /// The evaluations of a stretch, but for the last one, and those of all stretches taken once.
    fn lengths(self, method: Method) -> (u64, u64) {
        let once = u64::from(method.evaluations(self.steps as u32));
        let jump = u64::from(self.rounds().jump);
        (jump * method.evaluations_of_a_step(), once)
    }

    /// The evaluations of the whole run.
    pub(super) fn evaluations(self, method: Method) -> u64 {
        let (_, once) = self.lengths(method);
        once * u64::from(self.rounds().rounds)
    }

    /// Where a run is at an evaluation; `None` at its end and beyond.
    pub(super) fn place(self, method: Method, position: u32) -> Option<Place> {
        let last = self.steps.checked_sub(1)?;
        let position = u64::from(position);
        let rounds = u64::from(self.rounds().rounds);
        let (stretch, once) = self.lengths(method);
        // The last stretch may be shorter, or longer by what of a step is left.
        let stretches = once.div_ceil(stretch.max(1));
        let number = (position / (rounds * stretch).max(1)).min(stretches.saturating_sub(1));
        let begin = number * stretch;
        let len = stretch.min(once - begin);
        let within = position - number * rounds * stretch;
        let (round, offset) = (within / len.max(1), within % len.max(1));
        if round >= rounds {
            return None;
        }
        let (index, is_halfway) = method.place((begin + offset) as u32, last)?;
        let back = offset + 1 == len && round + 1 < rounds;
        let (top, _) = method.place(begin as u32, last)?;
        Some(Place {
            index,
            is_halfway,
            is_fresh: offset == 0 && (begin == 0 || round > 0),
            back_to: back.then_some(top),
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::{Resampling, Walk};
    use crate::diffusion::Method;

    fn walked(walk: Walk, method: Method) -> Vec<(usize, Option<usize>)> {
        let places = (0..).map_while(|position| walk.place(method, position));
        places.map(|place| (place.index, place.back_to)).collect()
    }

    #[test]
    fn once_is_the_methods_own_order() {
        for method in [Method::Ancestral, Method::Heun, Method::DdimReverse] {
            for steps in 1..5 {
                let walk = Walk::all(steps);
                let places = walked(walk, method);
                assert_eq!(places.len() as u64, walk.evaluations(method));
                for (position, (index, back_to)) in (0..).zip(places) {
                    let expected = method.place(position, steps - 1).map(|place| place.0);
                    assert_eq!((Some(index), back_to), (expected, None));
                }
            }
        }
    }

    #[test]
    fn a_stretch_is_walked_again_from_its_first_step() {
        let keeping = Some(Resampling { rounds: 2, jump: 2 });
        let walk = Walk { steps: 3, keeping };
        let ddim = Method::Ddim { eta: 0.0 };
        let expected = [
            (2, None),
            (1, Some(2)),
            (2, None),
            (1, None),
            (0, Some(0)),
            (0, None),
        ];
        assert_eq!(walked(walk, ddim), expected);
        // The second evaluation of a step is at the next index, from which x goes back.
        let expected = [
            (2, None),
            (1, None),
            (1, None),
            (0, Some(2)),
            (2, None),
            (1, None),
            (1, None),
            (0, None),
            (0, Some(0)),
            (0, None),
        ];
        assert_eq!(walked(walk, Method::Heun), expected);
    }

    #[test]
    fn every_walk_is_as_long_as_it_says() {
        for method in [Method::Ancestral, Method::Heun] {
            for (steps, rounds, jump) in [
                (1, 1, 1),
                (1, 3, 4),
                (2, 2, 1),
                (7, 3, 3),
                (8, 5, 4),
                (9, 2, 500),
            ] {
                let keeping = Some(Resampling { rounds, jump });
                let walk = Walk { steps, keeping };
                let places = walked(walk, method);
                assert_eq!(places.len() as u64, walk.evaluations(method));
                assert_eq!(places.last(), Some(&(0, None)));
            }
        }
        assert_eq!(walked(Walk::all(0), Method::Heun), []);
    }
}
