//! Gives the linker the memory of the emulated board; the host's own build needs nothing.

use std::{env, fs, path::PathBuf};

/// The memory where the weights of a network lie, behind the code where there is one memory for both.
const BEHIND: &str = "REGION_ALIAS(WEIGHTS, FLASH)";
/// What riscv-rt calls its memories.
const OF_RISCV: &str = "
REGION_ALIAS(REGION_TEXT, FLASH)
REGION_ALIAS(REGION_RODATA, FLASH)
REGION_ALIAS(REGION_DATA, RAM)
REGION_ALIAS(REGION_BSS, RAM)
REGION_ALIAS(REGION_HEAP, RAM)
REGION_ALIAS(REGION_STACK, RAM)
";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let has = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let arm = ["0x00000000", "0x20000000"];
    let ([code, data], flash, ram, rest) = match env::var("TARGET").expect("set by cargo").as_str()
    {
        // mps2-an385, whose Cortex-M3 has the instructions of an M0: with a network's memory
        "thumbv6m-none-eabi" if has("NETWORK") => (arm, "4M", "4M", BEHIND),
        "thumbv6m-none-eabi" => (arm, "256K", "16K", BEHIND), // microbit: nRF51822
        "thumbv7em-none-eabihf" => (arm, "4M", "4M", BEHIND), // mps2-an386, mps2-an500
        // mps3-an547: its two tightly coupled memories, and its DDR4 in place of a flash outside of the chip
        "thumbv8m.main-none-eabihf" => (
            arm,
            "512K",
            "512K",
            "MEMORY { WEIGHTS : ORIGIN = 0x60000000, LENGTH = 16M }",
        ),
        "riscv32imac-unknown-none-elf" => (["0x80000000", "0x80400000"], "4M", "4M", BEHIND), // virt
        _ => return,
    };
    let is_riscv = code != arm[0];
    let memory = format!(
        "MEMORY {{\n  FLASH : ORIGIN = {code}, LENGTH = {flash}\n  RAM : ORIGIN = {data}, LENGTH = {ram}\n}}
{rest}{}
SECTIONS {{ .weights : {{ KEEP(*(.weights)) }} > WEIGHTS }} INSERT AFTER .rodata;
",
        if is_riscv { OF_RISCV } else { "" }
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search={}", out.display());
    if is_riscv {
        println!("cargo:rustc-link-arg=-Tmemory.x"); // cortex-m-rt's script asks for it by itself
    }
    println!("cargo:rustc-link-arg=-Tlink.x");
    if has("DEFMT") {
        println!("cargo:rustc-link-arg=-Tdefmt.x");
    }
}
