//! A name is read back as what it was written of, and is that of the saved form.

use core::fmt::{Debug, Display};
use core::str::FromStr;

use iddpm::diffusion::Error;
use iddpm::diffusion::{Clip, Method, Objective, Prediction, Schedule, Variance, WeightSet};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{METHODS, clips, schedules};

#[track_caller]
fn check<T: Display + FromStr<Err = Error> + Debug>(value: &T) {
    let name = value.to_string();
    let back: T = name.parse().unwrap();
    assert_eq!(format!("{back:?}"), format!("{value:?}"));
    for other in [
        String::new(),
        format!("{name} "),
        format!(" {name}"),
        format!("{name}s"),
        name.to_uppercase(),
    ] {
        let read = other.parse::<T>();
        assert!(matches!(read, Err(Error::Unknown { .. })), "{other}");
    }
}

/// As above, of what is saved as its name, or as a map where it has parameters.
#[track_caller]
fn check_saved<T: Display + FromStr<Err = Error> + Debug + Serialize>(value: T) {
    check(&value);
    let saved = serde_json::to_value(&value).unwrap();
    let name = value.to_string();
    match saved.as_object() {
        None => assert_eq!(saved, name),
        Some(map) => {
            let kind = name.split(':').next().unwrap();
            assert!(map.len() == 1 && map.contains_key(kind), "{saved} {name}");
        }
    }
}

/// What is known lists every name.
#[track_caller]
fn check_known<T: Display + FromStr<Err = Error> + Debug>(all: &[T]) {
    let Err(Error::Unknown { known, .. }) = "".parse::<T>() else {
        panic!("no name");
    };
    for one in all {
        let name = one.to_string();
        let mut words = known.split([',', ' ']);
        assert!(words.any(|word| word == name), "{name} in {known}");
        assert_eq!(format!("{name:>20}"), format!("{one:>20}"));
    }
}

#[test]
fn names() {
    Prediction::ALL.into_iter().for_each(check_saved);
    Variance::ALL.into_iter().for_each(check_saved);
    Objective::ALL.into_iter().for_each(check_saved);
    METHODS.into_iter().for_each(check_saved);
    clips().into_iter().for_each(check_saved);
    check_saved(Clip::DYNAMIC);
    schedules().into_iter().for_each(check_saved);
    check_saved(WeightSet::Raw);
    for rate in [0.0, 0.1 + 0.2, 0.9999, 1.0] {
        check_saved(WeightSet::Ema { rate });
    }
    check_known(&Prediction::ALL);
    check_known(&Variance::ALL);
    check_known(&Objective::ALL);
}

#[test]
fn names_with_numbers() {
    let ddim = |eta| Method::Ddim { eta };
    for (text, eta, name) in [
        ("ddim", 0.0, "ddim"),
        ("ddim:0", 0.0, "ddim"),
        ("ddim:0.5", 0.5, "ddim:0.5"),
        ("ddim:1e-2", 0.01, "ddim:0.01"),
        ("ddim:7", 7.0, "ddim:7"),
    ] {
        assert_eq!(text.parse(), Ok(ddim(eta)));
        assert_eq!(ddim(eta).to_string(), name);
    }
    assert_eq!("dynamic:0.995,10".parse(), Ok(Clip::DYNAMIC));
    assert_eq!(Clip::DYNAMIC.to_string(), "dynamic");
    assert_eq!("sigmoid:-3,3,1".parse(), Ok(Schedule::SIGMOID));
    for text in ["ema:1.1", "ema:nan", "ema:", "ema:-0.1", "ema:0.5,"] {
        assert!(text.parse::<WeightSet>().is_err(), "{text}");
    }
    for text in [
        "sigmoid:1,2,3,4",
        "sigmoid:1,2",
        "sigmoid:",
        "sigmoid:1,NaN,3",
    ] {
        assert!(text.parse::<Schedule<'_>>().is_err(), "{text}");
    }
    for text in [
        "ddim:",
        "ddim:nan",
        "ddim:-NaN",
        "ddim:0.5,",
        "ddim:x",
        "ddim:0,5",
    ] {
        assert!(text.parse::<Method>().is_err(), "{text}");
    }
    for text in [
        "dynamic:",
        "dynamic:0.9",
        "dynamic:nan,2",
        "dynamic:0.9,nan",
        "dynamic:1,2,3",
    ] {
        assert!(text.parse::<Clip>().is_err(), "{text}");
    }
}

/// The paper's names of its objectives.
#[test]
fn other_names() {
    for (name, objective) in [
        ("simple", Objective::Mse),
        ("hybrid", Objective::RescaledMse),
        ("vlb", Objective::RescaledKl),
    ] {
        assert_eq!(name.parse(), Ok(objective));
    }
}

/// As it was saved once.
#[test]
fn a_method_s_former_name() {
    fn read<T: DeserializeOwned>(text: &str) -> T {
        serde_json::from_str(text).unwrap()
    }
    let dpm = Method::DpmSolverPlusPlus2M;
    assert_eq!(read::<Method>("\"dpm_solver_plus_plus2_m\""), dpm);
    assert_eq!(read::<Method>("\"dpm\""), dpm);
}

#[cfg(feature = "checkpoint")]
#[test]
fn names_of_precisions() {
    use iddpm::checkpoint::WeightType;
    WeightType::ALL.iter().for_each(check);
    check_known(&WeightType::ALL);
}

#[cfg(feature = "train")]
#[test]
fn names_of_choices_of_a_run() {
    use iddpm::train::{Annealing, MicrobatchRule, Recompute, TimestepLaw};
    Annealing::ALL.into_iter().for_each(check_saved);
    check_known(&Annealing::ALL);
    MicrobatchRule::ALL.into_iter().for_each(check_saved);
    TimestepLaw::ALL.into_iter().for_each(check_saved);
    Recompute::ALL.into_iter().for_each(check_saved);
    check_known(&MicrobatchRule::ALL);
    check_known(&TimestepLaw::ALL);
    check_known(&Recompute::ALL);
}
