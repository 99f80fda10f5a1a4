//! Saved states: bytes that were altered, and configurations that are another.

use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Method, NoiseScale, Prediction, Process, Sampler, SamplerState,
    Schedule, Timesteps, Variance,
};

use crate::{assert_same, refused};

/// FNV-1a of the content, folded to 32 bits: the checksum of a state's first 20 bytes.
fn checksum(content: &[u8]) -> u32 {
    let digest = content
        .iter()
        .fold(0xCBF2_9CE4_8422_2325_u64, |digest, &byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
    (digest ^ (digest >> 32)) as u32
}

pub(crate) fn corrupt(state: SamplerState) -> (&'static str, Error, Error) {
    let mut bytes = state.to_bytes();
    bytes[17] ^= 4;
    let stored = u32::from_le_bytes(bytes[20..].try_into().unwrap());
    let error = Error::StateCorrupt {
        stored,
        computed: checksum(&bytes[..20]),
    };
    (
        "an altered state",
        refused(SamplerState::from_bytes(&bytes)),
        error,
    )
}

pub(crate) fn of_version_2(state: SamplerState) -> (&'static str, Error, Error) {
    let mut bytes = state.to_bytes();
    bytes[4] = 2;
    let sum = checksum(&bytes[..20]);
    bytes[20..].copy_from_slice(&sum.to_le_bytes());
    let error = Error::StateVersion {
        version: 2,
        supported: 1,
    };
    (
        "a state of a later version",
        refused(SamplerState::from_bytes(&bytes)),
        error,
    )
}

#[test]
fn every_altered_bit_and_every_length_is_found() {
    let state = SamplerState {
        fingerprint: 0x0123_4567_89AB_CDEF,
        position: 77,
    };
    let bytes = state.to_bytes();
    assert_eq!(SamplerState::from_bytes(&bytes), Ok(state));
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes;
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = refused(SamplerState::from_bytes(&bytes));
        assert!(
            matches!(error, Error::StateCorrupt { .. }),
            "bit {bit}: {error:?}"
        );
    }
    // Another file, though its checksum is right.
    let mut other = bytes;
    other[0] = b'x';
    let sum = checksum(&other[..20]);
    other[20..].copy_from_slice(&sum.to_le_bytes());
    let expected = Error::StateCorrupt {
        stored: sum,
        computed: sum,
    };
    assert_same(refused(SamplerState::from_bytes(&other)), expected);
    let long = [bytes.as_slice(), &[0; 8]].concat();
    for len in (0..32).filter(|&len| len != 24) {
        let expected = Error::StateLength { len, expected: 24 };
        assert_same(refused(SamplerState::from_bytes(&long[..len])), expected);
    }
}

/// All that decides what a run does.
#[derive(Clone, Copy)]
struct Configuration {
    model: Diffusion<'static>,
    timesteps: Timesteps<'static>,
    method: Method,
    clip: Clip,
    mean_squares: Option<&'static [f64]>,
}

impl Configuration {
    fn with<R>(self, run: impl FnOnce(Sampler<'_>) -> R) -> R {
        let process = InlineProcess::<20>::new(&self.model, self.timesteps).unwrap();
        let sampler = Sampler::new(&process, self.method, self.clip).unwrap();
        match self.mean_squares {
            None => run(sampler),
            Some(values) => run(sampler.with_optimal_variance(values).unwrap()),
        }
    }

    fn changed(mut self, change: fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// The same levels of another T: rescaled timesteps differ.
#[test]
fn a_state_of_another_t_is_refused_though_the_levels_are_the_same() {
    let model = |num_timesteps| Diffusion::new(Schedule::Cosine, num_timesteps);
    let first = InlineProcess::<10>::new(&model(100), Timesteps::even(10)).unwrap();
    let second = Process::from_table(&model(200), first.levels()).unwrap();
    let saved = Sampler::new(&first, Method::Ancestral, Clip::Unit)
        .unwrap()
        .state();
    let mut sampler = Sampler::new(&second, Method::Ancestral, Clip::Unit).unwrap();
    let mismatch = Error::StateMismatch {
        saved: saved.fingerprint,
        expected: sampler.state().fingerprint,
    };
    assert_eq!(sampler.resume(saved), Err(mismatch));
}

#[test]
fn a_state_of_another_configuration_is_refused() {
    const FIRST: Configuration = Configuration {
        model: Diffusion::new(Schedule::Cosine, 100)
            .with_prediction(Prediction::V)
            .with_variance(Variance::FixedSmall),
        timesteps: Timesteps::even(10),
        method: Method::Ancestral,
        clip: Clip::Unit,
        mean_squares: None,
    };
    static FEW: [f64; 10] = [0.9; 10];
    static OTHER: [f64; 10] = [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8];
    let dynamic = |ratio, max| Clip::Dynamic { ratio, max };
    let configurations = [
        ("the first", FIRST),
        ("T", FIRST.changed(|c| c.model.num_timesteps = 101)),
        (
            "schedule",
            FIRST.changed(|c| c.model.schedule = Schedule::Linear),
        ),
        (
            "sigmoid",
            FIRST.changed(|c| c.model.schedule = Schedule::SIGMOID),
        ),
        (
            "zero terminal SNR",
            FIRST.changed(|c| c.model.zero_terminal_snr = true),
        ),
        (
            "epsilon",
            FIRST.changed(|c| c.model.prediction = Prediction::Epsilon),
        ),
        (
            "x_0",
            FIRST.changed(|c| c.model.prediction = Prediction::XStart),
        ),
        (
            "x_{t-1}",
            FIRST.changed(|c| c.model.prediction = Prediction::PreviousX),
        ),
        (
            "fixed large",
            FIRST.changed(|c| c.model.variance = Variance::FixedLarge),
        ),
        (
            "learned",
            FIRST.changed(|c| c.model.variance = Variance::Learned),
        ),
        (
            "learned range",
            FIRST.changed(|c| c.model.variance = Variance::LearnedRange),
        ),
        (
            "rescale",
            FIRST.changed(|c| c.model.rescale_timesteps = false),
        ),
        (
            "steps",
            FIRST.changed(|c| c.timesteps = Timesteps::even(11)),
        ),
        (
            "spacing",
            FIRST.changed(|c| c.timesteps = Timesteps::trailing(10)),
        ),
        (
            "DDIM",
            FIRST.changed(|c| c.method = Method::Ddim { eta: 0.0 }),
        ),
        (
            "eta",
            FIRST.changed(|c| c.method = Method::Ddim { eta: 0.5 }),
        ),
        ("reverse", FIRST.changed(|c| c.method = Method::DdimReverse)),
        (
            "2M",
            FIRST.changed(|c| c.method = Method::DpmSolverPlusPlus2M),
        ),
        ("Heun", FIRST.changed(|c| c.method = Method::Heun)),
        ("no clip", FIRST.changed(|c| c.clip = Clip::None)),
        (
            "optimal variance",
            FIRST.changed(|c| c.mean_squares = Some(&FEW)),
        ),
        (
            "another optimal variance",
            FIRST.changed(|c| c.mean_squares = Some(&OTHER)),
        ),
        (
            "dynamic clip",
            Configuration {
                clip: dynamic(0.9, 2.0),
                ..FIRST
            },
        ),
        (
            "ratio",
            Configuration {
                clip: dynamic(0.8, 2.0),
                ..FIRST
            },
        ),
        (
            "max",
            Configuration {
                clip: dynamic(0.9, 3.0),
                ..FIRST
            },
        ),
    ];
    for (of, saved) in configurations {
        let state = saved.with(|mut sampler| {
            let _ = sampler.next();
            sampler.state()
        });
        assert_eq!(state.position, 1);
        for (by, resuming) in configurations {
            resuming.with(|mut sampler| {
                let expected = sampler.state().fingerprint;
                let resumed = sampler.resume(state);
                if of == by {
                    assert_eq!(resumed, Ok(()));
                    assert_eq!(sampler.state(), state);
                    return;
                }
                let mismatch = Error::StateMismatch {
                    saved: state.fingerprint,
                    expected,
                };
                assert_eq!(resumed, Err(mismatch), "{of} resumed by {by}");
                assert_eq!(sampler.position(), 0);
            });
        }
    }
}

/// Steps that are held back are another run than the one that was saved before they were: it does not
/// go on as if nothing were. What was not held back goes on, also where a state is years old.
#[test]
fn states_from_before_steps_were_held_back() {
    let linear = [
        (Method::Ancestral, 0x08be_7382_4e0d_9dfa, true),
        (Method::DpmSolverPlusPlus2M, 0x7a39_ab9a_7069_a2d9, true),
        (Method::Heun, 0x832e_96ac_1958_087e, true),
    ];
    let cosine = [
        (Method::Ancestral, 0xe69e_67f1_ec22_acd6, true),
        (Method::DpmSolverPlusPlus2M, 0x5819_a00a_0e7e_b1b5, false),
        (Method::Heun, 0x6c2e_44c8_20d8_4252, false),
    ];
    for (schedule, timesteps, states) in [
        (Schedule::Linear, Timesteps::trailing(25), linear),
        (Schedule::Cosine, Timesteps::even(25), cosine),
    ] {
        let model = Diffusion::new(schedule, 1000).with_variance(Variance::FixedSmall);
        let process = InlineProcess::<25>::new(&model, timesteps).unwrap();
        for (method, fingerprint, same) in states {
            let mut sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
            let saved = SamplerState {
                fingerprint,
                position: 3,
            };
            let expected = sampler.state().fingerprint;
            let mismatch = Error::StateMismatch {
                saved: fingerprint,
                expected,
            };
            let due = if same { Ok(()) } else { Err(mismatch) };
            assert_eq!(sampler.resume(saved), due, "{schedule:?}, {method:?}");
        }
    }
}

/// A measured variance that is held at what clipped data can need is another one than measured.
#[test]
fn a_held_variance_is_another_run() {
    let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::FixedSmall);
    let process = InlineProcess::<10>::new(&model, Timesteps::even(10)).unwrap();
    let print = |measured: &[f64; 10], clip| {
        let sampler = Sampler::new(&process, Method::Ancestral, clip).unwrap();
        let sampler = sampler.with_optimal_variance(measured).unwrap();
        let sigma = sampler.step_at(0).unwrap().update().noise;
        (sampler.state().fingerprint, sigma)
    };
    let NoiseScale::Sigma(free) = print(&[0.999; 10], Clip::None).1 else {
        panic!("not one σ")
    };
    let NoiseScale::Sigma(held) = print(&[0.999; 10], Clip::Unit).1 else {
        panic!("not one σ")
    };
    assert!(free > 100.0 && held < 1.0, "{free} {held}");
}
