//! The learning rate: its curves, what may change of it where a run goes on, and its end.

use std::f64::consts::PI;

use iddpm::train::{Annealing, RunDirectory, SavedRun, TimestepLaw, TrainConfig, TrainError};

use super::runs::{begin, config, data, description, everything, go_on, run_in, steps};
use super::scratch::Scratch;

fn plain() -> TrainConfig {
    TrainConfig {
        half: false,
        timesteps: TimestepLaw::Uniform,
        ..config()
    }
}

/// Constant, and both curves after a warm-up: at their ends, in the middle, and beyond.
#[test]
fn curves() {
    let config = |annealing, anneal, warm_up| TrainConfig {
        lr: 2e-3,
        annealing,
        anneal,
        warm_up,
        ..TrainConfig::default()
    };
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-15, "{found}, not {expected}");
    };
    for annealing in Annealing::ALL {
        let constant = config(annealing, 0, 4);
        for (step, share) in [(0, 0.25), (2, 0.75), (3, 1.0), (4, 1.0), (u64::MAX, 1.0)] {
            close(constant.lr_at(step), 2e-3 * share);
        }
        let falling = config(annealing, 1000, 0);
        close(falling.lr_at(0), 2e-3);
        close(falling.lr_at(500), 1e-3);
        for step in [1000, 1001, u64::MAX] {
            assert_eq!(falling.lr_at(step), 0.0);
        }
        // It never rises, and is above 0 up to its end.
        assert!((0..1000).all(|step| falling.lr_at(step) > falling.lr_at(step + 1)));
        // Of one step there is one.
        close(config(annealing, 1, 0).lr_at(0), 2e-3);
    }
    let cosine = config(Annealing::Cosine, 1000, 100);
    close(cosine.lr_at(49), 1e-3 * 0.5 * (1.0 + (0.049 * PI).cos()));
    close(cosine.lr_at(250), 2e-3 * (0.5 + 0.125_f64.sqrt()));
    close(config(Annealing::Linear, 1000, 100).lr_at(250), 2e-3 * 0.75);
}

/// A run from before there were curves is the same text.
#[test]
fn a_line_is_not_written() {
    let text = serde_json::to_string(&plain()).unwrap();
    assert!(!text.contains("annealing"), "{text}");
    assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), plain());
    let cosine = TrainConfig {
        annealing: Annealing::Cosine,
        ..plain()
    };
    let text = serde_json::to_string(&cosine).unwrap();
    assert!(text.contains("\"annealing\":\"cosine\""), "{text}");
    assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), cosine);
}

fn changed() -> TrainConfig {
    TrainConfig {
        lr: 1e-4,
        warm_up: 0,
        anneal: 9,
        annealing: Annealing::Cosine,
        ..plain()
    }
}

/// From where it goes on, a step has the rate that is given now; what was before stays, and so does all but the rate.
#[test]
fn rates_may_change_where_a_run_goes_on() {
    let scratch = Scratch::new("rates");
    let folder = |name: &str| RunDirectory::open(scratch.join(name)).unwrap();
    let mut first = begin(&plain());
    steps(&mut first, 3);
    folder("a").save(&first, 2).unwrap();
    folder("b").save(&first, 2).unwrap();
    let before = everything(&first);

    let mut a = go_on(&scratch.join("a"), &changed());
    assert!(everything(&a) == before);
    for step in 3..6 {
        assert_eq!(a.step().unwrap().lr, changed().lr_at(step));
    }
    // Saved and gone on with in between, the same.
    let mut b = go_on(&scratch.join("b"), &changed());
    steps(&mut b, 1);
    let state = folder("b").save(&b, 2).unwrap();
    assert_eq!(SavedRun::load(&state).unwrap().config, changed());
    let mut b = go_on(&scratch.join("b"), &changed());
    steps(&mut b, 2);
    assert!(everything(&a) == everything(&b));
    // Another rate is another run.
    steps(&mut first, 3);
    assert!(everything(&first) != everything(&a));
}

/// At 0 no step is taken, and what was reached can still be saved; another rate goes on from it.
#[test]
fn an_annealed_run_does_not_train_at_0() {
    let scratch = Scratch::new("annealed");
    let config = TrainConfig {
        anneal: 2,
        ..plain()
    };
    let mut trainer = begin(&config);
    steps(&mut trainer, 2);
    let refused = trainer.step().unwrap_err();
    assert!(
        matches!(refused, TrainError::Annealed { anneal: 2 }),
        "{refused}"
    );
    run_in(&scratch).save(&trainer, 1).unwrap();
    assert!(go_on(scratch.path(), &config).step().is_err());
    assert_eq!(go_on(scratch.path(), &plain()).step().unwrap().step, 3);
    let saved = SavedRun::load(SavedRun::latest_in(scratch.path()).unwrap().unwrap()).unwrap();
    saved
        .check_same(&description(), &changed(), &data())
        .unwrap();
}
