//! Held-out images: the bound on them, the best network, the end of a run that gets no better.

use super::scratch::Scratch;
use super::{refuse, succeed, write_archive};

const OPTIONS: &str = "--data d.npz --backend cpu --multipliers 1 --attention 1 --heads 1 --batch 4 \
     --timesteps 20 --sample-every 0 --val-every 2 --no-classes --anneal 0";

/// Images of which a share is held out; and others.
fn data(scratch: &Scratch) {
    let pixels = |count: usize, factor: usize| -> Vec<u8> {
        (0..64 * count)
            .map(|at| (at * at * factor % 251) as u8)
            .collect()
    };
    write_archive(&scratch.join("d.npz"), [40, 8, 8, 1], &pixels(40, 7), &[]);
    write_archive(&scratch.join("own.npz"), [5, 8, 8, 1], &pixels(5, 11), &[]);
}

fn logged(scratch: &Scratch, run: &str) -> Vec<(u64, f64)> {
    let log = std::fs::read_to_string(scratch.join(&format!("{run}/log.jsonl"))).unwrap();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let held_out = lines.filter_map(|line| {
        Some((
            line["step"].as_u64().unwrap(),
            line.get("held_out")?.as_f64().unwrap(),
        ))
    });
    held_out.collect()
}

fn best(scratch: &Scratch, run: &str) -> Vec<u8> {
    std::fs::read(scratch.join(&format!("{run}/best.safetensors"))).unwrap()
}

/// The bound is what `nll` finds of the same images; the best network is kept, stands for the run, and is the same
/// where the run was stopped.
#[test]
fn the_best_network_is_kept() {
    let scratch = Scratch::new("validation-best");
    data(&scratch);
    let options = format!("{OPTIONS} --val own.npz --lr 1e-3 --warm-up 0");
    succeed("train", &scratch, &format!("{options} --run r --steps 6"));
    let values = logged(&scratch, "r");
    assert_eq!(
        values.iter().map(|&(step, _)| step).collect::<Vec<_>>(),
        [2, 4, 6]
    );
    let least = values
        .iter()
        .copied()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();

    let described = succeed("inspect", &scratch, "r/best.safetensors");
    assert!(
        described.contains(&format!("step {}", least.0)),
        "{described}"
    );
    let found = succeed("nll", &scratch, "--checkpoint r --data own.npz --steps all");
    assert!(found.contains("best.safetensors") && found.contains("the best by held-out images"));
    assert!(
        found.contains(&format!("{:.4}", least.1)),
        "{found}: {}",
        least.1
    );

    succeed("train", &scratch, &format!("{options} --run s --steps 3"));
    succeed("train", &scratch, "--run s --resume --steps 6");
    assert_eq!(logged(&scratch, "s"), values);
    assert!(best(&scratch, "s") == best(&scratch, "r"));
}

/// A share is not trained on, and another share is other data; a rate so large that nothing is learnt ends early.
#[test]
fn a_share_and_patience() {
    let scratch = Scratch::new("validation-share");
    data(&scratch);
    let options = format!("{OPTIONS} --run r --val 0.2");
    let early = format!("{options} --lr 0.3 --warm-up 0 --patience 2 --steps 40");
    let printed = succeed("train", &scratch, &early);
    assert!(printed.contains("images are held out"), "{printed}");
    assert!(
        printed.contains("--patience 2: none was better than that of step"),
        "{printed}"
    );
    let last = logged(&scratch, "r").last().unwrap().0;
    assert!(last < 40, "{last}");
    let line = refuse("train", &scratch, "--run r --resume --val 0.5");
    assert!(line.contains("--data"), "{line}");
}

#[test]
fn what_is_refused() {
    let scratch = Scratch::new("validation-refused");
    data(&scratch);
    for (wrong, told) in [
        ("--val 0", "--val: a share of 0 holds out 0 of 40 images"),
        ("--val 1", "--val: a share of 1 holds out 40 of 40 images"),
        (
            "--val nan",
            "--val: a share of NaN holds out 0 of 40 images",
        ),
        ("--val absent", "--val absent"),
        ("", "--val-every: no effect without --val"),
    ] {
        let line = refuse(
            "train",
            &scratch,
            &format!("{OPTIONS} --run r --steps 2 {wrong}"),
        );
        assert!(line.contains(told), "{wrong}: {line}");
        assert!(!scratch.join("r").exists());
    }
}
