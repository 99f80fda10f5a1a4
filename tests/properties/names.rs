//! Texts: what is written is read back as the same, to the bit; what is no name is refused.

use core::fmt::{Debug, Display};
use core::str::FromStr;

use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Method, Objective, Prediction, Schedule, Timesteps, Variance, WeightSet,
};
use proptest::prelude::*;

use crate::drawn::{self, SPACINGS};

/// Any number that there is, and those that are near to no other way of writing.
fn number() -> impl Strategy<Value = f64> {
    let special = [
        0.0,
        -0.0,
        1.0,
        0.995,
        10.0,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::INFINITY,
    ];
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        0.0..=1.0,
        proptest::sample::select(special.to_vec()),
    ]
}

/// `Debug` shows a float's shortest digits that no other float has, so equal text is equal bits.
fn is_read_back<T: Display + Debug + FromStr<Err = Error>>(value: &T) -> Result<(), TestCaseError> {
    let text = value.to_string();
    let back = text.parse::<T>();
    prop_assert_eq!(format!("{back:?}"), format!("Ok({value:?})"), "{}", text);
    Ok(())
}

/// Of numbers one of which may be NaN, which is no number of a name.
fn unless_nan<T: Display + Debug + FromStr<Err = Error>>(
    value: &T,
    numbers: &[f64],
) -> Result<(), TestCaseError> {
    if numbers.iter().any(|number| number.is_nan()) {
        return is_unknown(&value.to_string().parse::<T>());
    }
    is_read_back(value)
}

fn is_unknown<T: Debug>(read: &Result<T, Error>) -> Result<(), TestCaseError> {
    prop_assert!(matches!(read, Err(Error::Unknown { .. })), "{:?}", read);
    Ok(())
}

/// What reads a text, if at all, reads back what it writes.
fn is_read_back_or_unknown<T: Display + Debug + FromStr<Err = Error>>(
    text: &str,
) -> Result<(), TestCaseError> {
    match text.parse::<T>() {
        Ok(value) => is_read_back(&value),
        refused => is_unknown(&refused),
    }
}

/// A spacing that owns its list.
#[derive(Debug)]
enum Owned {
    Kind(usize, u32),
    Sections(Vec<u32>),
    Custom(Vec<u32>),
}

impl Owned {
    fn borrow(&self) -> Timesteps<'_> {
        match self {
            Self::Kind(kind, steps) => drawn::spacing(*kind, *steps),
            Self::Sections(counts) => Timesteps::sections(counts),
            Self::Custom(descending) => Timesteps::custom(descending),
        }
    }
}

fn spacing() -> impl Strategy<Value = Owned> {
    let list = || proptest::collection::vec(prop_oneof![0_u32..50, any::<u32>()], 1..9);
    prop_oneof![
        (0..SPACINGS, any::<u32>()).prop_map(|(kind, steps)| Owned::Kind(kind, steps)),
        list().prop_map(Owned::Sections),
        list().prop_map(Owned::Custom),
    ]
}

proptest! {
    #![proptest_config(crate::config(4000))]

    #[test]
    fn names_with_numbers_are_read_back(a in number(), b in number(), c in number()) {
        unless_nan(&Method::Ddim { eta: a }, &[a])?;
        unless_nan(&Clip::Dynamic { ratio: a, max: b }, &[a, b])?;
        unless_nan(&Schedule::Sigmoid { start: a, end: b, tau: c }, &[a, b, c])?;
        let weights = WeightSet::Ema { rate: a };
        if (0.0..=1.0).contains(&a) {
            is_read_back(&weights)?;
        } else {
            is_unknown(&weights.to_string().parse::<WeightSet>())?;
        }
    }

    #[test]
    fn spacings_are_read_back(owned in spacing(), spaces in 0_usize..3) {
        let spacing = owned.borrow();
        let text = spacing.to_string();
        prop_assert_eq!(Timesteps::parse(&text), Ok(spacing), "{}", text);
        // However it is typed.
        let text = text.replace(',', &format!(",{:spaces$}", ""));
        prop_assert_eq!(Timesteps::parse(&text), Ok(spacing), "{}", text);
    }

    /// Two texts are of one spacing only where the same timesteps are kept.
    #[test]
    fn other_spacings_have_other_texts(one in spacing(), other in spacing()) {
        let (one, other) = (one.borrow(), other.borrow());
        prop_assert_eq!(one == other, one.to_string() == other.to_string());
    }

    #[test]
    fn what_is_no_name_is_refused(text in prop_oneof![
        ".{0,12}",
        "(ddim|dynamic|sigmoid|ema):[0-9.,+einfa-]{0,12}",
        "(ancestral|ddim|dpm|heun|unit|none|mse|kl|vlb|raw|cosine|v)[_: 0-9]{0,2}",
    ]) {
        is_read_back_or_unknown::<Method>(&text)?;
        is_read_back_or_unknown::<Clip>(&text)?;
        is_read_back_or_unknown::<Schedule<'_>>(&text)?;
        is_read_back_or_unknown::<WeightSet>(&text)?;
        is_read_back_or_unknown::<Objective>(&text)?;
        is_read_back_or_unknown::<Prediction>(&text)?;
        is_read_back_or_unknown::<Variance>(&text)?;
    }
}
