//! The names of what a process and its runs are made of, as files and command lines have them.
//!
//! What is written is read back as the same, to the bit. NaN is no number of a name; whether other numbers are
//! in range is told where they are used.

use core::fmt;
use core::str::FromStr;

use super::card::Weights;
use super::error::Error;
use super::loss::Objective;
use super::method::Method;
use super::posterior::Variance;
use super::prediction::{Clip, Prediction};
use super::schedule::Schedule;

/// `ALL`, `name`, `Display` and `FromStr` of an enum without parameters: what it is, how many there are, and
/// the name of each, with those that are read as well.
macro_rules! plain_names {
    (
        $what:literal, $type:ident[$count:literal]:
        $first:ident = $first_name:literal $(| $first_other:literal)*
        $(, $one:ident = $name:literal $(| $other:literal)*)*
    ) => {
        impl $type {
            #[doc = concat!("Every ", $what, " that there is.")]
            pub const ALL: [Self; $count] = [Self::$first $(, Self::$one)*];

            #[doc = concat!("The name of the ", $what, ": `", $first_name, "`" $(, ", `", $name, "`")*, ".")]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::$first => $first_name,
                    $(Self::$one => $name,)*
                }
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl core::str::FromStr for $type {
            type Err = $crate::diffusion::Error;

            fn from_str(name: &str) -> Result<Self, $crate::diffusion::Error> {
                match name {
                    $first_name $(| $first_other)* => Ok(Self::$first),
                    $($name $(| $other)* => Ok(Self::$one),)*
                    _ => Err($crate::diffusion::Error::Unknown {
                        what: $what,
                        known: concat!(
                            $first_name $(, " or ", $first_other)*
                            $(, ", ", $name $(, " or ", $other)*)*
                        ),
                    }),
                }
            }
        }
    };
}

#[cfg(feature = "checkpoint")]
pub(crate) use plain_names;

plain_names! {
    "prediction", Prediction[4]:
    Epsilon = "epsilon", XStart = "x_start", PreviousX = "previous_x", V = "v"
}

plain_names! {
    "variance", Variance[4]:
    FixedSmall = "fixed_small", FixedLarge = "fixed_large",
    Learned = "learned", LearnedRange = "learned_range"
}

plain_names! {
    "objective", Objective[4]:
    Mse = "mse" | "simple", RescaledMse = "rescaled_mse" | "hybrid",
    Kl = "kl", RescaledKl = "rescaled_kl" | "vlb"
}

/// The numbers of a name behind its beginning, separated by commas: so many, and none of them NaN.
fn numbers<const N: usize>(name: &str, begins: &str) -> Option<[f64; N]> {
    let mut pieces = name.strip_prefix(begins)?.split(',');
    let mut numbers = [0.0; N];
    for number in &mut numbers {
        let read: f64 = pieces.next()?.parse().ok()?;
        *number = Some(read).filter(|read| !read.is_nan())?;
    }
    pieces.next().is_none().then_some(numbers)
}

impl fmt::Display for Weights {
    /// `raw`, or `ema:` and the rate: `ema:0.9999`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw => f.write_str("raw"),
            Self::Ema { rate } => write!(f, "ema:{rate}"),
        }
    }
}

impl FromStr for Weights {
    type Err = Error;

    /// Reads `raw`, or `ema:` and a rate within [0, 1].
    fn from_str(name: &str) -> Result<Self, Error> {
        match numbers(name, "ema:") {
            Some([rate]) if (0.0..=1.0).contains(&rate) => Ok(Self::Ema { rate }),
            None if name == "raw" => Ok(Self::Raw),
            _ => Err(Error::Unknown {
                what: "kind of weights",
                known: "raw, and ema:RATE with a rate from 0 to 1",
            }),
        }
    }
}

impl fmt::Display for Schedule<'_> {
    /// `linear`, `cosine`, `sigmoid` or `sigmoid:START,END,TAU`; of tables `betas` and `alpha_bars`,
    /// which are not read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::SIGMOID {
            return f.write_str("sigmoid");
        }
        match *self {
            Self::Linear => f.write_str("linear"),
            Self::Cosine => f.write_str("cosine"),
            Self::Sigmoid { start, end, tau } => write!(f, "sigmoid:{start},{end},{tau}"),
            Self::Betas(_) => f.write_str("betas"),
            Self::AlphaBars(_) => f.write_str("alpha_bars"),
        }
    }
}

impl FromStr for Schedule<'_> {
    type Err = Error;

    /// Reads `linear`, `cosine`, `sigmoid` or `sigmoid:START,END,TAU`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match (name, numbers(name, "sigmoid:")) {
            ("linear", _) => Ok(Self::Linear),
            ("cosine", _) => Ok(Self::Cosine),
            ("sigmoid", _) => Ok(Self::SIGMOID),
            (_, Some([start, end, tau])) => Ok(Self::Sigmoid { start, end, tau }),
            (_, None) => Err(Error::Unknown {
                what: "schedule",
                known: "linear, cosine, sigmoid, sigmoid:START,END,TAU",
            }),
        }
    }
}

impl fmt::Display for Method {
    /// `ancestral`, `ddim` where η is 0 and `ddim:ETA` where not, `ddim_reverse`, `dpm` or `heun`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ancestral => f.write_str("ancestral"),
            // -0 is another number, and read back as that.
            Self::Ddim { eta } if eta.to_bits() == 0 => f.write_str("ddim"),
            Self::Ddim { eta } => write!(f, "ddim:{eta}"),
            Self::DdimReverse => f.write_str("ddim_reverse"),
            Self::DpmSolverPlusPlus2M => f.write_str("dpm"),
            Self::Heun => f.write_str("heun"),
        }
    }
}

impl FromStr for Method {
    type Err = Error;

    /// Reads `ancestral`, `ddim` (η = 0), `ddim:ETA`, `ddim_reverse`, `dpm` or `heun`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match (name, numbers(name, "ddim:")) {
            ("ancestral", _) => Ok(Self::Ancestral),
            ("ddim", _) => Ok(Self::Ddim { eta: 0.0 }),
            ("ddim_reverse", _) => Ok(Self::DdimReverse),
            ("dpm", _) => Ok(Self::DpmSolverPlusPlus2M),
            ("heun", _) => Ok(Self::Heun),
            (_, Some([eta])) => Ok(Self::Ddim { eta }),
            (_, None) => Err(Error::Unknown {
                what: "method",
                known: "ancestral, ddim, ddim:ETA, ddim_reverse, dpm, heun",
            }),
        }
    }
}

impl fmt::Display for Clip {
    /// `none`, `unit`, `dynamic` of the usual parameters, or `dynamic:RATIO,MAX`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::DYNAMIC {
            return f.write_str("dynamic");
        }
        match self {
            Self::None => f.write_str("none"),
            Self::Unit => f.write_str("unit"),
            Self::Dynamic { ratio, max } => write!(f, "dynamic:{ratio},{max}"),
        }
    }
}

impl FromStr for Clip {
    type Err = Error;

    /// Reads `none`, `unit`, `dynamic` or `dynamic:RATIO,MAX`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match (name, numbers(name, "dynamic:")) {
            ("none", _) => Ok(Self::None),
            ("unit", _) => Ok(Self::Unit),
            ("dynamic", _) => Ok(Self::DYNAMIC),
            (_, Some([ratio, max])) => Ok(Self::Dynamic { ratio, max }),
            (_, None) => Err(Error::Unknown {
                what: "clip",
                known: "none, unit, dynamic, dynamic:RATIO,MAX",
            }),
        }
    }
}
