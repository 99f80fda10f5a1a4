//! PyTorch's own files: what it wrote is read, number by number; what is no state dict is refused by name, and
//! nothing in it is called. `torch/make.py` makes the files.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use iddpm::checkpoint::{
    Checkpoint, CheckpointError, Dtype, Foreign, Header, ReadOptions, TensorType, TorchError,
    WeightBuffer, WeightType,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::small;

/// Where one parameter begins behind another in the storage that all are in.
const SHIFT: usize = 17;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("checkpoint/torch")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// The weights that the state dicts have: number i of the storage is (37 i mod 257 - 128) / 64.
fn due() -> Vec<f32> {
    let graph = small().graph(1).unwrap();
    let mut weights = vec![0.0; graph.weights_len()];
    for (place, param) in graph.params().iter().enumerate() {
        let number = |at: usize| ((37 * (place * SHIFT + at) % 257) as f32 - 128.0) / 64.0;
        for at in 0..param.elements() {
            weights[param.offset + at] = number(at);
        }
    }
    weights
}

fn read(name: &str, prefix: Option<&str>) -> Result<Checkpoint, CheckpointError> {
    let options = || ReadOptions {
        prefix,
        description: Some(small()),
        ..ReadOptions::default()
    };
    let on_disk = Checkpoint::open_with(path(name), options());
    let in_memory = Checkpoint::from_bytes_with(&bytes(name), options());
    match (on_disk, in_memory) {
        (Ok(on_disk), Ok(in_memory)) => {
            assert!(on_disk.weights() == in_memory.weights() && on_disk.note() == in_memory.note());
            Ok(on_disk)
        }
        (Err(on_disk), Err(in_memory)) => {
            assert_eq!(on_disk, in_memory.clone().in_file(path(name).display()));
            Err(in_memory)
        }
        (on_disk, in_memory) => panic!("{on_disk:?}, {in_memory:?}"),
    }
}

fn numbers(checkpoint: Checkpoint) -> Vec<f32> {
    checkpoint.into_parts().2.into_f32().unwrap()
}

#[test]
fn a_state_dict_is_read_number_by_number() {
    let state = read("state.pt", None).unwrap();
    assert_eq!(state.note(), None);
    assert!(numbers(state) == due());
    // Protocol 4, and another type.
    assert!(numbers(read("state_bf16.pt", None).unwrap()) == due());
    // Views, whose rows do not follow each other; what of them the network does not take is left out.
    let options = ReadOptions {
        prefix: Some("net."),
        description: Some(small()),
        ..ReadOptions::default()
    };
    let views = Checkpoint::open_with(path("views.pt"), options);
    assert!(numbers(views.unwrap()) == due());
    // It is the network that the same numbers are in a safetensors file.
    let same = Checkpoint::new(small(), WeightBuffer::F32(due())).unwrap();
    let state = read("state.pt", None).unwrap();
    assert!(state.to_bytes(Dtype::F32).unwrap() == same.to_bytes(Dtype::F32).unwrap());
}

/// Two networks and more in one file: which one, the prefix says.
#[test]
fn a_network_of_several_is_read_by_its_prefix() {
    let ema = read("both.pt", Some("ema.")).unwrap();
    assert!(numbers(ema) == due());
    let model = read("both.pt", Some("model.module.")).unwrap();
    assert!(matches!(model.weights(), iddpm::unet::Weights::F16(_)));
    assert!(numbers(model) == due());
    let error = read("both.pt", None).unwrap_err();
    assert!(
        matches!(error, CheckpointError::SeveralNetworks { .. }),
        "{error}"
    );
    let header = Header::from_bytes(&bytes("both.pt")).unwrap();
    let tensor = |name: &str| {
        let found = header.tensors().iter().find(|tensor| tensor.name == name);
        let found = found.unwrap_or_else(|| panic!("no {name}"));
        (found.dtype.name().to_owned(), found.shape.clone())
    };
    assert_eq!(tensor("optimizer.state.0.exp_avg"), ("F64".into(), vec![2]));
    assert_eq!(tensor("seen"), ("I64".into(), vec![3]));
    assert_eq!(tensor("nothing"), ("F32".into(), vec![3, 0]));
    assert_eq!(
        header.tensors().len(),
        2 * small().graph(1).unwrap().params().len() + 3
    );
    assert!(header.metadata().is_empty());
}

#[test]
fn what_modules_write_is_a_state_dict() {
    for name in ["module.pt", "parameters.pt"] {
        let header = Header::open(path(name)).unwrap();
        let names: Vec<&str> = header.tensors().iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["weight", "bias"], "{name}");
        let float = TensorType::Float(Dtype::F32);
        assert!(header.tensors().iter().all(|tensor| tensor.dtype == float));
        // It is no network of this crate's.
        let error = read(name, None).unwrap_err();
        assert!(matches!(error, CheckpointError::Tensors { .. }), "{error}");
    }
    // A file says nothing of itself.
    let error = Checkpoint::from_bytes(&bytes("state.pt"), WeightType::F32).unwrap_err();
    assert!(error.to_string().contains("convert"), "{error}");
}

fn refused(bytes: &[u8]) -> CheckpointError {
    let error = Header::from_bytes(bytes).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("is a file of PyTorch ") && !text.contains('\n'),
        "{text}"
    );
    error
}

/// What was saved with a network in it, an array, or by an old version: what it would call is named.
#[test]
fn what_is_no_state_dict_is_refused_by_name() {
    let of = |name| refused(&bytes(name));
    let call = |name: &str| CheckpointError::Torch {
        error: TorchError::Call { name: name.into() },
    };
    assert_eq!(of("network.pt"), call("torch.nn.modules.linear.Linear"));
    assert_eq!(of("scalar.pt"), call("numpy.core.multiarray._reconstruct"));
    let error = TorchError::NotAStateDict;
    assert_eq!(of("tensor.pt"), CheckpointError::Torch { error });
    let kind = Foreign::OldPyTorch;
    assert_eq!(of("old.pt"), CheckpointError::Foreign { kind });
}

/// An archive of these entries, as PyTorch writes it or compressed.
fn archive(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn pickled(pickle: &[u8]) -> Vec<u8> {
    let entries = [("a/data.pkl", pickle), ("a/data/0", &[0; 64][..])];
    archive(CompressionMethod::Stored, &entries)
}

/// What is longer than any of its kind is refused before it is made: many items, many names that share a long key.
#[test]
fn there_is_a_bound_on_everything() {
    let too_many = |what, max| CheckpointError::Torch {
        error: TorchError::TooMany { what, max },
    };
    let pairs = b"K\x01N".repeat((1 << 18) + 1);
    let many = [b"}(".to_vec(), pairs, b"u.".to_vec()].concat();
    assert_eq!(refused(&pickled(&many)), too_many("items", 1 << 18));
    // A megabyte of a key over 20 tensors, which are all one.
    let whole = tensor("w", b"K\0", &[2], &[1]);
    let inner = whole.strip_suffix(b"s.").unwrap();
    let key = [b"X\0\0\x10\0".to_vec(), vec![b'k'; 1 << 20]].concat();
    let others = (0..20_u8).flat_map(|name| [b'K', name, b'h', 1]);
    let long = [
        b"}".to_vec(),
        key,
        [inner, b"q\x01s("].concat(),
        others.collect(),
        b"us.".to_vec(),
    ]
    .concat();
    assert_eq!(
        refused(&pickled(&long)),
        too_many("bytes of names", 1 << 24)
    );

    let entries = [("a/data.pkl", &whole[..]), ("a/byteorder", &[b'l'; 4096])];
    let entry = "a/byteorder".into();
    let error = TorchError::Compressed { entry };
    let compressed = archive(CompressionMethod::Deflated, &entries);
    assert_eq!(refused(&compressed), CheckpointError::Torch { error });
    let bytes = (1 << 24) + 1;
    let entries = [("a/data.pkl", &vec![0; bytes as usize][..])];
    let error = TorchError::TooLong {
        entry: "a/data.pkl".into(),
        bytes,
        max: bytes - 1,
    };
    assert_eq!(
        refused(&archive(CompressionMethod::Stored, &entries)),
        CheckpointError::Torch { error }
    );
}

/// A dict of one tensor in storage 0, which has 16 numbers: its key, the number of its first, shape and strides.
fn tensor(key: &str, first: &[u8], shape: &[u8], strides: &[u8]) -> Vec<u8> {
    let name = |name: &str| {
        [
            b"X",
            &(name.len() as u32).to_le_bytes()[..],
            name.as_bytes(),
        ]
        .concat()
    };
    let tuple = |row: &[u8]| {
        let numbers = row.iter().flat_map(|&number| [b'K', number]);
        [b"(", &numbers.collect::<Vec<u8>>()[..], b"t"].concat()
    };
    [
        b"\x80\x02}".to_vec(),
        name(key),
        b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(),
        name("storage"),
        b"ctorch\nFloatStorage\n".to_vec(),
        name("0"),
        name("cpu"),
        b"K\x10tQ".to_vec(),
        first.to_vec(),
        tuple(shape),
        tuple(strides),
        b"\x89ccollections\nOrderedDict\n)RtRs.".to_vec(),
    ]
    .concat()
}

#[test]
fn a_pickle_is_followed_no_further_than_a_state_dict_goes() {
    let words = |pickle: &[u8]| refused(&pickled(pickle)).to_string();
    // The classic: it is named, not called.
    let text = words(b"cos\nsystem\n(X\x04\0\0\0echotR.");
    assert!(
        text.contains("os.system") && text.contains("not called"),
        "{text}"
    );
    let text = words(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.");
    assert!(text.contains("builtins.eval"), "{text}");
    // Instructions that no state dict has: INST, OBJ, NEWOBJ, EXT1, DUP, a text of protocol 0.
    for code in [b'i', b'o', 0x81, 0x82, b'2', b'S'] {
        let text = words(&[b'}', code, b'.']);
        assert!(
            text.contains(&format!("byte 1 (instruction 0x{code:02x})")),
            "{text}"
        );
    }
    // One that ends, wherever it does, and one that takes what is not there.
    let whole = tensor("w", b"K\0", &[2], &[1]);
    Header::from_bytes(&pickled(&whole)).unwrap();
    for end in 0..whole.len() {
        words(&whole[..end]);
    }
    for short in [
        &b"."[..],
        b"R.",
        b"(.",
        b"}(0s.",
        b"t.",
        b"}K\x01s.",
        b"}(K\x01u.",
        b"h\0.",
        b"K\x01K\x02a.",
        b"]Q.",
        b"}}R.",
        b"N}b.",
        b"\x86.",
        b"(}(K\x01t\x85.",
    ] {
        words(short);
    }
    let text = words(b"}q\xff.");
    assert!(text.contains("memo"), "{text}");
    // Depth costs nothing: a hundred thousand tuples in each other, dicts that hold themselves.
    let deep = [vec![b')'; 1], vec![0x85; 100_000], vec![b'.']].concat();
    let error = TorchError::NotAStateDict;
    assert_eq!(refused(&pickled(&deep)), CheckpointError::Torch { error });
    let own = b"}q\0(X\x01\0\0\0ah\0X\x01\0\0\0bh\0u.";
    assert!(
        Header::from_bytes(&pickled(own))
            .unwrap()
            .tensors()
            .is_empty()
    );
}

#[test]
fn a_tensor_lies_within_its_storage() {
    let read = |first: &[u8], shape: &[u8], strides: &[u8]| {
        let file = pickled(&tensor("out.2.bias", first, shape, strides));
        let header = Header::from_bytes(&file);
        header.map(|header| header.tensors()[0].shape.clone())
    };
    assert_eq!(read(b"K\0", &[4, 4], &[4, 1]).unwrap(), [4, 4]);
    assert_eq!(read(b"K\0", &[1, 4, 1], &[99, 1, 7]).unwrap(), [1, 4, 1]);
    for (first, shape, strides) in [
        (&b"K\0"[..], &[4][..], &[1, 1][..]),
        (b"J\xff\xff\xff\xff", &[4], &[1]),
        (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", &[4], &[1]),
        (b"K\0", &[255; 12], &[1; 12]),
    ] {
        let text = read(first, shape, strides).unwrap_err().to_string();
        assert!(text.contains("out.2.bias"), "{text}");
    }
    // Beyond the end of its storage: known once it is read.
    let mut whole = zip::ZipArchive::new(Cursor::new(bytes("state.pt"))).unwrap();
    let mut pickle = Vec::new();
    whole
        .by_name("state/data.pkl")
        .unwrap()
        .read_to_end(&mut pickle)
        .unwrap();
    let storage = vec![0; 4 * 19_000];
    let entries = [("a/data.pkl", &pickle[..]), ("a/data/0", &storage)];
    let file = archive(CompressionMethod::Stored, &entries);
    let error = Checkpoint::from_bytes_as(&file, small(), WeightType::F32).unwrap_err();
    assert!(
        error.to_string().contains("a storage of 76000 bytes"),
        "{error}"
    );
    let whole = bytes("state.pt");
    for cut in [whole.len() / 2, whole.len() - 30, whole.len() - 1] {
        let error = Checkpoint::from_bytes_as(&whole[..cut], small(), WeightType::F32).unwrap_err();
        assert!(matches!(error, CheckpointError::Torch { .. }), "{error}");
    }
}

#[test]
fn archives_that_pytorch_does_not_write_are_refused() {
    let stored = CompressionMethod::Stored;
    let whole = tensor("w", b"K\0", &[2], &[1]);
    let text = refused(&archive(stored, &[("a/version", b"3")])).to_string();
    assert!(
        text.ends_with("has no \"data.pkl\"") || text.contains("data.pkl"),
        "{text}"
    );
    let entries = [("a/data.pkl", &whole[..]), ("a/byteorder", b"big")];
    let error = TorchError::ByteOrder;
    assert_eq!(
        refused(&archive(stored, &entries)),
        CheckpointError::Torch { error }
    );
    let entries = [("a/data.pkl", &whole[..]), ("a/byteorder", b"little")];
    assert_eq!(
        Header::from_bytes(&archive(stored, &entries))
            .unwrap()
            .tensors()
            .len(),
        1
    );
}
