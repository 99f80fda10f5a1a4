//! Networks that cannot be written.

use iddpm::checkpoint::{Checkpoint, CheckpointError as Error, Dtype, WeightBuffer, to_bytes};
use iddpm::diffusion::Schedule;
use iddpm::unet::Weights;

use super::{BIAS, Case, refused};
use crate::{numbers, small};

pub(super) fn writing() -> Vec<Case> {
    let description = small();
    let graph = description.graph(1).unwrap();
    let sound = numbers(&description);
    let bias = graph.params().last().unwrap();
    let with = |value: f32| {
        let mut weights = sound.clone();
        weights[bias.offset] = value;
        weights
    };
    let write = |weights: &[f32], dtype| refused(to_bytes(&small(), Weights::F32(weights), dtype));
    let short = &sound[1..];
    let length = Error::WeightsLength {
        len: short.len(),
        expected: sound.len(),
    };
    let table = [0.1, 0.2];
    let mut tabled = small();
    tabled.card.diffusion.schedule = Schedule::Betas(Box::leak(Box::new(table)));
    tabled.card.diffusion.num_timesteps = 2;
    let mut noted = small();
    let key = "iddpm.mine".to_string();
    noted.notes.insert(key.clone(), String::new());
    let written = |description| refused(to_bytes(description, Weights::F32(&sound), Dtype::F32));
    let value = f32::NEG_INFINITY;
    let not_finite = Error::NotFinite {
        name: BIAS.into(),
        index: 0,
        value,
    };
    let beyond = Error::BeyondF16 {
        name: BIAS.into(),
        index: 0,
        value: 1e5,
    };
    let joined = Checkpoint::new(small(), WeightBuffer::F16(vec![0; 3]));
    let cases = [
        ("too few weights", write(short, Dtype::F32), length),
        (
            "far too few weights",
            refused(joined),
            Error::WeightsLength {
                len: 3,
                expected: sound.len(),
            },
        ),
        (
            "infinite, f32",
            write(&with(value), Dtype::F32),
            not_finite.clone(),
        ),
        (
            "infinite, f16",
            write(&with(value), Dtype::F16),
            not_finite.clone(),
        ),
        (
            "infinite, bf16",
            write(&with(value), Dtype::Bf16),
            not_finite,
        ),
        ("beyond f16", write(&with(1e5), Dtype::F16), beyond),
        ("a table", written(&tabled), Error::ScheduleIsTable),
        ("a note", written(&noted), Error::UnknownMetadata { key }),
    ];
    cases
        .map(|(what, found, error)| (what.into(), found, error))
        .into()
}
