//! A batch of images: from one step, and put where a saved one was; an image without a heap.

use iddpm::cpu::{Bare, Generation, Inputs, NetworkError, NetworkSlice};
use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Diffusion, Image, InlineProcess, Method, Noise, Paused, Prediction, RunError, Sample,
    Sampler, Schedule, Slice as DiffusionSlice, Timesteps,
};
use iddpm::unet::Weights;

use super::Subject;

fn begin<'p>(subject: &Subject, sampler: &Sampler<'p>) -> Generation<'p> {
    let sample = |number: u64| Sample {
        noise: Noise::new(4),
        number,
        label: Some(number as u32),
    };
    let generation = Generation::new(subject.network(1), sampler.clone(), &[sample(0), sample(1)]);
    generation.unwrap().with_low_res(&subject.low_res).unwrap()
}

/// Images without noise: the network's clipped prediction, the same for each method.
#[test]
fn one_step_gives_the_clipped_prediction() {
    let subject = Subject::new(2);
    // ε says next to nothing of x_0 where ᾱ is nearly 0: every pixel would be clipped.
    let model = Diffusion::new(Schedule::Cosine, 1000).with_prediction(Prediction::V);
    let process = InlineProcess::<1>::new(&model, Timesteps::trailing(1)).unwrap();
    let images = [
        Method::Ddim { eta: 0.0 },
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ]
    .map(|method| {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let mut generation = begin(&subject, &sampler);
        assert!(generation.advance().unwrap());
        assert_eq!(generation.x(), generation.x_start());
        assert!(!generation.advance().unwrap());
        generation.x().to_vec()
    });
    assert!(images.iter().all(|image| *image == images[0]));
    assert!(images[0].iter().any(|x| x.abs() < 1.0));
}

#[test]
fn a_saved_batch_that_is_not_finite_is_refused() {
    let subject = Subject::new(2);
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<4>::new(&model, Timesteps::even(4)).unwrap();
    let sampler = Sampler::new(&process, Method::Heun, Clip::Unit).unwrap();
    let mut generation = begin(&subject, &sampler);
    let start = generation.paused().unwrap();
    generation.advance().unwrap();
    let paused = generation.paused().unwrap();

    let mut resumed = begin(&subject, &sampler);
    let bad = |values: &[f32]| {
        let mut values = values.to_vec();
        values[7] = f32::NAN;
        values
    };
    let refused = |slice| Err(RunError::Sampler(Error::NotFinite { slice, index: 7 }));
    let bad_x = Paused {
        x: bad(&paused.x),
        ..paused.clone()
    };
    assert_eq!(resumed.resume(&bad_x), refused(DiffusionSlice::X));
    let history = bad(&paused.history);
    let bad_history = Paused {
        history: history.clone(),
        ..paused.clone()
    };
    assert_eq!(
        resumed.resume(&bad_history),
        refused(DiffusionSlice::History)
    );
    assert_eq!(resumed.paused().unwrap(), start);
    // Before its first step a history may be anything.
    resumed.resume(&Paused { history, ..start }).unwrap();

    resumed.resume(&paused).unwrap();
    while generation.advance().unwrap() {}
    while resumed.advance().unwrap() {}
    assert_eq!(generation.x(), resumed.x());
}

/// An image of a run over borrowed slices alone: bit for bit the plain loops', stepped by hand.
#[test]
fn a_run_without_a_heap_is_the_plain_loops() {
    let subject = Subject::new(1);
    let buf = subject.program();
    let program = buf.view().unwrap();
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<4>::new(&model, Timesteps::even(4)).unwrap();
    let weights = Weights::F32(&subject.weights);
    let sample = Sample {
        noise: Noise::new(4),
        number: 9,
        label: Some(3),
    };
    for method in [Method::Ancestral, Method::DpmSolverPlusPlus2M] {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let elements = program.x_len();
        let kept = if method.needs_history() { elements } else { 0 };

        let mut workspace = vec![f32::NAN; program.workspace_len()];
        let network = Bare::new(program, weights, &mut workspace).unwrap();
        let mut network = network.with_low_res(&subject.low_res).unwrap();
        let (mut x, mut output) = (vec![0.0; elements], vec![0.0; 2 * elements]);
        let (mut noise, mut history) = (vec![0.0; elements], vec![0.0; kept]);
        let mut image = Image {
            x: &mut x,
            output: &mut output,
            noise: &mut noise,
            history: &mut history,
        };
        sample
            .run(sampler.clone(), &mut network, &mut image)
            .unwrap();
        // The whole image is the same wherever the sampler stands.
        let whole = image.x.to_vec();
        let mut midway = sampler.clone();
        midway.next();
        sample.run(midway, &mut network, &mut image).unwrap();
        assert_eq!(image.x, whole);

        let (mut by_hand, mut history) = (vec![0.0; elements], vec![0.0; kept]);
        sample.begin(&mut by_hand);
        for step in sampler {
            let inputs = Inputs {
                x: &by_hand,
                timesteps: &[step.timestep()],
                labels: Some(&[3]),
                low_res: Some(&subject.low_res),
            };
            let output = subject.plain(&inputs).unwrap();
            let stream = sample.noise.stream(9, step.position());
            stream.fill_normals(0, &mut noise);
            step.apply_with_history(&mut by_hand, &output, &noise, &mut history)
                .unwrap();
        }
        assert_eq!(x, by_hand, "{method}");
    }
}

#[test]
fn what_a_bare_network_cannot_run_is_refused() {
    let (one, two) = (Subject::new(1), Subject::new(2));
    let (buf, of_two) = (one.program(), two.program());
    let program = buf.view().unwrap();
    let weights = Weights::F32(&one.weights);
    let mut workspace = vec![0.0; program.workspace_len()];
    let refused = |slice, len, expected| {
        Err(NetworkError::Length {
            slice,
            len,
            expected,
        })
    };
    let made = Bare::new(of_two.view().unwrap(), weights, &mut workspace).map(drop);
    assert_eq!(made, refused(NetworkSlice::Samples, 1, 2));
    let none = Weights::F16(&[]);
    let made = Bare::new(program, none, &mut workspace).map(drop);
    let due = program.weights_len();
    assert_eq!(made, refused(NetworkSlice::Weights, 0, due));
    let made = Bare::new(program, weights, &mut workspace[1..]).map(drop);
    let due = program.workspace_len();
    assert_eq!(made, refused(NetworkSlice::Workspace, due - 1, due));
    let network = Bare::new(program, weights, &mut workspace).unwrap();
    let made = network.with_low_res(&one.low_res[1..]).map(drop);
    let due = one.low_res.len();
    assert_eq!(made, refused(NetworkSlice::LowRes, due - 1, due));
}
