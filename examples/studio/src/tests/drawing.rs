//! What is drawn is what the door draws.

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use iddpm::Draw;

use super::{chosen, click, drawn, press, wait, window};

#[test]
fn the_first_drawing_is_of_the_options() {
    let mut window = window("--class sword --seed 7");
    wait(&mut window);
    assert_eq!(*chosen(&window), drawn(&Draw::new().class("sword").seed(7)));
    assert_eq!(window.state().history.entries().count(), 1);
}

/// A smaller budget is more frames, and the same image.
#[test]
fn budgets_do_not_change_what_is_drawn() {
    let frames = |milliseconds: &str| {
        let mut window = window(&format!("--class axe --milliseconds {milliseconds}"));
        wait(&mut window);
        let frames = window.state().times().unwrap().len();
        (frames, chosen(&window).clone())
    };
    let ((many, of_many), (one, of_one)) = (frames("0.5"), frames("1000"));
    assert_eq!(of_many, of_one);
    assert!(many > 15 && one <= 2, "{many} frames, {one}");
}

/// Seeds one after the other, by button and by key, and back to the first by the history.
#[test]
fn seeds_are_gone_through_and_come_back_to() {
    let mut window = window("--class gem --seed 41");
    wait(&mut window);
    click(&mut window, "Next seed");
    wait(&mut window);
    press(&mut window, Modifiers::NONE, Key::N);
    wait(&mut window);
    let gem = Draw::new().class("gem");
    assert_eq!(*chosen(&window), drawn(&gem.clone().seed(43)));

    window.run_steps(2);
    click(&mut window, "gem 41");
    assert_eq!(window.state().settings.seed, "41");
    assert_eq!(*chosen(&window), drawn(&gem.seed(41)));
    assert_eq!(window.state().path, "gem-41.png");
    click(&mut window, "Draw");
    wait(&mut window);
    let entries: Vec<_> = window.state().history.entries().collect();
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0].1.rgba, entries[3].1.rgba);
}

/// Behind the last comes the first, and none is rounded on its way through the window.
#[test]
fn a_seed_has_64_bits() {
    let mut window = window("--class key --seed 18446744073709551614");
    wait(&mut window);
    let key = Draw::new().class("key");
    assert_eq!(*chosen(&window), drawn(&key.clone().seed(u64::MAX - 1)));
    click(&mut window, "Next seed");
    wait(&mut window);
    assert_eq!(window.state().settings.seed, u64::MAX.to_string());
    click(&mut window, "Next seed");
    wait(&mut window);
    assert_eq!(*chosen(&window), drawn(&key.seed(0)));
}

#[test]
fn a_drawing_can_be_stopped() {
    let mut window = window("--milliseconds 0.001");
    window.run_steps(3);
    assert!(window.state().is_busy());
    click(&mut window, "Stop");
    window.step();
    assert!(!window.state().is_busy());
    assert!(window.state().history.chosen().is_none());
    assert!(window.query_by_label("Stop").is_none());
}
