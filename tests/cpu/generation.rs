//! A batch of images: from one step, and put where a saved one was.

use iddpm::cpu::Generation;
use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Method, Noise, Prediction, RunError, Sample, Sampler, Schedule,
    Slice as DiffusionSlice, Timesteps,
};

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
    let start = (generation.state(), generation.x().to_vec());
    generation.advance().unwrap();
    let (state, x) = (generation.state(), generation.x().to_vec());
    let history = generation.history().to_vec();

    let mut resumed = begin(&subject, &sampler);
    let bad = |values: &[f32]| {
        let mut values = values.to_vec();
        values[7] = f32::NAN;
        values
    };
    let refused = |slice| Err(RunError::Sampler(Error::NotFinite { slice, index: 7 }));
    let found = resumed.resume(state, &bad(&x), &history);
    assert_eq!(found, refused(DiffusionSlice::X));
    let found = resumed.resume(state, &x, &bad(&history));
    assert_eq!(found, refused(DiffusionSlice::History));
    assert_eq!((resumed.state(), resumed.x()), (start.0, &start.1[..]));
    // Before its first step a history may be anything.
    resumed.resume(start.0, &start.1, &bad(&history)).unwrap();

    resumed.resume(state, &x, &history).unwrap();
    while generation.advance().unwrap() {}
    while resumed.advance().unwrap() {}
    assert_eq!(generation.x(), resumed.x());
}
