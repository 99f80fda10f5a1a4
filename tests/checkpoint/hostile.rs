//! One table of files, and of weights to be written, each with the error it must give: every
//! variant is in it.

use std::collections::BTreeSet;

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Content, Description, Dtype, Flags, Foreign, Header,
    ImageSize, Listed, Mismatch, Preset, TensorType, WeightBuffer, WeightType, locate, to_bytes,
};
use iddpm::diffusion::{Prediction, Schedule, Variance, WeightSet};
use iddpm::unet::{ConfigError, Weights};
use serde_json::{Value, json};

use crate::edited::Edited;
use crate::scratch::Scratch;
use crate::{numbers, small};

/// What is wrong, the error it gave, and the error it must give.
type Case = (String, Error, Error);

fn refused<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error,
    }
}

fn reading(bytes: &[u8]) -> Error {
    refused(Checkpoint::from_bytes(bytes, WeightType::AsStored))
}

fn sound() -> Edited {
    Edited::sound(Dtype::F32)
}

const BIAS: &str = "out.2.bias";
const WEIGHT: &str = "time_embed.0.weight";

fn lengths() -> Vec<Case> {
    let file = sound().bytes();
    let len = file.len() as u64;
    let data = len - sound().data.len() as u64;
    let truncated = |expected, found| Error::Truncated {
        expected,
        found,
        tensor: None,
    };
    let within = |tensor: &str, found| Error::Truncated {
        expected: len,
        found,
        tensor: Some(tensor.into()),
    };
    let header = Header::from_bytes(&file).unwrap();
    let [first, last] = [header.tensors().first(), header.tensors().last()];
    let [first, last] = [first, last].map(|tensor| tensor.unwrap().name.as_str());
    let with_length = |header: u64| [&header.to_le_bytes(), &file[8..]].concat();
    let empty = Error::Foreign {
        kind: Foreign::Empty,
    };
    let mut cases = vec![("nothing".into(), reading(&[]), empty)];
    for end in [1, 7] {
        let what = format!("the first {end} bytes");
        cases.push((what, reading(&file[..end]), truncated(8, end as u64)));
    }
    for end in [8, 9, data as usize - 1] {
        let what = format!("the first {end} bytes");
        cases.push((what, reading(&file[..end]), truncated(data, end as u64)));
    }
    for (end, tensor) in [(data, first), (data + 1, first), (len - 1, last)] {
        let what = format!("the first {end} bytes");
        cases.push((what, reading(&file[..end as usize]), within(tensor, end)));
    }
    for bytes in [100_000_001, u64::MAX] {
        let max = 100_000_000;
        let error = Error::HeaderTooLong { bytes, max };
        cases.push(("the length".into(), reading(&with_length(bytes)), error));
    }
    let longer = [file.as_slice(), &[0; 3]].concat();
    let error = Error::TrailingBytes {
        expected: len,
        found: len + 3,
    };
    cases.push(("three bytes more".into(), reading(&longer), error));
    cases.push((
        "a header beyond the file".into(),
        reading(&with_length(len)),
        truncated(len + 8, len),
    ));
    cases
}

/// Headers that are not what they must be: the reason is the JSON reader's, and must hold a text.
#[test]
fn headers_are_refused_with_a_reason() {
    let whole = |header: &str| Edited {
        header: header.into(),
        data: Vec::new(),
    };
    let entry = |entry: &str| whole(&format!("{{\"a.b\": {entry}}}"));
    let cases = [
        (whole(""), "EOF"),
        (whole("[]"), "a map of tensors"),
        (whole("{"), "EOF"),
        (whole("{} x"), "trailing"),
        (whole(&"[".repeat(100_000)), "a map of tensors"),
        (whole(&"{\"a\":".repeat(100_000)), "a: "),
        (entry("3"), "a.b: "),
        (entry("{\"dtype\":\"F32\"}"), "a.b: missing field `shape`"),
        (
            entry("{\"dtype\":\"F32\",\"dtype\":\"F32\"}"),
            "a.b: duplicate field `dtype`",
        ),
        (
            entry("{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":0}"),
            "a.b: unknown field `x`",
        ),
        (
            entry("{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}"),
            "a.b: invalid value: integer `-1`",
        ),
        (
            entry("{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}"),
            "a.b: invalid type: floating point `1.5`",
        ),
        (
            entry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}"),
            "a.b: ",
        ),
        (
            entry("{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}"),
            "a.b: ",
        ),
        (
            entry(&format!(
                "{{\"dtype\":\"F32\",\"shape\":[{}1],\"data_offsets\":[0,4]}}",
                "1,".repeat(1 << 20)
            )),
            "a.b: a shape of more than 32 extents",
        ),
        (
            whole(&format!("{{{}}}", tensors_of_nothing((1 << 18) + 1))),
            "more than 262144 tensors",
        ),
        (
            whole(&format!(
                "{{\"__metadata__\":{{{}\"b\":\"\"}}}}",
                "\"\":\"\",".repeat(1 << 18)
            )),
            "__metadata__: more than 262144 texts",
        ),
        (
            whole(&format!("{{\"{}\": 3}}", "a".repeat(1 << 20))),
            "aaaa…: ",
        ),
        (whole("{\"\\n\\u001b[2J\": 3}"), "\\n\\u{1b}[2J: "),
        (whole("{\"__metadata__\":{\"a\":1}}"), "__metadata__: "),
        (
            whole("{\"__metadata__\":{},\"__metadata__\":{}}"),
            "__metadata__ is there twice",
        ),
    ];
    for (file, part) in cases {
        let Error::Header { reason } = reading(&file.bytes()) else {
            panic!("{part}: another error than for a header");
        };
        assert!(reason.contains(part), "{reason:?} does not say {part:?}");
    }
    let mut bytes = whole("{\"a\":0}").bytes();
    bytes[10] = 0xFF;
    assert!(matches!(reading(&bytes), Error::Header { .. }));
}

fn tensors_of_nothing(count: usize) -> String {
    let entry = |at| format!("\"{at}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    (0..count).map(entry).collect::<Vec<_>>().join(",")
}

fn headers() -> Vec<Case> {
    let name = || BIAS.to_string();
    let set = |key: &'static str, value: Value| {
        reading(&sound().changed(|header| header[BIAS][key] = value).bytes())
    };
    let range = sound().place(BIAS);
    let (start, end) = (range.start as u64, range.end as u64);
    let length_of = |dtype: TensorType, shape: &[u64], range| Error::TensorLength {
        name: name(),
        shape: shape.to_vec(),
        dtype,
        range,
    };
    let length = |shape: &[u64], range| length_of(Dtype::F32.into(), shape, range);
    let twice = sound().replaced(&format!("\"{BIAS}\""), "\"out.2.weight\"");
    let key_twice = sound().replaced("\"iddpm.step\"", "\"iddpm.size\"");
    let dtype = |name: &str| length_of(TensorType::Other(name.into()), &[1], (start, end));
    let huge = [1 << 40, 1 << 40];
    let last = |shift: i64| {
        let moved = |at: u64| at.wrapping_add_signed(shift);
        (moved(start), moved(end))
    };
    let moved = |range: (u64, u64)| set("data_offsets", json!([range.0, range.1]));
    let before = sound().place("out.2.weight");
    let cases = [
        ("two tensors of one name", reading(&twice.bytes()), {
            let name = "out.2.weight".into();
            Error::DuplicateTensor { name }
        }),
        ("two values of one key", reading(&key_twice.bytes()), {
            let key = "iddpm.size".into();
            Error::DuplicateMetadata { key }
        }),
        ("f64", set("dtype", "F64".into()), dtype("F64")),
        ("f8", set("dtype", "F8_E4M3".into()), dtype("F8_E4M3")),
        ("half a byte", set("dtype", "F4".into()), dtype("F4")),
        (
            "a longer shape",
            set("shape", json!([2])),
            length(&[2], (start, end)),
        ),
        (
            "an empty shape",
            set("shape", json!([0])),
            length(&[0], (start, end)),
        ),
        (
            "a shape beyond 64 bits",
            set("shape", json!(huge)),
            length(&huge, (start, end)),
        ),
        (
            "ends early",
            moved((start, end - 1)),
            length(&[1], (start, end - 1)),
        ),
        (
            "ends before it begins",
            moved((end, start)),
            length(&[1], (end, start)),
        ),
        (
            "ends nowhere",
            moved((0, u64::MAX)),
            length(&[1], (0, u64::MAX)),
        ),
        (
            "of an unknown type, ends before it begins",
            reading(
                &sound()
                    .changed(|header| {
                        header[BIAS]["dtype"] = "F1".into();
                        header[BIAS]["data_offsets"] = json!([end, start]);
                    })
                    .bytes(),
            ),
            length_of(TensorType::Other("F1".into()), &[1], (end, start)),
        ),
        ("lies in another", moved(last(-4)), {
            Error::Overlap {
                name: name(),
                range: last(-4),
                previous: "out.2.weight".into(),
                previous_range: (before.start as u64, before.end as u64),
            }
        }),
        ("leaves bytes unused", moved(last(4)), {
            Error::Gap {
                name: name(),
                start: start + 4,
                expected: start,
            }
        }),
        (
            "lies beyond what can be",
            moved((u64::MAX - 4, u64::MAX)),
            {
                Error::Gap {
                    name: name(),
                    start: u64::MAX - 4,
                    expected: start,
                }
            },
        ),
    ];
    cases
        .map(|(what, found, error)| (what.into(), found, error))
        .into()
}

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

fn metadata() -> Vec<Case> {
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

fn descriptions() -> Vec<Case> {
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

fn tensors() -> Vec<Case> {
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

/// Paths that are no files, or whose files are refused: the error has the path.
fn places() -> Vec<Case> {
    let scratch = Scratch::new("checkpoint-places");
    let within = |name: &str, error: Error| error.in_file(scratch.join(name).display());
    let opening = |name: &str| refused(Checkpoint::open(scratch.join(name), WeightType::F32));
    let heading = |name: &str| refused(Header::open(scratch.join(name)));
    let locating = |name: &str| refused(locate(scratch.join(name)));
    scratch.write("page", b"<!DOCTYPE html>");
    scratch.write("folder/model.safetensors", &sound().bytes());
    scratch.write("run/latest", b"step-00000003");
    let page = || Error::Foreign {
        kind: Foreign::WebPage,
    };
    let folder = || Error::Folder {
        networks: vec!["model.safetensors".into()],
    };
    let latest = || Error::Latest {
        names: "step-00000003".into(),
    };
    let cases = [
        ("opened", opening("page"), within("page", page())),
        ("its header", heading("page"), within("page", page())),
        ("a folder", opening("folder"), within("folder", folder())),
        ("located", locating("folder"), within("folder", folder())),
        ("a run", locating("run"), within("run", latest())),
        ("not in a file", reading(b"<html lang=\"en\">"), page()),
        ("no folder's name", folder(), folder()),
        ("no run's name", latest(), latest()),
    ];
    for (what, found, _) in &cases[..5] {
        let path = scratch.path().display().to_string();
        let named = found.to_string().matches(&path).count();
        assert_eq!(named, 1, "{what}: {found}");
    }
    cases
        .map(|(what, found, error)| (what.into(), found, error))
        .into()
}

/// Numbers that are refused, of every type, at the ends of a tensor and of the pieces it is read in.
fn values() -> Vec<Case> {
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

fn writing() -> Vec<Case> {
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

fn names() -> Vec<Case> {
    let flags = |text: &str| refused(text.parse::<Flags>());
    let unet = |text: &str| refused(text.parse::<Flags>().unwrap().unet());
    let value = |flag: &str, value: &str, takes| Error::FlagValue {
        flag: flag.into(),
        value: value.into(),
        takes,
    };
    let whole = "a whole number";
    let sizes = "32, 64 and 256, which have channel multipliers of their own, and any other size \
        with the multipliers given, as by `--channel-mult 1,1,2,3,4`";
    let unknown = |flag: &str| Error::UnknownFlag { flag: flag.into() };
    let missing = Checkpoint::open("no/such/file", WeightType::F32);
    let cases = [
        (
            "a preset",
            refused("cifar".parse::<Preset>()),
            Error::UnknownPreset {
                name: "cifar".into(),
            },
        ),
        ("a flag", flags("--lr 3"), unknown("--lr")),
        ("no flag", flags("image_size 32"), unknown("image_size")),
        (
            "no value",
            flags("--image_size"),
            value("image_size", "", whole),
        ),
        (
            "no number",
            flags("--num_heads=-1"),
            value("num_heads", "-1", whole),
        ),
        (
            "no truth",
            flags("--learn_sigma maybe"),
            value("learn_sigma", "maybe", "true or false"),
        ),
        ("no side", flags("--attention_resolutions 8,x"), {
            let takes = "whole numbers with commas between them, such as 16,8";
            value("attention_resolutions", "8,x", takes)
        }),
        ("no schedule", flags("--noise_schedule sigmoid"), {
            let takes = "linear or cosine; leave it out for another, such as `--schedule sigmoid`";
            value("noise_schedule", "sigmoid", takes)
        }),
        (
            "a size",
            unet("--image_size 48"),
            value("image_size", "48", sizes),
        ),
        (
            "a size of two",
            unet("--large_size 32"),
            value("large_size", "32", &sizes[4..]),
        ),
        ("a side of 0", unet("--attention_resolutions 0"), {
            value("attention_resolutions", "0", "sides of 1 and more")
        }),
        ("channels", unet("--num_channels 100"), {
            Error::Config(ConfigError::ModelChannels {
                value: 100,
                multiple_of: 32,
                max: 8192,
            })
        }),
        (
            "no file",
            refused(missing),
            Error::Io {
                action: "opening",
                path: "no/such/file".into(),
                reason: std::fs::read("no/such/file").unwrap_err().to_string(),
            },
        ),
    ];
    cases
        .map(|(what, found, error)| (what.into(), found, error))
        .into()
}

#[test]
fn every_error_has_an_input() {
    let mut met = BTreeSet::from([
        // By tests of their own; memory that there is not can be had from no file of a test's size.
        "Header".to_string(),
        "Memory".to_string(),
    ]);
    // By tests of their own, `torch.rs`.
    met.insert("Torch".into());
    let groups = [
        lengths(),
        headers(),
        metadata(),
        descriptions(),
        tensors(),
        places(),
        values(),
        writing(),
        names(),
    ];
    for (what, found, expected) in groups.into_iter().flatten() {
        assert_eq!(found, expected, "{what}");
        let text = found.to_string();
        assert!(!text.is_empty() && !text.contains('\n'), "{what}: {text}");
        met.insert(variant(&found));
    }
    let listed = include_str!("../../src/checkpoint/error.rs");
    let body = listed.split("pub enum CheckpointError {").nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    let all: BTreeSet<String> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| line.split([' ', '{', '(', ',']).next().unwrap().into())
        .collect();
    assert_eq!(met, all);
}

fn variant(error: &Error) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{', '(']).next().unwrap().into()
}

/// No byte of the header can be altered into a panic, nor the file be cut into one.
#[test]
fn any_byte_of_a_header_may_be_anything() {
    let file = sound().bytes();
    let data = file.len() - sound().data.len();
    for at in 0..data {
        for mask in [0x01, 0x80] {
            let mut altered = file.clone();
            altered[at] ^= mask;
            if let Ok(header) = Header::from_bytes(&altered) {
                // What is accepted accounts for the whole file.
                let end = header.tensors().last().map_or(0, |tensor| tensor.range.1);
                assert_eq!(end as usize + data, file.len());
            }
        }
        assert!(Header::from_bytes(&file[..at]).is_err());
    }
}

/// An epsilon network whose schedule ends at no signal is refused; one that predicts v is not.
#[test]
fn v_may_have_no_signal_at_the_end() {
    let mut description = small();
    description.card.diffusion = description
        .card
        .diffusion
        .with_zero_terminal_snr(true)
        .with_prediction(Prediction::V);
    assert!(description.graph(1).is_ok());
}
