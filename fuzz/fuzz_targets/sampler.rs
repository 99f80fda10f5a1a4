//! A whole run on any numbers ends in an error or in finite pixels, and a run that was saved and
//! resumed ends in the same bits.
#![no_main]

use iddpm::diffusion::{
    Clip, Diffusion, Error, InlineProcess, Method, Prediction, Sampler, SamplerState, Schedule,
    Slice, Timesteps, Variance,
};
use libfuzzer_sys::{arbitrary, fuzz_target};

const STEPS: usize = 12;

#[derive(arbitrary::Arbitrary, Debug)]
struct Input<'a> {
    num_timesteps: u16,
    steps: u8,
    schedule: u8,
    method: u8,
    prediction: u8,
    variance: u8,
    clip: u8,
    zero_terminal_snr: bool,
    eta: f64,
    ratio: f64,
    max: f64,
    elements: u8,
    split: u8,
    pixels: &'a [u8],
}

impl Input<'_> {
    fn model(&self) -> Diffusion<'static> {
        let schedule = [Schedule::Linear, Schedule::Cosine, Schedule::SIGMOID];
        let prediction = [
            Prediction::Epsilon,
            Prediction::XStart,
            Prediction::PreviousX,
            Prediction::V,
        ];
        let variance = [
            Variance::FixedSmall,
            Variance::FixedLarge,
            Variance::Learned,
            Variance::LearnedRange,
        ];
        Diffusion::new(
            *pick(&schedule, self.schedule),
            u32::from(self.num_timesteps % 2000),
        )
        .with_prediction(*pick(&prediction, self.prediction))
        .with_variance(*pick(&variance, self.variance))
        .with_zero_terminal_snr(self.zero_terminal_snr)
    }

    fn method(&self) -> Method {
        *pick(
            &[
                Method::Ancestral,
                Method::Ddim { eta: self.eta },
                Method::DdimReverse,
                Method::DpmSolverPlusPlus2M,
                Method::Heun,
            ],
            self.method,
        )
    }

    fn clip(&self) -> Clip {
        let dynamic = Clip::Dynamic {
            ratio: self.ratio,
            max: self.max,
        };
        *pick(&[Clip::None, Clip::Unit, dynamic], self.clip)
    }

    /// Fills a slice with what the fuzzer gave; `turn` makes every slice begin elsewhere.
    fn fill(&self, turn: usize, out: &mut [f32]) {
        let mut pixels = self.pixels.iter().cycle().skip(turn.min(self.pixels.len()));
        out.fill_with(|| pixels.next().map_or(0.0, |&byte| pixel(byte)));
    }
}

fn pick<T>(choices: &[T], by: u8) -> &T {
    &choices[usize::from(by) % choices.len()]
}

/// Mostly a plausible value, sometimes a hostile one.
fn pixel(byte: u8) -> f32 {
    const HOSTILE: [f32; 8] = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        1e-45,
        -0.0,
    ];
    match HOSTILE.get(usize::from(byte)) {
        Some(&value) => value,
        None => (f32::from(byte) - 128.0) / 32.0,
    }
}

/// All that must be saved with a paused image.
#[derive(Clone)]
struct Saved {
    state: [u8; SamplerState::BYTES],
    x: Vec<f32>,
    history: Vec<f32>,
}

fuzz_target!(|input: Input| {
    let timesteps = Timesteps::even(u32::from(input.steps));
    let Ok(process) = InlineProcess::<STEPS>::new(&input.model(), timesteps) else {
        return;
    };
    let Ok(sampler) = Sampler::new(&process, input.method(), input.clip()) else {
        return;
    };
    // More than one block of pixels, and not a whole number of them.
    let elements = usize::from(input.elements % 150);
    let mut x = vec![0.0; elements];
    input.fill(0, &mut x);
    // Of any value before the first step, so of the worst.
    let history = vec![
        f32::NAN;
        if input.method().needs_history() {
            elements
        } else {
            0
        }
    ];

    let start = Saved {
        state: sampler.state().to_bytes(),
        x,
        history,
    };
    let Ok((end, middle)) = run(&input, &sampler, start) else {
        return;
    };
    assert!(end.x.iter().all(|value| value.is_finite()), "{:?}", end.x);
    if let Some(middle) = middle {
        let (resumed, _) = run(&input, &sampler, middle).expect("it ran before");
        assert_eq!(bits(&resumed.x), bits(&end.x));
    }
});

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|value| value.to_bits()).collect()
}

/// Runs from a saved point to the end; also returns the point where the input says to split.
fn run(input: &Input, sampler: &Sampler, from: Saved) -> Result<(Saved, Option<Saved>), Error> {
    let mut sampler = sampler.clone();
    sampler.resume(SamplerState::from_bytes(&from.state)?)?;
    let (mut at, mut middle) = (from, None);
    let elements = at.x.len();
    let mut output = vec![0.0; sampler.process().prediction_len(elements)];
    let mut noise = vec![0.0; elements];
    while let Some(step) = sampler.next() {
        input.fill(1 + 2 * step.position() as usize, &mut output);
        input.fill(2 + 2 * step.position() as usize, &mut noise);

        let before = bits(&at.x);
        let too_long: Vec<f32> = output.iter().copied().chain([0.0]).collect();
        let refused = step.apply_with_history(&mut at.x, &too_long, &noise, &mut at.history);
        assert!(matches!(
            refused,
            Err(Error::Length {
                slice: Slice::Prediction,
                ..
            })
        ));
        assert_eq!(bits(&at.x), before, "a refused step left x changed");

        step.apply_with_history(&mut at.x, &output, &noise, &mut at.history)?;
        at.state = sampler.state().to_bytes();
        if step.position() == u32::from(input.split) {
            middle = Some(at.clone());
        }
    }
    Ok((at, middle))
}
