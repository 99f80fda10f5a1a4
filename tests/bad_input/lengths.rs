//! Every slice of every function at another length than it must have: the error says which, and
//! nothing was written.

use iddpm::diffusion::Error;
use iddpm::diffusion::error::Slice;
use iddpm::diffusion::exact::{GaussianData, ListedImages};
use iddpm::diffusion::likelihood::{BitsPerDim, Noised, term};
use iddpm::diffusion::pixels::{image_from_u8, image_to_u8};
use iddpm::diffusion::resample::LossSecondMoment;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, InlineProcess, Linear, Method, Objective, Pixels, Query, Sampler,
    Schedule, Timesteps, Variance,
};

use crate::{assert_same, refused};

/// Elements: more than one block of a step.
const D: usize = 70;
/// What every slice that could be written holds.
const UNTOUCHED: f32 = 0.25;

type Process = InlineProcess<10>;

fn process(variance: Variance) -> Process {
    let model = Diffusion::new(Schedule::Cosine, 100).with_variance(variance);
    Process::new(&model, Timesteps::even(10)).unwrap()
}

const QUERY: Query = Query {
    timestep: 1.0,
    index: 5,
    label: None,
};

/// Slices of a step, all of the right length but one.
struct Slices {
    x: Vec<f32>,
    output: Vec<f32>,
    noise: Vec<f32>,
    history: Vec<f32>,
    x_start: Vec<f32>,
}

impl Slices {
    fn new(output: usize) -> Self {
        let slice = |len| vec![UNTOUCHED; len];
        Self {
            x: slice(D),
            output: slice(output),
            noise: slice(D),
            history: slice(D),
            x_start: slice(D),
        }
    }

    fn pixels(&mut self) -> Pixels<'_> {
        Pixels {
            x: &mut self.x,
            output: &self.output,
            noise: &self.noise,
            history: &mut self.history,
        }
    }

    fn of(&mut self, slice: Slice) -> &mut Vec<f32> {
        match slice {
            Slice::Prediction => &mut self.output,
            Slice::Noise => &mut self.noise,
            Slice::History => &mut self.history,
            Slice::XStart => &mut self.x_start,
            other => panic!("{other} is not a slice of a step"),
        }
    }

    fn assert_untouched(&self, what: &str) {
        for slice in [
            &self.x,
            &self.output,
            &self.noise,
            &self.history,
            &self.x_start,
        ] {
            assert!(
                slice.iter().all(|&value| value == UNTOUCHED),
                "{what} wrote something"
            );
        }
    }
}

/// A found error beside the expected one, for each wrong length of one slice.
struct Found(Vec<(&'static str, Error, Error)>);

impl Found {
    fn each(
        &mut self,
        what: &'static str,
        slice: Slice,
        expected: usize,
        run: impl FnMut(usize) -> Error,
    ) {
        let lengths = [0, expected - 1, expected + 1];
        self.0.extend(
            lengths
                .map(run)
                .into_iter()
                .zip(lengths)
                .map(|(found, len)| {
                    let error = Error::Length {
                        slice,
                        len,
                        expected,
                    };
                    (what, found, error)
                }),
        );
    }

    fn step(
        &mut self,
        what: &'static str,
        output: usize,
        slice: Slice,
        mut run: impl FnMut(&mut Slices) -> Error,
    ) {
        let expected = Slices::new(output).of(slice).len();
        self.each(what, slice, expected, |len| {
            let mut slices = Slices::new(output);
            slices.of(slice).resize(len, UNTOUCHED);
            let error = run(&mut slices);
            slices.assert_untouched(what);
            error
        });
    }
}

fn steps(found: &mut Found) {
    let learned = [
        Variance::FixedSmall,
        Variance::Learned,
        Variance::LearnedRange,
    ];
    for variance in learned {
        let process = process(variance);
        let output = process.prediction_len(D);
        for (method, wanted) in [
            (Method::Ancestral, &[Slice::Prediction, Slice::Noise][..]),
            (
                Method::Ddim { eta: 1.0 },
                &[Slice::Prediction, Slice::Noise],
            ),
            (Method::Ddim { eta: 0.0 }, &[Slice::Prediction]),
            (Method::DdimReverse, &[Slice::Prediction]),
            (
                Method::DpmSolverPlusPlus2M,
                &[Slice::Prediction, Slice::History],
            ),
            (Method::Heun, &[Slice::Prediction, Slice::History]),
        ] {
            for clip in [
                Clip::Unit,
                Clip::Dynamic {
                    ratio: 0.9,
                    max: 2.0,
                },
            ] {
                let step = Sampler::new(&process, method, clip)
                    .unwrap()
                    .nth(4)
                    .unwrap();
                for &slice in wanted {
                    found.step("Step::apply_with_history", output, slice, |s| {
                        refused(step.apply_with_history(
                            &mut s.x,
                            &s.output,
                            &s.noise,
                            &mut s.history,
                        ))
                    });
                }
                for &slice in wanted.iter().chain(&[Slice::XStart]) {
                    found.step("Step::apply_with_hook", output, slice, |s| {
                        let hook = |_: &mut [f32]| panic!("a hook before the lengths were checked");
                        refused(step.apply_with_hook(
                            &mut s.x,
                            &s.output,
                            &s.noise,
                            &mut s.history,
                            &mut s.x_start,
                            hook,
                        ))
                    });
                }
                for slice in [Slice::Prediction, Slice::XStart] {
                    found.step("Step::x_start", output, slice, |s| {
                        refused(step.x_start(&s.x, &s.output, &mut s.x_start))
                    });
                }
                if method.needs_history() {
                    // `apply` has no history to give.
                    let mut s = Slices::new(output);
                    let error = refused(step.apply(&mut s.x, &s.output, &s.noise));
                    s.assert_untouched("Step::apply");
                    let expected = Error::Length {
                        slice: Slice::History,
                        len: 0,
                        expected: D,
                    };
                    found.0.push(("Step::apply", error, expected));
                }
            }
        }
    }
}

fn updates(found: &mut Found) {
    let process = process(Variance::FixedSmall);
    for (method, wanted) in [
        (Method::Ancestral, &[Slice::Prediction, Slice::Noise][..]),
        (Method::Heun, &[Slice::Prediction, Slice::History]),
    ] {
        let step = Sampler::new(&process, method, Clip::None)
            .unwrap()
            .nth(4)
            .unwrap();
        let update = *step.update();
        for &slice in wanted {
            found.step("Update::apply", D, slice, |s| {
                refused(update.apply(Clip::Unit, s.pixels()))
            });
        }
        for &slice in wanted.iter().chain(&[Slice::XStart]) {
            found.step("Update::apply_x_start", D, slice, |s| {
                let x_start = s.x_start.clone();
                refused(update.apply_x_start(&x_start, s.pixels()))
            });
        }
        for slice in [Slice::Prediction, Slice::XStart] {
            found.step("Update::predict_x_start", D, slice, |s| {
                refused(update.predict_x_start(&s.x, &s.output, &mut s.x_start))
            });
        }
    }
}

fn maps(found: &mut Found) {
    let map = Linear { x: 1.0, value: 1.0 };
    let x = [UNTOUCHED; D];
    found.each("Linear::fill", Slice::Prediction, D, |len| {
        let mut out = [UNTOUCHED; D];
        let error = refused(map.fill(&x, &vec![0.0; len], &mut out));
        assert_eq!(out, [UNTOUCHED; D]);
        error
    });
    found.each("Linear::fill", Slice::Output, D, |len| {
        let mut out = vec![UNTOUCHED; len];
        let error = refused(map.fill(&x, &x, &mut out));
        assert_eq!(out, vec![UNTOUCHED; len]);
        error
    });
    found.each("image_to_u8", Slice::Output, D, |len| {
        let mut out = vec![7; len];
        let error = refused(image_to_u8(&x, &mut out));
        assert_eq!(out, vec![7; len]);
        error
    });
    found.each("image_from_u8", Slice::Output, D, |len| {
        let mut out = vec![UNTOUCHED; len];
        let error = refused(image_from_u8(&[0; D], &mut out));
        assert_eq!(out, vec![UNTOUCHED; len]);
        error
    });
}

fn laws(found: &mut Found) {
    let x = [UNTOUCHED; D];
    for variance in [Variance::FixedLarge, Variance::LearnedRange] {
        let process = process(variance);
        let output = process.prediction_len(D);
        let law = process.reverse_law(4).unwrap();
        found.each("ReverseLaw::for_each", Slice::Prediction, output, |len| {
            let visit = |_, _| panic!("an element before the lengths were checked");
            refused(law.for_each(&x, &vec![0.0; len], Clip::Unit, visit))
        });
        let mut gaussian = GaussianData::new(process.view(), 0.0, 1.0).unwrap();
        found.each("GaussianData", Slice::Output, output, |len| {
            let mut out = vec![UNTOUCHED; len];
            let error = refused(gaussian.denoise(QUERY, &x, &mut out));
            assert_eq!(out, vec![UNTOUCHED; len]);
            error
        });
        let images = [UNTOUCHED; 2 * D];
        let mut listed = ListedImages::new(process.view(), &images, D).unwrap();
        found.each("ListedImages", Slice::Output, output, |len| {
            let mut out = vec![UNTOUCHED; len];
            let error = refused(listed.denoise(QUERY, &x, &mut out));
            assert_eq!(out, vec![UNTOUCHED; len]);
            error
        });
        found.each("ListedImages", Slice::X, D, |len| {
            refused(listed.denoise(QUERY, &vec![0.0; len], &mut vec![0.0; output]))
        });
        found.each("ListedImages::nearest", Slice::X, D, |len| {
            refused(listed.nearest(&vec![0.0; len]))
        });
        let part = ListedImages::new(process.view(), &images[1..], D);
        let whole = Error::Length {
            slice: Slice::Images,
            len: 2 * D - 1,
            expected: 2 * D,
        };
        found.0.push(("ListedImages::new", refused(part), whole));
    }
}

fn bounds(found: &mut Found) {
    let x = [UNTOUCHED; D];
    let process = process(Variance::LearnedRange);
    fn image<'a>(noise: &'a [f32], x_t: &'a [f32]) -> Noised<'a> {
        Noised {
            x_start: &[UNTOUCHED; D],
            noise,
            x_t,
        }
    }
    let output = vec![0.0; 2 * D];
    let mut evaluate = |what, run: &dyn Fn(Noised<'_>, &[f32]) -> Error| {
        found.each(what, Slice::Noise, D, |len| {
            run(image(&vec![0.0; len], &x), &output)
        });
        found.each(what, Slice::X, D, |len| {
            run(image(&x, &vec![0.0; len]), &output)
        });
        found.each(what, Slice::Prediction, 2 * D, |len| {
            run(image(&x, &x), &vec![0.0; len])
        });
    };
    evaluate("term", &|image, output| {
        refused(term(&process, 4, image, output, Clip::Unit))
    });
    evaluate("BitsPerDim::add", &|image, output| {
        let mut bits = BitsPerDim::new(&process, Clip::Unit, &x).unwrap();
        let error = refused(bits.add(9, image, output));
        assert_eq!(bits.due(), Some(9));
        error
    });
    for objective in [
        Objective::Mse,
        Objective::RescaledMse,
        Objective::Kl,
        Objective::RescaledKl,
    ] {
        evaluate("Objective::loss", &|image, output| {
            refused(objective.loss(&process, 4, image, output))
        });
    }
}

fn resampling(found: &mut Found) {
    let size = LossSecondMoment::storage_len(3, 2);
    found.each("LossSecondMoment::new", Slice::Storage, size, |len| {
        refused(LossSecondMoment::new(vec![0.0; len], 3, 2, 0.001))
    });
    let mut law = LossSecondMoment::new(vec![0.0; size], 3, 2, 0.001).unwrap();
    let before = law.clone();
    found.each("LossSecondMoment::update", Slice::Losses, 3, |len| {
        refused(law.update(&[0, 1, 2], &vec![1.0; len]))
    });
    // Nothing of a batch is noted where one of it is bad.
    refused(law.update(&[0, 1, 2], &[1.0, 2.0, f64::INFINITY]));
    refused(law.update(&[0, 1, 3], &[1.0, 2.0, 3.0]));
    assert_eq!(law, before);
}

pub(crate) fn cases() -> Vec<(&'static str, Error, Error)> {
    let mut found = Found(Vec::new());
    steps(&mut found);
    updates(&mut found);
    maps(&mut found);
    laws(&mut found);
    bounds(&mut found);
    resampling(&mut found);
    found.0
}

#[test]
fn each_slice_of_each_function() {
    let cases = cases();
    assert!(cases.len() > 300);
    for (what, found, expected) in cases {
        println!("{what}: {found}");
        assert_same(found, expected);
    }
}
