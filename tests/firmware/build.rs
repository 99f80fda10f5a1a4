//! Gives the linker the memory of the emulated board; the host's own build needs nothing.

use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The memory where the weights of a network lie, behind the code where there is one memory for both.
    const BEHIND: &str = "REGION_ALIAS(WEIGHTS, FLASH)";
    let (flash, ram, weights) = match env::var("TARGET").expect("set by cargo").as_str() {
        "thumbv6m-none-eabi" => ("256K", "16K", BEHIND), // microbit: nRF51822
        "thumbv7em-none-eabihf" => ("4M", "4M", BEHIND), // mps2-an386, mps2-an500
        // mps3-an547: its two tightly coupled memories, and its DDR4 in place of a flash outside of the chip
        "thumbv8m.main-none-eabihf" => (
            "512K",
            "512K",
            "MEMORY { WEIGHTS : ORIGIN = 0x60000000, LENGTH = 16M }",
        ),
        _ => return,
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let memory = format!(
        "MEMORY {{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {flash}\n  RAM : ORIGIN = 0x20000000, LENGTH = {ram}\n}}
{weights}
SECTIONS {{ .weights : {{ KEEP(*(.weights)) }} > WEIGHTS }} INSERT AFTER .rodata;
"
    );
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg=-Tlink.x");
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo:rustc-link-arg=-Tdefmt.x");
    }
}
