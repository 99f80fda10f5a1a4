//! What `train` makes of its options: which may differ where a run goes on, what each may be, what has no
//! effect.

use serde_json::Value;

use super::scratch::Scratch;
use super::{refuse, run, succeed, write_archive};

const SMALL: &str = "--backend cpu --multipliers 1,1 --attention 1 --heads 1 --batch 4 --timesteps 20 \
     --sample-every 0 --drop-labels 0 --anneal 0";

fn data(scratch: &Scratch) {
    let pixels: Vec<u8> = (0..8 * 64).map(|at| (7 * at) as u8).collect();
    let labels = [0, 1, 2, 0, 1, 2, 0, 1];
    write_archive(&scratch.join("d.npz"), [8, 8, 8, 1], &pixels, &labels);
}

/// The options, with one in place of what they have.
fn with(options: &str, changed: &str) -> String {
    let name = changed.split_whitespace().next().unwrap();
    let mut words = options.split_whitespace().peekable();
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if word != name {
            kept.push(word);
        } else if words.peek().is_some_and(|next| !next.starts_with("--")) {
            words.next();
        }
    }
    format!("{} {changed}", kept.join(" "))
}

/// The option as it is typed, and what the run was begun with.
#[test]
fn a_run_goes_on_with_the_options_it_began_with() {
    let scratch = Scratch::new("options-resume");
    data(&scratch);
    let options = format!("{SMALL} --microbatch 2 --data d.npz --run r");
    succeed("train", &scratch, &format!("{options} --steps 1"));
    for (changed, told) in [
        (
            "--precision f16",
            "--precision f16: the run was begun with f32",
        ),
        (
            "--predict epsilon",
            "--predict epsilon: the run was begun with v",
        ),
        (
            "--predict x-start",
            "--predict x-start: the run was begun with v",
        ),
        ("--blocks 1", "--blocks 1: the run was begun with 2"),
        (
            "--objective simple",
            "--objective simple: the run was begun with hybrid",
        ),
        (
            "--objective vlb",
            "--objective vlb: the run was begun with hybrid",
        ),
        (
            "--sampler loss-second-moment",
            "--sampler loss-second-moment: the run was begun with uniform",
        ),
        (
            "--schedule sigmoid",
            "--schedule sigmoid: the run was begun with cosine",
        ),
        (
            "--timesteps 30",
            "--timesteps 30: the run was begun with 20",
        ),
        ("--batch 2", "--batch 2: the run was begun with 4"),
        ("--microbatch 4", "--microbatch 4: the run was begun with 2"),
        ("--rule sum", "--rule sum: the run was begun with mean"),
        (
            "--weight-decay 0.5",
            "--weight-decay 0.5: the run was begun with 0.0",
        ),
        ("--clip 0.5", "--clip 0.5: the run was begun with 1.0"),
        ("--min-snr 5", "--min-snr 5.0: the run was begun with 0.0"),
        (
            "--ema 0.9,0.99",
            "--ema 0.9,0.99: the run was begun with 0.999",
        ),
        (
            "--ema-at-once",
            "--ema-at-once: the run was begun without it",
        ),
        ("--dropout 0.1", "--dropout 0.1: the run was begun with 0.0"),
        (
            "--drop-labels 0.1",
            "--drop-labels 0.1: the run was begun without it",
        ),
        ("--flip", "--flip: the run was begun without it"),
        (
            "--recompute cheap",
            "--recompute cheap: the run was begun with nothing",
        ),
        ("--seed 7", "--seed 7: the run was begun with 0"),
        ("--low-res 4", "--low-res 4: the run was begun without it"),
        ("--channels 64", "--channels 64: the run was begun with 32"),
        (
            "--multipliers 1,2",
            "--multipliers 1,2: the run was begun with 1,1",
        ),
        (
            "--attention 1,2",
            "--attention 1,2: the run was begun with 1",
        ),
        ("--heads 2", "--heads 2: the run was begun with 1"),
        (
            "--norm-groups 8",
            "--norm-groups 8: the run was begun without it",
        ),
        ("--no-classes", "--no-classes: the run was begun without it"),
    ] {
        let options = format!("{} --steps 2 --resume", with(&options, changed));
        let line = refuse("train", &scratch, &options);
        assert_eq!(line, format!("train: {told}"), "{changed}");
    }
    succeed("train", &scratch, &format!("{options} --steps 2 --resume"));
}

/// As above, of what a run was begun with and is not given now, where the run does not know it itself.
#[test]
fn options_that_are_missing_are_named() {
    let scratch = Scratch::new("options-missing");
    data(&scratch);
    let options = format!("{SMALL} --data d.npz --run r");
    let begun = format!("{options} --flip --ema-at-once --low-res 4 --no-classes");
    succeed("train", &scratch, &format!("{begun} --steps 0"));
    std::fs::remove_file(scratch.join("r/options.toml")).unwrap();
    for missing in ["--flip", "--ema-at-once", "--low-res 4"] {
        let options = begun.replace(missing, "");
        let line = refuse("train", &scratch, &format!("{options} --steps 1 --resume"));
        let name = missing.split(' ').next().unwrap();
        assert!(
            line.starts_with(&format!("train: without {name}: the run was begun with ")),
            "{line}"
        );
    }
    let options = begun.replace("--no-classes", "");
    let line = refuse("train", &scratch, &format!("{options} --steps 1 --resume"));
    assert_eq!(
        line,
        "train: --data d.npz: 3 classes; the run was begun with none"
    );
}

/// Which values each may have is said with its name, whatever is wrong.
#[test]
fn values_out_of_range_are_named_with_the_bound() {
    let scratch = Scratch::new("options-range");
    data(&scratch);
    let options = format!("{SMALL} --data d.npz --run r");
    for (wrong, bound) in [
        ("--lr nan", "above 0"),
        ("--lr 0", "above 0"),
        ("--lr inf", "finite"),
        ("--lr -1", "above 0"),
        ("--ema 1.5", "within (0, 1)"),
        ("--ema 0.9,nan", "within (0, 1)"),
        ("--ema 0.9,0.9", "given once"),
        ("--clip -1", "not below 0"),
        ("--clip nan", "finite"),
        ("--min-snr inf", "finite"),
        ("--weight-decay -1", "not below 0"),
        ("--dropout 1", "0 or within [2^-32, 1)"),
        ("--dropout 1e-10", "0 or within [2^-32, 1)"),
        ("--dropout nan", "0 or within [2^-32, 1)"),
        ("--lr-schedule cubic", "linear, cosine, constant"),
        ("--lr-schedule cosine", "no effect with --anneal 0"),
        ("--drop-labels 1", "within [0, 1)"),
        ("--drop-labels -0.1", "within [0, 1)"),
        ("--drop-labels nan", "within [0, 1)"),
        ("--batch 0", "from 1 to"),
        ("--batch -4", "from 1 to"),
        ("--batch 9", "8 examples"),
        ("--microbatch 3", "a divisor of the batch"),
        ("--microbatch 0", "from 1 to"),
        ("--timesteps 1", "from 2 to 1000000"),
        ("--timesteps 4294967295", "from 2 to 1000000"),
        ("--channels 33", "multiple of 32"),
        ("--channels 0", "from 1 to"),
        ("--norm-groups 0", "from 1 to"),
        ("--norm-groups 3", "must be a multiple of 3 (norm_groups)"),
        (
            "--norm-groups 9000",
            "norm_groups = 9000, must be 1 to 8192",
        ),
        ("--multipliers 2,1", "must be 1"),
        ("--multipliers 1,9999", "channel_mult"),
        ("--attention 3", "factor 3"),
        ("--heads 5", "32 channels"),
        ("--blocks 1000", "64"),
        ("--steps -1", "from 0 to 18446744073709551615"),
        (
            "--steps 18446744073709551616",
            "from 0 to 18446744073709551615",
        ),
        ("--keep 0", "from 1 to"),
        ("--log-every 0", "from 1 to"),
        ("--save-every x", "from 0 to"),
        ("--seed -1", "from 0 to 18446744073709551615"),
        ("--low-res 8", "below 8x8"),
        ("--low-res 64", "below 8x8"),
        ("--low-res 0", "from 1 to"),
        ("--schedule cubic", "linear, cosine, sigmoid"),
    ] {
        let output = run(
            "train",
            &scratch,
            &format!("{} --steps 1", with(&options, wrong))
                .replace("--steps 1 --steps 1", "--steps 1"),
        );
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{wrong}");
        let (name, value) = wrong.split_once(' ').unwrap();
        assert!(said.contains(name), "{wrong}: {said}");
        assert!(said.contains(bound), "{wrong}: no {bound}: {said}");
        let value = value
            .trim_start_matches("0.9,")
            .split(',')
            .next_back()
            .unwrap();
        assert!(said.to_lowercase().contains(value), "{wrong}: {said}");
        assert!(!scratch.join("r").exists(), "{wrong}");
    }
}

/// The words that an option may have, which it takes, and what they say.
#[test]
fn the_words_of_an_option_are_in_the_help() {
    let scratch = Scratch::new("options-help");
    let (short, full) = (
        succeed("train", &scratch, "-h"),
        succeed("train", &scratch, "--help"),
    );
    for words in [
        "[possible values: linear, cosine, sigmoid]",
        "[possible values: epsilon, x-start, v]",
        "[default: hybrid] [possible values: simple, hybrid, vlb]",
        "[default: uniform] [possible values: uniform, loss-second-moment]",
        "[possible values: mean, sum]",
        "[default: f32] [possible values: f32, f16]",
        "[default: nothing] [possible values: nothing, cheap, blocks]",
    ] {
        assert!(short.contains(words), "{words}: {short}");
    }
    for says in [
        "- epsilon: The noise, as the paper",
        "- x-start: The image",
        "- simple: The mean squared error; the variance is fixed",
        "- vlb:    The bound",
        "- loss-second-moment: By the losses seen of it: made for --objective vlb",
    ] {
        assert!(full.contains(says), "{says}: {full}");
    }
    // The library's own names are not the program's.
    for given in [
        "--predict x_start",
        "--predict previous-x",
        "--objective mse",
        "--sampler loss_second_moment",
        "--schedule sigmoid:-3,3,1",
        "--precision as-stored",
        "--recompute all",
    ] {
        let output = run("train", &scratch, &format!("--data d --run r {given}"));
        assert_eq!(output.status.code(), Some(2), "{given}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("possible values: "), "{given}: {said}");
    }
}

/// An option that was given and changes nothing is a slip; a default that changes nothing is none.
#[test]
fn what_has_no_effect_is_refused() {
    let scratch = Scratch::new("options-effect");
    data(&scratch);
    let options = "--backend cpu --batch 4 --timesteps 20 --data d.npz --run r --steps 0";
    for (given, told) in [
        ("--grey --size 64", ["--grey", "--size"]),
        ("--size 8", ["--size", "d.npz"]),
        ("--grey", ["--grey", "d.npz"]),
        ("--alpha keep", ["alpha keep", "d.npz"]),
        ("--skip-broken", ["--skip-broken", "d.npz"]),
        (
            "--low-res 4 --sample-every 5",
            ["--sample-every 5", "--low-res 4"],
        ),
        (
            "--multipliers 1,1 --attention 4",
            ["--attention", "factor 4"],
        ),
        ("--threads 2 --backend gpu", ["--threads", "GPU"]),
        ("--noise-scale", ["--noise-scale", "--microbatch"]),
        (
            "--noise-scale --microbatch 4",
            ["--noise-scale", "--microbatch"],
        ),
    ] {
        let options = if given.contains("--backend") {
            options.replace("--backend cpu", "")
        } else {
            options.into()
        };
        let line = refuse("train", &scratch, &format!("{options} {given}"));
        for told in told {
            assert!(line.contains(told), "{given}: {line}");
        }
        assert!(!scratch.join("r").exists(), "{given}");
    }
    // CIFAR-10 has its own as well.
    for batch in 1..=5 {
        let records: Vec<u8> = (0..2 * 3073).map(|at| (at % 7) as u8).collect();
        scratch.write(&format!("cifar/data_batch_{batch}.bin"), &records);
    }
    let cifar = options.replace("d.npz", "cifar");
    for given in ["--grey", "--size 32", "--skip-broken"] {
        let line = refuse("train", &scratch, &format!("{cifar} {given}"));
        assert!(line.contains(given.split(' ').next().unwrap()), "{line}");
        assert!(line.contains("CIFAR-10"), "{line}");
    }
    succeed("train", &scratch, &cifar.replace("--run r", "--run c"));
    // The default's attention is at a level that there is not, its grids are of what is enlarged.
    succeed(
        "train",
        &scratch,
        &format!("{options} --multipliers 1 --low-res 4"),
    );
}

/// In the log, as TensorBoard has it too, and nowhere else: the run is the same without.
#[test]
fn the_noise_scale_is_logged_where_it_is_asked_for() {
    let scratch = Scratch::new("options-noise-scale");
    data(&scratch);
    let options = format!("{SMALL} --data d.npz --microbatch 2 --steps 4 --log-every 2");
    succeed("train", &scratch, &format!("{options} --run without"));
    succeed(
        "train",
        &scratch,
        &format!("{options} --run with --noise-scale"),
    );
    let lines = |run: &str| -> Vec<Value> {
        let log = std::fs::read_to_string(scratch.join(&format!("{run}/log.jsonl"))).unwrap();
        log.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let (with, without) = (lines("with"), lines("without"));
    assert_eq!((with.len(), without.len()), (2, 2));
    for (mut with, without) in with.into_iter().zip(without) {
        let line = with.as_object_mut().unwrap();
        let noise = line.remove("noise").unwrap();
        let of = |part: &str| noise[part].as_f64().unwrap();
        let scale = line.remove("noise_scale").and_then(|scale| scale.as_f64());
        assert_eq!(
            scale,
            (of("signal") > 0.0).then(|| of("noise") / of("signal"))
        );
        for same in ["step", "loss", "grad_norm"] {
            assert_eq!(with[same], without[same]);
        }
        assert!(without.get("noise").is_none() && without.get("noise_scale").is_none());
    }
    let state = |run: &str| std::fs::read(scratch.join(&format!("{run}/step-00000004/run.json")));
    assert_eq!(state("with").unwrap(), state("without").unwrap());
    let events = std::fs::read(scratch.join("with/events.out.tfevents.iddpm")).unwrap();
    assert!(events.windows(6).any(|bytes| bytes == b"signal"));
}

/// A run that has come to a learning rate of 0 does not go on at it without a word.
#[test]
fn a_learning_rate_of_0_is_refused() {
    let scratch = Scratch::new("options-anneal");
    data(&scratch);
    let options = format!("{} --data d.npz --run r", with(SMALL, "--anneal 3"));
    let line = refuse("train", &scratch, &format!("{options} --steps 4"));
    assert!(
        line.contains("--steps 4") && line.contains("from step 3 on"),
        "{line}"
    );
    assert!(!scratch.join("r").exists());
    succeed("train", &scratch, &format!("{options} --steps 3"));
    let line = refuse("train", &scratch, &format!("{options} --steps 6 --resume"));
    assert!(
        line.contains("from step 3 on") && line.contains("--init"),
        "{line}"
    );
    // The ways that are told.
    let printed = succeed(
        "train",
        &scratch,
        "--run r --resume --lr-schedule constant --steps 4",
    );
    assert!(
        printed.contains(
            "learning rate from here on: 0.001, warm-up 200, constant; \
             it was 0.001, warm-up 200, linear to 0 at step 3"
        ),
        "{printed}"
    );
    let again = with(SMALL, "--anneal 2");
    let again = format!("{again} --data d.npz --run again --steps 2 --init r");
    succeed("train", &scratch, &again);
}

/// No steps, one, those that are done, and fewer than those.
#[test]
fn few_steps() {
    let scratch = Scratch::new("options-steps");
    data(&scratch);
    let options = format!("{SMALL} --data d.npz --run r");
    let printed = succeed("train", &scratch, &format!("{options} --steps 0"));
    assert!(printed.contains("step 0: r/step-00000000"), "{printed}");
    succeed("train", &scratch, &format!("{options} --steps 1 --resume"));
    let printed = succeed("train", &scratch, &format!("{options} --steps 1 --resume"));
    assert!(
        printed.contains("--steps 1: all of them are done already"),
        "{printed}"
    );
    let line = refuse("train", &scratch, &format!("{options} --steps 0 --resume"));
    assert!(
        line.contains("--steps 0") && line.contains("r/step-00000001"),
        "{line}"
    );
}

/// The same bits on any number of threads, of which the line tells; and a seed that is drawn is told.
#[test]
fn threads_and_seeds() {
    let scratch = Scratch::new("options-threads");
    data(&scratch);
    let options = format!("{SMALL} --data d.npz --steps 2");
    let printed = succeed(
        "train",
        &scratch,
        &format!("{options} --run one --threads 1"),
    );
    assert!(
        printed.contains("the CPU (asked for), 1 thread"),
        "{printed}"
    );
    succeed("train", &scratch, &format!("{options} --run all"));
    let model = |run: &str| {
        let path = format!("{run}/step-00000002/model.safetensors");
        std::fs::read(scratch.join(&path)).unwrap()
    };
    assert!(model("one") == model("all"));
    let line = refuse("train", &scratch, &format!("{options} --run r --threads 0"));
    assert!(!line.is_empty());

    let printed = succeed(
        "train",
        &scratch,
        &format!("{options} --run drawn --seed random"),
    );
    let line = printed
        .lines()
        .find(|line| line.contains("--seed"))
        .unwrap();
    let seed = line
        .split("--seed ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    succeed(
        "train",
        &scratch,
        &format!("{options} --run again --seed {seed}"),
    );
    assert!(model("drawn") == model("again"));
    assert!(model("drawn") != model("all"));
}
