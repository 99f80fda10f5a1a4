//! Paths, flags and names that stand for nothing.

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Flags, Foreign, Header, Preset, WeightType, locate,
};
use iddpm::unet::ConfigError;

use super::{Case, reading, refused, sound};
use crate::scratch::Scratch;

/// Paths that are no files, or whose files are refused: the error has the path.
pub(super) fn places() -> Vec<Case> {
    let scratch = Scratch::new("checkpoint-places");
    let within = |name: &str, error: Error| error.in_file(scratch.join(name).display());
    let opening = |name: &str| refused(Checkpoint::open(scratch.join(name), WeightType::F32));
    let heading = |name: &str| refused(Header::open(scratch.join(name)));
    let locating = |name: &str| refused(locate(scratch.join(name)));
    scratch.write("page", b"<!DOCTYPE html>");
    scratch.write("folder/model.safetensors", &sound().bytes());
    scratch.write("run/latest", b"step-00000003");
    let page = || Error::Foreign {
        kind: Foreign::WebPage,
    };
    let folder = || Error::Folder {
        networks: vec!["model.safetensors".into()],
    };
    let latest = || Error::Latest {
        names: "step-00000003".into(),
    };
    let cases = [
        ("opened", opening("page"), within("page", page())),
        ("its header", heading("page"), within("page", page())),
        ("a folder", opening("folder"), within("folder", folder())),
        ("located", locating("folder"), within("folder", folder())),
        ("a run", locating("run"), within("run", latest())),
        ("not in a file", reading(b"<html lang=\"en\">"), page()),
        ("no folder's name", folder(), folder()),
        ("no run's name", latest(), latest()),
    ];
    for (what, found, _) in &cases[..5] {
        let path = scratch.path().display().to_string();
        let named = found.to_string().matches(&path).count();
        assert_eq!(named, 1, "{what}: {found}");
    }
    cases
        .map(|(what, found, error)| (what.into(), found, error))
        .into()
}

pub(super) fn names() -> Vec<Case> {
    let flags = |text: &str| refused(text.parse::<Flags>());
    let unet = |text: &str| refused(text.parse::<Flags>().unwrap().unet());
    let value = |flag: &str, value: &str, takes| Error::FlagValue {
        flag: flag.into(),
        value: value.into(),
        takes,
    };
    let whole = "a whole number";
    let sizes = "32, 64 and 256, which have channel multipliers of their own, and any other size \
        with the multipliers given, as by `--channel-mult 1,1,2,3,4`";
    let unknown = |flag: &str| Error::UnknownFlag { flag: flag.into() };
    let missing = Checkpoint::open("no/such/file", WeightType::F32);
    let cases = [
        (
            "a preset",
            refused("cifar".parse::<Preset>()),
            Error::UnknownPreset {
                name: "cifar".into(),
            },
        ),
        ("a flag", flags("--lr 3"), unknown("--lr")),
        ("no flag", flags("image_size 32"), unknown("image_size")),
        (
            "no value",
            flags("--image_size"),
            value("image_size", "", whole),
        ),
        (
            "no number",
            flags("--num_heads=-1"),
            value("num_heads", "-1", whole),
        ),
        (
            "no truth",
            flags("--learn_sigma maybe"),
            value("learn_sigma", "maybe", "true or false"),
        ),
        ("no side", flags("--attention_resolutions 8,x"), {
            let takes = "whole numbers with commas between them, such as 16,8";
            value("attention_resolutions", "8,x", takes)
        }),
        ("no schedule", flags("--noise_schedule sigmoid"), {
            let takes = "linear or cosine; leave it out for another, such as `--schedule sigmoid`";
            value("noise_schedule", "sigmoid", takes)
        }),
        (
            "a size",
            unet("--image_size 48"),
            value("image_size", "48", sizes),
        ),
        (
            "a size of two",
            unet("--large_size 32"),
            value("large_size", "32", &sizes[4..]),
        ),
        ("a side of 0", unet("--attention_resolutions 0"), {
            value("attention_resolutions", "0", "sides of 1 and more")
        }),
        ("channels", unet("--num_channels 100"), {
            Error::Config(ConfigError::ModelChannels {
                value: 100,
                multiple_of: 32,
                max: 8192,
            })
        }),
        (
            "no file",
            refused(missing),
            Error::Io {
                action: "opening",
                path: "no/such/file".into(),
                reason: std::fs::read("no/such/file").unwrap_err().to_string(),
            },
        ),
    ];
    cases
        .map(|(what, found, error)| (what.into(), found, error))
        .into()
}
