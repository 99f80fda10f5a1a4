//! The headers in `include` are what the source makes of them: `IDDPM_WRITE_HEADER=1 cargo test --workspace --test
//! ffi_header` writes them anew.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::{env, fs};

/// Holds a header to the public items of these files of `src/ffi`, in their order, by a configuration of cbindgen's.
fn holds(header: &str, config: &str, sources: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let config = cbindgen::Config::from_file(root.join(config)).unwrap();
    let sources = sources.iter().map(|name| root.join("src/ffi").join(name));
    let builder = sources.fold(
        cbindgen::Builder::new().with_config(config),
        |builder, source| builder.with_src(source),
    );
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    let path = root.join("include").join(header);
    if env::var_os("IDDPM_WRITE_HEADER").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "include/{header} is not what src/ffi makes: IDDPM_WRITE_HEADER=1 cargo test --workspace --test ffi_header"
    );
}

#[test]
fn the_door_is_what_the_source_says() {
    let sources = [
        "door/info.rs",
        "door/options.rs",
        "abi/door/pointers.rs",
        "abi/door/models.rs",
        "abi/door/runs.rs",
        "abi/door/planes.rs",
    ];
    holds("iddpm.h", "cbindgen.toml", &sources);
}

#[test]
fn the_network_is_what_the_source_says() {
    holds(
        "iddpm_network.h",
        "cbindgen_network.toml",
        &["abi/network.rs"],
    );
}

#[test]
fn the_core_is_what_the_source_says() {
    let sources = [
        "result.rs",
        "sampling/plain.rs",
        "abi/opaque.rs",
        "abi/sampling.rs",
    ];
    holds("iddpm_core.h", "cbindgen_core.toml", &sources);
}
