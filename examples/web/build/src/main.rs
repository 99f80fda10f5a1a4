//! Builds the page: a folder of static files, whose place is the one argument, `site` in this package's target
//! folder by default.
//!
//! ```sh
//! cargo run --manifest-path examples/web/build/Cargo.toml
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
/// What every browser with WebGPU has, and those without it of the last years.
const RUSTFLAGS: &str = "-Ctarget-feature=+simd128";
/// The page itself, in `examples/web`.
const PAGE: &str = "page";
/// What draws in four steps; what it was distilled from, which takes any number, and is taught.
const MODELS: [&str; 2] = ["sprites32_4_steps.safetensors", "sprites32.safetensors"];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or(web.join("target"), PathBuf::from);
    let site = env::args_os()
        .nth(1)
        .map_or(target.join("site"), PathBuf::from);

    compile(&web, &target)?;
    fs::create_dir_all(&site)?;
    let wasm = target.join(TARGET).join("release/iddpm_web.wasm");
    Bindgen::new()
        .input_path(&wasm)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .generate(&site)
        .map_err(|error| format!("{}: {error}", wasm.display()))?;
    for entry in fs::read_dir(web.join(PAGE))? {
        let entry = entry?;
        copy(&entry.path(), &site.join(entry.file_name()))?;
    }
    for model in MODELS {
        copy(&web.join("../assets").join(model), &site.join(model))?;
    }
    tell(&site)
}

fn compile(web: &Path, target: &Path) -> Result<(), Box<dyn Error>> {
    let status = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args([
            "build",
            "--release",
            "--package",
            "iddpm-web",
            "--target",
            TARGET,
        ])
        .arg("--manifest-path")
        .arg(web.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .env("RUSTFLAGS", RUSTFLAGS)
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!(
            "cargo built no page; `rustup target add {TARGET}` brings what it may lack"
        )
        .into()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::copy(from, to).map_err(|error| format!("copying {}: {error}", from.display()))?;
    Ok(())
}

/// Says what the files take, as they are and as servers send them.
fn tell(site: &Path) -> Result<(), Box<dyn Error>> {
    println!("{:>9}  {:>9}", "bytes", "gzip");
    let mut names: Vec<_> = fs::read_dir(site)?.collect::<Result<_, _>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let bytes = fs::read(entry.path())?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        io::Write::write_all(&mut gzip, &bytes)?;
        let (raw, packed) = (bytes.len(), gzip.finish()?.len());
        println!("{raw:>9}  {packed:>9}  {}", entry.file_name().display());
    }
    println!(
        "{} is to be served, as by `python3 -m http.server --directory {0}`",
        site.display()
    );
    Ok(())
}
