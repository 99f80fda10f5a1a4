//! `include/iddpm.h` is what the source makes of it: `IDDPM_WRITE_HEADER=1 cargo test --workspace --test ffi_header`
//! writes it anew.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The files whose public items are the header's, in its order.
const SOURCES: [&str; 6] = [
    "error.rs",
    "info.rs",
    "options.rs",
    "abi/pointers.rs",
    "abi/models.rs",
    "abi/runs.rs",
];

#[test]
fn the_header_is_what_the_source_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let sources = SOURCES.iter().map(|name| root.join("src/ffi").join(name));
    let builder = sources.fold(
        cbindgen::Builder::new().with_config(config),
        |builder, source: PathBuf| builder.with_src(source),
    );
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let (made, path) = (
        String::from_utf8(made).unwrap(),
        root.join("include/iddpm.h"),
    );
    if env::var_os("IDDPM_WRITE_HEADER").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "include/iddpm.h is not what src/ffi makes: IDDPM_WRITE_HEADER=1 cargo test --workspace --test ffi_header"
    );
}
