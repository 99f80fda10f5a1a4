//! Schedules and spacings that are none.

use iddpm::diffusion::Error;
use iddpm::diffusion::resample::Uniform;
use iddpm::diffusion::schedule::MAX_TIMESTEPS;
use iddpm::diffusion::{Clip, Grid, Method, Objective, Process, Schedule, Timesteps};

use crate::refused;
use crate::table::{Case, Ten, levels, model, spacing, ten};

pub(crate) fn schedules() -> Vec<Case> {
    let few = |num_timesteps, min| Error::TooFewTimesteps { num_timesteps, min };
    let beta = |index, beta| Error::BetaOutOfRange { index, beta };
    let alpha_bar = |index, alpha_bar| Error::AlphaBarOutOfRange { index, alpha_bar };
    let sigmoid = |start, end, tau| {
        let schedule = Schedule::Sigmoid { start, end, tau };
        let error = Error::SigmoidParameters { start, end, tau };
        (levels(schedule, 50), error)
    };
    let mut cases = vec![
        ("T = 0", levels(Schedule::Linear, 0), few(0, 21)),
        ("T = 1", levels(Schedule::Linear, 1), few(1, 21)),
        ("T = 19, linear", levels(Schedule::Linear, 19), few(19, 21)),
        (
            "T = 20, linear: its last beta is 1",
            levels(Schedule::Linear, 20),
            few(20, 21),
        ),
        ("T = 0, cosine", levels(Schedule::Cosine, 0), few(0, 2)),
        ("T = 1, cosine", levels(Schedule::Cosine, 1), few(1, 2)),
        ("T = 1, sigmoid", levels(Schedule::SIGMOID, 1), few(1, 2)),
        ("T = 0, no losses", refused(Uniform::new(0)), few(0, 1)),
        (
            "T too large",
            levels(Schedule::Cosine, MAX_TIMESTEPS + 1),
            Error::TooManyTimesteps {
                num_timesteps: MAX_TIMESTEPS + 1,
                max: MAX_TIMESTEPS,
            },
        ),
        (
            "a schedule's name",
            refused("cosinus".parse::<Schedule<'_>>()),
            Error::Unknown {
                what: "schedule",
                known: "linear, cosine, sigmoid, sigmoid:START,END,TAU",
            },
        ),
        (
            "a method's name",
            refused("euler".parse::<Method>()),
            Error::Unknown {
                what: "method",
                known: "ancestral, ddim, ddim:ETA, ddim_reverse, dpm, heun",
            },
        ),
        (
            "a clip's name",
            refused("hard".parse::<Clip>()),
            Error::Unknown {
                what: "clip",
                known: "none, unit, dynamic, dynamic:RATIO,MAX",
            },
        ),
        (
            "an objective's name",
            refused("l2".parse::<Objective>()),
            Error::Unknown {
                what: "objective",
                known: "mse or simple, rescaled_mse or hybrid, kl, rescaled_kl or vlb",
            },
        ),
        (
            "a table of another length than T",
            levels(Schedule::Betas(&[0.1, 0.2]), 3),
            Error::TableLength {
                len: 2,
                num_timesteps: 3,
            },
        ),
        (
            "beta = 0",
            levels(Schedule::Betas(&[0.1, 0.0, 0.2]), 3),
            beta(1, 0.0),
        ),
        (
            "beta < 0",
            levels(Schedule::Betas(&[-0.1, 0.2, 0.2]), 3),
            beta(0, -0.1),
        ),
        (
            "beta = 1",
            levels(Schedule::Betas(&[0.1, 0.2, 1.0]), 3),
            beta(2, 1.0),
        ),
        (
            "beta > 1",
            levels(Schedule::Betas(&[0.1, 1.5, 0.2]), 3),
            beta(1, 1.5),
        ),
        (
            "beta = inf",
            levels(Schedule::Betas(&[0.1, f64::INFINITY]), 2),
            beta(1, f64::INFINITY),
        ),
        (
            "alpha_bar = 1",
            levels(Schedule::AlphaBars(&[1.0, 0.5]), 2),
            alpha_bar(0, 1.0),
        ),
        (
            "alpha_bar > 1",
            levels(Schedule::AlphaBars(&[1.5, 0.5]), 2),
            alpha_bar(0, 1.5),
        ),
        (
            "alpha_bar < 0",
            levels(Schedule::AlphaBars(&[0.9, -0.5]), 2),
            alpha_bar(1, -0.5),
        ),
        (
            "alpha_bar = 0 early",
            levels(Schedule::AlphaBars(&[0.9, 0.0, 0.0]), 3),
            alpha_bar(1, 0.0),
        ),
        (
            "alpha_bar too small",
            levels(Schedule::AlphaBars(&[0.9, 1e-80]), 2),
            alpha_bar(1, 1e-80),
        ),
        (
            "alpha_bar rises",
            levels(Schedule::AlphaBars(&[0.9, 0.5, 0.6]), 3),
            Error::AlphaBarNotDecreasing {
                index: 2,
                alpha_bar: 0.6,
                previous: 0.5,
            },
        ),
        (
            "alpha_bar stays",
            levels(Schedule::AlphaBars(&[0.9, 0.9]), 2),
            Error::AlphaBarNotDecreasing {
                index: 1,
                alpha_bar: 0.9,
                previous: 0.9,
            },
        ),
    ];
    for (start, end, tau) in [
        (3.0, -3.0, 1.0),
        (1.0, 1.0, 1.0),
        (-3.0, 3.0, 0.0),
        (-3.0, 3.0, -1.0),
        (f64::NAN, 3.0, 1.0),
        (-3.0, f64::INFINITY, 1.0),
        (-3.0, 3.0, f64::NAN),
        (-3.0, 3.0, f64::INFINITY),
        (-1e308, 1e308, 1.0),
        // The logistic curve is flat to the last bit where this one begins.
        (-300.0, 300.0, 1.0),
    ] {
        let (found, expected) = sigmoid(start, end, tau);
        cases.push(("sigmoid parameters", found, expected));
    }
    cases
}

pub(crate) fn spacings() -> Vec<Case> {
    let many = |steps, num_timesteps| Error::TooManySteps {
        steps,
        num_timesteps,
    };
    let section = |section, size, count| Error::SectionTooSmall {
        section,
        size,
        count,
    };
    let no_stride = |steps, num_timesteps| Error::NoStride {
        steps,
        num_timesteps,
    };
    let parsed = |text| refused(Timesteps::parse(text));
    let mut cases = vec![
        (
            "a section too small",
            spacing(Timesteps::sections(&[3, 4, 3]), 10),
            section(1, 3, 4),
        ),
        (
            "a section too small, as text",
            spacing(Timesteps::parse("2,2,9").unwrap(), 10),
            section(2, 3, 9),
        ),
        (
            "ddim7 where no stride gives 7",
            spacing(Timesteps::parse("ddim7").unwrap(), 10),
            no_stride(7, 10),
        ),
        (
            "ddim0",
            spacing(Timesteps::ddim(0), 10),
            Error::TooFewSteps { steps: 0, min: 2 },
        ),
        (
            "ddim1",
            spacing(Timesteps::ddim(1), 10),
            Error::TooFewSteps { steps: 1, min: 2 },
        ),
        (
            "a step that a student has not learnt",
            refused(Grid::all(100).and_then(|all| {
                let process = Ten::new(&model(), Timesteps::trailing(4))?;
                all.thinned(2)?.check(&process)
            })),
            Error::OffGrid { timestep: 24 },
        ),
        (
            "one step",
            refused(Ten::new(&model(), Timesteps::even(1))),
            Error::TooFewSteps { steps: 1, min: 2 },
        ),
        (
            "no steps",
            refused(Ten::new(&model(), Timesteps::custom(&[]))),
            Error::TooFewSteps { steps: 0, min: 2 },
        ),
        ("no text", parsed(""), Error::SpecEmpty),
        ("blank text", parsed("  "), Error::SpecEmpty),
        ("a word", parsed("some"), Error::SpecSyntax { at: 0 }),
        (
            "a word after commas",
            parsed("10,15,x"),
            Error::SpecSyntax { at: 6 },
        ),
        (
            "a missing number",
            parsed("10,,5"),
            Error::SpecSyntax { at: 3 },
        ),
        (
            "a missing count",
            parsed("ddim"),
            Error::SpecSyntax { at: 4 },
        ),
        (
            "a custom list of nothing",
            parsed("custom:"),
            Error::SpecSyntax { at: 7 },
        ),
        (
            "a word in a custom list",
            parsed("custom:9,x"),
            Error::SpecSyntax { at: 9 },
        ),
        (
            "a custom list without a colon",
            parsed("custom9"),
            Error::SpecSyntax { at: 0 },
        ),
        (
            "a negative count",
            parsed("trailing-5"),
            Error::SpecSyntax { at: 8 },
        ),
        (
            "a count beyond 32 bits",
            parsed("4294967296"),
            Error::SpecSyntax { at: 0 },
        ),
        (
            "a list that ascends",
            spacing(Timesteps::custom(&[9, 4, 5]), 10),
            Error::TimestepsNotDescending {
                index: 2,
                timestep: 5,
                previous: 4,
            },
        ),
        (
            "a list that repeats",
            spacing(Timesteps::custom(&[9, 9]), 10),
            Error::TimestepsNotDescending {
                index: 1,
                timestep: 9,
                previous: 9,
            },
        ),
        (
            "a list beyond T",
            spacing(Timesteps::custom(&[10, 4]), 10),
            Error::TimestepOutOfRange {
                timestep: 10,
                num_timesteps: 10,
            },
        ),
        (
            "capacity exceeded",
            refused(Ten::new(&model(), Timesteps::even(11))),
            Error::Capacity {
                needed: 11,
                capacity: 10,
            },
        ),
        (
            "a slice too short for the levels",
            refused(Process::in_slice(
                &model(),
                Timesteps::even(11),
                &mut ten().levels().to_vec(),
            )),
            Error::Capacity {
                needed: 11,
                capacity: 10,
            },
        ),
        (
            "a slice too short for the timesteps",
            refused(Timesteps::ALL.fill(10, &mut [0; 9])),
            Error::Capacity {
                needed: 10,
                capacity: 9,
            },
        ),
    ];
    for timesteps in [
        Timesteps::even(11),
        Timesteps::even_with_early(11),
        Timesteps::sections(&[11]),
        Timesteps::ddim(11),
        Timesteps::leading(11),
        Timesteps::trailing(11),
        Timesteps::linspace(11),
        Timesteps::quadratic(11),
        Timesteps::parse("11").unwrap(),
    ] {
        cases.push(("more steps than T", spacing(timesteps, 10), many(11, 10)));
    }
    cases
}
