//! Progressive distillation: what a student is to predict, by formulas of another form and in closed form; an engine that
//! asks a teacher, on the processor and on a GPU.

use std::sync::{Arc, Mutex};

use iddpm::checkpoint::Description;
use iddpm::cpu::{Inputs, Network};
use iddpm::diffusion::{
    Diffusion, Error, Grid, Lesson, LossRow, Objective, Prediction, Schedule, Timesteps, Variance,
};
use iddpm::gpu::{DeviceNetwork, DeviceWeights, Gpu, Precision};
use iddpm::train::{
    Awaited, Batch, Broken, CpuEngine, Distilling, Engine, GpuEngine, OptimizerStep, Report, Slot,
    Teacher, TimestepLaw, TrainConfig, TrainError, Trainer, TrainingData, graph_of,
    initial_weights,
};
use iddpm::unet::{Graph, UnetConfig, Weights};

use super::cases::generate;
use super::gpu_runs;
use super::runs;

fn diffusion(schedule: Schedule<'static>, prediction: Prediction) -> Diffusion<'static> {
    Diffusion::new(schedule, 1000)
        .with_prediction(prediction)
        .with_variance(Variance::FixedLarge)
}

fn grid(steps: u32) -> Grid {
    Grid::all(1000).unwrap().thinned(steps).unwrap()
}

/// A network that is none: what it says of x_0, within [-1, 1], as a function of x and the timestep.
fn x_start_of(x: f64, timestep: f32) -> f64 {
    (1.7 * x + f64::from(timestep) / 90.0).sin()
}

/// The angle φ at which x_t = cos φ·x_0 + sin φ·ε.
fn angle(diffusion: &Diffusion<'_>, timestep: u32) -> f64 {
    let all = diffusion.process(Timesteps::ALL).unwrap();
    let alpha_bar = all.levels()[timestep as usize].alpha_bar;
    (1.0 - alpha_bar).sqrt().atan2(alpha_bar.sqrt())
}

/// The chain of the paper's kind, but for counts that are no halves.
#[test]
fn grids_are_nested() {
    let mut teacher = Grid::all(1000).unwrap();
    for steps in [50, 25, 12, 6, 4, 2, 1] {
        let student = teacher.thinned(steps).unwrap();
        let kept = student.timesteps();
        assert_eq!((kept.len() as u32, kept[0]), (steps, 999));
        assert!(kept.is_sorted_by(|one, next| one > next));
        assert!(kept.iter().all(|t| teacher.timesteps().contains(t)));
        // A step covers as many of the teacher's as another, or one more.
        let place = |of: &u32| teacher.timesteps().iter().position(|t| t == of).unwrap();
        let places = kept.iter().map(place);
        let mut places: Vec<usize> = places.chain([teacher.timesteps().len()]).collect();
        places.dedup();
        let covered: Vec<usize> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (least, most) = (covered.iter().min(), covered.iter().max());
        assert!(most.unwrap() - least.unwrap() <= 1, "{steps}: {covered:?}");
        teacher = student;
    }
    let four = grid(4);
    assert_eq!(four.timesteps(), [999, 749, 499, 249]);
    assert_eq!(four.to_string(), "custom:999,749,499,249");
    assert_eq!(
        four.thinned(5),
        Err(Error::TooManySteps {
            steps: 5,
            num_timesteps: 4
        })
    );
    assert_eq!(
        four.thinned(0),
        Err(Error::TooFewSteps { steps: 0, min: 1 })
    );
    let off = Lesson::of_all(&diffusion(Schedule::Cosine, Prediction::V), &four, &grid(3));
    assert_eq!(off, Err(Error::OffGrid { timestep: 332 }));
}

/// In angles a DDIM step is a rotation, x_{φ-δ} = cos δ·x_φ - sin δ·v, so what a student must predict to be at x_s is
/// v = (cos δ·x_t - x_s)/sin δ.
#[test]
fn a_student_lands_where_its_teacher_does() {
    for schedule in [Schedule::Cosine, Schedule::Linear] {
        for prediction in [Prediction::V, Prediction::Epsilon, Prediction::XStart] {
            let diffusion = diffusion(schedule, prediction);
            let (teacher, student) = (grid(12), grid(12).thinned(5).unwrap());
            let lessons = Lesson::of_all(&diffusion, &teacher, &student).unwrap();
            assert_eq!(lessons.len(), 5);
            let mut next = 0;
            for (lesson, &timestep) in lessons.iter().zip(student.timesteps().iter().rev()) {
                let on_the_way = teacher.timesteps().iter();
                let on_the_way = on_the_way.filter(|&&t| t <= timestep && t >= next);
                let on_the_way: Vec<u32> = on_the_way.copied().collect();
                assert_eq!(lesson.steps.len(), on_the_way.len());
                let first = angle(&diffusion, timestep);
                let last = match next {
                    0 => 0.0,
                    next => {
                        let before = teacher.timesteps().iter().find(|&&t| t < next);
                        angle(&diffusion, *before.unwrap())
                    }
                };
                for (x_start, noise) in [(0.3, -1.2), (-0.9, 0.4), (0.0, 2.5)] {
                    let x = first.cos() * x_start + first.sin() * noise;
                    assert!((lesson.x(x_start, noise) - x).abs() < 1e-12);
                    let (mut mine, mut expected, mut phi) = (x, x, first);
                    for (at, (step, &t)) in lesson.steps.iter().zip(&on_the_way).enumerate() {
                        assert_eq!(step.timestep, t as f32);
                        let says = x_start_of(mine, step.timestep);
                        let output = match prediction {
                            Prediction::XStart => says,
                            Prediction::Epsilon => (mine - phi.cos() * says) / phi.sin(),
                            _ => (phi.cos() * mine - says) / phi.sin(),
                        };
                        mine = step.take(mine, output);
                        let v = (phi.cos() * expected - x_start_of(expected, t as f32)) / phi.sin();
                        let to = match on_the_way.get(at + 1) {
                            Some(&t) => angle(&diffusion, t),
                            None => last,
                        };
                        expected = (phi - to).cos() * expected - (phi - to).sin() * v;
                        phi = to;
                    }
                    assert!((mine - expected).abs() < 1e-9, "{mine}, not {expected}");
                    let [x_start, noise] = lesson.target(x, mine);
                    let delta = first - last;
                    let v = (delta.cos() * x - expected) / delta.sin();
                    let target = first.cos() * noise - first.sin() * x_start;
                    assert!((target - v).abs() < 1e-9, "{target}, not {v}");
                    // Noised to t it is where the teacher began.
                    assert!((lesson.x(x_start, noise) - x).abs() < 1e-12);
                    assert!(x_start.abs() <= 1.0 + 1e-9);
                }
                next = timestep + 1;
            }
        }
    }
}

/// Where a student takes its teacher's own steps, it predicts what the teacher does, clipped as where it draws.
#[test]
fn in_as_many_steps_a_student_is_its_teacher() {
    let diffusion = diffusion(Schedule::Cosine, Prediction::XStart);
    for steps in [7, 1] {
        let lessons = Lesson::of_all(&diffusion, &grid(steps), &grid(steps)).unwrap();
        for lesson in lessons {
            let [step] = lesson.steps[..] else {
                panic!("{} steps", lesson.steps.len());
            };
            for (x, says, told) in [(0.7, 0.25, 0.25), (-1.4, 3.0, 1.0), (0.1, -1.5, -1.0)] {
                let [x_start, _] = lesson.target(x, step.take(x, says));
                assert!((x_start - told).abs() < 1e-9, "{x_start}, not {told}");
            }
        }
    }
}

/// Mean and standard deviation of normal data, of which the optimal x̂_0 is within [-1, 1] wherever noise leads.
const NORMAL: (f64, f64) = (0.2, 0.1);

/// The optimal denoiser of normal data.
struct Exact(Diffusion<'static>);

impl Teacher for Exact {
    fn predict_async<'a>(
        &'a mut self,
        inputs: &'a Inputs<'a>,
        output: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        let ((mean, deviation), each) = (NORMAL, inputs.x.len() / inputs.timesteps.len());
        for (at, (output, &x)) in output.iter_mut().zip(inputs.x).enumerate() {
            let phi = angle(&self.0, inputs.timesteps[at / each] as u32);
            let (alpha, sigma) = (phi.cos(), phi.sin());
            let total = alpha * alpha * deviation * deviation + sigma * sigma;
            let slope = alpha * deviation * deviation / total;
            let x_start = mean + slope * (f64::from(x) - alpha * mean);
            *output = ((alpha * f64::from(x) - x_start) / sigma) as f32;
        }
        Box::pin(async { Ok(()) })
    }
}

/// An engine that keeps what it is told to train on.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<[Vec<f32>; 2]>>>);

impl Engine for Told {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        _: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        let pair = [batch.x_start.to_vec(), batch.noise.to_vec()];
        self.0.lock().unwrap().push(pair);
        Box::pin(async { Ok(()) })
    }

    fn update_async<'a>(&'a mut self, _: &'a OptimizerStep) -> Awaited<'a, Report> {
        unreachable!("no step is taken")
    }

    fn gradient_norm_async(&mut self, _: f64) -> Awaited<'_, f64> {
        unreachable!("no noise is measured")
    }

    fn read_async<'a>(&'a self, _: Slot, _: &'a mut [f32]) -> Awaited<'a, ()> {
        unreachable!("nothing is read")
    }

    fn write(&mut self, _: Slot, _: &[f32]) -> Result<(), TrainError> {
        unreachable!("nothing is written")
    }
}

/// Normal data goes to normal data: in many steps DDIM comes to where noise and image have the same deviation from their
/// means, by their own. A student of one step that predicts this has no loss.
#[test]
fn of_normal_data_the_students_optimum_is_known() {
    let diffusion = diffusion(Schedule::Cosine, Prediction::V);
    let (teacher, student) = (Grid::all(1000).unwrap(), grid(4));
    let lessons = Lesson::of_all(&diffusion, &teacher, &student).unwrap();
    let told = Told::default();
    let mut engine = Distilling::new(told.clone(), Exact(diffusion), lessons, false);
    let timesteps: Vec<f32> = student.timesteps().iter().map(|&t| t as f32).collect();
    let normals = |seed| -> Vec<f32> {
        let numbers = generate(seed, "normals", 4 * 16, 0.0, 1.0);
        numbers.iter().map(|&number| number as f32).collect()
    };
    let noise = normals(2);
    let (mean, deviation) = NORMAL;
    let x_start: Vec<f32> = normals(1)
        .iter()
        .map(|x| (mean + deviation * f64::from(*x)) as f32)
        .collect();
    let batch = Batch {
        x_start: &x_start,
        noise: &noise,
        rows: &[],
        timesteps: &timesteps,
        labels: None,
        low_res: None,
        keys: None,
    };
    engine.accumulate(&batch, &mut []).unwrap();
    let told = told.0.lock().unwrap();
    let [taught, of_noise] = &told[0];
    let ends = student.timesteps().iter().skip(1).copied().map(Some);
    let stretches = student.timesteps().iter().zip(ends.chain([None]));
    let all = diffusion.process(Timesteps::ALL).unwrap();
    for (image, (&begin, end)) in stretches.enumerate() {
        let row = LossRow::of(&all, Objective::Mse, begin as usize).unwrap();
        let spread = |phi: f64| (phi.cos() * deviation).hypot(phi.sin());
        let (from, to) = (
            angle(&diffusion, begin),
            end.map_or(0.0, |t| angle(&diffusion, t)),
        );
        for at in image * 16..(image + 1) * 16 {
            let x = row.x(x_start[at].into(), noise[at].into());
            let landed = to.cos() * mean + spread(to) / spread(from) * (x - from.cos() * mean);
            let optimum = ((from - to).cos() * x - landed) / (from - to).sin();
            let target = row.target(taught[at].into(), of_noise[at].into(), x);
            let error = row.element(target - optimum, 0.0, 0.0).square;
            // 250 steps of first order.
            assert!(error < 2e-5, "t = {begin}: {target}, not {optimum}");
        }
    }
}

/// The student of a description: v, no variance, these steps.
fn student_of(teacher: &Description, steps: u32) -> Description {
    let mut student = teacher.clone();
    student.unet = UnetConfig {
        out_channels: teacher.unet.in_channels,
        ..teacher.unet.clone()
    };
    student.card.diffusion.prediction = Prediction::V;
    student.card.diffusion.variance = Variance::FixedLarge;
    let all = Grid::all(student.card.diffusion.num_timesteps).unwrap();
    student.grid = Some(all.thinned(steps).unwrap());
    student
}

fn lessons(teacher: &Description, student: &Description) -> Vec<Lesson> {
    let diffusion = teacher.card.diffusion;
    let all = Grid::all(diffusion.num_timesteps).unwrap();
    Lesson::of_all(&diffusion, &all, student.grid.as_ref().unwrap()).unwrap()
}

/// Weights under which no layer is 0.
fn weights(graph: &Graph) -> Vec<f32> {
    let mut weights = vec![0.0; graph.weights_len()];
    for param in graph.params() {
        let norm = param.shape.len() == 1 && param.name.ends_with("weight");
        let scale = (0.5 / (param.elements() / param.rows()) as f64).sqrt();
        let values = generate(
            3,
            &param.name,
            param.elements(),
            f64::from(u8::from(norm)),
            scale,
        );
        for (weight, value) in weights[param.offset..].iter_mut().zip(values) {
            *weight = value as f32;
        }
    }
    weights
}

fn config() -> TrainConfig {
    TrainConfig {
        objective: Objective::Mse,
        ..gpu_runs::ten_step_config()
    }
}

fn four_steps(
    mut engine: impl Engine,
    student: &Description,
    config: &TrainConfig,
) -> Vec<[f64; 4]> {
    let weights = initial_weights(&graph_of(student, config).unwrap(), config.seed).unwrap();
    engine.write(Slot::Weights, &weights).unwrap();
    engine.write(Slot::Ema(0), &weights).unwrap();
    let mut trainer = trainer(engine, student, config).unwrap();
    let steps = (0..4).map(|_| {
        let step = trainer.step().unwrap();
        [step.loss, step.mse, step.bound, step.grad_norm]
    });
    steps.collect()
}

fn trainer<E: Engine>(
    engine: E,
    description: &Description,
    config: &TrainConfig,
) -> Result<Trainer<E>, TrainError> {
    let data = TrainingData::new(Arc::new(runs::images()), Broken::Fatal)?;
    let progress = Trainer::<E>::beginning(description, config)?;
    let (description, config) = (description.clone(), config.clone());
    Trainer::new(engine, description, config, data, Broken::Fatal, progress)
}

/// A teacher that learns a variance and is told classes, of a student that knows some of its steps.
#[test]
fn a_gpu_distils_as_the_processor_does() {
    let (teacher, config) = (gpu_runs::description(), config());
    let student = student_of(&teacher, 6);
    let lessons = lessons(&teacher, &student);
    let (of_teacher, graph) = (
        teacher.graph(config.microbatch).unwrap(),
        graph_of(&student, &config).unwrap(),
    );
    let numbers = weights(&of_teacher);
    let numbers = Weights::F32(&numbers);
    let network = Network::new(&of_teacher, numbers).unwrap();
    let engine = CpuEngine::new(&graph, &config.ema_rates, false).unwrap();
    let engine = Distilling::new(engine, network, lessons.clone(), true);
    let expected = four_steps(engine, &student, &config);

    let gpu = Gpu::create_blocking().unwrap();
    let full = Precision::Full;
    let numbers = DeviceWeights::upload_blocking(&gpu, &of_teacher, numbers, full).unwrap();
    let network = DeviceNetwork::new_blocking(&gpu, &of_teacher, &numbers).unwrap();
    let engine = GpuEngine::new_blocking(&gpu, &graph, &config.ema_rates, full).unwrap();
    let engine = Distilling::new(engine, network, lessons, true);
    let steps = four_steps(engine, &student, &config);
    // Of the teacher's steps as many roundings as of the student's.
    gpu_runs::compare(&steps, &expected, 2e-5);
}

#[test]
fn what_cannot_be_distilled_is_refused() {
    let (teacher, config) = (gpu_runs::description(), config());
    let student = student_of(&teacher, 6);
    let engine = |student: &Description| {
        let graph = graph_of(student, &config).unwrap();
        let network = teacher.graph(config.microbatch).unwrap();
        let numbers = weights(&network);
        let network = Network::new(&network, Weights::F32(&numbers)).unwrap();
        let engine = CpuEngine::new(&graph, &config.ema_rates, false).unwrap();
        Distilling::new(
            engine,
            network,
            lessons(&teacher, &student_of(&teacher, 6)),
            true,
        )
    };
    // A network that is trained at all timesteps.
    let all = Description {
        grid: None,
        ..student.clone()
    };
    let mut stranger = trainer(engine(&all), &all, &config).unwrap();
    let step = (0..20).find_map(|_| stranger.step().err());
    assert!(
        matches!(step, Some(TrainError::NoLesson { timestep }) if timestep < 980.0),
        "{step:?}"
    );
    let by_losses = TrainConfig {
        timesteps: TimestepLaw::LossSecondMoment,
        ..config.clone()
    };
    let refused = trainer(engine(&student), &student, &by_losses);
    let name = match refused {
        Err(TrainError::Option { name, .. }) => name,
        other => panic!("{:?}", other.err()),
    };
    assert_eq!(name, "timesteps");
}
