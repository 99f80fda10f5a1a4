//! Runs that begin with a picture, or keep a part of one, on laws that are known.

use iddpm::diffusion::{
    Clip, Diffusion, Error, InlineProcess, Known, Method, Noise, Resampling, Sampler, Schedule,
    Timesteps, Variance, guide,
};

const METHODS: [Method; 5] = [
    Method::Ancestral,
    Method::Ddim { eta: 0.0 },
    Method::Ddim { eta: 1.0 },
    Method::DpmSolverPlusPlus2M,
    Method::Heun,
];

fn process<const STEPS: usize>() -> InlineProcess<STEPS> {
    let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::FixedLarge);
    InlineProcess::new(&model, Timesteps::even(STEPS as u32)).unwrap()
}

/// Each number of last steps is the end of the whole run: the same steps, but for the first of a multistep method, which
/// has none before it.
#[test]
fn the_last_steps_are_those_of_the_whole_run() {
    let process = process::<6>();
    for method in METHODS {
        let whole = Sampler::new(&process, method, Clip::Unit).unwrap();
        let all: Vec<_> = whole.clone().collect();
        assert_eq!(whole.clone().with_last_steps(6), Ok(whole.clone()));
        for steps in 0..6 {
            let part = whole.clone().with_last_steps(steps).unwrap();
            let taken: Vec<_> = part.clone().collect();
            assert_eq!(taken.len(), part.evaluations() as usize);
            let tail = &all[all.len() - taken.len()..];
            for (at, (mine, of_whole)) in taken.iter().zip(tail).enumerate() {
                assert_eq!(
                    (mine.index(), mine.timestep()),
                    (of_whole.index(), of_whole.timestep())
                );
                let is_first = at == 0 && method == Method::DpmSolverPlusPlus2M;
                if is_first {
                    assert_eq!(mine.update().mix.history, 0.0);
                } else {
                    assert_eq!(mine.update(), of_whole.update(), "{method}, {steps}, {at}");
                }
            }
            // It is another run.
            let mut other = whole.clone();
            assert!(matches!(
                other.resume(part.state()),
                Err(Error::StateMismatch { .. })
            ));
        }
        let refused = whole.with_last_steps(7);
        assert_eq!(refused, Err(Error::LastSteps { steps: 7, len: 6 }));
    }
}

/// Between the picture and noise, x begins as the forward process has it there.
#[test]
fn a_run_begins_as_noisy_as_its_first_step() {
    let process = process::<4>();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let (picture, noise) = ([0.25, -0.5], [1.5, -0.75]);
    for steps in 0..=4 {
        let sampler = sampler.clone().with_last_steps(steps).unwrap();
        let mut x = [0.0; 2];
        sampler.begin_from(&picture, &noise, &mut x).unwrap();
        let expected = match steps {
            0 => picture,
            4 => noise,
            _ => {
                let at = process.coefficients(steps - 1).unwrap().alpha_bar;
                [0, 1].map(|i| {
                    (at.sqrt() * f64::from(picture[i]) + (1.0 - at).sqrt() * f64::from(noise[i]))
                        as f32
                })
            }
        };
        for (x, expected) in x.iter().zip(expected) {
            assert!(
                (x - expected).abs() <= 2.0 * f32::EPSILON,
                "{steps}: {x}, {expected}"
            );
        }
    }
}

/// Two pixels of a normal law with correlation: E[x_0 | x_t] is Σ√ᾱ (ᾱΣ + (1-ᾱ)I)⁻¹ x_t.
struct Pair {
    variance: f64,
    covariance: f64,
}

impl Pair {
    fn x_start(&self, alpha_bar: f64, x: [f64; 2]) -> [f64; 2] {
        let (a, b) = (
            alpha_bar * self.variance + 1.0 - alpha_bar,
            alpha_bar * self.covariance,
        );
        let determinant = a * a - b * b;
        let solved = [
            (a * x[0] - b * x[1]) / determinant,
            (a * x[1] - b * x[0]) / determinant,
        ];
        let root = alpha_bar.sqrt();
        [
            root * (self.variance * solved[0] + self.covariance * solved[1]),
            root * (self.covariance * solved[0] + self.variance * solved[1]),
        ]
    }
}

/// The mean and the variance of the pixel that is drawn anew, where the other is kept.
fn drawn(law: &Pair, known: f32, resampling: Resampling, samples: u64) -> [f64; 2] {
    let process = process::<250>();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
    let sampler = sampler.keeping(resampling).unwrap();
    let (picture, mask) = ([0.0, known], [1.0, 0.0]);
    let noise = Noise::new(5);
    let (mut sum, mut squares) = (0.0, 0.0);
    for number in 0..samples {
        let (mut x, mut z) = ([0.0; 2], [0.0; 2]);
        noise.stream(number, Noise::INITIAL).fill_normals(0, &mut x);
        for step in sampler.clone() {
            let at = process.coefficients(step.index()).unwrap();
            let x_start = law.x_start(at.alpha_bar, x.map(f64::from));
            // The network predicts ε.
            let epsilon = [0, 1].map(|i| {
                (f64::from(x[i]) - at.sqrt_alpha_bar * x_start[i]) / at.sqrt_one_minus_alpha_bar
            });
            noise
                .stream(number, step.position())
                .fill_normals(0, &mut z);
            step.apply(&mut x, &epsilon.map(|e| e as f32), &z).unwrap();
            let known = Known {
                picture: &picture,
                mask: &mask,
            };
            noise
                .stream(number, step.position() | Noise::KEPT)
                .fill_normals(0, &mut z);
            step.keep(known, &z, &mut x, &mut []).unwrap();
            noise
                .stream(number, step.position() | Noise::BACK)
                .fill_normals(0, &mut z);
            step.go_back(&z, &mut x).unwrap();
        }
        assert_eq!(x[1], known, "what is kept is kept, bit for bit");
        let drawn = f64::from(x[0]);
        sum += drawn;
        squares += drawn * drawn;
    }
    let mean = sum / samples as f64;
    [mean, squares / samples as f64 - mean * mean]
}

/// The law of one pixel given the other is N(ρ·known, s²(1 - ρ²)). Putting the known one in place is not conditioning: the
/// steps have to be taken again until both agree.
#[test]
fn what_is_drawn_within_a_mask_has_the_conditional_law() {
    let (variance, correlation, known) = (0.25, 0.9, 0.6);
    let law = Pair {
        variance,
        covariance: correlation * variance,
    };
    let (mean, spread) = (
        correlation * 0.6,
        variance * (1.0 - correlation * correlation),
    );
    let samples = 2000;
    let found = |rounds| drawn(&law, known, Resampling { rounds, jump: 1 }, samples);
    let (once, often) = (found(1), found(20));
    println!("mean {mean}, variance {spread}: once {once:?}, 20 rounds {often:?}");
    // Four standard errors of a mean and of a variance.
    let error = 4.0 * (spread / samples as f64).sqrt();
    let relative = 4.0 * (2.0 / samples as f64).sqrt();
    assert!((once[0] - mean).abs() > error, "once: {once:?}");
    assert!(
        (often[0] - mean).abs() < error + 0.02 * mean,
        "20 rounds: {often:?}"
    );
    assert!(
        (often[1] / spread - 1.0).abs() < relative,
        "20 rounds: {often:?}"
    );
}

/// Two classes, N(±m, s²), as likely: how many of the samples of the first are nearer to its mean.
fn accuracy(scale: f32) -> f64 {
    let (mean, variance) = (0.3, 0.25);
    let process = process::<50>();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
    let (noise, samples) = (Noise::new(8), 2000);
    let mut right = 0;
    for number in 0..samples {
        let (mut x, mut z) = ([0.0], [0.0]);
        noise.stream(number, Noise::INITIAL).fill_normals(0, &mut x);
        for step in sampler.clone() {
            let at = process.coefficients(step.index()).unwrap();
            let (root, at_x) = (at.sqrt_alpha_bar, f64::from(x[0]));
            // x_t is N(±√ᾱ m, ᾱs² + 1 - ᾱ); ε = -√(1-ᾱ) ∇ log p(x_t), of the mixture that of both by their shares.
            let spread = at.alpha_bar * variance + 1.0 - at.alpha_bar;
            let score = |sign: f64| -(at_x - sign * root * mean) / spread;
            let first = 1.0 / (1.0 + (-2.0 * root * mean * at_x / spread).exp());
            let both = first * score(1.0) + (1.0 - first) * score(-1.0);
            let epsilon = |score: f64| [(-at.sqrt_one_minus_alpha_bar * score) as f32];
            let mut output = epsilon(score(1.0));
            guide(scale, 1, &epsilon(both), &mut output).unwrap();
            noise
                .stream(number, step.position())
                .fill_normals(0, &mut z);
            step.apply(&mut x, &output, &z).unwrap();
        }
        right += u32::from(x[0] > 0.0);
    }
    f64::from(right) / samples as f64
}

/// Of plain samples as many as the law has, Φ(m/s), within four standard errors; of guided ones more, the further the
/// more; without the class half.
#[test]
fn guidance_raises_the_share_of_samples_of_their_class() {
    let found = [0.0, 1.0, 2.0, 4.0].map(accuracy);
    println!("{found:?}");
    let error = |share: f64| 4.0 * (share * (1.0 - share) / 2000.0).sqrt();
    let of_law = 0.725_746_88;
    assert!((found[0] - 0.5).abs() < error(0.5), "{found:?}");
    assert!((found[1] - of_law).abs() < error(of_law), "{found:?}");
    assert!(found[2] > found[1] + error(of_law), "{found:?}");
    assert!(found[3] > found[2] + error(found[2]), "{found:?}");
}

/// A mask that is 1 everywhere is a run without one, if each step is taken once.
#[test]
fn all_drawn_anew_is_a_plain_run() {
    let process = process::<5>();
    for method in METHODS {
        let plain = Sampler::new(&process, method, Clip::Unit).unwrap();
        let keeping = plain.clone().keeping(Resampling::ONCE).unwrap();
        let mut two = [[0.3, -0.2], [0.3, -0.2]];
        let mut histories = [[0.0; 2]; 2];
        let known = Known {
            picture: &[0.5, 0.5],
            mask: &[1.0, 1.0],
        };
        for (step, kept) in plain.zip(keeping) {
            let (output, z) = ([0.1, -0.4], [0.6, -1.0]);
            let [a, b] = &mut two;
            step.apply_with_history(a, &output, &z, &mut histories[0])
                .unwrap();
            kept.apply_with_history(b, &output, &z, &mut histories[1])
                .unwrap();
            kept.keep(known, &z, b, &mut []).unwrap();
            assert_eq!(a, b, "{method}");
        }
    }
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let process = process::<5>();
    let sampler = |method| Sampler::new(&process, method, Clip::Unit).unwrap();
    let backwards = sampler(Method::DdimReverse).keeping(Resampling::ONCE);
    assert_eq!(backwards, Err(Error::KeepMethod));
    for (rounds, jump) in [(0, 1), (1, 0), (501, 1), (1, 501)] {
        let refused = sampler(Method::Ancestral).keeping(Resampling { rounds, jump });
        assert_eq!(
            refused,
            Err(Error::Resampling {
                rounds,
                jump,
                max: 500
            })
        );
    }
    for text in ["", "x", "1,", "0", "5,0", "1,2,3"] {
        assert!(text.parse::<Resampling>().is_err(), "{text}");
    }
    let step = sampler(Method::Ancestral)
        .keeping(Resampling::ONCE)
        .unwrap()
        .next()
        .unwrap();
    let short = Known {
        picture: &[0.0],
        mask: &[0.0, 0.0],
    };
    assert!(matches!(
        step.keep(short, &[0.0; 2], &mut [0.0; 2], &mut []),
        Err(Error::Length { .. })
    ));
    let broken = Known {
        picture: &[f32::NAN, 0.0],
        mask: &[0.0, 0.0],
    };
    assert!(matches!(
        step.keep(broken, &[0.0; 2], &mut [0.0; 2], &mut []),
        Err(Error::NotFinite { .. })
    ));
}
