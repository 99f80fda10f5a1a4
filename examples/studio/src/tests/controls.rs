//! The controls: what each makes of the drawing, which are offered, and what is refused.

use egui_kittest::kittest::Queryable;
use iddpm::Draw;

use super::{Window, choose, chosen, click, drawn, failure, type_number, wait, window, write};

#[test]
fn controls_are_the_options_of_a_drawing() {
    let mut window = window("--class axe --seed 3");
    wait(&mut window);
    choose(&mut window, "class", "shield");
    choose(&mut window, "method", "ddim");
    choose(&mut window, "clip", "dynamic");
    choose(&mut window, "wrap", "xy");
    write(&mut window, "steps", "ddim6");
    write(&mut window, "palette", "#1a1c2c,#f4f4f4,#b13e53");
    window.state_mut().settings.eta = 0.5;
    window.state_mut().settings.guidance = 2.0;
    click(&mut window, "Draw");
    wait(&mut window);
    let draw: Draw =
        "class=shield steps=ddim6 method=ddim:0.5 clip=dynamic wrap=xy seed=3 guidance=2 \
                      palette=#1a1c2c,#f4f4f4,#b13e53"
            .parse()
            .unwrap();
    let entry = window.state().history.chosen().unwrap();
    assert_eq!(entry.drawn.order.draw, draw);
    assert_eq!(*chosen(&window), drawn(&draw));
}

/// A model that was not trained for guidance has no slider, one that was has; without a picture there is no strength.
#[test]
fn what_a_model_cannot_do_is_not_offered() {
    let mut sprites = window("");
    let mut digits = window("--checkpoint ../assets/digits16.safetensors");
    wait(&mut sprites);
    wait(&mut digits);
    let is_offered = |window: &Window, name| window.query_all_by_label(name).count() > 0;
    assert!(is_offered(&sprites, "guidance"));
    assert!(!is_offered(&digits, "guidance"));
    for name in ["strength", "resample", "eta"] {
        assert!(!is_offered(&sprites, name), "{name}");
    }
    choose(&mut sprites, "method", "ddim");
    assert!(is_offered(&sprites, "eta"));
    click(&mut sprites, "init");
    sprites.step();
    assert!(is_offered(&sprites, "strength"));
}

/// What is wrong is said as the door says it; what was drawn stays, and what is put right is drawn.
#[test]
fn what_is_wrong_is_said_in_the_doors_words() {
    let mut window = window("--class coin");
    wait(&mut window);
    for (field, wrong) in [
        ("steps", "0"),
        ("steps", "many"),
        ("seed", "-1"),
        ("palette", "#12"),
        ("palette", "red"),
    ] {
        write(&mut window, field, wrong);
        click(&mut window, "Draw");
        let mut draw = Draw::new().class("coin");
        let told = draw.set(field, wrong).map_err(iddpm::Error::from);
        let told = told.and_then(|()| {
            let mut door = super::door("sprites32.safetensors");
            door.begin(&draw, 1).map(drop)
        });
        assert_eq!(failure(&window), told.unwrap_err().to_string());
        assert!(!window.state().is_busy());
        assert_eq!(chosen(&window).class_name(0), Some("coin".into()));
        write(&mut window, field, if field == "seed" { "0" } else { "" });
    }
    click(&mut window, "Draw");
    wait(&mut window);
    assert_eq!(window.state().history.entries().count(), 2);
}

/// A class that the model has not is refused where it is drawn; the window is open, and another can be chosen.
#[test]
fn an_unknown_class_leaves_a_window_that_works() {
    let mut window = window("--class dragon");
    assert!(
        failure(&window).starts_with("class \"dragon\": "),
        "{}",
        failure(&window)
    );
    choose(&mut window, "class", "tree");
    click(&mut window, "Draw");
    wait(&mut window);
    assert_eq!(chosen(&window).class_name(0), Some("tree".into()));
}

/// Whatever is typed as a number, it is within the bounds of what is drawn.
#[test]
fn a_typed_number_has_bounds() {
    let mut window = window("--class coin");
    wait(&mut window);
    choose(&mut window, "method", "ddim");
    write(&mut window, "steps", "3");
    click(&mut window, "init");
    window.step();
    let of = |window: &Window, slider| -> f64 {
        let state = window.state();
        match slider {
            "milliseconds" => state.milliseconds,
            "guidance" => state.settings.guidance,
            "eta" => state.settings.eta,
            "strength" => state.settings.strength.unwrap(),
            _ => state.brush.size.into(),
        }
    };
    for (slider, least, most) in [
        ("milliseconds", 1.0, 1000.0),
        ("guidance", 0.0, 100.0),
        ("eta", 0.0, 1.0),
        ("strength", 0.0, 1.0),
        ("brush", 1.0, 32.0),
    ] {
        for (typed, taken) in [
            ("-5", least),
            ("1e30", most),
            ("-inf", least),
            ("NaN", most),
            ("1", 1.0),
            ("inf", most),
        ] {
            type_number(&mut window, slider, typed);
            assert_eq!(of(&window, slider), taken, "{slider} {typed}");
        }
        let before = window.state().history.entries().count();
        click(&mut window, "Draw");
        wait(&mut window);
        let after = window.state().history.entries().count();
        assert_eq!(after, before + 1, "{slider}");
    }
}

/// A time that is none, as of a budget that was set elsewhere, is the least that can be done in a frame.
#[test]
fn a_budget_that_is_no_time_draws() {
    for budget in [-5.0, f64::NAN, f64::INFINITY, 1e30] {
        let mut window = window("--class coin");
        window.state_mut().milliseconds = budget;
        window.run_steps(2);
        assert!(window.state().times().unwrap().len() > 0, "{budget}");
    }
}

/// Where a drawing is refused the one that is on its way goes on.
#[test]
fn what_is_refused_gives_up_nothing() {
    let mut window = window("--class coin");
    wait(&mut window);
    window.state_mut().milliseconds = 0.001;
    click(&mut window, "Next seed");
    // Escape, by which the field is left, stops no drawing.
    write(&mut window, "steps", "0");
    for button in ["Draw", "Next seed"] {
        click(&mut window, button);
        assert!(
            failure(&window).starts_with("steps "),
            "{}",
            failure(&window)
        );
        assert_eq!(window.state().settings.seed, "1");
        assert!(window.state().drawing.is_some());
    }
    window.state_mut().milliseconds = 1000.0;
    wait(&mut window);
    assert_eq!(*chosen(&window), drawn(&Draw::new().class("coin").seed(1)));
}
