//! The sampling loop as plain data: its buffers, its dispatches behind those of the network, and the
//! numbers of every step.

use std::vec::Vec;

use super::embedding::Table;
use super::error::{GpuError, Limit};
use super::kernels::declare::{flag, word};
use super::kernels::step::StepNumbers;
use super::kernels::{noise, step, threshold};
use super::places::{Ends, Places, Sizes};
use super::record::Recorded;
use super::recording::{Binding, Contents, Dispatch, Recording, Width};
use super::steering;
use crate::diffusion::prediction::quantile_place;
use crate::diffusion::{Clip, Controls, Error, Noise, Sample, Sampler};
use crate::memory::collected;
use crate::unet::{ELEMENTS_LIMIT, GraphError, Input};

/// The source of a run's normal deviates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoiseSource {
    /// Noise drawn on the device by Philox from each sample's seed and number, as
    /// [`Noise`](crate::diffusion::Noise) has it on the processor.
    Philox,
    /// Noise of the host's own, which writes x_T and then the deviates of each step before it. A run that keeps a part of
    /// a picture takes more within a step than those, and none of the host's.
    Host,
}

/// A run: what is dispatched, where it is, how it is cut.
#[derive(Debug)]
pub(crate) struct Sampling {
    pub(crate) recording: Recording,
    pub(crate) places: Places,
    /// Dispatches that draw x_T, before the first step: 1, or 0 where the host does.
    pub(crate) begin: usize,
    /// The first dispatch that changes x in a step; what follows it belongs to the same change.
    pub(crate) changes: usize,
    /// D.
    pub(crate) elements: usize,
    /// What makes the table of all steps, once; no part of a step.
    pub(crate) table: Vec<Dispatch>,
}

/// Bytes of one step's numbers.
pub(crate) const STEP_BYTES: u64 = 4 * StepNumbers::FIELDS.len() as u64;

/// Adds the loop of `sampler` to a network, with the table of what it makes of timesteps, where there is one; without a
/// network, the host writes its output.
pub(crate) fn record_sampling(
    network: Option<(Recorded, Option<Table>)>,
    elements: usize,
    sampler: &Sampler<'_>,
    samples: &[Sample],
    source: NoiseSource,
    controls: &Controls,
) -> Result<Sampling, GpuError> {
    let sizes = Sizes {
        batch: samples.len(),
        elements,
        output_elements: sampler.process().prediction_len(elements),
        looks: controls.looks(),
    };
    // The largest there is: then no product of batch and elements is too large.
    counted(
        sizes.batch.saturating_mul(sizes.looks),
        sizes.output_elements,
    )?;
    controls.check(sampler, sizes.batch, elements)?;
    if source == NoiseSource::Host && controls.known.is_some() {
        return Err(GpuError::HostNoise);
    }
    let (network, table) = network.unzip();
    let table = table.flatten();
    let (mut recording, ends) = begun(network, sizes)?;
    let told = table.as_ref().map(|table| (table.row, table.rows));
    let places = Places::added(&mut recording, &ends, told, sampler, sizes, controls)?;
    let bounds = recording.add_buffer("bounds", sizes.batch, Contents::Workspace);
    let words: Vec<u32> = samples.iter().flat_map(sample_words).collect();
    let len = words.len();
    let samples = recording.add_buffer("samples", len, Contents::Constant(words));

    let noise = |name, output, purpose| {
        noise::dispatch(
            name,
            &noise::Params {
                batch: word(sizes.batch),
                elements: word(elements),
                purpose,
            },
            noise::Bindings {
                step_numbers: places.step,
                samples,
                output,
            },
        )
    };
    if let Some(guidance) = &controls.guidance {
        let twice = steering::images_twice(ends.x, sizes);
        recording.dispatches.insert(0, twice);
        let guided = steering::guided(&mut recording, guidance, &ends, &places, sizes)?;
        recording.dispatches.push(guided);
    }
    let mut begin = 0;
    if source == NoiseSource::Philox {
        recording.dispatches.insert(0, noise("x_T", places.x, 0));
        begin = 1;
    }
    let steps = || {
        (0..sampler.evaluations()).filter_map(|position| {
            let step = sampler.step_at(position);
            debug_assert!(step.is_some(), "`numbers` has found a step at {position}");
            step
        })
    };
    let goes_back = steps().any(|step| step.back().is_some());
    let threshold = threshold_dispatch(sampler.clip(), &places, sizes, bounds);
    recording.dispatches.extend(threshold);
    let snapped = steering::snapped(&mut recording, controls, &places, sizes)?;
    recording.dispatches.extend(snapped);
    let step = step_dispatch(sampler.clip(), &places, sizes, bounds, samples, source);
    let changes = recording.dispatches.len();
    recording.dispatches.push(step);
    if let Some(known) = &controls.known {
        let kept = steering::kept(&mut recording, known, &places, sizes)?;
        let normals = noise("normals of what is kept", places.normals, Noise::KEPT);
        recording.dispatches.extend([normals, kept]);
        if goes_back {
            let normals = noise("normals of going back", places.normals, Noise::BACK);
            let back = steering::back(&places, sizes);
            recording.dispatches.extend([normals, back]);
        }
    }
    Ok(Sampling {
        recording,
        places,
        begin,
        changes,
        elements,
        table: table.map_or(Vec::new(), |table| table.dispatches),
    })
}

/// The recording that the loop is added to, and the network's ends.
fn begun(network: Option<Recorded>, sizes: Sizes) -> Result<(Recording, Ends), GpuError> {
    let all = sizes.looks * sizes.batch * sizes.elements;
    let made = sizes.looks * sizes.batch * sizes.output_elements;
    let (recording, ends) = match network {
        Some(recorded) => {
            let (what, index) = (Input::X.name(), 0);
            let x = recorded.input(Input::X);
            let x = x.ok_or(GraphError::NoPlace { what, index })?;
            let ends = Ends {
                x,
                timesteps: recorded.input(Input::Timesteps),
                output: recorded.output(),
            };
            (recorded.recording, ends)
        }
        None => {
            let mut recording = Recording::default();
            let ends = Ends {
                output: recording.add_buffer("output", made, Contents::Workspace),
                x: recording.add_buffer("x", all, Contents::Workspace),
                timesteps: None,
            };
            (recording, ends)
        }
    };
    let seen = sizes.batch * sizes.looks;
    check(sizes.elements, ends.x, seen, "x")?;
    check(
        sizes.output_elements,
        ends.output,
        seen,
        "the network's output",
    )?;
    Ok((recording, ends))
}

impl Places {
    /// The network's ends, and buffers for the rest.
    fn added(
        recording: &mut Recording,
        ends: &Ends,
        told: Option<(Binding, Binding)>,
        sampler: &Sampler<'_>,
        sizes: Sizes,
        controls: &Controls,
    ) -> Result<Self, GpuError> {
        let all = sizes.batch * sizes.elements;
        let steps = numbers(sampler, controls)?;
        let timesteps = timesteps(sampler, sizes.batch * sizes.looks)?;
        // Where it is not read, one number stands for it.
        let history = if sampler.method().needs_history() {
            all
        } else {
            1
        };
        let mut workspace = |name, words| recording.add_buffer(name, words, Contents::Workspace);
        let (history, x_start) = (workspace("history", history), workspace("x_start", all));
        let normals = workspace("normals", all);
        let not_finite = workspace("not finite", 1);
        let step = workspace("step", StepNumbers::FIELDS.len());
        let output = match controls.guidance {
            Some(_) => workspace("guided", sizes.batch * sizes.output_elements),
            None => ends.output,
        };
        let mut constant = |name, words: Vec<u32>| {
            let len = words.len();
            recording.add_buffer(name, len, Contents::Constant(words))
        };
        let steps = constant("steps", steps);
        let told = told.or_else(|| {
            let place = ends.timesteps?;
            Some((place, constant("all timesteps", timesteps)))
        });
        Ok(Self {
            // What the network sees once more lies behind.
            x: Binding {
                bytes: Width::Full.bytes(all),
                ..ends.x
            },
            x_start,
            history,
            output,
            normals,
            not_finite,
            step,
            steps,
            told,
        })
    }
}

fn step_dispatch(
    clip: Clip,
    places: &Places,
    sizes: Sizes,
    bounds: Binding,
    samples: Binding,
    source: NoiseSource,
) -> Dispatch {
    step::dispatch(
        "x",
        &step::Params {
            batch: word(sizes.batch),
            elements: word(sizes.elements),
            output_elements: word(sizes.output_elements),
            clip: match clip {
                Clip::None => 0,
                Clip::Unit => 1,
                Clip::Dynamic { .. } => 2,
            },
            drawn: flag(source == NoiseSource::Philox),
        },
        step::Bindings {
            step_numbers: places.step,
            output: places.output,
            normals: places.normals,
            samples,
            bounds,
            x: places.x,
            history: places.history,
            x_start: places.x_start,
            not_finite: places.not_finite,
        },
    )
}

fn threshold_dispatch(
    clip: Clip,
    places: &Places,
    sizes: Sizes,
    bounds: Binding,
) -> Option<Dispatch> {
    let Clip::Dynamic { ratio, max } = clip else {
        return None;
    };
    let last = sizes.elements.saturating_sub(1);
    let (rank, fraction) = quantile_place(ratio, last);
    Some(threshold::dispatch(
        "bounds",
        &threshold::Params {
            batch: word(sizes.batch),
            elements: word(sizes.elements),
            output_elements: word(sizes.output_elements),
            rank: word(rank),
            fraction: fraction as f32,
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

/// The numbers of every step, then those that draw x_T.
fn numbers(sampler: &Sampler<'_>, controls: &Controls) -> Result<Vec<u32>, GpuError> {
    let len = sampler.evaluations();
    let rows = (len as usize).saturating_add(1);
    let mut numbers = collected(rows.saturating_mul(StepNumbers::FIELDS.len()), [])?;
    for position in 0..len {
        let beyond = Error::PositionOutOfRange { position, len };
        let step = sampler.step_at(position).ok_or(beyond)?;
        numbers.extend(StepNumbers::of(&step, controls.colours_at(position).is_some()).words());
    }
    numbers.extend(StepNumbers::INITIAL.words());
    Ok(numbers)
}

/// The timesteps of every step as words, once an image.
pub(crate) fn timesteps(sampler: &Sampler<'_>, batch: usize) -> Result<Vec<u32>, GpuError> {
    let len = sampler.evaluations();
    let mut timesteps = collected((len as usize).saturating_mul(batch), [])?;
    for position in 0..len {
        let beyond = Error::PositionOutOfRange { position, len };
        let step = sampler.step_at(position).ok_or(beyond)?;
        timesteps.extend(core::iter::repeat_n(step.timestep().to_bits(), batch));
    }
    // Of a run without steps, too, there is a buffer.
    if timesteps.is_empty() {
        timesteps.push(0);
    }
    Ok(timesteps)
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
        limit: Limit::Batch,
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
