//! The spacings of timesteps: which of the T training steps a shorter process keeps (paper §4).

use core::fmt;

use super::error::Error;
use super::math::rint;
use super::numbers::{Numbers, read_number};

/// A strided subsequence of the timesteps 0..T-1.
///
/// Every kind gives exactly the number of steps it names, or an error. Its text is what
/// [`parse`](Self::parse) reads back; only an empty list has none.
///
/// ```
/// use iddpm::diffusion::Timesteps;
/// let mut kept = [0; 4];
/// Timesteps::trailing(4).fill(1000, &mut kept)?;
/// assert_eq!(kept, [249, 499, 749, 999]);
/// assert_eq!(Timesteps::trailing(4).to_string(), "trailing4");
/// assert_eq!(Timesteps::parse("10,15,20")?, Timesteps::sections(&[10, 15, 20]));
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timesteps<'a>(Kind<'a>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Kind<'a> {
    All,
    /// Even where there is one.
    Sections(Numbers<'a>),
    EvenWithEarly(u32),
    Ddim(u32),
    Leading(u32),
    Trailing(u32),
    Linspace(u32),
    Quadratic(u32),
    Custom(Numbers<'a>),
}

/// What the text of a custom list begins with.
const CUSTOM: &str = "custom:";

impl<'a> Timesteps<'a> {
    /// All T timesteps.
    pub const ALL: Self = Self(Kind::All);

    /// Evenly strided steps, `steps` of T, the first and the last of T included: the paper's spacing.
    pub const fn even(steps: u32) -> Self {
        Self(Kind::Sections(Numbers::One(steps)))
    }

    /// Evenly strided steps as of [`even`](Self::even), and every one of the first ⌊T/steps⌋ timesteps
    /// besides.
    ///
    /// The variational bound evaluated over a strided process needs these early steps, where most
    /// of the bits are (paper, appendix E: t = 1..T/K). The length is at most steps + ⌊T/steps⌋.
    pub const fn even_with_early(steps: u32) -> Self {
        Self(Kind::EvenWithEarly(steps))
    }

    /// Sections with a count each: T cut into `counts.len()` equal sections, the first T mod n of them one
    /// longer, and each strided evenly to its count.
    pub const fn sections(counts: &'a [u32]) -> Self {
        Self(Kind::Sections(Numbers::List(counts)))
    }

    /// The public implementation's `ddimN` spacing: 0, i, 2i, … with the smallest whole stride i that keeps
    /// exactly `steps`.
    pub const fn ddim(steps: u32) -> Self {
        Self(Kind::Ddim(steps))
    }

    /// The leading spacing, which begins at 0: t = k·⌊T/steps⌋, k = 0..steps-1.
    pub const fn leading(steps: u32) -> Self {
        Self(Kind::Leading(steps))
    }

    /// The trailing spacing, which includes T-1, as zero terminal SNR needs: t = round(T - k·T/steps) - 1,
    /// k = 0..steps-1.
    pub const fn trailing(steps: u32) -> Self {
        Self(Kind::Trailing(steps))
    }

    /// The linspace spacing, which includes both 0 and T-1: t = round(k·(T-1)/(steps-1)).
    pub const fn linspace(steps: u32) -> Self {
        Self(Kind::Linspace(steps))
    }

    /// The quadratic spacing, denser in early steps: t = round((k/(steps-1))²·(T-1)), moved up where two
    /// would coincide (Song et al. 2021, appendix D.2, stretched to reach T-1).
    pub const fn quadratic(steps: u32) -> Self {
        Self(Kind::Quadratic(steps))
    }

    /// A list of the caller's own, descending strictly, in the order in which it is sampled.
    pub const fn custom(descending: &'a [u32]) -> Self {
        Self(Kind::Custom(Numbers::List(descending)))
    }

    /// Reads a spacing from text: the public implementation's `"50"`, `"10,15,20"` and `"ddim25"`, and
    /// `"all"`, `"early50"`, `"leading50"`, `"trailing50"`, `"linspace50"`, `"quadratic50"`, and
    /// `"custom:999,500,0"`.
    ///
    /// # Errors
    /// [`Error::SpecEmpty`], or [`Error::SpecSyntax`] with the offset of what is no number.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let text = text.trim();
        if let Some(list) = text.strip_prefix(CUSTOM) {
            let list = Numbers::read(list, CUSTOM.len())?;
            return Ok(Self(Kind::Custom(list)));
        }
        let name_len = text.find(|c: char| !c.is_ascii_alphabetic());
        let split = text.split_at_checked(name_len.unwrap_or(text.len()));
        debug_assert!(split.is_some(), "a letter was found at {name_len:?}");
        let (name, number) = split.unwrap_or_default();
        let kind = match name {
            "" if text.is_empty() => return Err(Error::SpecEmpty),
            "" => return Ok(Self(Kind::Sections(Numbers::read(text, 0)?))),
            "all" if number.is_empty() => return Ok(Self::ALL),
            "ddim" => Kind::Ddim,
            "early" => Kind::EvenWithEarly,
            "leading" => Kind::Leading,
            "trailing" => Kind::Trailing,
            "linspace" => Kind::Linspace,
            "quadratic" => Kind::Quadratic,
            _ => return Err(Error::SpecSyntax { at: 0 }),
        };
        Ok(Self(kind(read_number(number.as_bytes(), name.len())?)))
    }

    /// The number of timesteps kept of T.
    ///
    /// # Errors
    /// Those of [`for_each`](Self::for_each).
    pub fn count(self, num_timesteps: u32) -> Result<usize, Error> {
        let mut count = 0;
        self.for_each(num_timesteps, |_| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Writes the kept timesteps, ascending, and returns how many there are.
    ///
    /// # Errors
    /// [`Error::Capacity`] where `out` is too short, and those of [`for_each`](Self::for_each).
    pub fn fill(self, num_timesteps: u32, out: &mut [u32]) -> Result<usize, Error> {
        let needed = self.count(num_timesteps)?;
        let capacity = out.len();
        let Some(kept) = out.get_mut(..needed) else {
            return Err(Error::Capacity { needed, capacity });
        };
        let mut slots = kept.iter_mut();
        self.for_each(num_timesteps, |timestep| {
            let slot = slots.next();
            debug_assert!(slot.is_some(), "{needed} timesteps are kept");
            if let Some(slot) = slot {
                *slot = timestep;
            }
            Ok(())
        })?;
        Ok(needed)
    }

    /// Calls `visit` with each kept timestep, strictly ascending, each below T.
    ///
    /// # Errors
    /// [`Error::TooManyTimesteps`], [`Error::TooManySteps`], [`Error::SectionTooSmall`],
    /// [`Error::NoStride`], [`Error::TooFewSteps`],
    /// [`Error::TimestepOutOfRange`], [`Error::TimestepsNotDescending`]; what `visit` returns.
    pub fn for_each(
        self,
        num_timesteps: u32,
        mut visit: impl FnMut(u32) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let total = num_timesteps;
        if total > super::schedule::MAX_TIMESTEPS {
            return Err(Error::TooManyTimesteps {
                num_timesteps,
                max: super::schedule::MAX_TIMESTEPS,
            });
        }
        match self.0 {
            Kind::All => (0..total).try_for_each(visit),
            Kind::Sections(counts) => {
                visit_sections(total, counts.iter().count(), counts.iter(), visit)
            }
            Kind::EvenWithEarly(steps) => {
                // In no steps, which are an error, none is early.
                let early = total.checked_div(steps).unwrap_or(0);
                (0..early).try_for_each(&mut visit)?;
                visit_sections(total, 1, core::iter::once(steps), |timestep| {
                    if timestep < early {
                        Ok(())
                    } else {
                        visit(timestep)
                    }
                })
            }
            Kind::Ddim(steps) => visit_ddim(total, steps, visit),
            Kind::Leading(steps) => {
                // Which refuses to divide by 0.
                check_steps(total, steps)?;
                let stride = total.checked_div(steps).unwrap_or(0);
                (0..steps).try_for_each(|k| visit(k * stride))
            }
            Kind::Trailing(steps) => {
                check_steps(total, steps)?;
                (0..steps).rev().try_for_each(|k| {
                    let passed = f64::from(k) * f64::from(total) / f64::from(steps);
                    visit(rint(f64::from(total) - passed) as u32 - 1)
                })
            }
            Kind::Linspace(steps) => {
                check_steps(total, steps)?;
                (0..steps).try_for_each(|k| visit(rint(linspace(total, steps, k)) as u32))
            }
            Kind::Quadratic(steps) => visit_quadratic(total, steps, visit),
            Kind::Custom(descending) => visit_custom(total, descending, visit),
        }
    }
}

impl fmt::Display for Timesteps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::All => f.write_str("all"),
            Kind::Sections(counts) => write!(f, "{counts}"),
            Kind::EvenWithEarly(steps) => write!(f, "early{steps}"),
            Kind::Ddim(steps) => write!(f, "ddim{steps}"),
            Kind::Leading(steps) => write!(f, "leading{steps}"),
            Kind::Trailing(steps) => write!(f, "trailing{steps}"),
            Kind::Linspace(steps) => write!(f, "linspace{steps}"),
            Kind::Quadratic(steps) => write!(f, "quadratic{steps}"),
            Kind::Custom(descending) => write!(f, "{CUSTOM}{descending}"),
        }
    }
}

fn check_steps(num_timesteps: u32, steps: u32) -> Result<(), Error> {
    if steps > num_timesteps {
        return Err(Error::TooManySteps {
            steps,
            num_timesteps,
        });
    }
    Ok(())
}

/// k·(T-1)/(steps-1), the last value exact; 0 where there is one step.
fn linspace(num_timesteps: u32, steps: u32, k: u32) -> f64 {
    let last = f64::from(num_timesteps - 1);
    if k > 0 && k + 1 == steps {
        return last;
    }
    let stride = last / f64::from(steps.saturating_sub(1).max(1));
    f64::from(k) * stride
}

fn visit_sections(
    num_timesteps: u32,
    sections: usize,
    counts: impl Iterator<Item = u32>,
    mut visit: impl FnMut(u32) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(size) = (num_timesteps as usize).checked_div(sections) else {
        return Ok(());
    };
    let longer = num_timesteps as usize % sections;
    let mut start = 0;
    for (section, count) in counts.enumerate() {
        let size = (size + usize::from(section < longer)) as u32;
        if count > size {
            return Err(match sections {
                1 => Error::TooManySteps {
                    steps: count,
                    num_timesteps,
                },
                _ => Error::SectionTooSmall {
                    section: section as u32,
                    size,
                    count,
                },
            });
        }
        // The public implementation accumulates the stride in f64 and rounds half to even;
        // k·stride would round some of the positions differently.
        let stride = match count {
            0 | 1 => 1.0,
            _ => f64::from(size - 1) / f64::from(count - 1),
        };
        let mut position = 0.0;
        for _ in 0..count {
            visit(start + rint(position) as u32)?;
            position += stride;
        }
        start += size;
    }
    Ok(())
}

fn visit_ddim(
    num_timesteps: u32,
    steps: u32,
    mut visit: impl FnMut(u32) -> Result<(), Error>,
) -> Result<(), Error> {
    check_steps(num_timesteps, steps)?;
    if steps < 2 {
        return Err(Error::TooFewSteps { steps, min: 2 });
    }
    let stride = (1..num_timesteps)
        .find(|&stride| num_timesteps.div_ceil(stride) <= steps)
        .filter(|&stride| num_timesteps.div_ceil(stride) == steps)
        .ok_or(Error::NoStride {
            steps,
            num_timesteps,
        })?;
    (0..steps).try_for_each(|k| visit(k * stride))
}

fn visit_quadratic(
    num_timesteps: u32,
    steps: u32,
    mut visit: impl FnMut(u32) -> Result<(), Error>,
) -> Result<(), Error> {
    check_steps(num_timesteps, steps)?;
    let mut next_free = 0;
    for k in 0..steps {
        let fraction = f64::from(k) / f64::from(steps.saturating_sub(1).max(1));
        let ideal = rint(fraction * fraction * f64::from(num_timesteps - 1)) as u32;
        let timestep = ideal.max(next_free);
        visit(timestep)?;
        next_free = timestep + 1;
    }
    Ok(())
}

fn visit_custom(
    num_timesteps: u32,
    descending: Numbers<'_>,
    visit: impl FnMut(u32) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut previous = None;
    for (index, timestep) in descending.iter().enumerate() {
        if timestep >= num_timesteps {
            return Err(Error::TimestepOutOfRange {
                timestep,
                num_timesteps,
            });
        }
        if let Some(previous) = previous.filter(|&previous| previous <= timestep) {
            return Err(Error::TimestepsNotDescending {
                index,
                timestep,
                previous,
            });
        }
        previous = Some(timestep);
    }
    descending.iter().rev().try_for_each(visit)
}
