//! The examples that `cargo test` builds beside the tests.

use std::path::PathBuf;

/// Where an example of the same build lies.
pub(crate) fn program(name: &str) -> PathBuf {
    // target/PROFILE/deps/this-test
    let test = std::env::current_exe().unwrap();
    let file = format!("examples/{name}{}", std::env::consts::EXE_SUFFIX);
    let program = test.parent().unwrap().parent().unwrap().join(file);
    assert!(
        program.exists(),
        "{}: build it with the same features: cargo build --example {name}",
        program.display()
    );
    program
}
