//! Lists of tensors and numbers that are not what the network has.

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Dtype, Listed, Mismatch, WeightType,
};
use serde_json::json;

use super::{BIAS, Case, WEIGHT, reading, refused, sound};
use crate::edited::Edited;
use crate::small;

pub(super) fn tensors() -> Vec<Case> {
    let renamed = sound().replaced(&format!("\"{BIAS}\""), "\"out.2.bias2\"");
    let mut missing = sound();
    let range = missing.place(BIAS);
    missing.data.drain(range);
    let missing = missing.changed(|header| {
        header.as_object_mut().unwrap().remove(BIAS);
    });
    let end = sound().data.len();
    let extra = sound().changed(|header| {
        header["surprise"] = json!({ "dtype": "F32", "shape": [0, 5], "data_offsets": [end, end] });
    });
    let shape = sound().changed(|header| header[WEIGHT]["shape"] = json!([32, 128]));
    let dtype = sound().changed(|header| header[BIAS]["dtype"] = "I32".into());
    let unknown = sound().changed(|header| header[BIAS]["dtype"] = "f32".into());
    let parameters = small().graph(1).unwrap().params().len();
    let none = || Mismatch {
        parameters,
        ..Mismatch::default()
    };
    let listed = |words: &str| Listed {
        first: vec![words.into()],
        count: 1,
    };
    let no_bias = Mismatch {
        missing: listed("out.2.bias [1]"),
        ..none()
    };
    let both = Mismatch {
        extra: listed("out.2.bias2 [1] F32"),
        ..no_bias.clone()
    };
    let more = Mismatch {
        extra: listed("surprise [0, 5] F32"),
        ..none()
    };
    let transposed = Mismatch {
        shapes: listed("time_embed.0.weight is [32, 128], not [128, 32]"),
        ..none()
    };
    let other_type = |name: &str| Mismatch {
        types: listed(&format!("out.2.bias is {name}")),
        ..none()
    };
    let mismatch = |mismatch| Error::Tensors(Box::new(mismatch));
    let twice = sound().prefixed("a.").beside(sound().prefixed("b."));
    let cases = [
        (
            "a tensor less",
            reading(&missing.bytes()),
            mismatch(no_bias),
        ),
        ("another name", reading(&renamed.bytes()), mismatch(both)),
        ("a tensor more", reading(&extra.bytes()), mismatch(more)),
        ("transposed", reading(&shape.bytes()), mismatch(transposed)),
        ("i32", reading(&dtype.bytes()), mismatch(other_type("I32"))),
        (
            "no such type",
            reading(&unknown.bytes()),
            mismatch(other_type("f32")),
        ),
        ("two networks", reading(&twice.bytes()), {
            let prefixes = vec!["a.".into(), "b.".into()];
            Error::SeveralNetworks { prefixes }
        }),
    ];
    cases
        .map(|(what, found, error)| (what.into(), found, error))
        .into()
}

/// Numbers that are refused, of every type, at the ends of a tensor and of the pieces it is read in.
pub(super) fn values() -> Vec<Case> {
    // The largest tensor takes more than one piece of 64 KiB.
    let name = "output_blocks.0.0.in_layers.2.weight";
    let len = Edited::sound(Dtype::F32).place(name).len() / 4;
    let mut cases = Vec::new();
    for index in [0, 1, 16_383, 16_384, len - 1] {
        for (dtype, bytes) in [
            (Dtype::F32, f32::INFINITY.to_le_bytes().to_vec()),
            (Dtype::F16, 0x7C00_u16.to_le_bytes().to_vec()),
            (Dtype::Bf16, 0x7F80_u16.to_le_bytes().to_vec()),
        ] {
            let file = Edited::sound(dtype)
                .with_number(name, index, &bytes)
                .bytes();
            let error = Error::NotFinite {
                name: name.into(),
                index,
                value: f32::INFINITY,
            };
            for precision in [WeightType::AsStored, WeightType::F32, WeightType::F16] {
                let found = refused(Checkpoint::from_bytes(&file, precision));
                cases.push((format!("{dtype} to {precision:?}"), found, error.clone()));
            }
        }
        let file = sound().with_number(name, index, &(-65_520_f32).to_le_bytes());
        let error = Error::BeyondF16 {
            name: name.into(),
            index,
            value: -65_520.0,
        };
        let found = refused(Checkpoint::from_bytes(&file.bytes(), WeightType::F16));
        assert!(found.to_string().contains("-65520 at index"));
        cases.push(("a large number".into(), found, error));
        let fits = sound().with_number(name, index, &65_519_f32.to_le_bytes());
        assert!(Checkpoint::from_bytes(&fits.bytes(), WeightType::F16).is_ok());
    }
    cases
}

#[test]
fn a_number_that_is_none_is_refused() {
    for (dtype, bytes) in [
        (Dtype::F32, f32::NAN.to_le_bytes().to_vec()),
        (Dtype::F16, 0xFE01_u16.to_le_bytes().to_vec()),
        (Dtype::Bf16, 0x7FC1_u16.to_le_bytes().to_vec()),
    ] {
        let file = Edited::sound(dtype).with_number(WEIGHT, 5, &bytes).bytes();
        for precision in [WeightType::AsStored, WeightType::F32, WeightType::F16] {
            let error = refused(Checkpoint::from_bytes(&file, precision));
            assert!(
                matches!(&error, Error::NotFinite { name, index: 5, value }
                    if name == WEIGHT && value.is_nan()),
                "{error}"
            );
        }
    }
}
