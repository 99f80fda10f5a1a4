//! A run in pieces, and runs in any order, are the same runs bit for bit.

use core::convert::Infallible;

use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Image, InlineProcess, Method, Noise, Query, Sample, Sampler,
    SamplerState, Timesteps, Variance,
};
use proptest::prelude::*;

use crate::drawn;

/// Elements: a whole block and a rest.
const D: usize = 67;

type Process = InlineProcess<12>;

/// Some function of x and the query, for every output.
struct Some_;

impl Denoiser for Some_ {
    type Error = Infallible;

    fn denoise(&mut self, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), Infallible> {
        let label = query.label.unwrap_or(9) as f32;
        for (i, output) in output.iter_mut().enumerate() {
            let (x, neighbour) = (x[i % D], x[(i + 1) % D]);
            *output = 0.3 * x - 0.1 * neighbour + 0.001 * query.timestep + 0.01 * label;
        }
        Ok(())
    }
}

/// All that a paused generation is.
#[derive(Debug, Clone, PartialEq)]
struct Paused {
    state: [u8; SamplerState::BYTES],
    x: Vec<u32>,
    history: Vec<u32>,
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn floats(bits: &[u32]) -> Vec<f32> {
    bits.iter().copied().map(f32::from_bits).collect()
}

fn begin(sample: &Sample, sampler: &Sampler<'_>) -> Paused {
    let mut x = vec![0.0; D];
    sample.begin(&mut x);
    Paused {
        state: sampler.state().to_bytes(),
        x: bits(&x),
        // Of any value before the first step.
        history: bits(&[f32::NAN; D]),
    }
}

/// Resumes in fresh memory, takes up to `count` evaluations, and pauses.
fn advance(
    model: &Diffusion<'_>,
    timesteps: Timesteps<'_>,
    (method, clip): (Method, Clip),
    sample: &Sample,
    paused: &Paused,
    count: usize,
) -> Paused {
    let process = Process::new(model, timesteps).unwrap();
    let mut sampler = Sampler::new(&process, method, clip).unwrap();
    sampler
        .resume(SamplerState::from_bytes(&paused.state).unwrap())
        .unwrap();
    let (mut x, mut history) = (floats(&paused.x), floats(&paused.history));
    let mut noise = vec![f32::NAN; D];
    let mut output = vec![f32::NAN; process.prediction_len(D)];
    for _ in 0..count {
        let mut image = Image {
            x: &mut x,
            output: &mut output,
            noise: &mut noise,
            history: &mut history,
        };
        if !sample
            .advance(&mut sampler, &mut Some_, &mut image)
            .unwrap()
        {
            break;
        }
    }
    Paused {
        state: sampler.state().to_bytes(),
        x: bits(&x),
        history: bits(&history),
    }
}

fn sample(number: u64) -> Sample {
    Sample {
        noise: Noise::new(77),
        number,
        label: Some(number as u32 % 3),
    }
}

/// Whether a run of this configuration exists, and its evaluations.
fn evaluations(
    model: &Diffusion<'_>,
    timesteps: Timesteps<'_>,
    method: Method,
    clip: Clip,
) -> Option<usize> {
    let process = Process::new(model, timesteps).unwrap();
    let sampler = Sampler::new(&process, method, clip).ok()?;
    Some(sampler.len())
}

/// The variance channels of [`Some_`] as log Σ of about -1: x stays small.
fn tame(model: Diffusion<'static>) -> Diffusion<'static> {
    match model.variance {
        Variance::Learned => model.with_variance(Variance::LearnedRange),
        _ => model,
    }
}

proptest! {
    #![proptest_config(crate::config(300))]

    #[test]
    fn a_run_split_anywhere_is_the_run(
        (model, steps) in drawn::model(),
        method in drawn::method(),
        clip in prop_oneof![Just(Clip::Unit), Just(Clip::Dynamic { ratio: 0.9, max: 2.0 })],
        number in any::<u64>(),
    ) {
        let (model, timesteps) = (tame(model), Timesteps::trailing(steps));
        let Some(all) = evaluations(&model, timesteps, method, clip) else {
            return Ok(());
        };
        let sample = sample(number);
        let run = |paused: &Paused, count| {
            advance(&model, timesteps, (method, clip), &sample, paused, count)
        };
        let process = Process::new(&model, timesteps).unwrap();
        let start = begin(&sample, &Sampler::new(&process, method, clip).unwrap());
        let whole = run(&start, usize::MAX);
        prop_assert_eq!(&run(&start, all), &whole);
        prop_assert_ne!(&whole.x, &start.x);
        // In two pieces, cut at every evaluation; and in as many pieces as there are evaluations.
        let mut one_by_one = start.clone();
        for cut in 0..=all {
            prop_assert_eq!(&run(&run(&start, cut), usize::MAX), &whole, "cut at {}", cut);
            prop_assert_eq!(&run(&start, cut), &one_by_one, "after {}", cut);
            one_by_one = run(&one_by_one, 1);
        }
        prop_assert_eq!(one_by_one, whole);
    }

    #[test]
    fn samples_do_not_depend_on_order_or_company(
        (model, steps) in drawn::model(),
        method in drawn::method(),
        order in Just([0_u64, 1, 2, 3]).prop_shuffle(),
        turns in proptest::collection::vec(0_usize..4, 60),
    ) {
        let (model, timesteps) = (tame(model), Timesteps::trailing(steps));
        if evaluations(&model, timesteps, method, Clip::Unit).is_none() {
            return Ok(());
        }
        let run = |number, paused: &Paused, count| {
            advance(&model, timesteps, (method, Clip::Unit), &sample(number), paused, count)
        };
        let process = Process::new(&model, timesteps).unwrap();
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let starts: Vec<_> = (0..4).map(|number| begin(&sample(number), &sampler)).collect();
        let alone: Vec<_> =
            (0..4).zip(&starts).map(|(number, start)| run(number, start, usize::MAX)).collect();
        prop_assert!(alone[0].x != alone[1].x);
        // Turn by turn, and then what is left of each in another order.
        let mut together = starts;
        for turn in turns {
            together[turn] = run(turn as u64, &together[turn], 1);
        }
        for number in order {
            let paused = &mut together[number as usize];
            *paused = run(number, paused, usize::MAX);
        }
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn noise_does_not_depend_on_the_slices_it_is_drawn_in(
        seed in any::<u64>(),
        number in any::<u64>(),
        step in any::<u32>(),
        cuts in proptest::collection::vec(1_usize..40, 1..30),
    ) {
        let stream = Noise::new(seed).stream(number, step);
        let len = cuts.iter().sum();
        let mut whole = vec![0.0; len];
        stream.fill_normals(0, &mut whole);
        let mut pieces = vec![0.0; len];
        let mut rest = pieces.as_mut_slice();
        let mut first = 0;
        for cut in cuts {
            let (piece, after) = rest.split_at_mut(cut);
            stream.fill_normals(first, piece);
            (rest, first) = (after, first + cut as u64);
        }
        prop_assert_eq!(bits(&pieces), bits(&whole));
    }
}
