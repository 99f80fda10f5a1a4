//! The sampling loop as plain data: its buffers, its dispatches behind those of the network, and the
//! numbers of every step.

use std::vec::Vec;

use super::error::{BATCH_LIMIT, GpuError};
use super::kernels::declare::word;
use super::kernels::step::StepNumbers;
use super::kernels::{noise, step, threshold};
use super::record::Recorded;
use super::recording::{Binding, Contents, Dispatch, Recording};
use crate::diffusion::{Clip, Sample, Sampler};
use crate::memory::collected;
use crate::unet::{ELEMENTS_LIMIT, Input};

/// The source of a run's normal deviates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoiseSource {
    /// Noise drawn on the device by Philox from each sample's seed and number, as
    /// [`Noise`](crate::diffusion::Noise) has it on the processor.
    Philox,
    /// Noise of the host's own, which writes x_T and then the deviates of each step before it.
    Host,
}

/// Where everything of a run is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) x: Binding,
    pub(crate) x_start: Binding,
    pub(crate) history: Binding,
    pub(crate) output: Binding,
    pub(crate) normals: Binding,
    pub(crate) not_finite: Binding,
    /// The numbers of the step that runs, and of all steps, x_T's noise behind them.
    pub(crate) step: Binding,
    pub(crate) steps: Binding,
    /// The timesteps that the network sees, and those of all steps.
    pub(crate) timesteps: Option<Binding>,
    pub(crate) all_timesteps: Binding,
}

impl Places {
    /// All of them.
    pub(crate) fn each(&self) -> impl Iterator<Item = Binding> {
        let Self {
            x,
            x_start,
            history,
            output,
            normals,
            not_finite,
            step,
            steps,
            timesteps,
            all_timesteps,
        } = *self;
        let always = [
            x,
            x_start,
            history,
            output,
            normals,
            not_finite,
            step,
            steps,
            all_timesteps,
        ];
        always.into_iter().chain(timesteps)
    }
}

/// A run: what is dispatched, where it is, how it is cut.
#[derive(Debug)]
pub(crate) struct Sampling {
    pub(crate) recording: Recording,
    pub(crate) places: Places,
    /// Dispatches that draw x_T, before the first step: 1, or 0 where the host does.
    pub(crate) begin: usize,
    /// D.
    pub(crate) elements: usize,
}

/// Bytes of one step's numbers.
pub(crate) const STEP_BYTES: u64 = 4 * StepNumbers::FIELDS.len() as u64;

/// Adds the loop of `sampler` to a network; without a network, the host writes its output.
pub(crate) fn record_sampling(
    network: Option<Recorded>,
    elements: usize,
    sampler: &Sampler<'_>,
    samples: &[Sample],
    source: NoiseSource,
) -> Result<Sampling, GpuError> {
    let batch = samples.len();
    let output_elements = sampler.process().prediction_len(elements);
    // The largest there is: then no product of batch and elements is too large.
    counted(batch, output_elements)?;
    let all = batch * elements;
    let (mut recording, given) = match network {
        Some(recorded) => {
            let x = recorded.input(Input::X).ok_or(GpuError::Length {
                what: "x",
                len: 0,
                expected: all,
            })?;
            let given = (x, recorded.input(Input::Timesteps), recorded.output());
            (recorded.recording, Some(given))
        }
        None => (Recording::default(), None),
    };
    let mut workspace = |name, words| recording.add_buffer(name, words, Contents::Workspace);
    let (x, timesteps, output) = given.unwrap_or_else(|| {
        let output = workspace("output", batch * output_elements);
        (workspace("x", all), None, output)
    });
    check(elements, x, batch, "x")?;
    check(output_elements, output, batch, "the network's output")?;

    let history = if sampler.method().needs_history() {
        all
    } else {
        1
    };
    let history = workspace("history", history);
    let x_start = workspace("x_start", all);
    let normals = workspace("normals", all);
    let bounds = workspace("bounds", batch);
    let not_finite = workspace("not finite", 1);
    let step = workspace("step", StepNumbers::FIELDS.len());
    let mut constant = |name, words: Vec<u32>| {
        let len = words.len();
        recording.add_buffer(name, len, Contents::Constant(words))
    };
    let (steps, all_timesteps) = tables(sampler, batch)?;
    let places = Places {
        x,
        x_start,
        history,
        output,
        normals,
        not_finite,
        step,
        steps: constant("steps", steps),
        timesteps,
        all_timesteps: constant("all timesteps", all_timesteps),
    };
    let samples = constant("samples", samples.iter().flat_map(sample_words).collect());

    let (batch, elements_word) = (word(batch), word(elements));
    let noise = |name, output| {
        noise::dispatch(
            name,
            &noise::Params {
                batch,
                elements: elements_word,
            },
            noise::Bindings {
                step_numbers: step,
                samples,
                output,
            },
        )
    };
    let mut begin = 0;
    let is_drawn = source == NoiseSource::Philox;
    if is_drawn {
        recording.dispatches.insert(0, noise("x_T", x));
        begin = 1;
    }
    let mut steps = (0..sampler.evaluations()).filter_map(|position| {
        let step = sampler.step_at(position);
        debug_assert!(step.is_some(), "`tables` has found a step at {position}");
        step
    });
    if is_drawn && steps.any(|step| step.needs_noise()) {
        recording.dispatches.push(noise("normals", normals));
    }
    recording.dispatches.extend(threshold_dispatch(
        sampler.clip(),
        &places,
        (batch, elements, output_elements),
        bounds,
    ));
    recording.dispatches.push(step::dispatch(
        "x",
        &step::Params {
            batch,
            elements: elements_word,
            output_elements: word(output_elements),
            clip: match sampler.clip() {
                Clip::None => 0,
                Clip::Unit => 1,
                Clip::Dynamic { .. } => 2,
            },
        },
        step::Bindings {
            step_numbers: step,
            output,
            normals,
            bounds,
            x,
            history,
            x_start,
            not_finite,
        },
    ));
    Ok(Sampling {
        recording,
        places,
        begin,
        elements,
    })
}

fn threshold_dispatch(
    clip: Clip,
    places: &Places,
    (batch, elements, output_elements): (u32, usize, usize),
    bounds: Binding,
) -> Option<Dispatch> {
    let Clip::Dynamic { ratio, max } = clip else {
        return None;
    };
    let last = elements.saturating_sub(1);
    let position = ratio * last as f64;
    let rank = (position as usize).min(last);
    Some(threshold::dispatch(
        "bounds",
        &threshold::Params {
            batch,
            elements: word(elements),
            output_elements: word(output_elements),
            rank: word(rank),
            fraction: (position - rank as f64) as f32,
            max: max as f32,
        },
        threshold::Bindings {
            step_numbers: places.step,
            x: places.x,
            output: places.output,
            bounds,
        },
    ))
}

/// The numbers of every step, then those that draw x_T; the timesteps of every step, once an image.
fn tables(sampler: &Sampler<'_>, batch: usize) -> Result<(Vec<u32>, Vec<u32>), GpuError> {
    let steps = sampler.evaluations() as usize;
    let of_steps = steps
        .saturating_add(1)
        .saturating_mul(StepNumbers::FIELDS.len());
    let mut numbers = collected(of_steps, [])?;
    let mut timesteps = collected(steps.saturating_mul(batch), [])?;
    let len = sampler.evaluations();
    for position in 0..len {
        let beyond = crate::diffusion::Error::PositionOutOfRange { position, len };
        let step = sampler.step_at(position).ok_or(beyond)?;
        numbers.extend(StepNumbers::of(&step).words());
        timesteps.extend(core::iter::repeat_n(step.timestep().to_bits(), batch));
    }
    numbers.extend(StepNumbers::INITIAL.words());
    Ok((numbers, timesteps))
}

fn sample_words(sample: &Sample) -> [u32; 4] {
    let halves = |number: u64| [number as u32, (number >> 32) as u32];
    let ([seed_low, seed_high], [low, high]) = (halves(sample.noise.seed), halves(sample.number));
    [seed_low, seed_high, low, high]
}

/// Refuses more numbers than kernels count.
fn counted(batch: usize, elements: usize) -> Result<(), GpuError> {
    let numbers = batch.saturating_mul(elements);
    if numbers < ELEMENTS_LIMIT {
        return Ok(());
    }
    Err(GpuError::Limit {
        limit: BATCH_LIMIT,
        what: "the output".into(),
        wanted: numbers as u64,
        had: ELEMENTS_LIMIT as u64 - 1,
    })
}

/// Checks that the network returns as many numbers for an image as the sampler wants.
fn check(
    elements: usize,
    place: Binding,
    batch: usize,
    what: &'static str,
) -> Result<(), GpuError> {
    let len = place.bytes as usize / 4;
    let expected = batch * elements;
    if len == expected {
        return Ok(());
    }
    Err(GpuError::Length {
        what,
        len,
        expected,
    })
}
