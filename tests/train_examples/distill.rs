//! `train --distill`: a chain of students, what is in their folders, killed and gone on with, what is refused.

use std::time::Duration;

use super::interrupted::start;
use super::scratch::Scratch;
use super::{refuse, run, succeed, write_archive};

const TEACHER: &str = "--backend cpu --data d.npz --multipliers 1,1 --attention 1 --heads 1 --blocks 1 --batch 4 \
     --timesteps 20 --sample-every 0 --anneal 0";
/// Of which all but what is said of a network counts for a student.
const STUDENT: &str = "--backend cpu --data d.npz --batch 4 --sample-every 0 --log-every 1 --anneal 0 --save-every 3 --evaluate 0";

/// Data, and the run of a teacher.
fn prepare(scratch: &Scratch) {
    let pixels: Vec<u8> = (0..8 * 64).map(|at| (7 * at) as u8).collect();
    let labels = [0, 1, 2, 0, 1, 2, 0, 1];
    write_archive(&scratch.join("d.npz"), [8, 8, 8, 1], &pixels, &labels);
    succeed("train", scratch, &format!("{TEACHER} --run t --steps 3"));
}

fn has_begun(scratch: &Scratch) -> bool {
    scratch.join("r/steps-0004/latest").exists()
}

/// A chain that is killed again and again, and one that nobody disturbs, end in the same bytes; what draws needs no words.
#[test]
fn killed_and_resumed() {
    let scratch = Scratch::new("distill-kill");
    prepare(&scratch);
    let chain = format!("{STUDENT} --distill t --steps 4,2,1 --until 12");
    let told = succeed("train", &scratch, &format!("{chain} --run whole"));
    assert!(
        told.contains("-- --real \"d.npz\" \"t\" \"whole/steps-0002\""),
        "{told}"
    );
    let mut kills = 0;
    for moment in [150, 250, 200, 300] {
        let words = match has_begun(&scratch) {
            true => "--run r --resume".to_owned(),
            false => format!("{chain} --run r"),
        };
        let mut child = start(&scratch, &words);
        while !has_begun(&scratch) {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(moment));
        kills += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    println!("killed {kills} times");
    assert!(kills > 0);
    // With the options that the chain began with and no other word.
    succeed("train", &scratch, "--run r --resume");
    let names = [
        ".lock",
        "options.toml",
        "steps-0001",
        "steps-0002",
        "steps-0004",
    ];
    assert_eq!(scratch.names_in("r"), names);
    for steps in ["4", "2", "1"] {
        let state = format!("steps-000{steps}/step-00000012");
        for name in ["model", "ema_0.999", "first_moment", "second_moment"] {
            let bytes = |run: &str| {
                let path = scratch.join(&format!("{run}/{state}/{name}.safetensors"));
                std::fs::read(path).unwrap()
            };
            assert!(bytes("r") == bytes("whole"), "{state}/{name}");
        }
        let student = format!("r/steps-000{steps}");
        let network = format!("--checkpoint {student} --count 3 --backend cpu");
        succeed("sample", &scratch, &format!("{network} --out own.png"));
        let said = format!("{network} --steps {steps} --method ddim --out said.png");
        succeed("sample", &scratch, &said);
        let pixels = |name: &str| image::open(scratch.join(name)).unwrap().into_rgba8();
        assert!(pixels("own.png") == pixels("said.png"));
        let file = format!("{student}/step-00000012/ema_0.999.safetensors");
        let told = succeed("inspect", &scratch, &file);
        assert!(
            told.contains(&format!("distilled    to {steps} steps, custom:19")),
            "{told}"
        );
    }
    // What is done is looked at, and not done again.
    let told = succeed("train", &scratch, "--run r --resume");
    let done = "--until 12: all of them are done already";
    assert_eq!(told.matches(done).count(), 3, "{told}");
    // Of a student there are students of fewer steps.
    let chain = format!("{STUDENT} --distill r/steps-0004 --until 1 --run fewer");
    succeed("train", &scratch, &format!("{chain} --steps 3"));
    assert_eq!(
        refuse("train", &scratch, &format!("{chain}-2 --steps 5")),
        "train: --steps: a student of 5 steps: its teacher draws in 4, and fewer than those are learnt"
    );
}

/// Whatever is refused, the chain goes on as if it had never been asked for.
#[test]
fn a_chain_is_not_spoilt() {
    let scratch = Scratch::new("distill-spoilt");
    prepare(&scratch);
    let chain = format!("{STUDENT} --distill t --steps 4,2 --until 1 --run r");
    succeed("train", &scratch, &chain);
    let kept = std::fs::read(scratch.join("r/options.toml")).unwrap();
    for (words, told) in [
        // Students have learnt from this one as it is.
        (
            "--until 2",
            "--until 2: the student of 4 steps has taught after 1",
        ),
        (
            "--steps 4,3,2",
            "--steps 4,3,2: the chain in --run began with [4, 2]",
        ),
        (
            "--steps 3",
            "--steps 3: the chain in --run began with [4, 2]",
        ),
    ] {
        let line = refuse("train", &scratch, &format!("--run r --resume {words}"));
        assert!(line.starts_with(&format!("train: {told}")), "{line}");
    }
    let line = refuse("train", &scratch, &format!("{TEACHER} --run r --steps 1"));
    assert!(
        line.starts_with("train: --run r: is a chain of students"),
        "{line}"
    );
    let into_run = format!("{STUDENT} --distill t --steps 4 --until 1 --run t");
    let line = refuse("train", &scratch, &into_run);
    assert!(
        line.starts_with("train: t/step-00000003 is there already"),
        "{line}"
    );
    assert_eq!(std::fs::read(scratch.join("r/options.toml")).unwrap(), kept);
    assert_eq!(
        scratch.names_in("r"),
        [".lock", "options.toml", "steps-0002", "steps-0004"]
    );
    // It goes on, and gets longer.
    let told = succeed("train", &scratch, "--run r --resume --steps 4,2,1");
    assert!(told.contains("1 step: r/steps-0001"), "{told}");
    succeed("train", &scratch, "--run t --resume --steps 4");
}

/// A chain whose teacher goes on, or away, needs it no more where its own students suffice; else it says what does.
#[test]
fn a_teacher_goes_on() {
    let scratch = Scratch::new("distill-teacher");
    prepare(&scratch);
    let chain = format!("{STUDENT} --distill t --until 2");
    succeed("train", &scratch, &format!("{chain} --steps 4,2 --run r"));
    succeed("train", &scratch, &format!("{chain} --steps 4 --run first"));
    succeed("train", &scratch, "--run t --resume --steps 5 --keep 9");
    std::fs::remove_dir_all(scratch.join("r/steps-0002")).unwrap();
    let goes_on = |told: &str| {
        let needless = "is not what the student of 4 steps learnt from, which needs it no more";
        assert!(told.contains(needless), "{told}");
        assert!(
            told.contains("step 2: r/steps-0002/step-00000002"),
            "{told}"
        );
    };
    goes_on(&succeed("train", &scratch, "--run r --resume"));
    let line = refuse("train", &scratch, "--run first --resume --until 3");
    assert!(line.contains(", the run was begun with "), "{line}");
    let (_, state) = line.rsplit_once(": --distill ").unwrap();
    let state = state.strip_suffix(" is that network").unwrap();
    assert!(state.ends_with("t/step-00000003"), "{line}");
    let words = format!("--run first --resume --until 3 --distill {state}");
    succeed("train", &scratch, &words);
    std::fs::rename(scratch.join("t"), scratch.join("elsewhere")).unwrap();
    std::fs::remove_dir_all(scratch.join("r/steps-0002")).unwrap();
    goes_on(&succeed("train", &scratch, "--run r --resume"));
    // Where the first student is to go on, it is wanted.
    std::fs::remove_dir_all(scratch.join("r/steps-0002")).unwrap();
    let line = refuse("train", &scratch, "--run r --resume --steps 4 --until 3");
    assert!(line.starts_with("train: --distill: "), "{line}");
}

/// What is asked of a student that is its chain's, or of a chain that is its students'.
#[test]
fn which_is_meant() {
    let scratch = Scratch::new("distill-meant");
    prepare(&scratch);
    let chain = format!("{STUDENT} --distill t --steps 4,2 --until 1 --run r");
    succeed("train", &scratch, &chain);
    let line = refuse("train", &scratch, "--run r/steps-0004 --resume");
    assert!(
        line.contains("r/steps-0004: is a student of the chain in "),
        "{line}"
    );
    assert!(line.ends_with("/r --resume goes on"), "{line}");
    let draw = "--backend cpu --out a.png --checkpoint";
    let only = "this network was distilled to steps of ddim without noise, and takes no others: --eta 0, or none";
    for (words, due) in [
        (
            "r",
            "--checkpoint: r: is a folder, not a checkpoint; the networks in it: steps-0002, steps-0004",
        ),
        ("r/steps-0004 --eta 1", &format!("--eta 1: {only}")),
        (
            "r/steps-0004 --method ddim --eta 0.5",
            &format!("--eta 0.5: {only}"),
        ),
        (
            "t --eta 1",
            "--eta: only --method ddim has one, and no --method was given",
        ),
        (
            "t --between 1 2",
            "--between 1 2: a row is of one class, or from one to another: name them",
        ),
    ] {
        let line = refuse("sample", &scratch, &format!("{draw} {words}"));
        assert_eq!(line, format!("sample: {due}"));
    }
    let told = succeed(
        "sample",
        &scratch,
        &format!("{draw} r/steps-0004 --eta 0 --count 1 --steps 1"),
    );
    assert!(told.contains("1 image of 1 step in "), "{told}");
    let into_file = format!("{STUDENT} --distill t --steps 4 --until 1 --run d.npz");
    let line = refuse("train", &scratch, &into_file);
    assert!(
        line.starts_with("train: --run: opening the folder d.npz"),
        "{line}"
    );
}

#[test]
fn what_is_refused() {
    let scratch = Scratch::new("distill-refused");
    prepare(&scratch);
    let chain = format!("{STUDENT} --run r --distill t --until 1");
    let no_effect =
        "no effect with --distill: a student is as its teacher, and learns its steps alone";
    for (words, told) in [
        ("", "--steps: --distill wants those of its students"),
        ("--steps 4,4", "--steps 4,4: those of students get fewer"),
        ("--steps 2,4", "--steps 2,4: those of students get fewer"),
        ("--steps 4,0", "--steps 4,0: those of students get fewer"),
        (
            "--steps 5000000000",
            "--steps 5000000000: those of students",
        ),
        ("--steps 21", "--steps: 21 steps of only 20 timesteps"),
        (
            "--steps 4 --channels 64",
            &format!("--channels: {no_effect}"),
        ),
        ("--steps 4 --predict v", &format!("--predict: {no_effect}")),
        (
            "--steps 4 --no-classes",
            &format!("--no-classes: {no_effect}"),
        ),
        ("--steps 4 --val 0.5", &format!("--val: {no_effect}")),
        (
            "--steps 4 --objective vlb",
            &format!("--objective vlb: {no_effect}"),
        ),
        (
            "--steps 4 --sampler loss-second-moment",
            &format!("--sampler loss-second-moment: {no_effect}"),
        ),
    ] {
        let line = refuse("train", &scratch, &format!("{chain} {words}"));
        assert!(
            line.starts_with(&format!("train: {told}")),
            "{words}: {line}"
        );
    }
    assert!(!scratch.join("r/steps-0004").exists());
    let several = refuse("train", &scratch, &format!("{TEACHER} --run u --steps 4,2"));
    assert_eq!(several, "train: --steps 4,2: several are of --distill");
    for words in [
        format!("{TEACHER} --run u --until 4"),
        format!("{chain} --init t --steps 4"),
    ] {
        assert_eq!(
            run("train", &scratch, &words).status.code(),
            Some(2),
            "{words}"
        );
    }
    let absent = refuse(
        "train",
        &scratch,
        &format!("{STUDENT} --run r --distill none.safetensors --steps 4"),
    );
    assert!(
        absent.starts_with("train: --distill: opening none.safetensors"),
        "{absent}"
    );
    let nothing = refuse("train", &scratch, &format!("{chain} --steps 4 --resume"));
    assert_eq!(nothing, "train: r: no state to go on from");

    // A chain that is there is not begun again, from wherever; nor gone on with by another teacher.
    succeed("train", &scratch, &format!("{chain} --steps 2"));
    let again = refuse("train", &scratch, &format!("{chain} --steps 4,2"));
    assert!(
        again.starts_with("train: r/steps-0002/step-00000001 is there already"),
        "{again}"
    );
    succeed("train", &scratch, &format!("{TEACHER} --run t2 --steps 1"));
    let other = "--run r --resume --until 2 --distill t2";
    let other = refuse("train", &scratch, other);
    assert!(
        other.starts_with("train: --distill ")
            && other.ends_with(": no state in t2 is that network"),
        "{other}"
    );
    // A teacher that knows no image without its class, and other classes than the teacher's.
    let classes = format!("{TEACHER} --run all --steps 1 --drop-labels 0");
    succeed("train", &scratch, &classes);
    let dropped = format!("{STUDENT} --run s --distill all --steps 4 --until 1 --drop-labels 0.5");
    assert_eq!(
        refuse("train", &scratch, &dropped),
        "train: --drop-labels: the network of --distill was trained with every label"
    );
    let pixels: Vec<u8> = (0..8 * 64).map(|at| (7 * at) as u8).collect();
    write_archive(
        &scratch.join("two.npz"),
        [8, 8, 8, 1],
        &pixels,
        &[0, 1, 0, 1, 0, 1, 0, 4],
    );
    let two = STUDENT.replace("d.npz", "two.npz");
    let two = refuse(
        "train",
        &scratch,
        &format!("{two} --run s --distill t --steps 4 --until 1"),
    );
    assert_eq!(
        two,
        "train: --data two.npz: image 7 has the label 4; labels are 0 to 2"
    );
}
