//! Links nothing but what the program brings along.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for argument in [
        "-nostartfiles",
        "-nostdlib",
        "-nodefaultlibs",
        "-static",
        "-no-pie",
    ] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}
