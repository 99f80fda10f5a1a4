//! Whether a difference of networks that were trained alike is more than chance.

use std::fmt;

use iddpm::run::Mean;

/// Where |t| lies beyond with probability 0.05, for 1, 2, 3, ... degrees of freedom (Student's law); of more, the last.
const STUDENT: [f64; 31] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042, 2.040,
];

/// What a claim came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fails,
    NotSeparated,
    Holds,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fails => "**does not hold**",
            Self::NotSeparated => "not separated at this scale",
            Self::Holds => "holds",
        })
    }
}

impl Verdict {
    /// Of what is exact.
    pub(crate) const fn exact(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }

    /// Of differences that are to be above 0, one a seed: by Student's test at 95 %.
    pub(crate) fn above_zero(differences: &[f64]) -> Self {
        let mean = Mean::of(differences.iter().copied());
        // One number says nothing of chance.
        let beyond = differences.len().checked_sub(2).map(|place| {
            let last = STUDENT.last();
            STUDENT.get(place).or(last).copied()
        });
        let beyond = beyond.flatten().unwrap_or(f64::INFINITY);
        // Without any deviation nothing is known of it either: counts of few images are alike by chance.
        match mean.error > 0.0 && mean.mean.abs() > beyond * mean.error {
            false => Self::NotSeparated,
            true => Self::exact(mean.mean > 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;

    /// The mean of 1, 2, 3 is 2 ± 0.577, which is 3.46 of its errors: less than 4.303.
    #[test]
    fn three_numbers_are_few() {
        assert_eq!(Verdict::above_zero(&[1.0, 2.0, 3.0]), Verdict::NotSeparated);
        assert_eq!(Verdict::above_zero(&[2.0, 2.5, 3.0]), Verdict::Holds);
        assert_eq!(Verdict::above_zero(&[-2.0, -2.5, -3.0]), Verdict::Fails);
        assert_eq!(Verdict::above_zero(&[5.0]), Verdict::NotSeparated);
        assert_eq!(Verdict::above_zero(&[5.0, 5.0]), Verdict::NotSeparated);
    }
}
