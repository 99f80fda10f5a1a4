//! Two processes on one run, and two that write one file.

use std::process::Stdio;

use super::scratch::Scratch;
use super::{Campaign, TRAINING, command, has_state, numbers, pictures, succeed};

/// One of them trains; the other ends with an error, or comes when the first has ended. No state is torn.
#[test]
fn of_one_run() {
    let mut campaign = Campaign::new("writers-run");
    let scratch = Scratch::new("writers-run");
    pictures(&scratch);
    let options = format!("{TRAINING} --backend cpu --steps 8 --save-every 1");
    for seed in 0..2 {
        let whole = format!("{options} --seed {seed} --run whole{seed}");
        succeed("train", &scratch, &whole);
    }
    let wholes = [0, 1].map(|seed| numbers(&scratch, &format!("whole{seed}"), 8));
    let (mut refused, mut both) = (0, 0);
    while campaign.goes_on() {
        let keep = 1 + campaign.below(3);
        let mut first = command(
            "train",
            &scratch,
            &format!("{options} --keep {keep} --seed 0 --run r"),
        );
        let mut second = command(
            "train",
            &scratch,
            &format!("{options} --keep {keep} --seed 1 --run r"),
        );
        let one = first.stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(campaign.milliseconds(200));
        let two = second.stderr(Stdio::piped()).spawn().unwrap();
        let outputs = [one, two].map(|child| child.wait_with_output().unwrap());
        let ended = outputs.each_ref().map(|output| output.status.success());
        // Of two seeds, one has the run: the other finds a holder, or a run that is another's.
        let seed = match ended {
            [true, false] => 0,
            [false, true] => 1,
            _ => panic!("{outputs:?}"),
        };
        refused += 1;
        assert!(has_state(&scratch, "r"));
        assert!(numbers(&scratch, "r", 8) == wholes[seed], "seed {seed}");

        // Both of one seed, both going on.
        let longer = options.replace("--steps 8", "--steps 12");
        let resume = format!("{longer} --keep {keep} --seed {seed} --run r --resume");
        let ends = [0, 1]
            .map(|_| command("train", &scratch, &resume).spawn().unwrap())
            .map(|mut child| child.wait().unwrap().success());
        assert!(ends.contains(&true), "{ends:?}");
        both += u64::from(ends == [true, true]);
        assert!(has_state(&scratch, "r"));
        std::fs::remove_dir_all(scratch.join("r")).unwrap();
    }
    campaign.report(&[
        ("second writers refused", refused),
        ("times one after the other", both),
    ]);
}

/// Whoever comes last is read; both succeed.
#[test]
fn of_one_file() {
    let mut campaign = Campaign::new("writers-file");
    let scratch = Scratch::new("writers-file");
    let digits = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/assets/digits16.safetensors"
    );
    let convert = |dtype: &str, out: &str| format!("{digits} {out} --dtype {dtype}");
    let wholes = ["f32", "f16"].map(|dtype| {
        succeed("convert", &scratch, &convert(dtype, dtype));
        std::fs::read(scratch.join(dtype)).unwrap()
    });
    while campaign.goes_on() {
        let both = ["f32", "f16", "f32", "f16"].map(|dtype| {
            command("convert", &scratch, &convert(dtype, "out"))
                .spawn()
                .unwrap()
        });
        for mut child in both {
            assert!(child.wait().unwrap().success());
        }
        let now = std::fs::read(scratch.join("out")).unwrap();
        assert!(wholes.contains(&now));
        assert_eq!(scratch.names(), ["f16", "f32", "out"]);
    }
    campaign.report(&[]);
}
