//! One step from x_T to the image: whatever the method that takes it, the clipped x̂_0.

use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Level, Method, Noise, Process, ProcessView, Sampler, Schedule,
    Step, Timesteps,
};
use proptest::prelude::*;

use crate::drawn;

/// Elements: a whole block and a rest.
const D: usize = 67;

fn normals(number: u64, len: usize) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Noise::new(8).stream(number, 0).fill_normals(0, &mut values);
    values
}

/// The only step of a run; there is no other.
fn only_step(process: ProcessView<'_>, method: Method, clip: Clip) -> Step {
    let mut sampler = Sampler::new(&process, method, clip).unwrap();
    assert_eq!((sampler.evaluations(), sampler.len()), (1, 1));
    let step = sampler.next().unwrap();
    assert_eq!(sampler.next(), None);
    step
}

fn bits(values: &[f32]) -> Vec<u32> {
    // Both zeros are the same pixel.
    values.iter().map(|value| (value + 0.0).to_bits()).collect()
}

proptest! {
    #![proptest_config(crate::config(300))]

    #[test]
    fn one_step_ends_at_the_clipped_prediction(
        (model, _) in drawn::model(),
        clip in drawn::clip(),
        eta in 0.0..=1.0,
        number in any::<u64>(),
    ) {
        let process = InlineProcess::<1>::new(&model, Timesteps::trailing(1)).unwrap();
        let mut room = [Level::default(); 1];
        let last = [model.num_timesteps - 1];
        let in_slice = ProcessView::in_slice(&model, Timesteps::custom(&last), &mut room).unwrap();
        let from_table = Process::from_table(&model, process.levels()).unwrap();
        prop_assert_eq!(process.view(), in_slice);
        prop_assert_eq!(process.view(), from_table);

        let x_t = normals(number, D);
        let output = normals(!number, process.prediction_len(D));
        for method in [
            Method::Ddim { eta: 0.0 },
            Method::Ddim { eta },
            Method::DpmSolverPlusPlus2M,
            Method::Heun,
        ] {
            let step = only_step(process.view(), method, clip);
            prop_assert_eq!((step.index(), step.needs_noise()), (0, false));
            let mut x_start = vec![f32::NAN; D];
            step.x_start(&x_t, &output, &mut x_start).unwrap();
            // Of any value before the first step.
            let (mut x, mut history) = (x_t.clone(), vec![f32::NAN; D]);
            step.apply_with_history(&mut x, &output, &[], &mut history).unwrap();
            prop_assert_eq!(bits(&x), bits(&x_start), "{:?}", method);

            let mut x = x_t.clone();
            let mut hooked = vec![f32::NAN; D];
            step.apply_with_hook(&mut x, &output, &[], &mut history, &mut hooked, |_| {}).unwrap();
            prop_assert_eq!(bits(&x), bits(&x_start), "{:?}", method);
        }
    }
}

/// One step of every way to say so: only the last of all timesteps is one to begin at.
#[test]
fn a_single_step_is_the_last_of_all() {
    let model = Diffusion::new(Schedule::Cosine, 50);
    let single = |timesteps| InlineProcess::<1>::new(&model, timesteps);
    assert_eq!(
        single(Timesteps::trailing(1)).unwrap().model_timestep(0),
        Ok(980.0)
    );
    assert_eq!(
        single(Timesteps::parse("trailing1").unwrap()),
        single(Timesteps::custom(&[49]))
    );
    let few = Error::TooFewSteps { steps: 1, min: 2 };
    for text in ["1", "1,0", "leading1", "linspace1", "quadratic1"] {
        assert_eq!(single(Timesteps::parse(text).unwrap()), Err(few), "{text}");
    }
    assert_eq!(single(Timesteps::custom(&[48])), Err(few));
    let text = few.to_string();
    assert!(text.contains("trailing1"), "{text}");
}

/// The ancestral method has no variance for it, and says so; the other direction needs none.
#[test]
fn what_needs_a_posterior_refuses_one_step() {
    let model = Diffusion::new(Schedule::Cosine, 50);
    let process = InlineProcess::<1>::new(&model, Timesteps::trailing(1)).unwrap();
    let refused = Sampler::new(&process, Method::Ancestral, Clip::Unit);
    assert_eq!(refused, Err(Error::SingleStep));
    let text = Error::SingleStep.to_string();
    assert!(
        text.contains("posterior variance") && text.contains("DDIM"),
        "{text}"
    );

    let step = only_step(process.view(), Method::DdimReverse, Clip::None);
    let (mut x, output) = (vec![0.4; D], vec![0.3; 2 * D]);
    step.apply(&mut x, &output, &[]).unwrap();
    // At ᾱ = 0 x is ε̂ itself.
    assert!(x.iter().all(|x| (x - 0.3).abs() < 1e-3), "{x:?}");
}
