//! Programs that are killed at any moment: what was finished is there, and no bit is lost.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::scratch::Scratch;
use super::{Campaign, TRAINING, command, has_state, numbers, pictures, succeed};

/// Kills a program after some time; whether it was still running.
fn kill(mut child: Child, after: Duration) -> bool {
    std::thread::sleep(after);
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

/// Runs that are killed again and again end in the bytes of one that nobody disturbs.
fn training(name: &'static str, backend: &str, end: u64) {
    let mut campaign = Campaign::new(name);
    let scratch = Scratch::new(name);
    pictures(&scratch);
    let options = format!("{TRAINING} --backend {backend} --save-every 2 --steps {end}");
    let begun = Instant::now();
    succeed("train", &scratch, &format!("{options} --run whole"));
    // Moments all over a run, of whatever speed.
    let longest = begun.elapsed().as_millis() as usize + 20;
    let whole = numbers(&scratch, "whole", end);
    let (mut kills, mut finished) = (0, 0);
    while campaign.goes_on() {
        let mut ended = false;
        while !ended {
            let resume = if has_state(&scratch, "r") {
                "--resume"
            } else {
                ""
            };
            let mut program = command("train", &scratch, &format!("{options} --run r {resume}"));
            let after = campaign.milliseconds(longest);
            let killed = kill(program.spawn().unwrap(), after);
            kills += u64::from(killed);
            // That it was not killed does not tell that it came to its end.
            ended = !killed && {
                assert!(program.status().unwrap().code().is_some());
                has_state(&scratch, "r") && scratch.join(&format!("r/step-{end:08}")).exists()
            };
            assert!(left(&scratch, "r") <= 4, "temporary files add up");
        }
        assert!(numbers(&scratch, "r", end) == whole, "other numbers");
        succeed("train", &scratch, &format!("{options} --run r --resume"));
        assert_eq!(left(&scratch, "r"), 0, "left after a success");
        finished += 1;
        std::fs::remove_dir_all(scratch.join("r")).unwrap();
    }
    campaign.report(&[("kills", kills), ("runs finished", finished)]);
}

/// Files and folders in a run that are not for its reader, but for the lock.
fn left(scratch: &Scratch, folder: &str) -> usize {
    let Ok(entries) = std::fs::read_dir(scratch.join(folder)) else {
        return 0;
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.starts_with('.') && name != ".lock")
        .count()
}

#[test]
fn training_on_the_processor() {
    training("kills-cpu", "cpu", 20);
}

#[test]
fn training_on_a_gpu() {
    training("kills-gpu", "gpu", 6);
}

/// Every picture of a folder is one of those that an undisturbed run makes.
#[test]
fn sampling_into_a_folder() {
    let mut campaign = Campaign::new("kills-folder");
    let scratch = Scratch::new("kills-folder");
    let options = "--backend cpu --steps 2 --count 40 --batch 2";
    let begun = Instant::now();
    succeed("sample", &scratch, &format!("{options} --out whole/"));
    let longest = begun.elapsed().as_millis() as usize;
    let (mut kills, mut pictures) = (0, 0);
    while campaign.goes_on() {
        let mut program = command("sample", &scratch, &format!("{options} --out d/"));
        let after = campaign.milliseconds(longest);
        kills += u64::from(kill(program.spawn().unwrap(), after));
        let Ok(entries) = std::fs::read_dir(scratch.join("d")) else {
            continue;
        };
        let mut temporary = 0;
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap();
            if name.to_str().unwrap().starts_with('.') {
                // Its lock may lie there too.
                temporary += u32::from(name != ".lock");
                continue;
            }
            let whole = std::fs::read(scratch.join("whole").join(name)).unwrap();
            assert!(std::fs::read(&path).unwrap() == whole, "{path:?}");
            pictures += 1;
        }
        assert!(temporary <= 1);
        std::fs::remove_dir_all(scratch.join("d")).unwrap();
    }
    campaign.report(&[("kills", kills), ("whole pictures", pictures)]);
}

/// A file that is replaced again and again is the old one or the new one at any moment, and what was left by the
/// killed is gone after a success.
#[test]
fn files_that_are_replaced() {
    let mut campaign = Campaign::new("kills-files");
    let scratch = Scratch::new("kills-files");
    let digits = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/assets/digits16.safetensors"
    );
    let tasks = [
        (
            "convert",
            format!("{digits} out.safetensors"),
            "out.safetensors",
        ),
        (
            "sample",
            "--backend cpu --steps 2 --count 2 --out out.npz".into(),
            "out.npz",
        ),
        (
            "trajectory",
            "--steps 3 --count 1 --out out.png".into(),
            "out.png",
        ),
    ];
    let times = tasks.each_ref().map(|(name, arguments, file)| {
        let begun = Instant::now();
        succeed(name, &scratch, arguments);
        let whole = std::fs::read(scratch.join(file)).unwrap();
        (begun.elapsed().as_millis() as usize, whole)
    });
    let (mut kills, mut old, mut new) = (0, 0, 0);
    while campaign.goes_on() {
        let at = campaign.below(tasks.len());
        let ((name, arguments, file), (longest, whole)) = (&tasks[at], &times[at]);
        scratch.write(file, b"old");
        for _ in 0..4 {
            let child = command(name, &scratch, arguments).spawn().unwrap();
            let after = campaign.milliseconds(longest + 5);
            kills += u64::from(kill(child, after));
            let now = std::fs::read(scratch.join(file)).unwrap();
            assert!(now == b"old" || now == *whole, "{file}");
            if now == b"old" {
                old += 1
            } else {
                new += 1
            }
            assert!(left(&scratch, "") <= 1, "temporary files add up");
        }
        succeed(name, &scratch, arguments);
        assert_eq!(left(&scratch, ""), 0, "{name}: left after a success");
    }
    campaign.report(&[
        ("kills", kills),
        ("times the old file", old),
        ("the new", new),
    ]);
}

/// A signal that can be answered: the state is saved, and the run goes on to the bytes of an undisturbed one.
#[cfg(unix)]
#[test]
fn signals() {
    let mut campaign = Campaign::new("signals");
    let scratch = Scratch::new("signals");
    pictures(&scratch);
    let options = format!("{TRAINING} --backend cpu --save-every 1000");
    succeed(
        "train",
        &scratch,
        &format!("{options} --steps 60 --run whole"),
    );
    let whole = numbers(&scratch, "whole", 60);
    let mut sent = 0;
    while campaign.goes_on() {
        succeed("train", &scratch, &format!("{options} --steps 1 --run r"));
        let (signal, status) = [("INT", 130), ("TERM", 143), ("HUP", 129)][campaign.below(3)];
        let mut program = command(
            "train",
            &scratch,
            &format!("{options} --steps 60 --run r --resume"),
        );
        let mut child = program.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(30) + campaign.milliseconds(300));
        let kill = format!("kill -{signal} {} 2> kill.log", child.id());
        let told = Command::new("sh")
            .args(["-c", &kill])
            .current_dir(scratch.path())
            .status();
        let ended = child.wait().unwrap().code();
        // None where the signal came before the program could listen.
        assert!(
            [Some(0), Some(status), None].contains(&ended),
            "{signal}: {ended:?}"
        );
        assert!(has_state(&scratch, "r"));
        sent += u64::from(told.unwrap().success());
        succeed(
            "train",
            &scratch,
            &format!("{options} --steps 60 --run r --resume"),
        );
        assert!(numbers(&scratch, "r", 60) == whole, "{signal}");
        std::fs::remove_dir_all(scratch.join("r")).unwrap();
    }
    campaign.report(&[("signals", sent)]);
}
