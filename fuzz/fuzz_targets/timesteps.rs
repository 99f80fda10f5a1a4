//! Any spacing of any T is refused, or ascends strictly below T and has exactly the asked length.
#![no_main]

use iddpm::diffusion::Timesteps;
use iddpm::diffusion::schedule::MAX_TIMESTEPS;
use libfuzzer_sys::{arbitrary, fuzz_target};

#[derive(arbitrary::Arbitrary, Debug)]
struct Input<'a> {
    num_timesteps: u32,
    steps: u32,
    /// A spacing as text, and numbers of four bytes each.
    rest: &'a [u8],
}

fuzz_target!(|input: Input| {
    // Long walks only cost time.
    let total = match input.num_timesteps {
        refused if refused > MAX_TIMESTEPS => refused,
        any => any % 5000,
    };
    let steps = input.steps;
    if let Some(kept) = kept(Timesteps::ALL, total) {
        assert_eq!(kept.len(), total as usize);
    }
    for spacing in [
        Timesteps::even(steps),
        Timesteps::ddim(steps),
        Timesteps::leading(steps),
        Timesteps::trailing(steps),
        Timesteps::linspace(steps),
        Timesteps::quadratic(steps),
    ] {
        if let Some(kept) = kept(spacing, total) {
            assert_eq!(kept.len(), steps as usize, "{spacing:?}");
        }
    }
    if let Some(kept) = kept(Timesteps::even_with_early(steps), total) {
        let early = total.checked_div(steps).unwrap_or(0);
        assert!(kept.len() <= (steps + early) as usize);
        assert!(kept.iter().copied().take(early as usize).eq(0..early));
    }

    let (numbers, _) = input.rest.as_chunks();
    let numbers: Vec<u32> = numbers
        .iter()
        .map(|bytes| u32::from_le_bytes(*bytes))
        .collect();
    if let Some(kept) = kept(Timesteps::sections(&numbers), total) {
        assert_eq!(kept.len(), numbers.iter().sum::<u32>() as usize);
    }
    if let Some(kept) = kept(Timesteps::custom(&numbers), total) {
        assert!(kept.iter().eq(numbers.iter().rev()));
    }

    if let Ok(spacing) = Timesteps::parse(&String::from_utf8_lossy(input.rest)) {
        kept(spacing, total);
        let written = spacing.to_string();
        assert_eq!(Timesteps::parse(&written), Ok(spacing));
    }
    let text = format!("ddim{steps}");
    assert_eq!(Timesteps::parse(&text), Ok(Timesteps::ddim(steps)));
});

/// The kept timesteps, checked; `None` where they are refused.
fn kept(spacing: Timesteps<'_>, total: u32) -> Option<Vec<u32>> {
    let Ok(count) = spacing.count(total) else {
        assert!(spacing.fill(total, &mut []).is_err(), "{spacing:?}");
        return None;
    };
    let mut kept = vec![0; count];
    assert_eq!(spacing.fill(total, &mut kept), Ok(count), "{spacing:?}");
    assert!(kept.is_sorted_by(|a, b| a < b), "{spacing:?}: {kept:?}");
    assert!(
        kept.iter().all(|&timestep| timestep < total),
        "{spacing:?}: {kept:?}"
    );
    if let Some((_, too_short)) = kept.split_last_mut() {
        assert!(spacing.fill(total, too_short).is_err(), "{spacing:?}");
    }
    Some(kept)
}
