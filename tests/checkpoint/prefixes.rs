//! Names behind a prefix, several networks in one file, tensors of others beside one.

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Dtype, Header, ReadOptions, WeightType,
};

use crate::edited::Edited;
use crate::small;

const PREFIXES: [&str; 8] = [
    "module.",
    "model.",
    "ema_model.",
    "_orig_mod.",
    "unet.",
    "module.model.",
    "a.b.c.d.",
    // The beginning of names that the network has.
    "out.",
];

fn sound() -> Edited {
    Edited::sound(Dtype::F32)
}

fn read(file: &Edited, prefix: Option<&str>) -> Result<Checkpoint, Error> {
    let options = ReadOptions {
        prefix,
        ..ReadOptions::default()
    };
    Checkpoint::from_bytes_with(&file.bytes(), options)
}

/// The same network but for one number, so that it is another.
fn other() -> Edited {
    sound().with_number("out.2.bias", 0, &123_f32.to_le_bytes())
}

fn bytes(checkpoint: &Checkpoint) -> Vec<u8> {
    checkpoint.to_bytes(Dtype::F32).unwrap()
}

#[test]
fn a_prefix_of_every_name_is_taken_off_and_said() {
    let plain = read(&sound(), None).unwrap();
    assert_eq!(plain.note(), None);
    for prefix in PREFIXES {
        let file = sound().prefixed(prefix);
        let note = format!("`{prefix}` is taken off every tensor's name");
        let header = Header::from_bytes(&file.bytes()).unwrap();
        assert_eq!(header.check(&small()).unwrap(), Some(note.clone()));
        for asked in [None, Some(prefix)] {
            let checkpoint = read(&file, asked).unwrap();
            assert_eq!(checkpoint.note(), Some(note.as_str()));
            assert!(bytes(&checkpoint) == sound().bytes());
        }
        // Of a file that does not say what it is, too.
        let bare = file.changed(|header| {
            header.as_object_mut().unwrap().remove("__metadata__");
        });
        let told = Checkpoint::from_bytes_as(&bare.bytes(), small(), WeightType::F32).unwrap();
        assert!(told.weights() == plain.weights());
        assert_eq!(told.note(), Some(note.as_str()));
    }
}

#[test]
fn of_several_networks_one_must_be_asked_for() {
    for (one, two) in [
        ("model.", "ema_model."),
        ("", "ema."),
        ("module.", "module.ema."),
    ] {
        let file = sound().prefixed(one).beside(other().prefixed(two));
        let mut prefixes = vec![one.to_string(), two.to_string()];
        prefixes.sort();
        let error = read(&file, None).unwrap_err();
        let text = error.to_string();
        assert_eq!(error, Error::SeveralNetworks { prefixes });
        assert!(text.contains(&format!("`{two}`")), "{text}");
        assert!(text.contains("convert --prefix"), "{text}");
        for (prefix, expected) in [(one, sound()), (two, other())] {
            let checkpoint = read(&file, Some(prefix)).unwrap();
            assert!(bytes(&checkpoint) == expected.bytes(), "{prefix}");
            let note = checkpoint.note().unwrap();
            let count = checkpoint.graph().params().len();
            assert!(note.contains(&format!("{count} tensors")), "{note}");
        }
        let error = read(&file, Some("online_model.")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("behind the prefix `online_model.`"), "{text}");
        let behind = |prefix| text.contains(&format!("all of them are there behind `{prefix}`"));
        assert!(behind(one) || behind(two), "{text}");
    }
}

/// Tensors of others are never left out unasked: of another network, a buffer, a counter.
#[test]
fn tensors_beside_the_network_are_named() {
    let refused = |file: &Edited, asked| {
        let error = read(file, asked).unwrap_err();
        let Error::Tensors(mismatch) = &error else {
            panic!("{error}");
        };
        (mismatch.as_ref().clone(), error.to_string())
    };
    let betas = sound()
        .prefixed("model.")
        .with_tensor("betas", "F64", &[20], 160);
    let (mismatch, text) = refused(&betas, None);
    assert_eq!(mismatch.extra.first, ["betas [20] F64"]);
    assert!(text.contains("`convert --prefix model.`"), "{text}");
    let checkpoint = read(&betas, Some("model.")).unwrap();
    assert!(bytes(&checkpoint) == sound().bytes());
    assert!(checkpoint.note().unwrap().contains("1 tensors without it"));

    // What has the prefix and is not the network's is not left out even then.
    let count = "model.out.0.num_batches_tracked";
    let counted = betas.clone().with_tensor(count, "I64", &[], 8);
    let (mismatch, _) = refused(&counted, Some("model."));
    assert_eq!(mismatch.extra.first, [format!("{count} [] I64")]);
    assert_eq!(refused(&counted, None).0.extra.count, 2);

    // Where one tensor of the network is missing, the prefix is still seen.
    let cut = sound().changed(|header| {
        let entry = header.as_object_mut().unwrap().remove("out.0.bias");
        header["something"] = entry.unwrap();
    });
    let (mismatch, text) = refused(&cut.clone().prefixed("module."), None);
    assert_eq!((mismatch.missing.count, mismatch.extra.count), (1, 1));
    assert_eq!(mismatch.extra.first, ["module.something [32] F32"]);
    assert!(text.contains("behind the prefix `module.`"), "{text}");

    // No dot, no prefix; and of many names few are shown.
    let (mismatch, text) = refused(&sound().prefixed("net_"), None);
    let all = read(&sound(), None).unwrap().graph().params().len();
    assert_eq!((mismatch.missing.count, mismatch.extra.count), (all, all));
    let more = format!("and {} more", all - 3);
    assert_eq!(text.matches(&more).count(), 2, "{text}");
    assert!(text.len() < 1000, "{text}");
}

/// Every type of the format is listed, and types of later ones.
#[test]
fn tensors_of_any_type_are_listed() {
    let types = [
        ("I64", 8),
        ("I32", 4),
        ("I16", 2),
        ("I8", 1),
        ("U64", 8),
        ("U32", 4),
        ("U16", 2),
        ("U8", 1),
        ("BOOL", 1),
        ("F64", 8),
        ("C64", 8),
        ("F8_E5M2", 1),
        ("F8_E4M3", 1),
        ("F8_E8M0", 1),
        ("F128", 16),
    ];
    let mut file = sound();
    for (dtype, bytes) in types {
        file = file.with_tensor(&format!("of.{dtype}"), dtype, &[3], 3 * bytes);
    }
    file = file.with_tensor("of.F4", "F4", &[3, 2], 3);
    let header = Header::from_bytes(&file.bytes()).unwrap();
    for (dtype, _) in types.into_iter().chain([("F4", 0)]) {
        let mut tensors = header.tensors().iter();
        let tensor = tensors.find(|tensor| tensor.name == format!("of.{dtype}"));
        assert_eq!(tensor.unwrap().dtype.name(), dtype);
    }
    // Names that would end the line, or fill the screen.
    let error = read(&sound().with_tensor("\n\u{1b}[2J", "I\n8", &[], 1), None).unwrap_err();
    assert!(
        error.to_string().contains("\\n\\u{1b}[2J [] I\\n8"),
        "{error}"
    );
    let error = read(
        &sound().with_tensor(&"x".repeat(1 << 20), "I8", &[], 1),
        None,
    );
    assert!(error.unwrap_err().to_string().len() < 500);
}
