//! Any bytes are refused as a checkpoint, or are one that is written and read back the same.
//!
//! Random bytes do not make weights by the ten thousand: after the header of the input there is as
//! much data as it asks for, within bounds, made of the input's last bytes again and again.
#![no_main]

use iddpm::checkpoint::{
    Checkpoint, Content, Description, Dtype, Foreign, Header, ReadOptions, WeightType,
};
use libfuzzer_sys::fuzz_target;

/// Most data that is made up for a header.
const DATA: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(file) = filled(bytes) {
        check(&file);
    }
});

/// The input with the data its header asks for; its first 8 bytes are ignored.
fn filled(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = bytes.get(8..)?;
    let end = text.iter().rposition(|&byte| byte == b'}')? + 1;
    let (header, pattern) = text.split_at(end);
    let head = [&(end as u64).to_le_bytes(), header].concat();
    let needed = match Header::from_bytes(&head) {
        Ok(_) => 0,
        Err(iddpm::checkpoint::CheckpointError::Truncated {
            expected, found, ..
        }) => expected.checked_sub(found).filter(|&len| len <= DATA)?,
        Err(_) => return None,
    };
    let pattern = if pattern.is_empty() { &[0] } else { pattern };
    let data = pattern.iter().copied().cycle().take(needed as usize);
    Some(head.into_iter().chain(data).collect())
}

fn check(bytes: &[u8]) {
    // Of moments what follows holds too, asked for as such.
    let mut content = Content::Weights;
    if let Ok(header) = Header::from_bytes(bytes) {
        assert!(matches!(Foreign::of(bytes), None | Some(Foreign::PyTorch)));
        content = header.content().unwrap_or_default();
        if let Ok(description) = Description::from_metadata(header.metadata()) {
            let metadata = description.to_metadata().expect("it was read");
            assert_eq!(Description::from_metadata(&metadata), Ok(description));
        }
    }
    for precision in [WeightType::AsStored, WeightType::F32, WeightType::F16] {
        let options = |precision| ReadOptions {
            precision,
            content,
            ..ReadOptions::default()
        };
        let checkpoint = match Checkpoint::from_bytes_with(bytes, options(precision)) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                // On one line of a screen or a few.
                let text = error.to_string();
                assert!(!text.is_empty() && text.len() < 20_000);
                assert!(!text.contains(char::is_control), "{text:?}");
                continue;
            }
        };
        // What was read without a prefix is written without.
        let file = checkpoint.to_bytes(Dtype::F32).expect("it was read");
        let wide = Checkpoint::from_bytes_with(&file, options(WeightType::F32));
        let wide = wide.expect("it was written");
        assert_eq!(wide.note(), None);
        assert_eq!(wide.to_bytes(Dtype::F32).as_ref(), Ok(&file));
    }
}
