//! Kernels kept from one start to the next.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use iddpm::gpu::wgpu;
use iddpm::{Device, Draw};

use super::door::{begin, finish, model};

/// What is drawn on a device of its own, whose kernels are kept there.
fn started(folder: &Path) -> Vec<f32> {
    let mut studio = model().on(Device::gpu().with_cache(folder)).unwrap();
    finish(begin(&mut studio, &Draw::new().steps("2"), 0))
}

/// One file for the adapter, where it can be at all; one that is damaged, or of nobody, is written anew.
#[test]
fn kernels_are_kept_between_starts() {
    let folder = env::temp_dir().join(format!("iddpm-gpu-cache-{}", process::id()));
    let first = started(&folder);
    let files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let is_kept = super::gpu()
        .device()
        .features()
        .contains(wgpu::Features::PIPELINE_CACHE);
    assert_eq!(files.len(), usize::from(is_kept), "{files:?}");
    if let [file] = &files[..] {
        let kept = fs::read(file).unwrap();
        // What is known already is not written again.
        let written = || fs::metadata(file).unwrap().modified().unwrap();
        let then = written();
        assert_eq!(started(&folder), first);
        assert_eq!(written(), then);
        for damaged in [b"nobody's".to_vec(), [b"x", &kept[..]].concat(), Vec::new()] {
            fs::write(file, &damaged).unwrap();
            assert_eq!(started(&folder), first);
            assert_ne!(fs::read(file).unwrap(), damaged);
        }
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_cache_without_a_folder_is_refused() {
    let file = env::temp_dir().join(format!("iddpm-gpu-no-cache-{}", process::id()));
    fs::write(&file, "a file").unwrap();
    for device in [Device::gpu(), Device::from(super::gpu().clone())] {
        let error = device.with_cache(&file).open().unwrap_err().to_string();
        assert!(
            error.starts_with("cache ") && error.contains("not a folder"),
            "{error}"
        );
    }
    // The processor needs none.
    assert!(Device::cpu().with_cache(&file).open().is_ok());
    fs::remove_file(file).unwrap();
}

/// On a real device it is said; one in software is not measured.
#[test]
fn a_measured_choice_is_said() {
    let (_, plain) = Device::gpu().open().unwrap();
    let (_, chosen) = Device::gpu().measured().open().unwrap();
    let (plain, chosen) = (plain.to_string(), chosen.to_string());
    let is_measured = super::gpu().matrices().is_some()
        && super::gpu().device().adapter_info().device_type != wgpu::DeviceType::Cpu;
    assert_eq!(chosen != plain, is_measured, "{plain}, {chosen}");
    assert_eq!(chosen.contains("; measured: "), is_measured, "{chosen}");
}
