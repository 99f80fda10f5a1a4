//! The step, noise and threshold kernels: against the processor's, and against recorded runs.

use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Level, Method, Noise, NoiseScale, Prediction, ProcessView,
    Sample, Sampler, Schedule, Step, Timesteps, Variance,
};
use iddpm::gpu::{DeviceGeneration, GpuError, NoiseSource};
use serde_json::Value;

use super::case::{
    Case, Layout, Outcome, build, cases, clip, diffusion, flag, golden_directory, number, text,
};
use super::golden_network::generate;
use super::gpu;
use super::report::Report;

/// 2^-24: half a unit in the last place of f32.
const U: f64 = 1.0 / (1 << 24) as f64;

/// From this seed on, another one each.
fn samples(seed: u64, numbers: impl IntoIterator<Item = u64>) -> Vec<Sample> {
    let sample = |(number, at): (u64, u64)| Sample {
        noise: Noise::new(seed.wrapping_add(at << 32 | at)),
        number,
        label: None,
    };
    numbers.into_iter().zip(0..).map(sample).collect()
}

fn submit(record: impl FnOnce(&mut iddpm::gpu::wgpu::CommandEncoder)) {
    let mut encoder = gpu().device().create_command_encoder(&Default::default());
    record(&mut encoder);
    gpu().submit_blocking(encoder).unwrap();
}

pub(crate) fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// How far apart two evaluations of a step in f32 may be, x and x̂_0: each rounds every product and
/// sum, in any order, fused or not.
fn reach(step: &Step, x: f64, output: f64, channel: f64, z: f64, history: f64) -> (f64, f64) {
    let update = step.update();
    let raw = (update.x_start.x * x).abs() + (update.x_start.value * output).abs();
    let value = update.x_start.x * x + update.x_start.value * output;
    let (x_start, bounded) = match step.clip() {
        Clip::None => (8.0 * U * raw, value.abs()),
        Clip::Unit => (8.0 * U * raw, value.abs().min(1.0)),
        // The bound itself is of the same precision as x̂_0.
        Clip::Dynamic { .. } => (40.0 * U * raw.max(1.0), 1.0),
        other => panic!("{other:?} has no formula here"),
    };
    let (sigma, sigma_error) = match update.noise {
        NoiseScale::None => (0.0, 0.0),
        NoiseScale::Sigma(sigma) => (sigma, 2.0 * U),
        NoiseScale::Learned(law) => {
            let log = 0.5 * law.log(channel);
            (log.exp(), 16.0 * U * (1.0 + log.abs()))
        }
    };
    let mix = &update.mix;
    let terms = (mix.x * x).abs()
        + (mix.x_start * bounded).abs()
        + (mix.output * output).abs()
        + (mix.history * history).abs()
        + (sigma * z).abs();
    let x = mix.x_start.abs() * x_start + 12.0 * U * terms + (sigma * z).abs() * sigma_error;
    (x + 1e-30, x_start + 1e-30)
}

/// out[n,c] = a·x[n,c] + b·sin(w·t + c), and out[n,C+c] = v0 + v1·cos(w·t + 0.7c), rounded once.
struct Model {
    a: f64,
    b: f64,
    w: f64,
    variance: Option<(f64, f64)>,
}

impl Model {
    fn output(&self, layout: Layout, x: &[f32], t: f64) -> Vec<f32> {
        let mut output = Vec::new();
        for image in x.chunks(layout.elements) {
            let channel = |i| layout.channel(i) as f64;
            let pixels = image.iter().enumerate();
            output.extend(pixels.map(|(i, &x)| {
                (self.a * f64::from(x) + self.b * (self.w * t + channel(i)).sin()) as f32
            }));
            if let Some((v0, v1)) = self.variance {
                let values = 0..layout.elements;
                output.extend(
                    values.map(|i| (v0 + v1 * (self.w * t + 0.7 * channel(i)).cos()) as f32),
                );
            }
        }
        output
    }
}

/// Steps a run on the device, the host being the network, from a given x or from its own.
pub(crate) struct Stepper {
    pub(crate) run: DeviceGeneration,
    layout: Layout,
    learned: bool,
}

impl Stepper {
    pub(crate) fn new(sampler: &Sampler<'_>, layout: Layout) -> Self {
        let batch = samples(0, 0..layout.images as u64);
        let elements = layout.elements;
        let source = NoiseSource::Host;
        let run =
            DeviceGeneration::without_network_blocking(gpu(), elements, sampler, &batch, source);
        let run = run.unwrap();
        run.poison().unwrap();
        let learned = sampler.process().variance().is_learned();
        Self {
            run,
            layout,
            learned,
        }
    }

    pub(crate) fn step(&mut self, x: Option<&[f32]>, output: &[f32], normals: &[f32]) -> Outcome {
        if let Some(x) = x {
            self.run.write_x(x)?;
        }
        self.run.write_output(output)?;
        if !normals.is_empty() {
            self.run.write_normals(normals)?;
        }
        submit(|encoder| assert!(self.run.record_step(encoder) > 0));
        Ok(())
    }

    /// The prediction and variance channel of element i of the whole batch.
    fn output_at(&self, output: &[f32], i: usize) -> (f64, f64) {
        let (n, e) = (i / self.layout.elements, i % self.layout.elements);
        let per_image = self.layout.elements * (1 + usize::from(self.learned));
        let channel = match self.learned {
            true => output[n * per_image + self.layout.elements + e],
            false => 0.0,
        };
        (output[n * per_image + e].into(), channel.into())
    }
}

/// A recorded run of the public implementation, every step from the recorded x.
fn check_loop(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    let mut room: Vec<Level> = Vec::new();
    let process = build(
        &diffusion(params)?,
        Some(&params["timestep_respacing"]),
        &mut room,
    )?;
    let method = match text(params, "sampler")? {
        "p" => Method::Ancestral,
        "ddim" => Method::Ddim {
            eta: number(params, "eta")?,
        },
        "rev" => Method::DdimReverse,
        other => return Err(format!("unknown sampler {other}").into()),
    };
    let sampler = Sampler::new(&process, method, clip(flag(params, "clip_denoised")?))?;
    let model: &Value = &params["model"];
    let learned = process.variance().is_learned();
    let model = Model {
        a: number(model, "a")?,
        b: number(model, "b")?,
        w: number(model, "w")?,
        variance: match learned {
            true => Some((number(model, "v0")?, number(model, "v1")?)),
            false => None,
        },
    };
    let layout = Layout::of(&case.tensor("x_init")?.shape)?;
    let (recorded, x_starts) = (case.tensor("samples")?, case.tensor("pred_xstart")?);
    let mut stepper = Stepper::new(&sampler, layout);
    let mut x = single(&case.tensor("x_init")?.values);
    for (k, step) in sampler.enumerate() {
        let normals = match step.needs_noise() {
            true => single(case.tensor("step_noise")?.row(k)),
            false => Vec::new(),
        };
        let t = f64::from(step.timestep());
        let output = model.output(layout, &x, t);
        stepper.step(Some(&x), &output, &normals)?;
        let (got, got_start) = (stepper.run.x_blocking()?, stepper.run.x_start_blocking()?);
        for i in 0..x.len() {
            let (prediction, channel) = stepper.output_at(&output, i);
            let z = normals.get(i).copied().unwrap_or(0.0).into();
            let (near, near_start) = reach(&step, x[i].into(), prediction, channel, z, 0.0);
            // The reference evaluates its network in f32, and sees a rounded timestep.
            let network = 8.0 * U * (prediction.abs() + model.b.abs() * model.w * t + 1.0);
            let start = near_start + step.update().x_start.value.abs() * network;
            let gain = step.update().mix.x_start.abs() * step.update().x_start.value.abs();
            let direct = step.update().mix.output.abs();
            let sigma = if learned {
                8.0 * U * (1.0 + model.w * t) * f64::abs(z)
            } else {
                0.0
            };
            let near = near + (gain + direct) * network + 4.0 * sigma;
            let want = recorded.row(k)[i];
            report.near(&format!("samples[{k}, {i}]"), got[i].into(), want, near);
            let want = x_starts.row(k)[i];
            report.near(
                &format!("pred_xstart[{k}, {i}]"),
                got_start[i].into(),
                want,
                start,
            );
        }
        x = single(recorded.row(k));
    }
    Ok(())
}

#[test]
fn recorded_runs() {
    let mut report = Report::new("loop");
    for case in cases(&golden_directory(), "loop").unwrap() {
        report.begin(&case.name);
        let outcome = check_loop(&case, &mut report);
        outcome.unwrap_or_else(|error| panic!("loop/{}: {error}", case.name));
    }
    println!("{report}");
    assert!(report.cases > 0, "no case of the group loop");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}

/// Every method, prediction, variance and clipping: each step of a run on the device against the same
/// step on the processor, from the device's x.
#[test]
fn every_kind_of_step() {
    let mut report = Report::new("steps");
    let dynamic = Clip::Dynamic {
        ratio: 0.9,
        max: 1.6,
    };
    let methods = [
        Method::Ancestral,
        Method::Ddim { eta: 0.5 },
        Method::DdimReverse,
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ];
    let predictions = [
        Prediction::Epsilon,
        Prediction::XStart,
        Prediction::PreviousX,
        Prediction::V,
    ];
    let variances = [
        Variance::FixedSmall,
        Variance::FixedLarge,
        Variance::Learned,
        Variance::LearnedRange,
    ];
    let layout = Layout {
        images: 3,
        channels: 3,
        elements: 3 * 5 * 7,
    };
    for (round, method) in methods.into_iter().enumerate() {
        for (p, prediction) in predictions.into_iter().enumerate() {
            let variance = variances[(round + p) % 4];
            for clip in [Clip::None, Clip::Unit, dynamic] {
                report.begin(&format!("{method:?} {prediction:?} {variance:?} {clip:?}"));
                let model = Diffusion::new(Schedule::Linear, 100)
                    .with_prediction(prediction)
                    .with_variance(variance);
                let mut room = vec![Level::default(); 6];
                let steps = Timesteps::even(6);
                let process = ProcessView::in_slice(&model, steps, &mut room).unwrap();
                let sampler = Sampler::new(&process, method, clip).unwrap();
                walk(&sampler, layout, &mut report).unwrap();
            }
        }
    }
    println!("{report}");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}

fn walk(sampler: &Sampler<'_>, layout: Layout, report: &mut Report) -> Outcome {
    let all = layout.images * layout.elements;
    let learned = usize::from(sampler.process().variance().is_learned());
    let mut stepper = Stepper::new(sampler, layout);
    let mut x = generate(1, "x", all, 0.0, 1.7);
    let mut history = vec![0.0; all];
    stepper.run.write_x(&x)?;
    for (k, step) in sampler.clone().enumerate() {
        let output = generate(k as u64, "output", all * (1 + learned), 0.1, 0.9);
        let normals = generate(k as u64, "z", all, 0.0, 2.0);
        stepper.step(None, &output, &normals)?;
        let got = stepper.run.x_blocking()?;
        let got_start = stepper.run.x_start_blocking()?;
        let before = (x.clone(), history.clone());
        for n in 0..layout.images {
            let image = n * layout.elements..(n + 1) * layout.elements;
            let per_image = layout.elements * (1 + learned);
            let output = &output[n * per_image..][..per_image];
            let mut x_start = vec![0.0; layout.elements];
            step.x_start(&x[image.clone()], output, &mut x_start)?;
            let (x, history) = (&mut x[image.clone()], &mut history[image.clone()]);
            step.apply_with_history(x, output, &normals[image.clone()], history)?;
            for (e, i) in image.enumerate() {
                let (prediction, channel) = (output[e], output[e + learned * layout.elements]);
                let channel = if learned == 1 { channel } else { 0.0 };
                let (near, near_start) = reach(
                    &step,
                    before.0[i].into(),
                    prediction.into(),
                    channel.into(),
                    normals[i].into(),
                    before.1[i].into(),
                );
                let name = |what: &str| format!("{what}[{k}, {n}, {e}]");
                report.near(&name("x"), got[i].into(), x[e].into(), near);
                report.near(
                    &name("x_start"),
                    got_start[i].into(),
                    x_start[e].into(),
                    near_start,
                );
            }
        }
        // The processor goes on from the device's x; the histories were made of the same numbers.
        let saved = stepper.run.paused_blocking()?;
        if !saved.history.is_empty() {
            for (i, (&got, want)) in saved.history.iter().zip(&history).enumerate() {
                let scale = 1.0 + f64::from(want.abs()) + f64::from(before.0[i].abs());
                let weight = step
                    .update()
                    .history
                    .map_or(0.0, |h| h.x.abs() + h.value.abs());
                let near = 300.0 * U * (1.0 + weight) * scale;
                report.near(
                    &format!("history[{k}, {i}]"),
                    got.into(),
                    (*want).into(),
                    near,
                );
            }
            history = saved.history;
        }
        x = saved.x;
    }
    Ok(())
}

/// The largest error of deviates by the radius of the pair that they are of: no more than 2e-6.
fn near_by_pairs(got: &[f32], want: &[f32]) -> f32 {
    let mut worst = 0.0_f32;
    for (got, want) in got.chunks(2).zip(want.chunks(2)) {
        let radius = want.iter().map(|z| z * z).sum::<f32>().sqrt().max(1e-3);
        for (got, want) in got.iter().zip(want) {
            let error = (got - want).abs() / radius;
            assert!(error <= 2e-6, "{got}, not {want}");
            worst = worst.max(error);
        }
    }
    worst
}

/// x_T on the device against the processor's: the same words, the normals but for fused products.
#[test]
fn noise_is_the_processors() {
    let model = Diffusion::new(Schedule::Linear, 30);
    let mut room = vec![Level::default(); 30];
    let process = ProcessView::in_slice(&model, Timesteps::ALL, &mut room).unwrap();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    for (elements, seed) in [(1, 0), (50_003, 7), (1023, u64::MAX - 5), (64, 1 << 40)] {
        let batch = samples(seed, [0, 1, u64::MAX, 1 << 33]);
        let source = NoiseSource::Philox;
        let mut run =
            DeviceGeneration::without_network_blocking(gpu(), elements, &sampler, &batch, source)
                .unwrap();
        run.poison().unwrap();
        submit(|encoder| assert_eq!(run.record(encoder, 1), 1));
        let got = run.x_blocking().unwrap();
        let mut worst = 0.0_f32;
        for (sample, got) in batch.iter().zip(got.chunks(elements)) {
            let mut want = vec![0.0; elements];
            sample.begin(&mut want);
            worst = worst.max(near_by_pairs(got, &want));
        }
        println!("{elements} elements: at most {worst:e}·|r| from the processor's");
    }
}

/// A step that draws its noise makes what it makes of the same noise from the host, to the bit; and that noise is the
/// processor's but for fused products. Of x and an output of 0 and a σ of ½ a step makes half of its noise exactly.
#[test]
fn a_step_draws_its_noise() {
    const HALF: [f64; 5] = [0.25; 5];
    let halves = Diffusion::new(Schedule::Betas(&HALF), 5).with_variance(Variance::FixedLarge);
    let halves = InlineProcess::<5>::new(&halves, Timesteps::ALL).unwrap();
    let halves = Sampler::new(&halves, Method::Ancestral, Clip::Unit).unwrap();
    let layout = Layout {
        images: 4,
        channels: 1,
        elements: 1023,
    };
    let all = layout.images * layout.elements;
    let batch = samples(u64::MAX - 5, [0, 1, u64::MAX, 1 << 33]);
    let drawn = |sampler: &Sampler<'_>| {
        let source = NoiseSource::Philox;
        DeviceGeneration::without_network_blocking(gpu(), layout.elements, sampler, &batch, source)
            .unwrap()
    };
    for variance in [Variance::FixedSmall, Variance::Learned] {
        let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(variance);
        let process = InlineProcess::<5>::new(&model, Timesteps::even(5)).unwrap();
        let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
        let (mut alone, mut within) = (drawn(&halves), drawn(&sampler));
        for run in [&mut alone, &mut within] {
            run.poison().unwrap();
            submit(|encoder| assert_eq!(run.record(encoder, 1), 1));
        }
        let mut given = Stepper::new(&sampler, layout);
        let learned = usize::from(variance.is_learned());
        for step in sampler.clone().filter(|step| step.needs_noise()) {
            let position = step.position();
            alone.write_x(&vec![0.0; all]).unwrap();
            alone.write_output(&vec![0.0; all]).unwrap();
            submit(|encoder| assert_eq!(alone.record_step(encoder), 1));
            let halved = alone.x_blocking().unwrap();
            let normals: Vec<f32> = halved.iter().map(|half| 2.0 * half).collect();
            for (sample, got) in batch.iter().zip(normals.chunks(layout.elements)) {
                let mut want = vec![0.0; layout.elements];
                let stream = sample.noise.stream(sample.number, position);
                stream.fill_normals(0, &mut want);
                near_by_pairs(got, &want);
            }

            let x = generate(position.into(), "x", all, 0.0, 1.7);
            let output = generate(position.into(), "output", all * (1 + learned), 0.1, 0.9);
            within.write_x(&x).unwrap();
            within.write_output(&output).unwrap();
            submit(|encoder| assert_eq!(within.record_step(encoder), 1));
            given.step(Some(&x), &output, &normals).unwrap();
            let got = within.x_blocking().unwrap();
            let want = given.run.x_blocking().unwrap();
            assert_eq!(got, want, "{variance:?}, {position}");
        }
    }
}

#[test]
fn what_is_not_finite_is_named() {
    let model = Diffusion::new(Schedule::Linear, 30).with_variance(Variance::FixedSmall);
    let mut room = vec![Level::default(); 30];
    let process = ProcessView::in_slice(&model, Timesteps::ALL, &mut room).unwrap();
    let sampler = Sampler::new(&process, Method::Ddim { eta: 0.0 }, Clip::Unit).unwrap();
    let layout = Layout {
        images: 3,
        channels: 1,
        elements: 70,
    };
    let mut stepper = Stepper::new(&sampler, layout);
    for bad in [f32::NAN, f32::INFINITY] {
        let mut x = vec![0.5; 210];
        (x[151], x[170]) = (bad, bad);
        stepper.step(Some(&x), &[0.1; 210], &[]).unwrap();
        let named = Err(GpuError::NotFinite {
            image: 2,
            element: 11,
        });
        assert_eq!(stepper.run.x_blocking(), named);
    }
}

/// An infinite prediction is clipped to ±1, an infinite variance channel of either sign may leave x finite: the
/// output is looked at for itself, in every way that it is clipped.
#[test]
fn an_output_that_is_not_finite_is_named_though_x_is() {
    let model = Diffusion::new(Schedule::Linear, 30).with_variance(Variance::Learned);
    let mut room = vec![Level::default(); 30];
    let process = ProcessView::in_slice(&model, Timesteps::ALL, &mut room).unwrap();
    let layout = Layout {
        images: 3,
        channels: 1,
        elements: 70,
    };
    for clip in [Clip::None, Clip::Unit, Clip::DYNAMIC] {
        let sampler = Sampler::new(&process, Method::Ancestral, clip).unwrap();
        // Of the last image the prediction, of the second the variance.
        for (at, image) in [(2 * 140 + 11, 2), (140 + 70 + 11, 1)] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut stepper = Stepper::new(&sampler, layout);
                let mut output = [0.1; 420];
                output[at] = bad;
                stepper
                    .step(Some(&[0.5; 210]), &output, &[0.2; 210])
                    .unwrap();
                let named = Err(GpuError::NotFinite { image, element: 11 });
                assert_eq!(stepper.run.x_blocking(), named, "{clip:?}, {bad} at {at}");
            }
        }
    }
}

/// Heun keeps ε̂ = (x - √ᾱ x̂_0)/√(1-ᾱ), beyond f32 while x is not: a state saved there could not go on.
#[test]
fn a_history_that_overflows_is_named() {
    let betas: Vec<f64> = (0..8).map(|t| 1e-12 * f64::from(t + 1)).collect();
    let model = Diffusion::new(Schedule::Betas(&betas), 8).with_variance(Variance::FixedSmall);
    let process = InlineProcess::<8>::new(&model, Timesteps::ALL).unwrap();
    let sampler = Sampler::new(&process, Method::Heun, Clip::Unit).unwrap();
    let layout = Layout {
        images: 2,
        channels: 1,
        elements: 70,
    };
    let mut stepper = Stepper::new(&sampler, layout);
    let mut x = vec![0.1; 140];
    x[75] = 1e36;
    stepper.step(Some(&x), &[0.1; 140], &[]).unwrap();
    let named = GpuError::NotFinite {
        image: 1,
        element: 5,
    };
    assert_eq!(stepper.run.x_blocking(), Err(named.clone()));
    assert_eq!(stepper.run.x_start_blocking(), Err(named.clone()));
    assert_eq!(stepper.run.paused_blocking(), Err(named));
}
