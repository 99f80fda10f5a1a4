//! Spacings: as many steps as asked, ascending, below T; text and constructors agree.

use iddpm::diffusion::Error;
use iddpm::diffusion::Timesteps;
use proptest::prelude::*;

use crate::drawn::{self, SPACINGS};

fn fill(timesteps: Timesteps<'_>, num_timesteps: u32) -> Result<Vec<u32>, Error> {
    let count = timesteps.count(num_timesteps)?;
    let mut kept = vec![u32::MAX; count + 3];
    assert_eq!(timesteps.fill(num_timesteps, &mut kept), Ok(count));
    assert_eq!(kept.split_off(count), [u32::MAX; 3]);
    Ok(kept)
}

fn ascends_below(kept: &[u32], num_timesteps: u32) -> bool {
    kept.windows(2).all(|pair| pair[0] < pair[1]) && kept.iter().all(|&t| t < num_timesteps)
}

const NAMES: [&str; SPACINGS] = [
    "all",
    "",
    "early",
    "ddim",
    "leading",
    "trailing",
    "linspace",
    "quadratic",
];

/// Whoever mistypes one is told all there are.
#[test]
fn an_unknown_spacing_is_answered_with_every_name() {
    let said = Timesteps::parse("cubist9").unwrap_err().to_string();
    for name in NAMES {
        assert!(said.contains(name), "{name}: {said}");
    }
}

proptest! {
    #![proptest_config(crate::config(4000))]

    #[test]
    fn each_kind_keeps_what_it_names(
        kind in 0..SPACINGS,
        num_timesteps in prop_oneof![1_u32..40, 1_u32..5000],
        share in 0.0..1.02,
    ) {
        let steps = (share * f64::from(num_timesteps + 1)) as u32;
        let text = if kind == 0 { "all".into() } else { format!("{}{steps}", NAMES[kind]) };
        let kept = fill(drawn::spacing(kind, steps), num_timesteps);
        prop_assert_eq!(&kept, &fill(Timesteps::parse(&text).unwrap(), num_timesteps));
        let kept = match kept {
            Ok(kept) => kept,
            Err(Error::TooManySteps { .. }) => {
                prop_assert!(steps > num_timesteps);
                return Ok(());
            }
            Err(Error::TooFewSteps { min: 2, .. }) => {
                prop_assert_eq!((kind, steps < 2), (3, true));
                return Ok(());
            }
            Err(error) => {
                let none = Error::NoStride { steps, num_timesteps };
                prop_assert_eq!((error, kind), (none, 3));
                // No stride gives this count, by trying all.
                let count = |stride| num_timesteps.div_ceil(stride);
                prop_assert!((1..num_timesteps).all(|stride| count(stride) != steps));
                return Ok(());
            }
        };
        prop_assert!(ascends_below(&kept, num_timesteps), "{kept:?}");
        let last = num_timesteps - 1;
        match kind {
            0 => prop_assert!(kept.iter().copied().eq(0..num_timesteps)),
            2 => {
                let early = num_timesteps.checked_div(steps).unwrap_or(0);
                prop_assert!(kept.len() <= (steps + early) as usize);
                let even = fill(Timesteps::even(steps), num_timesteps).unwrap();
                let mut both: Vec<_> = (0..early).chain(even).collect();
                both.sort_unstable();
                both.dedup();
                prop_assert_eq!(&kept, &both);
            }
            _ => prop_assert_eq!(kept.len(), steps as usize),
        }
        let (first, end) = (kept.first().copied(), kept.last().copied());
        match (kind, steps) {
            (0, _) | (_, 0) => {}
            (1 | 6 | 7, 1) | (3 | 4, _) => prop_assert_eq!(first, Some(0)),
            (1 | 2 | 6 | 7, _) => prop_assert_eq!((first, end), (Some(0), Some(last))),
            (_, _) => prop_assert_eq!(end, Some(last)),
        }
        if let (3 | 4, [zero, stride, ..]) = (kind, kept.as_slice()) {
            prop_assert!(kept.windows(2).all(|pair| pair[1] - pair[0] == stride - zero));
        }
    }

    #[test]
    fn sections_keep_their_counts(
        counts in proptest::collection::vec(0_u32..30, 1..8),
        num_timesteps in 1_u32..300,
    ) {
        let text = counts.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let kept = fill(Timesteps::sections(&counts), num_timesteps);
        prop_assert_eq!(&kept, &fill(Timesteps::parse(&text).unwrap(), num_timesteps));
        let n = counts.len() as u32;
        let mut start = 0;
        let mut kept_from = 0;
        for (section, &count) in (0..).zip(&counts) {
            let size = num_timesteps / n + u32::from(section < num_timesteps % n);
            if count > size {
                let error = match n {
                    1 => Error::TooManySteps { steps: count, num_timesteps },
                    _ => Error::SectionTooSmall { section, size, count },
                };
                prop_assert_eq!(kept, Err(error));
                return Ok(());
            }
            if let Ok(kept) = &kept {
                let of_section = &kept[kept_from..kept_from + count as usize];
                prop_assert!(of_section.iter().all(|t| (start..start + size).contains(t)));
                if let [first, .., last] = of_section {
                    prop_assert_eq!((*first, *last), (start, start + size - 1));
                }
                kept_from += count as usize;
            }
            start += size;
        }
        let kept = kept.unwrap();
        prop_assert_eq!(kept.len(), kept_from);
        prop_assert!(ascends_below(&kept, num_timesteps), "{kept:?}");
    }

    #[test]
    fn custom_lists_are_kept_or_refused(
        list in proptest::collection::vec(0_u32..40, 0..6),
        sorted in any::<bool>(),
        num_timesteps in 1_u32..40,
    ) {
        let mut list = list;
        if sorted {
            list.sort_unstable_by(|a, b| b.cmp(a));
            list.dedup();
        }
        let mut ascending = list.clone();
        ascending.reverse();
        match fill(Timesteps::custom(&list), num_timesteps) {
            Ok(kept) => {
                prop_assert!(ascends_below(&kept, num_timesteps));
                prop_assert_eq!(kept, ascending);
            }
            Err(Error::TimestepOutOfRange { timestep, .. }) => {
                prop_assert!(timestep >= num_timesteps && list.contains(&timestep));
            }
            Err(Error::TimestepsNotDescending { index, timestep, previous }) => {
                prop_assert_eq!((list[index - 1], list[index]), (previous, timestep));
                prop_assert!(previous <= timestep);
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }

    #[test]
    fn parsing_never_panics(
        text in prop_oneof![
            ".{0,12}",
            "[0-9 ,+-]{0,14}",
            "(ddim|early|leading|trailing|linspace|quadratic|all|custom:?)?[0-9,x ]{0,11}",
        ],
        num_timesteps in 0_u32..300,
    ) {
        match Timesteps::parse(&text) {
            Ok(timesteps) => {
                let written = timesteps.to_string();
                prop_assert_eq!(Timesteps::parse(&written), Ok(timesteps));
                if let Ok(kept) = fill(timesteps, num_timesteps) {
                    prop_assert!(ascends_below(&kept, num_timesteps));
                }
            }
            Err(Error::SpecEmpty) => prop_assert!(text.trim().is_empty()),
            Err(Error::SpecSyntax { at }) => {
                // The text can be cut at the offset, and no number is there: one of several
                // after the name of a kind, or no number at all.
                let rest = &text[at..];
                let piece = if at == 0 || text[..at].ends_with([',', ':']) {
                    rest.split(',').next().unwrap()
                } else {
                    rest
                };
                prop_assert!(piece.trim().parse::<u32>().is_err(), "{text:?} at {at}");
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }
}
