//! What a run is trained on: a device, even one in software, or the processor.

use super::scratch::Scratch;
use super::{succeed, write_archive};

/// A run begun on a device in f16 goes on there, and on the processor, and each says what it runs on.
#[test]
fn a_run_goes_on_wherever_it_is() {
    let scratch = Scratch::new("backends");
    let pixels: Vec<u8> = (0..8 * 64).map(|at| (5 * at) as u8).collect();
    write_archive(&scratch.join("plain.npz"), [8, 8, 8, 1], &pixels, &[]);
    let options = "--data plain.npz --no-classes --run r --multipliers 1 --attention 1 --batch 4 \
         --microbatch 2 --sample-every 0 --precision f16";
    let train = |more: &str| {
        let printed = succeed("train", &scratch, &format!("{options} {more}"));
        let of_it = printed.lines().find(|line| line.starts_with("running on "));
        of_it.unwrap_or_else(|| panic!("{printed}")).to_owned()
    };
    let line = train("--steps 2 --backend gpu");
    assert!(line.contains("f16") && !line.contains("CPU, "), "{line}");
    let line = train("--steps 4 --resume --backend gpu");
    assert!(line.contains("f16") && !line.contains("CPU, "), "{line}");
    let line = train("--steps 6 --resume --backend cpu");
    assert!(line.contains("the CPU (asked for), "), "{line}");
    train("--steps 7 --resume");
    let log = std::fs::read_to_string(scratch.join("r/log.jsonl")).unwrap();
    // A line for each time it went on, whatever the loss scale found.
    let steps: Vec<u64> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [2, 4, 6, 7], "{log}");
    assert!(scratch.join("r/step-00000007/model.safetensors").exists());
}
