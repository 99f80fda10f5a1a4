//! Options from files, and those that a run keeps: `--resume` needs no other word.

use super::interrupted::data;
use super::scratch::Scratch;
use super::{refuse, succeed};

const FILE: &str = "
data = \"plain.npz\"
backend = \"cpu\"
multipliers = [1, 1]
attention = 1
heads = \"1\"
batch = 4
timesteps = 20
sample-every = 0
lr = 1e-3
anneal = 0
ema = [0.5, 0.9]
flip = true
ema-at-once = false
steps = 2
log-every = 1
";

fn weights(scratch: &Scratch, run: &str, step: u64) -> Vec<u8> {
    let path = format!("{run}/step-{step:08}/model.safetensors");
    std::fs::read(scratch.join(&path)).unwrap()
}

fn kept(scratch: &Scratch, run: &str) -> toml::Table {
    let text = std::fs::read_to_string(scratch.join(&format!("{run}/options.toml"))).unwrap();
    text.parse().unwrap()
}

/// A file says what the command line says, which wins.
#[test]
fn a_file_of_options() {
    let scratch = Scratch::new("settings-file");
    data(&scratch, 8);
    scratch.write("f.toml", FILE.as_bytes());
    succeed("train", &scratch, "--config f.toml --run file");
    let line = "--data plain.npz --backend cpu --multipliers 1,1 --attention 1 --heads 1 --batch 4 \
         --timesteps 20 --sample-every 0 --lr 1e-3 --anneal 0 --ema 0.5,0.9 --flip --steps 2";
    succeed("train", &scratch, &format!("{line} --run line"));
    assert!(weights(&scratch, "file", 2) == weights(&scratch, "line", 2));

    let other = "--run other --lr 1e-4 --config=f.toml --ema 0.8 --steps 1";
    succeed("train", &scratch, other);
    let kept = kept(&scratch, "other");
    let is = |key: &str, text: &str| assert_eq!(kept[key].as_str(), Some(text), "{key}");
    is("lr", "1e-4");
    is("ema", "0.8");
    is("steps", "1");
    // Of the file, and of neither.
    is("batch", "4");
    is("seed", "0");
    assert_eq!(kept["flip"].as_bool(), Some(true));
    assert_eq!(kept["skip-broken"].as_bool(), Some(false));
    assert!(std::path::Path::new(kept["data"].as_str().unwrap()).is_absolute());
    for of_a_call in ["run", "config", "resume", "init"] {
        assert!(!kept.contains_key(of_a_call), "{of_a_call}");
    }
}

/// From another folder and with no other word a run goes on, bit for bit; steps and learning rate may be said.
#[test]
fn a_run_knows_its_options() {
    let scratch = Scratch::new("settings-resume");
    data(&scratch, 8);
    scratch.write("f.toml", FILE.as_bytes());
    succeed("train", &scratch, "--config f.toml --run whole --steps 5");
    succeed("train", &scratch, "--config f.toml --run a --steps 2");
    std::fs::create_dir(scratch.join("elsewhere")).unwrap();
    std::fs::rename(scratch.join("a"), scratch.join("elsewhere/a")).unwrap();
    let printed = succeed("train", &scratch, "--run elsewhere/a --resume");
    assert!(
        printed.contains("--steps 2: all of them are done already"),
        "{printed}"
    );
    succeed("train", &scratch, "--resume --run elsewhere/a --steps 5");
    assert!(weights(&scratch, "whole", 5) == weights(&scratch, "elsewhere/a", 5));

    let more = "--run elsewhere/a --resume --steps 7 --lr 5e-4 --lr-schedule cosine --anneal 9";
    let printed = succeed("train", &scratch, more);
    assert!(
        printed.contains("learning rate from here on: 0.0005, warm-up 200, cosine to 0 at step 9")
    );
    // It is logged where it begins, and the run has it from then on.
    let log = std::fs::read_to_string(scratch.join("elsewhere/a/log.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let changed: Vec<_> = lines
        .iter()
        .filter(|line| !line["rates"].is_null())
        .collect();
    assert_eq!(changed.len(), 1, "{log}");
    assert_eq!(
        (&changed[0]["step"], &changed[0]["rates"]["lr"]),
        (&6.into(), &5e-4.into())
    );
    let printed = succeed("train", &scratch, "--run elsewhere/a --resume --steps 8");
    assert!(!printed.contains("learning rate"), "{printed}");
    assert_eq!(kept(&scratch, "elsewhere/a")["anneal"].as_str(), Some("9"));

    let line = refuse(
        "train",
        &scratch,
        "--run elsewhere/a --resume --steps 9 --batch 2",
    );
    assert_eq!(line, "train: --batch 2: the run was begun with 4");
}

/// The file is named, and what is wrong in it.
#[test]
fn what_is_wrong_in_a_file() {
    let scratch = Scratch::new("settings-wrong");
    data(&scratch, 8);
    for (text, told) in [
        (
            "learning-rate = 1",
            "f.toml: learning-rate: there is no such option",
        ),
        (
            "drop_labels = 0.1",
            "f.toml: drop_labels: there is no such option",
        ),
        (
            "config = \"f.toml\"",
            "f.toml: config: there is no such option",
        ),
        ("help = true", "f.toml: help: there is no such option"),
        ("flip = 1", "f.toml: flip: is true or false"),
        (
            "lr = true",
            "f.toml: lr: is a number, a text, or a list of these",
        ),
        (
            "[lr]\nx = 1",
            "f.toml: lr: is a number, a text, or a list of these",
        ),
        (
            "lr = \"much\"",
            "f.toml: invalid value 'much' for '--lr <LR>'",
        ),
        ("lr = [1, 2]", "f.toml: invalid value '1,2' for '--lr <LR>'"),
        ("keep = 0", "f.toml: invalid value '0' for '--keep <KEEP>'"),
        // Though the command line says another.
        (
            "batch = -1",
            "f.toml: invalid value '-1' for '--batch <BATCH>'",
        ),
    ] {
        scratch.write("f.toml", text.as_bytes());
        let line = refuse(
            "train",
            &scratch,
            "--config f.toml --data plain.npz --run r --batch 2",
        );
        assert!(
            line.starts_with(&format!("train: --config {told}")),
            "{text}: {line}"
        );
    }
    scratch.write("f.toml", b"lr = = 1");
    let output = super::run(
        "train",
        &scratch,
        "--config f.toml --data plain.npz --run r",
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("train: --config f.toml: TOML parse error at line 1"),
        "{said}"
    );
    let line = refuse(
        "train",
        &scratch,
        "--config absent --data plain.npz --run r",
    );
    assert!(line.contains("absent"), "{line}");
    assert!(!scratch.join("r").exists());
    // What neither says is asked for as ever.
    scratch.write("f.toml", b"lr = 1e-3");
    let output = super::run("train", &scratch, "--config f.toml --run r");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("--data <DATA>")
    );
}
