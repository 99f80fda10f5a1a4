//! Drawn inputs: diffusions over every kind of schedule, spacings, methods.

use iddpm::diffusion::{Clip, Diffusion, Method, Prediction, Schedule, Timesteps, Variance};
use proptest::prelude::*;
use proptest::sample::select;

/// A schedule that owns its table.
#[derive(Debug, Clone)]
pub(crate) enum OwnedSchedule {
    Plain(Schedule<'static>),
    Betas(Vec<f64>),
    AlphaBars(Vec<f64>),
}

impl OwnedSchedule {
    pub(crate) fn borrow(&self) -> Schedule<'_> {
        match self {
            Self::Plain(schedule) => *schedule,
            Self::Betas(table) => Schedule::Betas(table),
            Self::AlphaBars(table) => Schedule::AlphaBars(table),
        }
    }
}

fn betas() -> impl Strategy<Value = (OwnedSchedule, u32)> {
    let beta = prop_oneof![
        1e-6..0.9,
        (0.0..8.0).prop_map(|power: f64| 0.5 * 10_f64.powf(-power))
    ];
    // Sixty times 0.9 leave 1e-60, above the least ᾱ accepted.
    proptest::collection::vec(beta, 2..60).prop_map(|table| {
        let len = table.len() as u32;
        (OwnedSchedule::Betas(table), len)
    })
}

fn alpha_bars() -> impl Strategy<Value = (OwnedSchedule, u32)> {
    let fall = prop_oneof![
        0.1..0.99,
        (0.0..8.0).prop_map(|power: f64| 1.0 - 0.5 * 10_f64.powf(-power))
    ];
    (proptest::collection::vec(fall, 2..60), any::<bool>()).prop_map(|(falls, to_zero)| {
        let mut alpha_bar = 1.0;
        let mut table: Vec<f64> = falls
            .into_iter()
            .map(|fall| {
                alpha_bar *= fall;
                alpha_bar
            })
            .collect();
        if to_zero {
            *table.last_mut().unwrap() = 0.0;
        }
        let len = table.len() as u32;
        (OwnedSchedule::AlphaBars(table), len)
    })
}

/// Any schedule that is accepted, or a sigmoid whose parameters may not be, with its T.
pub(crate) fn schedule() -> impl Strategy<Value = (OwnedSchedule, u32)> {
    let many = || prop_oneof![21_u32..400, Just(1000), Just(4000)];
    let sigmoid = (-8.0..4.0, 0.05..12.0, 0.02..6.0).prop_map(|(start, width, tau)| {
        OwnedSchedule::Plain(Schedule::Sigmoid {
            start,
            end: start + width,
            tau,
        })
    });
    prop_oneof![
        (Just(OwnedSchedule::Plain(Schedule::Linear)), many()),
        (
            Just(OwnedSchedule::Plain(Schedule::Cosine)),
            prop_oneof![2_u32..30, many()]
        ),
        (sigmoid, prop_oneof![2_u32..30, many()]),
        betas(),
        alpha_bars(),
    ]
}

/// A spacing of `steps` of T, by its number among the kinds. `ddim` may have no such stride.
pub(crate) fn spacing(kind: usize, steps: u32) -> Timesteps<'static> {
    match kind {
        0 => Timesteps::ALL,
        1 => Timesteps::even(steps),
        2 => Timesteps::even_with_early(steps),
        3 => Timesteps::ddim(steps),
        4 => Timesteps::leading(steps),
        5 => Timesteps::trailing(steps),
        6 => Timesteps::linspace(steps),
        7 => Timesteps::quadratic(steps),
        _ => panic!("no constructor for the spacing {kind}"),
    }
}

pub(crate) const SPACINGS: usize = 8;

pub(crate) fn prediction() -> impl Strategy<Value = Prediction> {
    select(&[
        Prediction::Epsilon,
        Prediction::XStart,
        Prediction::PreviousX,
        Prediction::V,
    ])
}

pub(crate) fn variance() -> impl Strategy<Value = Variance> {
    select(&[
        Variance::FixedSmall,
        Variance::FixedLarge,
        Variance::Learned,
        Variance::LearnedRange,
    ])
}

pub(crate) fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        Just(Method::Ancestral),
        (0.0..=1.0).prop_map(|eta| Method::Ddim { eta }),
        Just(Method::Ddim { eta: 0.0 }),
        Just(Method::Ddim { eta: 1.0 }),
        Just(Method::DdimReverse),
        Just(Method::DpmSolverPlusPlus2M),
        Just(Method::Heun),
    ]
}

pub(crate) fn clip() -> impl Strategy<Value = Clip> {
    prop_oneof![
        Just(Clip::None),
        Just(Clip::Unit),
        (0.01..=1.0, 1.0..4.0).prop_map(|(ratio, max)| Clip::Dynamic { ratio, max }),
    ]
}

/// A diffusion over a schedule without a table, and the steps kept of it.
pub(crate) fn model() -> impl Strategy<Value = (Diffusion<'static>, u32)> {
    let schedule = select(&[Schedule::Linear, Schedule::Cosine, Schedule::SIGMOID]);
    let flags = (any::<bool>(), any::<bool>());
    (
        schedule,
        21_u32..2000,
        prediction(),
        variance(),
        flags,
        2_u32..=12,
    )
        .prop_map(
            |(schedule, num_timesteps, prediction, variance, (zero, rescale), steps)| {
                let model = Diffusion::new(schedule, num_timesteps)
                    .with_prediction(prediction)
                    .with_variance(variance)
                    .with_zero_terminal_snr(zero && prediction != Prediction::Epsilon)
                    .with_rescaled_timesteps(rescale);
                (model, steps)
            },
        )
}
