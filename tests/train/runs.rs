//! Runs that are stopped, killed, resumed, given bad data: against runs that are left alone.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use iddpm::checkpoint::{Description, ImageSize};
use iddpm::data::{DataError, Dataset, Example, Images};
use iddpm::diffusion::{Diffusion, ModelCard, Schedule, Weights};
use iddpm::train::{
    Broken, CpuEngine, Engine, Progress, Recompute, RunDirectory, Slot, TimestepLaw, TrainConfig,
    TrainError, Trainer, graph_of, initial_weights,
};
use iddpm::unet::{Extents, UnetConfig};

use super::generator::generate;
use super::scratch::Scratch;

const SIDE: usize = 8;
const EXAMPLES: usize = 13;

fn description() -> Description {
    let unet = UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(1, 32)
            .with_learned_variance()
            .with_classes(3)
    };
    let card = ModelCard {
        diffusion: Diffusion::new(Schedule::Cosine, 5),
        weights: Weights::Raw,
        step: 0,
    };
    Description::new(unet, ImageSize::square(SIDE), card)
}

/// Everything that has a state of its own is in it: importance sampling that warms up within the run, a
/// loss scale, dropout, mirrored images, microbatches, two averages.
fn config() -> TrainConfig {
    TrainConfig {
        batch: 8,
        microbatch: 4,
        warm_up: 5,
        anneal: 40,
        ema_rates: vec![0.9, 0.5],
        timesteps: TimestepLaw::LossSecondMoment,
        dropout: 0.1,
        flip: true,
        half: true,
        recompute: Recompute::Cheap,
        seed: 5,
        ..TrainConfig::default()
    }
}

fn images() -> Images {
    let extents = Extents {
        channels: 1,
        height: SIDE,
        width: SIDE,
    };
    let pixels = generate(4, "pixels", EXAMPLES * SIDE * SIDE, 128.0, 127.0);
    let pixels = pixels.iter().map(|&value| value as u8).collect();
    let labels = (0..EXAMPLES as u32).map(|n| n % 3).collect();
    Images::new(extents, pixels, Some(labels), Some(3)).unwrap()
}

fn begin_with(
    description: &Description,
    config: &TrainConfig,
    data: Arc<dyn Dataset>,
    broken: Broken,
) -> Result<Trainer<CpuEngine>, TrainError> {
    let graph = graph_of(description, config)?;
    let mut engine = CpuEngine::new(&graph, &config.ema_rates, config.half)?;
    let weights = initial_weights(&graph, config.seed)?;
    engine.write(Slot::Weights, &weights)?;
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), &weights)?;
    }
    let progress = Trainer::<CpuEngine>::beginning(description, config)?;
    Trainer::new(
        engine,
        description.clone(),
        config.clone(),
        data,
        broken,
        progress,
    )
}

fn begin(config: &TrainConfig) -> Trainer<CpuEngine> {
    begin_with(&description(), config, Arc::new(images()), Broken::Fatal).unwrap()
}

fn go_on(folder: &RunDirectory, config: &TrainConfig) -> Trainer<CpuEngine> {
    let saved = RunDirectory::load(&folder.latest().unwrap().unwrap()).unwrap();
    saved.check_same(&description(), config, EXAMPLES).unwrap();
    let graph = graph_of(&saved.description, config).unwrap();
    let mut engine = CpuEngine::new(&graph, &config.ema_rates, config.half).unwrap();
    saved.write_to(&mut engine).unwrap();
    let data = Arc::new(images());
    Trainer::new(
        engine,
        description(),
        config.clone(),
        data,
        Broken::Fatal,
        saved.progress,
    )
    .unwrap()
}

fn steps(trainer: &mut Trainer<CpuEngine>, count: usize) {
    for _ in 0..count {
        trainer.step().unwrap();
    }
}

/// Everything a run consists of.
fn everything(trainer: &Trainer<CpuEngine>) -> (Progress, Vec<Vec<u32>>) {
    let slots = [
        Slot::Weights,
        Slot::FirstMoment,
        Slot::SecondMoment,
        Slot::Ema(0),
        Slot::Ema(1),
    ];
    let bits = |slot| -> Vec<u32> {
        let numbers = trainer.read(slot).unwrap();
        numbers.iter().map(|number| number.to_bits()).collect()
    };
    (trainer.progress().clone(), slots.map(bits).into())
}

fn run_in(scratch: &Scratch) -> RunDirectory {
    RunDirectory::new(scratch.path()).unwrap()
}

#[test]
fn a_run_that_is_resumed_is_the_run_that_was_not_stopped() {
    let config = config();
    let mut whole = begin(&config);
    steps(&mut whole, 24);
    assert!(whole.progress().history.as_ref().unwrap().is_warm());

    let folder = Scratch::new("resumed");
    let mut first = begin(&config);
    steps(&mut first, 11);
    run_in(&folder).save(&first, 1).unwrap();
    drop(first);
    let mut second = go_on(&run_in(&folder), &config);
    steps(&mut second, 13);
    assert!(everything(&whole) == everything(&second));
}

#[test]
fn microbatches_do_not_change_the_mean() {
    let cut = TrainConfig {
        half: false,
        timesteps: TimestepLaw::Uniform,
        ..config()
    };
    let whole = TrainConfig {
        microbatch: cut.batch,
        ..cut.clone()
    };
    let (mut cut, mut whole) = (begin(&cut), begin(&whole));
    let (cut, whole) = (cut.step().unwrap(), whole.step().unwrap());
    // Sums of the same numbers in another order.
    assert!((cut.grad_norm - whole.grad_norm).abs() < 1e-4 * whole.grad_norm);
    assert!((cut.loss - whole.loss).abs() < 1e-6 * whole.loss);
}

#[test]
fn other_options_are_refused_by_name() {
    let folder = Scratch::new("options");
    let mut trainer = begin(&config());
    steps(&mut trainer, 1);
    let state = run_in(&folder).save(&trainer, 1).unwrap();
    let saved = RunDirectory::load(&state).unwrap();
    let other = TrainConfig {
        lr: 1e-3,
        ..config()
    };
    let error = saved
        .check_same(&description(), &other, EXAMPLES)
        .unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, TrainError::OtherConfiguration { ref option, .. } if option == "lr"),
        "{text}"
    );
    assert!(text.contains("0.0003") && text.contains("0.001"), "{text}");
    let mut wider = description();
    wider.unet.num_res_blocks = 2;
    let error = saved.check_same(&wider, &config(), EXAMPLES).unwrap_err();
    assert!(error.to_string().contains("iddpm.unet"), "{error}");
}

/// Thirteen examples, one of which cannot be read.
struct OneBroken(Images);

impl Dataset for OneBroken {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn extents(&self) -> Extents {
        self.0.extents()
    }

    fn classes(&self) -> Option<usize> {
        self.0.classes()
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        let index = if index == 6 { EXAMPLES } else { index };
        self.0.get(index)
    }
}

#[test]
fn a_broken_example_is_fatal_or_counted_as_asked() {
    let run = |broken| {
        let data = Arc::new(OneBroken(images()));
        begin_with(&description(), &config(), data, broken).unwrap()
    };
    let mut fatal = run(Broken::Fatal);
    let error = (0..2).find_map(|_| fatal.step().err()).unwrap();
    assert!(matches!(
        error,
        TrainError::Data(DataError::Index { index: 13, len: 13 })
    ));
    let mut skipping = run(Broken::Skip);
    steps(&mut skipping, 13);
    // Eight passes over the data in 13 steps of 8.
    assert_eq!(skipping.progress().skipped, 8);
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let begin = |description: &Description, config: &TrainConfig| {
        begin_with(description, config, Arc::new(images()), Broken::Fatal).unwrap_err()
    };
    let mut other = description();
    other.size = ImageSize::square(16);
    assert!(matches!(
        begin(&other, &config()),
        TrainError::Extents { .. }
    ));
    let mut other = description();
    other.unet.num_classes = Some(4);
    assert!(matches!(
        begin(&other, &config()),
        TrainError::Classes {
            found: 3,
            expected: 4
        }
    ));
    let large = TrainConfig {
        batch: 16,
        ..config()
    };
    assert!(matches!(
        begin(&description(), &large),
        TrainError::BatchTooLarge {
            batch: 16,
            examples: 13
        }
    ));
    let single = images();
    let pixels = single.pixels().to_vec();
    let single = Images::new(single.extents(), pixels, Some(vec![0; EXAMPLES]), Some(1)).unwrap();
    let mut of_one = description();
    of_one.unet.num_classes = Some(1);
    let refused = begin_with(&of_one, &config(), Arc::new(single), Broken::Fatal).unwrap_err();
    assert!(matches!(
        refused,
        TrainError::Classes {
            found: 1,
            expected: 1
        }
    ));
}

#[test]
fn options_out_of_range_are_named() {
    let config = config();
    for (name, wrong) in [
        (
            "batch",
            TrainConfig {
                batch: 0,
                ..config.clone()
            },
        ),
        (
            "microbatch",
            TrainConfig {
                microbatch: 3,
                ..config.clone()
            },
        ),
        (
            "lr",
            TrainConfig {
                lr: f64::NAN,
                ..config.clone()
            },
        ),
        (
            "clip",
            TrainConfig {
                clip: -1.0,
                ..config.clone()
            },
        ),
        (
            "ema_rate",
            TrainConfig {
                ema_rates: vec![1.0],
                ..config.clone()
            },
        ),
        (
            "dropout",
            TrainConfig {
                dropout: 1.0,
                ..config.clone()
            },
        ),
    ] {
        let error = graph_of(&description(), &wrong).unwrap_err();
        assert!(
            matches!(error, TrainError::Option { name: found, .. } if found == name),
            "{error}"
        );
    }
}

fn spoil(trainer: Trainer<CpuEngine>, config: &TrainConfig) -> Trainer<CpuEngine> {
    let folder = Scratch::new("spoilt");
    let state = run_in(&folder).save(&trainer, 1).unwrap();
    let saved = RunDirectory::load(&state).unwrap();
    let graph = graph_of(&saved.description, config).unwrap();
    let mut engine = CpuEngine::new(&graph, &config.ema_rates, config.half).unwrap();
    saved.write_to(&mut engine).unwrap();
    let mut weights = trainer.read(Slot::Weights).unwrap();
    weights[0] = f32::NAN;
    engine.write(Slot::Weights, &weights).unwrap();
    let data = Arc::new(images());
    let progress = saved.progress;
    Trainer::new(
        engine,
        description(),
        config.clone(),
        data,
        Broken::Fatal,
        progress,
    )
    .unwrap()
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_or_lowers_the_scale() {
    for timesteps in [TimestepLaw::Uniform, TimestepLaw::LossSecondMoment] {
        let plain = TrainConfig {
            half: false,
            timesteps,
            ..config()
        };
        let mut trainer = spoil(begin(&plain), &plain);
        let before = trainer.read(Slot::FirstMoment).unwrap();
        let error = trainer.step().unwrap_err();
        assert!(
            matches!(error, TrainError::NotFinite { step: 1 }),
            "{error}"
        );
        assert_eq!(trainer.read(Slot::FirstMoment).unwrap(), before);
        // The batch was read and its sum is there: no step can follow.
        let error = trainer.step().unwrap_err();
        assert!(matches!(error, TrainError::Ended { step: 0 }), "{error}");

        let half = TrainConfig {
            half: true,
            ..plain
        };
        let mut trainer = spoil(begin(&half), &half);
        let history = trainer.progress().history.clone();
        let report = trainer.step().unwrap();
        assert!(!report.taken && !report.grad_norm.is_finite());
        assert_eq!(trainer.progress().loss_scale.unwrap().log2, 19.0);
        assert_eq!((trainer.progress().step, trainer.progress().taken), (1, 0));
        assert_eq!(trainer.progress().history, history);
        // From 2^20 down to 2^-24, and no further: weights that are not finite do not come back.
        for step in 2..=44 {
            assert!(!trainer.step().unwrap().taken, "{step}");
        }
        let error = trainer.step().unwrap_err();
        assert!(
            matches!(error, TrainError::NotFinite { step: 45 }),
            "{error}"
        );
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// What a killed save left goes; states of later steps, of a run that was set back, do not, and take no
/// earlier one's place.
#[test]
fn what_other_saves_left_behind() {
    let folder = Scratch::new("left");
    let run = run_in(&folder);
    let mut trainer = begin(&config());
    let first = run.save(&trainer, 2).unwrap();
    copy(&first, &folder.join("step-00000009"));
    copy(&first, &folder.join(".fresh-step-00000007"));
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
        ["latest", "step-00000002", "step-00000003", "step-00000009"]
    );
    let again = go_on(&run, &config());
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
    assert!(everything(&go_on(&run, &config())) == everything(&trainer));

    // Nor are its files taken for each other's.
    let latest = run.latest().unwrap().unwrap();
    let earlier = folder.join("step-00000002").join("model.safetensors");
    std::fs::copy(earlier, latest.join("model.safetensors")).unwrap();
    let error = RunDirectory::load(&latest).unwrap_err();
    assert!(matches!(error, TrainError::Format { .. }), "{error}");
}

#[test]
fn a_run_that_is_where_it_cannot_be() {
    let sound = begin(&config()).progress().clone();
    let wrong = [
        Progress {
            history: None,
            ..sound.clone()
        },
        Progress {
            loss_scale: None,
            ..sound.clone()
        },
        Progress {
            taken: 1,
            ..sound.clone()
        },
        Progress {
            step: u64::MAX,
            ..sound
        },
    ];
    for progress in wrong {
        let graph = graph_of(&description(), &config()).unwrap();
        let engine = CpuEngine::new(&graph, &config().ema_rates, true).unwrap();
        let trainer = Trainer::new(
            engine,
            description(),
            config(),
            Arc::new(images()),
            Broken::Fatal,
            progress,
        );
        let error = trainer.unwrap_err();
        assert!(matches!(error, TrainError::Progress { .. }), "{error}");
    }
    assert!(config().lr_at(u64::MAX).abs() < f64::EPSILON);
}

#[test]
fn the_golden_learning_rates() {
    let path = super::case::golden_directory().join("grad/lr_anneal.json");
    let case: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let entries = case["params"]["entries"].as_array().unwrap();
    assert!(!entries.is_empty());
    for entry in entries {
        let whole = |key: &str| entry[key].as_u64().unwrap();
        let config = TrainConfig {
            lr: entry["lr"].as_f64().unwrap(),
            warm_up: 0,
            anneal: whole("lr_anneal_steps"),
            ..TrainConfig::default()
        };
        let lr = config.lr_at(whole("step") + whole("resume_step"));
        let expected = entry["lr_used"].as_f64().unwrap();
        assert!((lr - expected).abs() <= 1e-15 * expected, "{lr} {expected}");
    }
}

/// Where the child of the tests below does its work.
const CHILD: &str = "IDDPM_TEST_RUN";
const CHILD_STEPS: u64 = 14;

/// Not a test of its own: what the tests below start as another process. It trains and saves after
/// every step.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let folder = RunDirectory::new(path).unwrap();
    let config = config();
    let mut trainer = match folder.latest().unwrap() {
        Some(_) => go_on(&folder, &config),
        None => begin(&config),
    };
    while trainer.progress().step < CHILD_STEPS {
        steps(&mut trainer, 1);
        if let Err(error) = folder.save(&trainer, 2) {
            println!("not saved: {error}");
            std::process::exit(3);
        }
    }
}

fn arguments() -> [&'static str; 3] {
    ["runs::child", "--exact", "--nocapture"]
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(arguments())
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_run_that_is_killed_at_any_moment_can_go_on() {
    let folder = Scratch::new("killed");
    let moments = generate(8, "moments", 400, 60.0, 58.0);
    let mut kills = 0;
    for moment in moments {
        let mut child = start(folder.path());
        std::thread::sleep(Duration::from_millis(moment as u64));
        let done = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(state) = run_in(&folder).latest().unwrap() {
            let saved = RunDirectory::load(&state).unwrap();
            if saved.progress.step == CHILD_STEPS {
                break;
            }
        }
        assert!(done.is_none_or(|status| status.success()));
        kills += 1;
    }
    let mut whole = begin(&config());
    steps(&mut whole, CHILD_STEPS as usize);
    assert!(everything(&go_on(&run_in(&folder), &config())) == everything(&whole));
    println!("killed {kills} times");
    assert!(kills > 2, "killed {kills} times");
}

/// A file system that holds one state but not two, or where none can be mounted a limit on the length of
/// files that the second state passes.
#[test]
fn a_full_disk_costs_no_earlier_state() {
    let folder = Scratch::new("full");
    let run = run_in(&folder);
    let mut trainer = begin(&config());
    steps(&mut trainer, 1);
    let probe = run.save(&trainer, 1).unwrap();
    let files = std::fs::read_dir(&probe).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    let disk = Scratch::new("disk");
    let size = format!("size={}", bytes * 3 / 2);
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
        .arg(disk.path())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    // Blocks of 512 bytes; the largest file of a state is about a fifth of it.
    let limit = if mounted {
        "unlimited".to_owned()
    } else {
        std::fs::remove_dir_all(disk.path()).unwrap();
        std::fs::rename(folder.path(), disk.path()).unwrap();
        (bytes / 10 / 512).to_string()
    };
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\""
        ))
        .arg(std::env::current_exe().unwrap())
        .args(arguments())
        .env(CHILD, disk.path())
        .output()
        .unwrap();
    let kept = RunDirectory::new(disk.path()).unwrap().latest().unwrap();
    let saved = kept.map(|state| RunDirectory::load(&state).unwrap().progress.step);
    if mounted {
        Command::new("umount").arg(disk.path()).status().unwrap();
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("not saved: "), "{text}");
    assert_eq!(saved, Some(1), "{text}");
}
