//! Headers whose description of the network is wrong.

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Content, Description, Dtype, ImageSize, WeightType,
    to_bytes,
};
use iddpm::diffusion::{Variance, WeightSet};
use iddpm::unet::{ConfigError, Weights};
use serde_json::{Value, json};

use super::{Case, reading, refused, sound};
use crate::edited::Edited;
use crate::small;

const KEYS: [&str; 6] = [
    "iddpm.format",
    "iddpm.unet",
    "iddpm.size",
    "iddpm.diffusion",
    "iddpm.weights",
    "iddpm.step",
];

/// A field left out, or one too many, or of another type, is refused wherever it is.
#[test]
fn every_field_of_the_metadata_is_needed_and_no_other_is_taken() {
    let reason = |file: Edited, key: &str| match reading(&file.bytes()) {
        Error::Metadata { key: found, reason } if found == key => reason,
        other => panic!("{key}: {other}"),
    };
    let header: Value = serde_json::from_str(&sound().header).unwrap();
    for key in ["iddpm.unet", "iddpm.size", "iddpm.diffusion"] {
        let text = header["__metadata__"][key].as_str().unwrap();
        let fields: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
        for field in fields.keys() {
            let without = sound().described(key, |value| {
                value.as_object_mut().unwrap().remove(field);
            });
            let expected = format!("missing field `{field}`");
            assert!(reason(without, key).contains(&expected), "{key}: {field}");
            let other = sound().described(key, |value| value[field] = json!({ "x": -1 }));
            assert!(!reason(other, key).is_empty(), "{key}: {field}");
        }
        let more = sound().described(key, |value| value["novelty"] = json!(1));
        assert!(reason(more, key).contains("unknown field `novelty`"));
    }
    for key in KEYS {
        for value in ["", "{", "-1", "\"nothing known\"", "null", "[[[[[["] {
            let file = sound().changed(|header| header["__metadata__"][key] = value.into());
            assert!(!reason(file, key).is_empty(), "{key}: {value}");
        }
    }
}

pub(super) fn metadata() -> Vec<Case> {
    let mut cases = Vec::new();
    for key in KEYS {
        let file = sound().changed(|header| {
            header["__metadata__"].as_object_mut().unwrap().remove(key);
        });
        let error = Error::MissingMetadata { key };
        cases.push((format!("without {key}"), reading(&file.bytes()), error));
    }
    let bare = sound().changed(|header| {
        header.as_object_mut().unwrap().remove("__metadata__");
    });
    let none = [b"\x02\0\0\0\0\0\0\0".as_slice(), b"{}"].concat();
    cases.push(("no tensors".into(), reading(&none), Error::NoTensors));
    cases.push((
        "a bare state dict".into(),
        reading(&bare.bytes()),
        Error::Bare,
    ));
    let noted = bare.changed(|header| header["__metadata__"] = json!({ "format": "pt" }));
    cases.push((
        "a bare state dict with a note".into(),
        reading(&noted.bytes()),
        Error::Bare,
    ));
    let key = "iddpm.format";
    let set = |key: &str, value: &str| {
        reading(
            &sound()
                .changed(|header| header["__metadata__"][key] = value.into())
                .bytes(),
        )
    };
    for version in [0, 2, u64::MAX] {
        let supported = 1;
        cases.push((
            format!("format {version}"),
            set(key, &version.to_string()),
            Error::Version { version, supported },
        ));
    }
    let key = "iddpm.novelty";
    cases.push((
        "an unknown key".into(),
        set(key, "1"),
        Error::UnknownMetadata { key: key.into() },
    ));
    cases.push((
        "a step that is none".into(),
        set("iddpm.step", "x"),
        Error::Metadata {
            key: "iddpm.step",
            reason: "expected value at line 1 column 1".into(),
        },
    ));
    cases.push((
        "names that would fill the memory".into(),
        set("iddpm.classes", &" ".repeat((1 << 22) + 1)),
        Error::Metadata {
            key: "iddpm.classes",
            reason: "4194305 bytes; at most 4194304 are read".into(),
        },
    ));
    cases.push((
        "a grid of nothing".into(),
        set("iddpm.grid", "[]"),
        Error::Diffusion(iddpm::diffusion::Error::TooFewSteps { steps: 0, min: 2 }),
    ));
    cases.push((
        "a grid that ascends".into(),
        set("iddpm.grid", "[1,2]"),
        Error::Diffusion(iddpm::diffusion::Error::TimestepsNotDescending {
            index: 1,
            timestep: 2,
            previous: 1,
        }),
    ));
    cases.push((
        "a grid that does not begin where drawing does".into(),
        set("iddpm.grid", "[5,2]"),
        Error::Metadata {
            key: "iddpm.grid",
            reason: "begins with timestep 5, must with 99, where there is noise alone".into(),
        },
    ));
    cases.push((
        "moments".into(),
        set("iddpm.content", "\"second_moment\""),
        Error::OtherContent {
            found: Content::SecondMoment,
            expected: Content::Weights,
            beside: vec![],
        },
    ));
    cases
}

/// How a description is altered, and what is wrong with it then.
type Change = (&'static str, fn(&mut Description), Error);

pub(super) fn descriptions() -> Vec<Case> {
    let changes: Vec<Change> = vec![
        (
            "48 channels",
            |d| d.unet.model_channels = 48,
            Error::Config(ConfigError::ModelChannels {
                value: 48,
                multiple_of: 32,
                max: 8192,
            }),
        ),
        (
            "no groups",
            |d| d.unet.norm_groups = 0,
            Error::Config(ConfigError::OutOfRange {
                option: "norm_groups",
                value: 0,
                max: 8192,
            }),
        ),
        (
            "groups that do not divide the channels",
            |d| d.unet.norm_groups = 3,
            Error::Config(ConfigError::ModelChannels {
                value: 32,
                multiple_of: 3,
                max: 8192,
            }),
        ),
        (
            "blocks that would fill the memory",
            |d| d.unet.num_res_blocks = 1 << 40,
            Error::Config(ConfigError::OutOfRange {
                option: "num_res_blocks",
                value: 1 << 40,
                max: 64,
            }),
        ),
        (
            "an image of no rows",
            |d| d.size.height = 0,
            Error::Config(ConfigError::ImageSize {
                side: 0,
                multiple_of: 1,
                max: 1 << 14,
            }),
        ),
        (
            "T = 0",
            |d| d.card.diffusion.num_timesteps = 0,
            Error::Diffusion(iddpm::diffusion::Error::TooFewTimesteps {
                num_timesteps: 0,
                min: 2,
            }),
        ),
        (
            "T that takes hours",
            |d| d.card.diffusion.num_timesteps = u32::MAX,
            Error::Diffusion(iddpm::diffusion::Error::TooManyTimesteps {
                num_timesteps: u32::MAX,
                max: 1_000_000,
            }),
        ),
        (
            "epsilon of no signal",
            |d| d.card.diffusion.zero_terminal_snr = true,
            Error::Diffusion(iddpm::diffusion::Error::ZeroTerminalSnr { index: 99 }),
        ),
        (
            "a learned variance without channels",
            |d| d.card.diffusion.variance = Variance::Learned,
            Error::OutChannels {
                found: 1,
                expected: 2,
            },
        ),
        (
            "no size of the low-resolution image",
            |d| d.unet.super_resolution = true,
            Error::LowRes { needed: true },
        ),
        (
            "a low-resolution image for nothing",
            |d| d.size = ImageSize::upsampled(8, 4),
            Error::LowRes { needed: false },
        ),
        (
            "a name for no class",
            |d| d.class_names = Some(vec!["axe".into()]),
            Error::ClassNames {
                found: 1,
                expected: 0,
            },
        ),
        (
            "a rate above 1",
            |d| d.card.weights = WeightSet::Ema { rate: 1.5 },
            Error::EmaRate { rate: 1.5 },
        ),
    ];
    let mut cases = Vec::new();
    for (what, change, error) in changes {
        let mut description = small();
        change(&mut description);
        // Read from a file, given beside one, and written: the same error.
        let file = sound().changed(|header| {
            let metadata = &mut header["__metadata__"];
            metadata["iddpm.unet"] = json!(description.unet).to_string().into();
            metadata["iddpm.size"] = json!(description.size).to_string().into();
            let card = description.card;
            metadata["iddpm.diffusion"] = json!(card.diffusion).to_string().into();
            metadata["iddpm.weights"] = json!(card.weights).to_string().into();
            if let Some(names) = &description.class_names {
                metadata["iddpm.classes"] = json!(names).to_string().into();
            }
        });
        cases.push((what.into(), reading(&file.bytes()), error.clone()));
        let bytes = sound().bytes();
        let given = Checkpoint::from_bytes_as(&bytes, description.clone(), WeightType::F32);
        cases.push((format!("given: {what}"), refused(given), error.clone()));
        let written = to_bytes(&description, Weights::F32(&[]), Dtype::F32);
        cases.push((format!("written: {what}"), refused(written), error));
    }
    cases
}
