//! What lies in the folder of a run: states that are whole, what others put there, what was changed.

use std::path::Path;

use iddpm::checkpoint::locate;
use iddpm::train::{RunDirectory, SavedRun, TrainConfig, TrainError};

use super::copy::copy;
use super::runs::{begin, config, everything, go_on, run_in, steps};
use super::scratch::Scratch;

/// What a killed save left goes; states of later steps, of a run that was set back, do not, and take no
/// earlier one's place.
#[test]
fn what_other_saves_left_behind() {
    let folder = Scratch::new("left");
    let mut run = run_in(&folder);
    let mut trainer = begin(&config());
    let first = run.save(&trainer, 2).unwrap();
    copy(&first, &folder.join("step-00000009"));
    copy(&first, &folder.join(".fresh-step-00000007"));
    copy(&first, &folder.join(".fresh-step-00000007.1"));
    copy(&first, &folder.join(".old-step-00000001"));
    // Whole, but killed before `latest` named it.
    let elsewhere = Scratch::new("left-elsewhere");
    let mut same = begin(&config());
    steps(&mut same, 2);
    let second = run_in(&elsewhere).save(&same, 1).unwrap();
    copy(&second, &folder.join("step-00000002"));
    for _ in 0..3 {
        steps(&mut trainer, 1);
        let state = run.save(&trainer, 2).unwrap();
        assert_eq!(run.latest().unwrap(), Some(state));
    }
    assert_eq!(
        folder.names(),
        [
            ".lock",
            "latest",
            "step-00000002",
            "step-00000003",
            "step-00000009"
        ]
    );
    let again = go_on(folder.path(), &config());
    assert!(everything(&again) == everything(&trainer));

    // Another run does not replace what this one has at the same step.
    let other = TrainConfig {
        seed: 6,
        ..config()
    };
    let mut other = begin(&other);
    steps(&mut other, 3);
    let error = run.save(&other, 2).unwrap_err();
    assert!(error.to_string().ends_with("is of another run"), "{error}");
    assert!(everything(&go_on(folder.path(), &config())) == everything(&trainer));
}

/// A run that is finished is only opened: that removes what was left too.
#[test]
fn leftovers_go_when_a_run_is_opened() {
    let folder = Scratch::new("opened");
    let state = run_in(&folder).save(&begin(&config()), 1).unwrap();
    for left in [
        ".fresh-step-00000007",
        ".old-step-00000001",
        ".old-step-00000001.3",
    ] {
        copy(&state, &folder.join(left));
    }
    // Killed early, and in the middle of a file.
    std::fs::create_dir(folder.join(".fresh-step-00000008")).unwrap();
    folder.write(".fresh-step-00000009/.model.safetensors.tmp", b"half");
    folder.write(".latest.tmp", b"step-0000");
    drop(run_in(&folder));
    assert_eq!(folder.names(), [".lock", "latest", "step-00000000"]);
}

/// Names that are not as they are written here, and what is in them, are somebody else's.
#[test]
fn what_is_not_ours_stays() {
    let folder = Scratch::new("others");
    let others = [
        "step-0/mine.txt",
        "step-00000001x/mine.txt",
        "step-00000000.old/mine.txt",
        // Called as a state, and none.
        "step-00000005/mine.txt",
        "latest.tmp/mine.txt",
        ".latest.tmp/mine.txt",
        ".fresh-step-3",
        ".fresh-step-00000001",
        ".fresh-step-00000002/mine.txt",
        ".old-step-00000000",
        ".old-step-00000001/mine/model.safetensors",
    ];
    for name in others {
        folder.write(name, b"mine");
    }
    #[cfg(unix)]
    {
        let elsewhere = folder.write("elsewhere/run.json", b"mine");
        let link = folder.join(".fresh-step-00000003");
        std::os::unix::fs::symlink(elsewhere.parent().unwrap(), link).unwrap();
    }
    let mut run = run_in(&folder);
    let mut trainer = begin(&config());
    for step in 0..5 {
        steps(&mut trainer, usize::from(step > 0));
        let state = run.save(&trainer, 1).unwrap();
        assert_eq!(run.latest().unwrap(), Some(state));
    }
    // Where somebody's folder stands, no state can be: that is said, and the one before is whole.
    steps(&mut trainer, 1);
    let error = run.save(&trainer, 1).unwrap_err();
    assert!(matches!(error, TrainError::Format { .. }), "{error}");
    assert!(error.to_string().contains("step-00000005"), "{error}");
    for name in others {
        assert_eq!(std::fs::read(folder.join(name)).unwrap(), b"mine", "{name}");
    }
    let ours = |name: &&String| {
        !others
            .iter()
            .any(|other| other.split('/').next() == Some(name))
    };
    let names = folder.names();
    let mut names: Vec<&String> = names.iter().filter(ours).collect();
    names.retain(|name| *name != "elsewhere" && *name != ".fresh-step-00000003");
    assert_eq!(names, [".lock", "latest", "step-00000004"]);
    #[cfg(unix)]
    assert!(folder.join(".fresh-step-00000003").is_symlink());
}

/// A folder is made, with those around it, and goes again where nothing was saved; what was there stays.
#[test]
fn a_run_that_never_began_leaves_nothing() {
    let folder = Scratch::new("never");
    let inner = folder.join("a/b/run");
    drop(RunDirectory::open(&inner).unwrap());
    assert_eq!(folder.names(), [""; 0]);
    std::fs::create_dir(folder.join("a")).unwrap();
    drop(RunDirectory::open(&inner).unwrap());
    assert_eq!(folder.names(), ["a"]);
    folder.write("run/mine", b"");
    drop(RunDirectory::open(folder.join("run")).unwrap());
    assert_eq!(std::fs::read(folder.join("run/mine")).unwrap(), b"");
    // It can be begun all the same.
    let mut run = RunDirectory::open(folder.join("run")).unwrap();
    run.save(&begin(&config()), 1).unwrap();

    let error = RunDirectory::open(folder.join("run/mine")).unwrap_err();
    assert!(error.to_string().contains("run/mine"), "{error}");
}

/// Killed after the first state was there and before `latest` named it.
#[test]
fn a_state_that_was_never_named_can_be_gone_on_from() {
    let folder = Scratch::new("never-named");
    let mut trainer = begin(&config());
    run_in(&folder).save(&trainer, 1).unwrap();
    std::fs::remove_file(folder.join("latest")).unwrap();
    let again = go_on(folder.path(), &config());
    assert!(everything(&again) == everything(&trainer));
    // Where training goes on, images are made.
    let located = locate(folder.path()).unwrap();
    let average = folder.join("step-00000000/ema_0.9.safetensors");
    assert_eq!(located.path, average);
    // The run goes on, and it is as any other state: it gets its name, and is not written anew.
    let marked = folder.write("step-00000000/mine.txt", b"mine");
    let mut run = run_in(&folder);
    run.save(&again, 1).unwrap();
    assert_eq!(folder.names(), [".lock", "latest", "step-00000000"]);
    assert!(marked.exists());
    // One that was broken since is.
    std::fs::remove_file(folder.join("latest")).unwrap();
    folder.write("step-00000000/ema_0.9.safetensors", b"cut");
    run.save(&again, 1).unwrap();
    assert_eq!(folder.names(), [".lock", "latest", "step-00000000"]);
    assert!(!marked.exists());
    assert!(everything(&go_on(folder.path(), &config())) == everything(&trainer));
    steps(&mut trainer, 1);
    run.save(&trainer, 1).unwrap();
    assert_eq!(folder.names(), [".lock", "latest", "step-00000001"]);
}

/// `latest` says where the run is, exactly.
#[test]
fn a_latest_that_names_no_state_is_refused() {
    let folder = Scratch::new("latest");
    assert_eq!(SavedRun::latest_in(folder.path()).unwrap(), None);
    assert_eq!(SavedRun::latest_in(folder.join("absent")).unwrap(), None);
    run_in(&folder).save(&begin(&config()), 1).unwrap();
    std::fs::create_dir(folder.join("step-1")).unwrap();
    for names in [
        "step-00000007",
        "step-1",
        "../step-00000000",
        "",
        "step-00000000/..",
    ] {
        folder.write("latest", names.as_bytes());
        let error = SavedRun::latest_in(folder.path()).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, TrainError::Format { .. }), "{text}");
        assert!(
            text.contains("latest") && text.ends_with("step-00000000"),
            "{text}"
        );
    }
}

const FILES: [&str; 6] = [
    "model.safetensors",
    "first_moment.safetensors",
    "second_moment.safetensors",
    "ema_0.9.safetensors",
    "ema_0.5.safetensors",
    "run.json",
];

/// A bit anywhere in any file: it is named, or what it made of the file is.
#[test]
fn a_flipped_bit_is_found_in_every_file() {
    let folder = Scratch::new("flipped");
    let mut trainer = begin(&config());
    steps(&mut trainer, 1);
    let state = run_in(&folder).save(&trainer, 1).unwrap();
    for file in FILES {
        let path = state.join(file);
        let saved = std::fs::read(&path).unwrap();
        let places = [
            0,
            saved.len() / 3,
            saved.len() / 2,
            saved.len() - 20,
            saved.len() - 1,
        ];
        for place in places {
            let mut flipped = saved.clone();
            flipped[place] ^= 16;
            std::fs::write(&path, flipped).unwrap();
            let error = SavedRun::load(&state).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(file), "{file} at {place}: {text}");
        }
        std::fs::write(&path, &saved[..saved.len() - 1]).unwrap();
        assert!(SavedRun::load(&state).is_err(), "{file}");
        std::fs::write(&path, saved).unwrap();
    }
    // A digit of a number is one too: that of the loss scale reads as well.
    let path = state.join("run.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let other = text.replace("\"log2\": 20.001", "\"log2\": 21.001");
    assert_ne!(text, other);
    std::fs::write(&path, other).unwrap();
    let error = SavedRun::load(&state).unwrap_err();
    assert!(matches!(error, TrainError::Changed { .. }), "{error}");
    std::fs::write(&path, text).unwrap();
    SavedRun::load(&state).unwrap();
}

/// A moment in place of the other, an average in place of another, a file of another run of this shape at this
/// step, or of another step; and one that is gone.
#[test]
fn files_are_not_taken_for_each_others() {
    let folder = Scratch::new("exchanged");
    let mut trainer = begin(&config());
    steps(&mut trainer, 1);
    let mut run = run_in(&folder);
    let earlier = run.save(&trainer, 2).unwrap();
    steps(&mut trainer, 1);
    let state = run.save(&trainer, 2).unwrap();
    let seed = TrainConfig {
        seed: 6,
        ..config()
    };
    let mut other = begin(&seed);
    steps(&mut other, 2);
    let other_folder = Scratch::new("exchanged-other");
    let other = run_in(&other_folder).save(&other, 1).unwrap();
    let [model, first, second, ema, second_ema, _] = FILES;
    let put = |file: &str, from: &Path, of: &str| {
        let path = state.join(file);
        let saved = std::fs::read(&path).unwrap();
        std::fs::copy(from.join(of), &path).unwrap();
        let error = SavedRun::load(&state).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, TrainError::Changed { .. }), "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
        std::fs::write(&path, saved).unwrap();
        SavedRun::load(&state).unwrap();
    };
    put(first, &state, second);
    put(second, &state, first);
    put(ema, &state, second_ema);
    put(ema, &state, model);
    for file in [model, first, second, ema, second_ema] {
        put(file, &other, file);
        put(file, &earlier, file);
    }
    std::fs::remove_file(state.join(first)).unwrap();
    let error = SavedRun::load(&state).unwrap_err();
    assert!(error.to_string().contains(first), "{error}");
}

/// States of the format before have no digests, and go on as far as they can be checked.
#[test]
fn a_state_of_the_first_format_goes_on() {
    let folder = Scratch::new("format");
    let mut whole = begin(&config());
    steps(&mut whole, 2);
    let state = run_in(&folder).save(&whole, 1).unwrap();
    let path = state.join("run.json");
    let written = std::fs::read_to_string(&path).unwrap();
    let mut stored: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(stored["format"], 2);
    let fields = stored.as_object_mut().unwrap();
    for new in ["data", "files", "digest"] {
        fields.remove(new).unwrap();
    }
    // A file of the new format without what is new in it is none.
    std::fs::write(&path, serde_json::to_vec_pretty(&stored).unwrap()).unwrap();
    assert!(SavedRun::load(&state).is_err());
    stored["format"] = 1.into();
    std::fs::write(&path, serde_json::to_vec_pretty(&stored).unwrap()).unwrap();
    let saved = SavedRun::load(&state).unwrap();
    assert_eq!(saved.fingerprint, None);
    let mut again = go_on(folder.path(), &config());
    assert!(everything(&again) == everything(&whole));
    steps(&mut again, 1);
    steps(&mut whole, 1);
    assert!(everything(&again) == everything(&whole));
    // One that has what the first format did not know was changed, if by a digit.
    let one = written.replace("\"format\": 2", "\"format\": 1");
    assert_ne!(one, written);
    let with = |names: &[&str]| {
        let new: serde_json::Value = serde_json::from_str(&written).unwrap();
        let mut of_both = stored.clone();
        for &name in names {
            of_both[name] = new[name].clone();
        }
        of_both.to_string()
    };
    for (text, named) in [
        (one, "data"),
        (with(&["data"]), "data"),
        (with(&["files"]), "files"),
        (with(&["digest"]), "digest"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = SavedRun::load(&state).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, TrainError::Format { .. }), "{text}");
        assert!(text.contains("run.json") && text.contains(named), "{text}");
    }
    std::fs::write(&path, stored.to_string()).unwrap();
    // What is saved next has them.
    let state = run_in(&folder).save(&again, 1).unwrap();
    assert!(SavedRun::load(&state).unwrap().fingerprint.is_some());

    stored["format"] = 3.into();
    std::fs::write(state.join("run.json"), stored.to_string()).unwrap();
    let error = SavedRun::load(&state).unwrap_err();
    assert!(error.to_string().contains("format 3"), "{error}");
}

/// A file of a run that is none is neither waited for nor read without end.
#[cfg(unix)]
#[test]
fn pipes_and_devices_in_a_run() {
    let folder = Scratch::new("special");
    let state = run_in(&folder).save(&begin(&config()), 1).unwrap();
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let mut files = vec![folder.join("latest")];
    files.extend(FILES.map(|file| state.join(file)));
    for path in files {
        let sound = std::fs::read(&path).unwrap();
        for special in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
            std::fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(special, &path).unwrap();
            let loaded =
                SavedRun::latest_in(folder.path()).and_then(|state| SavedRun::load(state.unwrap()));
            let found = SavedRun::load(&state).and(loaded).unwrap_err();
            let text = found.to_string();
            assert!(text.contains(path.to_str().unwrap()), "{text}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, sound).unwrap();
    }
    SavedRun::load(&state).unwrap();
    // Longer than a name, and than what is ever written of a state.
    folder.write("latest", &[b' '; 300]);
    let text = SavedRun::latest_in(folder.path()).unwrap_err().to_string();
    assert!(text.contains("latest: it holds 300 bytes"), "{text}");
    let long = std::fs::File::create(state.join("run.json")).unwrap();
    long.set_len((1 << 30) + 1).unwrap();
    let text = SavedRun::load(&state).unwrap_err().to_string();
    assert!(
        text.contains("run.json: it holds 1073741825 bytes"),
        "{text}"
    );
}
