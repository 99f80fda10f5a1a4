//! Gives the linker the memory of the emulated board; the host's own build needs nothing.

use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let (flash, ram) = match env::var("TARGET").expect("set by cargo").as_str() {
        "thumbv6m-none-eabi" => ("256K", "16K"), // microbit: nRF51822
        "thumbv7em-none-eabihf" => ("4M", "4M"), // mps2-an386
        "thumbv8m.main-none-eabihf" => ("512K", "512K"), // mps3-an547: its two tightly coupled memories
        _ => return,
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let memory = format!(
        "MEMORY {{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {flash}\n  RAM : ORIGIN = 0x20000000, LENGTH = {ram}\n}}\n"
    );
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg=-Tlink.x");
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo:rustc-link-arg=-Tdefmt.x");
    }
}
