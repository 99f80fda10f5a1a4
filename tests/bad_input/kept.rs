//! Runs that begin with a picture or keep a part of one, and palettes.

use iddpm::diffusion::error::Slice;
use iddpm::diffusion::{
    Clip, Colours, Controls, Error, Guidance, Image, Known, Method, Noise, Resampling, RunError,
    Sample, Sampler, guide,
};

use crate::refused;
use crate::runs::Constant;
use crate::table::{Case, ten};

fn length(slice: Slice, len: usize, expected: usize) -> Error {
    Error::Length {
        slice,
        len,
        expected,
    }
}

fn range(slice: Slice, index: usize, value: f32, [min, max]: [f32; 2]) -> Error {
    Error::OutOfRange {
        slice,
        index,
        value,
        min,
        max,
    }
}

pub(crate) fn kept() -> Vec<Case> {
    let process = ten();
    let plain = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let keeping = plain.clone().keeping(Resampling::ONCE).unwrap();
    let backwards = Sampler::new(&process, Method::DdimReverse, Clip::Unit).unwrap();
    let [free, step] = [&plain, &keeping].map(|it| it.clone().next().unwrap());
    let known = |picture, mask| Known { picture, mask };
    let guided = |scales: &[f32], others: &[u32]| {
        let controls = Controls {
            guidance: Some(Guidance {
                scales: scales.to_vec(),
                others: others.to_vec(),
            }),
            ..Controls::default()
        };
        refused(controls.check(&plain, 2, 4))
    };
    let keep = |known| refused(step.keep(known, &[0.0; 2], &mut [0.0; 2], &mut []));
    let resampling = Resampling {
        rounds: 501,
        jump: 0,
    };
    let begin = |picture: &[f32], noise: &[f32]| {
        let some = plain.clone().with_last_steps(3).unwrap();
        refused(some.begin_from(picture, noise, &mut [0.0; 2]))
    };
    let snap = |colours, channels| refused(Colours { colours, channels }.snap(&mut [0.0; 4]));
    let sample = Sample {
        noise: Noise::new(1),
        number: 0,
        label: None,
    };
    let mut image = Image {
        x: &mut [0.0; 2],
        output: &mut [0.0; 2],
        noise: &mut [0.0; 2],
        history: &mut [],
    };
    let run = sample.run(keeping.clone(), &mut Constant(0.0), &mut image);
    let Err(RunError::Sampler(unknown)) = run else {
        panic!("{run:?}");
    };
    vec![
        (
            "more of the last steps than there are",
            refused(plain.clone().with_last_steps(11)),
            Error::LastSteps { steps: 11, len: 10 },
        ),
        (
            "rounds beyond the bound",
            refused(plain.clone().keeping(resampling)),
            Error::Resampling {
                rounds: 501,
                jump: 0,
                max: 500,
            },
        ),
        (
            "a picture kept on the way to noise",
            refused(backwards.keeping(Resampling::ONCE)),
            Error::KeepMethod,
        ),
        (
            "a run that keeps what it is not given",
            unknown,
            Error::PictureMissing,
        ),
        (
            "a picture for a run that keeps none",
            refused(free.keep(
                known(&[0.0; 2], &[0.0; 2]),
                &[0.0; 2],
                &mut [0.0; 2],
                &mut [],
            )),
            Error::KeepMissing,
        ),
        (
            "a picture of another length",
            keep(known(&[0.0], &[0.0; 2])),
            length(Slice::Picture, 1, 2),
        ),
        (
            "a mask of another length",
            keep(known(&[0.0; 2], &[0.0])),
            length(Slice::Mask, 1, 2),
        ),
        (
            "a mask that is NaN",
            keep(known(&[0.0; 2], &[0.0, f32::NAN])),
            range(Slice::Mask, 1, f32::NAN, [0.0, 1.0]),
        ),
        (
            "a picture that is NaN",
            keep(known(&[f32::NAN, 0.0], &[1.0; 2])),
            Error::NotFinite {
                slice: Slice::Picture,
                index: 0,
            },
        ),
        (
            "a mask beyond 1",
            keep(known(&[0.0; 2], &[1.0, 1.5])),
            range(Slice::Mask, 1, 1.5, [0.0, 1.0]),
        ),
        (
            "a colour beyond -1",
            snap(&[0.0, -1.5], 2),
            range(Slice::Colours, 1, -1.5, [-1.0, 1.0]),
        ),
        (
            "a colour that is infinite",
            snap(&[f32::INFINITY], 1),
            range(Slice::Colours, 0, f32::INFINITY, [-1.0, 1.0]),
        ),
        (
            "a picture of another length to begin from",
            begin(&[0.0], &[0.0; 2]),
            length(Slice::Picture, 1, 2),
        ),
        (
            "noise of another length to begin with",
            begin(&[0.0; 2], &[0.0]),
            length(Slice::Noise, 1, 2),
        ),
        (
            "a picture to begin from that is NaN",
            begin(&[0.0, f32::NAN], &[0.0; 2]),
            Error::NotFinite {
                slice: Slice::Picture,
                index: 1,
            },
        ),
        (
            "noise to begin with that is NaN",
            begin(&[0.0; 2], &[0.0, f32::NAN]),
            Error::NotFinite {
                slice: Slice::Noise,
                index: 1,
            },
        ),
        (
            "scales of guidance for fewer images",
            guided(&[1.0], &[0; 2]),
            length(Slice::Scales, 1, 2),
        ),
        (
            "a scale of guidance that is infinite",
            guided(&[1.0, f32::INFINITY], &[0; 2]),
            range(Slice::Scales, 1, f32::INFINITY, [0.0, 100.0]),
        ),
        (
            "other labels for more images",
            guided(&[1.0; 2], &[0; 3]),
            length(Slice::Others, 3, 2),
        ),
        ("no colour", snap(&[], 1), length(Slice::Colours, 0, 1)),
        (
            "colours of another number of channels",
            snap(&[0.0; 3], 2),
            length(Slice::Colours, 3, 2),
        ),
        (
            "two outputs of two lengths",
            refused(guide(1.0, 1, &[0.0], &mut [0.0; 2])),
            length(Slice::Prediction, 1, 2),
        ),
        (
            "a scale of guidance that is NaN",
            refused(guide(f32::NAN, 2, &[0.0; 2], &mut [0.0; 2])),
            range(Slice::Scales, 0, f32::NAN, [0.0, 100.0]),
        ),
        (
            "guidance away from the class",
            refused(guide(-0.5, 2, &[0.0; 2], &mut [0.0; 2])),
            range(Slice::Scales, 0, -0.5, [0.0, 100.0]),
        ),
    ]
}
