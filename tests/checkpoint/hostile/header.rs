//! Files of another length, and headers that are none.

use iddpm::checkpoint::{CheckpointError as Error, Dtype, Foreign, Header, TensorType};
use serde_json::{Value, json};

use super::{BIAS, Case, reading, sound};
use crate::edited::Edited;

pub(super) fn lengths() -> Vec<Case> {
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

pub(super) fn headers() -> Vec<Case> {
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
