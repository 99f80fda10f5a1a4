//! Few steps: what a run may lack, and what it must not have too much of.
//!
//! Normal data again, denoised exactly. A step that is too long for its method loses some of what the
//! data vary by, as the mean of all images is what pure noise says of any; that cannot be helped with
//! so few evaluations. But no step may leave more in x_t than there is: noise that is left behind is
//! never taken out, as every later level takes it for the image.

use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Diffusion, Level, Method, NoiseScale, Prediction, Process, ProcessView, Sampler,
    Schedule, Step, Timesteps, Variance,
};

use crate::law::{Data, posterior_mean, posterior_variance};

const T: u32 = 1000;

/// Rounding of f64, magnified by a step's weights.
const ROUNDING: f64 = 1e-9;

/// Tables that a host may bring: β that rises by jumps; ᾱ that falls by a thousandth or to a
/// thousandth; ᾱ that ends within 1e-15 of 0.
fn tables() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let betas = (0..T).map(|t| [1e-5, 4e-4, 3e-3, 0.05][t as usize * 4 / T as usize]);
    let mut alpha_bar = 1.0;
    let falling = (0..T).map(|t| {
        alpha_bar *= if t % 250 == 249 { 1e-3 } else { 0.999 };
        alpha_bar
    });
    let steep = (0..T).map(|t| 10_f64.powf(-15.0 * (f64::from(t + 1) / f64::from(T)).powi(2)));
    (betas.collect(), falling.collect(), steep.collect())
}

/// Calls `check` with every process: schedule × spacing × steps, ending at 0 and not.
fn for_each_process(variance: Variance, mut check: impl FnMut(&str, ProcessView<'_>)) -> usize {
    let (betas, falling, steep) = tables();
    let schedules = [
        ("linear", Schedule::Linear),
        ("cosine", Schedule::Cosine),
        ("sigmoid", Schedule::SIGMOID),
        ("betas", Schedule::Betas(&betas)),
        ("falling", Schedule::AlphaBars(&falling)),
        ("steep", Schedule::AlphaBars(&steep)),
    ];
    let mut count = 0;
    let mut room = vec![Level::default(); T as usize];
    for (name, schedule) in schedules {
        for zero in [false, true] {
            let model = Diffusion::new(schedule, T)
                .with_prediction(Prediction::V)
                .with_variance(variance)
                .with_zero_terminal_snr(zero);
            for (spacing, timesteps) in spacings() {
                let process = match ProcessView::in_slice(&model, timesteps, &mut room) {
                    Ok(process) => process,
                    // A step that rounds to all of ᾱ, a count that has no whole stride.
                    Err(Error::BetaOutOfRange { .. } | Error::NoStride { .. }) => continue,
                    Err(error) => panic!("{name}, {spacing}: {error}"),
                };
                check(&format!("{name}, zero {zero}, {spacing}"), process);
                count += 1;
            }
        }
    }
    count
}

fn spacings() -> Vec<(String, Timesteps<'static>)> {
    // From noise to image the steps shorten, lengthen, do both; by tens at once.
    let lists: [(&str, Timesteps<'static>); 6] = [
        ("all", Timesteps::ALL),
        ("dense at noise", Timesteps::sections(&[2, 50])),
        ("dense at the image", Timesteps::sections(&[50, 2])),
        ("dense in the middle", Timesteps::sections(&[2, 30, 2])),
        ("one long step", Timesteps::custom(&[999, 998, 997, 1, 0])),
        ("only two", Timesteps::custom(&[999, 998])),
    ];
    let mut all: Vec<_> = lists.map(|(name, spacing)| (name.into(), spacing)).into();
    for steps in [2, 3, 4, 5, 7, 10, 15, 25, 50, 100, 250] {
        for (name, spacing) in [
            ("even", Timesteps::even(steps)),
            ("early", Timesteps::even_with_early(steps)),
            ("ddim", Timesteps::ddim(steps)),
            ("leading", Timesteps::leading(steps)),
            ("trailing", Timesteps::trailing(steps)),
            ("linspace", Timesteps::linspace(steps)),
            ("quadratic", Timesteps::quadratic(steps)),
        ] {
            all.push((format!("{name} {steps}"), spacing));
        }
    }
    all
}

/// Fine detail, two kinds of pixels, and noise that is none.
const DATA: [Data; 4] = [
    Data {
        mean: -0.3,
        variance: 1e-4,
    },
    Data {
        mean: 0.4,
        variance: 0.0625,
    },
    Data {
        mean: 0.0,
        variance: 0.25,
    },
    Data {
        mean: 0.0,
        variance: 1.0,
    },
];

/// A variance channel that gives the exact variance.
fn channel(step: &Step, data: Data, here: f64, prev: f64) -> f64 {
    let NoiseScale::Learned(law) = step.update().noise else {
        return f64::NAN;
    };
    let (_, of_x_start) = posterior_mean(here, prev);
    let exact = posterior_variance(here, prev) + of_x_start.powi(2) * data.x_start_variance(here);
    // log Σ is linear in the channel.
    let (at_0, at_1) = (law.log(0.0), law.log(1.0));
    match at_1 - at_0 {
        // β and β̃ are one number to the last place.
        0.0 => 0.0,
        slope => (exact.ln() - at_0) / slope,
    }
}

/// The deviation of x after every whole step over the true one at its level, and that level; the run
/// begins with the true law. The mean must stay the true one.
fn ratios(what: &str, sampler: Sampler<'_>, data: Data) -> Vec<(f64, f64)> {
    let process = sampler.process();
    let levels = process.levels();
    let (heun, reverse) = (
        sampler.method() == Method::Heun,
        sampler.method() == Method::DdimReverse,
    );
    let at = |index: usize| levels[index].alpha_bar;
    let begin = if reverse { 0 } else { levels.len() - 1 };
    let mut law = data.marginal(at(begin));
    let mut ratios = Vec::new();
    for step in sampler.clone() {
        let index = step.index();
        let prev = index.checked_sub(1).map_or(1.0, at);
        let output = data.output(Prediction::V, at(index), prev);
        law = law.step(step.update(), output, channel(&step, data, at(index), prev));
        let second = step.position() % 2 == 1;
        if heun && !second && index > 0 {
            continue;
        }
        let to = if heun && second {
            // x is there already.
            at(index)
        } else if reverse {
            levels.get(index + 1).map_or(0.0, |next| next.alpha_bar)
        } else {
            prev
        };
        let truth = data.marginal(to);
        let off = (law.mean[0] - truth.mean[0]).abs();
        assert!(off < ROUNDING, "{what}: mean {law:?}, not {truth:?}");
        ratios.push((to, law.deviation / truth.deviation));
    }
    ratios
}

/// DDIM with any η, in either direction: ε̂ and x̂_0 are means of what they stand for, and vary less.
#[test]
fn ddim_never_leaves_more_than_there_is() {
    let count = for_each_process(Variance::FixedSmall, |name, process| {
        for data in DATA {
            for method in [
                Method::Ddim { eta: 0.0 },
                Method::Ddim { eta: 0.4 },
                Method::Ddim { eta: 1.0 },
                Method::DdimReverse,
            ] {
                let what = format!("{name}, {method:?}, {data:?}");
                let sampler = Sampler::new(&process, method, Clip::None).unwrap();
                for (_, ratio) in ratios(&what, sampler, data) {
                    assert!(ratio < 1.0 + ROUNDING, "{what}: {ratio}");
                }
            }
        }
    });
    assert!(count > 900, "{count} processes");
}

/// Each adds to DDIM's step what that lacks, and no more than a little too much.
#[test]
fn second_order_leaves_hardly_more_than_there_is_and_no_less_than_ddim() {
    let mut worst = [(0.0, String::new()), (0.0, String::new())];
    for_each_process(Variance::FixedSmall, |name, process| {
        for data in DATA {
            let run = |method| {
                let what = format!("{name}, {method:?}, {data:?}");
                let sampler = Sampler::new(&process, method, Clip::None).unwrap();
                ratios(&what, sampler, data)
            };
            let first_order = run(Method::Ddim { eta: 0.0 });
            for (method, worst) in [Method::Heun, Method::DpmSolverPlusPlus2M]
                .into_iter()
                .zip(&mut worst)
            {
                let run = run(method);
                assert_eq!(run.len(), first_order.len());
                for (&(to, ratio), &(_, ddim)) in run.iter().zip(&first_order) {
                    let what = format!("{name}, {method:?}, {data:?}, to {to}");
                    assert!(ratio > ddim * (1.0 - ROUNDING), "{what}: {ratio} {ddim}");
                    if ratio > worst.0 {
                        *worst = (ratio, what);
                    }
                }
            }
        }
    });
    println!("{worst:#?}");
    let [(heun, _), (dpm_solver, _)] = worst;
    assert!(heun < 1.08 && dpm_solver < 1.2, "{heun} {dpm_solver}");
}

/// The exact variance has no error at all; β̃ is the least that data can need, β is what data of unit
/// variance need.
#[test]
fn ancestral_sampling_stays_between_a_point_and_noise() {
    let each = [
        Variance::FixedSmall,
        Variance::FixedLarge,
        Variance::Learned,
        Variance::LearnedRange,
    ];
    for variance in each {
        for_each_process(variance, |name, process| {
            for data in DATA {
                let what = format!("{name}, {variance:?}, {data:?}");
                let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
                for (to, ratio) in ratios(&what, sampler, data) {
                    let deviation = ratio * data.marginal(to).deviation;
                    let fits = match variance {
                        Variance::FixedSmall => ratio < 1.0 + ROUNDING,
                        Variance::FixedLarge => deviation < 1.0 + ROUNDING,
                        // The last step returns a mean.
                        _ if to == 1.0 => ratio < 1.0 + ROUNDING,
                        _ => (ratio - 1.0).abs() < 1e-7,
                    };
                    assert!(fits, "{what}, to {to}: {ratio}");
                }
            }
        });
    }
}

/// E‖ε_θ‖²/D is measured, and so a little off: where ᾱ is nearly 0, the formula turns a thousandth of
/// it into a σ of 170. Data in [-1, 1] can need 1 more than x̂_0 varies by.
#[test]
fn a_measured_variance_is_never_above_what_clipped_data_can_need() {
    for_each_process(Variance::FixedLarge, |name, process| {
        let last = process.levels().last().unwrap().alpha_bar;
        if last == 0.0 {
            return;
        }
        let data = DATA[2];
        let measured: Vec<_> = process
            .levels()
            .iter()
            .map(|level| {
                let exact = (1.0 - level.alpha_bar) / data.marginal(level.alpha_bar).variance();
                0.999 * exact
            })
            .collect();
        let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
        let sampler = sampler.with_optimal_variance(&measured).unwrap();
        for (to, ratio) in ratios(name, sampler, data) {
            let truth = data.marginal(to).variance();
            let variance = ratio * ratio * truth;
            assert!(
                variance < truth + 1.0 + ROUNDING,
                "{name}, to {to}: {ratio}"
            );
        }
    });
}

/// Heun's method at the numbers of steps that are used: within a twentieth at every level, from the
/// noise that a run begins with.
///
/// Two steps lose more. The last, to ᾱ = 1, returns a mean: what is left out is Var[x_0 | x_1]. And ten
/// steps of the linear schedule that keep t = 0 end with one by which σ falls from 0.37, near the
/// data's 0.5, to 0.01: weights that are right there leave a third of the noise under any finer detail.
#[test]
fn heun_is_within_a_twentieth() {
    let data = Data {
        mean: 0.0,
        variance: 0.25,
    };
    let mut room = vec![Level::default(); T as usize];
    for (name, schedule) in [("cosine", Schedule::Cosine), ("linear", Schedule::Linear)] {
        for steps in [10, 25, 50, 100] {
            for (spacing, timesteps) in [
                ("even", Timesteps::even(steps)),
                ("trailing", Timesteps::trailing(steps)),
            ] {
                let model = Diffusion::new(schedule, T).with_prediction(Prediction::V);
                let process = ProcessView::in_slice(&model, timesteps, &mut room).unwrap();
                let sampler = Sampler::new(&process, Method::Heun, Clip::None).unwrap();
                let what = format!("{name}, {spacing} {steps}");
                let ratios: Vec<_> = ratios(&what, sampler, data)
                    .into_iter()
                    .map(|(to, ratio)| {
                        let left_out = if to == 1.0 {
                            data.x_start_variance(process.levels()[0].alpha_bar)
                        } else {
                            0.0
                        };
                        let variance = ratio.powi(2) + left_out / data.variance;
                        variance.sqrt()
                    })
                    .collect();
                println!("{what}: {ratios:.3?}");
                let (long, others) = match (name, spacing, steps) {
                    ("linear", "even", 10) => ratios.split_at(8),
                    _ => ratios.split_at(ratios.len()),
                };
                assert!(long.iter().all(|r| (0.95..1.05).contains(r)), "{what}");
                assert!(others.iter().all(|r| (0.84..0.86).contains(r)), "{what}");
            }
        }
    }
}

/// The claim of `Method::Heun` itself, for one step of any length, from any level, of any data.
#[test]
fn a_step_of_heun_leaves_at_most_1_029_of_what_it_should() {
    let mut most: f64 = 0.0;
    for ratio in (1..=60)
        .map(|k| 1.0 + f64::from(k) / 20.0)
        .chain([10.0, 1e3, 1e5, 1e7])
    {
        for sigma in (-12..=12).map(|k| 10_f64.powf(f64::from(k) / 4.0)) {
            let alpha_bars = [sigma, sigma * ratio].map(|sigma: f64| 1.0 / (1.0 + sigma * sigma));
            let model =
                Diffusion::new(Schedule::AlphaBars(&alpha_bars), 2).with_prediction(Prediction::V);
            let mut room = [Level::default(); 2];
            let process = Process::in_slice(&model, Timesteps::ALL, &mut room).unwrap();
            for deviation in (-16..=16).map(|k| sigma * 10_f64.powf(f64::from(k) / 8.0)) {
                let data = Data {
                    mean: 0.1,
                    variance: deviation * deviation,
                };
                let heun = Sampler::new(&process, Method::Heun, Clip::None).unwrap();
                let ddim = Method::Ddim { eta: 0.0 };
                let ddim = Sampler::new(&process, ddim, Clip::None).unwrap();
                let step = |sampler: &Sampler<'_>, evaluations| {
                    let mut law = data.marginal(alpha_bars[1]);
                    for position in 0..evaluations {
                        let step = sampler.step_at(position).unwrap();
                        let at = alpha_bars[step.index()];
                        law = law.step(step.update(), data.output(Prediction::V, at, 1.0), 0.0);
                    }
                    law.deviation / data.marginal(alpha_bars[0]).deviation
                };
                let (heun, ddim) = (step(&heun, 2), step(&ddim, 1));
                let what = format!("σ {sigma:e} after {ratio} of it, deviation {deviation:e}");
                assert!(
                    ddim < 1.0 + ROUNDING && heun > ddim * (1.0 - ROUNDING),
                    "{what}"
                );
                most = most.max(heun);
            }
        }
    }
    println!("{most}");
    assert!((1.02..1.029).contains(&most), "{most}");
}
