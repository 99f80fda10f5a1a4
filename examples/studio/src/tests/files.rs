//! Files: what is saved, and what is dropped on the window.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use iddpm::checkpoint::{Checkpoint, Dtype};
use iddpm::diffusion::Grid;
use iddpm::run::Trajectory;
use iddpm::{Device, Draw, Model, Studio};

use super::{Window, assets, chosen, click, door, drawn, failure, press, wait, window, write};

/// A folder of this test's own, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("iddpm-studio-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a desktop hands over where something is dropped.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn drop_on(window: &mut Window, path: PathBuf) {
    window
        .input_mut()
        .dropped_files
        .push(Arc::new(Dropped(path)));
    window.step();
}

fn save(window: &mut Window, path: &Path) {
    write(window, "out", path.to_str().unwrap());
    click(window, "Save");
    while window.state().is_busy() {
        window.step();
    }
}

/// The animation of a drawing in 15 steps by the door itself.
fn film(door: &mut Studio, draw: &Draw, path: &Path) {
    let mut run = door.begin(draw, 1).unwrap();
    let mut steps = Trajectory::create(path, door.model(), 1, 15).unwrap();
    while run.advance().unwrap() {
        steps.add(&run.preview().unwrap()).unwrap();
    }
    steps.finish().unwrap();
}

/// Each kind of file has the bytes that the door writes.
#[test]
fn files_are_the_doors() {
    let folder = Folder::new("save");
    let mut window = window("--class heart --seed 2");
    wait(&mut window);
    let (mut door, draw) = (
        door("sprites32.safetensors"),
        Draw::new().class("heart").seed(2),
    );
    let images = door.sample(&draw, 1).unwrap();
    images.save_one(0, folder.file("door.png")).unwrap();
    images.save(folder.file("door.npz")).unwrap();
    film(&mut door, &draw, &folder.file("door.gif"));
    for suffix in ["png", "npz", "gif"] {
        let (door, ours) = (format!("door.{suffix}"), format!("ours.{suffix}"));
        save(&mut window, &folder.file(&ours));
        let bytes = [ours, door].map(|name| fs::read(folder.file(&name)).unwrap());
        assert!(bytes[0] == bytes[1], "{suffix}");
    }
}

/// What is saved and painted on is what is shown, and has its name: nothing while a drawing is on its way, and once it is
/// given up the drawing before.
#[test]
fn what_is_saved_is_what_is_shown() {
    let folder = Folder::new("shown");
    let mut window = window("--class sword --seed 7");
    wait(&mut window);
    window.state_mut().milliseconds = 0.001;
    press(&mut window, Modifiers::NONE, Key::N);
    window.step();
    for name in ["Save", "Paint"] {
        let button = window.get_by_label(name);
        assert!(button.accesskit_node().is_disabled(), "{name}");
    }
    assert_eq!(window.state().path, "sword-7.png");
    press(&mut window, Modifiers::COMMAND, Key::S);
    assert!(failure(&window).contains("on its way"));
    press(&mut window, Modifiers::NONE, Key::P);
    assert!(failure(&window).contains("on its way"));
    assert!(window.state().drawing.is_some() && !window.state().is_on_painting);

    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!window.state().is_busy());
    assert_eq!(window.state().settings.seed, "7");
    assert_eq!(window.state().path, "sword-7.png");
    // With nothing on its way it gives up nothing, and what is set stays.
    window.state_mut().settings.seed = "9".into();
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(window.state().settings.seed, "9");
    let saved = folder.file("saved.png");
    save(&mut window, &saved);
    let sword = drawn(&Draw::new().class("sword").seed(7));
    sword.save_one(0, folder.file("door.png")).unwrap();
    assert!(fs::read(saved).unwrap() == fs::read(folder.file("door.png")).unwrap());

    window.state_mut().milliseconds = 1000.0;
    click(&mut window, "Draw");
    wait(&mut window);
    assert_eq!(window.state().path, "sword-9.png");
}

/// An animation is made a little in each frame, also within a step, and comes to its file whatever is asked for meanwhile.
#[test]
fn an_animation_on_its_way_comes_to_its_file() {
    let folder = Folder::new("film");
    let mut window = window("--class heart --seed 2");
    wait(&mut window);
    let (first, second) = (folder.file("first.gif"), folder.file("second.gif"));
    window.state_mut().milliseconds = 0.001;
    write(&mut window, "out", first.to_str().unwrap());
    click(&mut window, "Save");
    // More frames than it has steps.
    window.run_steps(20);
    assert!(window.state().is_busy());
    write(&mut window, "out", second.to_str().unwrap());
    click(&mut window, "Save");
    let told = failure(&window);
    assert!(
        told.contains("second.gif") && told.contains("first.gif"),
        "{told}"
    );
    drop_on(&mut window, assets().join("digits16.safetensors"));
    assert_eq!(window.state().model().classes(), 10);
    window.state_mut().milliseconds = 1000.0;
    wait(&mut window);
    assert!(!second.exists());

    let mut door = door("sprites32.safetensors");
    film(
        &mut door,
        &Draw::new().class("heart").seed(2),
        &folder.file("door.gif"),
    );
    assert!(fs::read(first).unwrap() == fs::read(folder.file("door.gif")).unwrap());
}

/// A PNG of a palette's colours lists them: its colour type is 3.
#[test]
fn a_palette_makes_indexed_pictures() {
    let folder = Folder::new("indexed");
    let mut window = window("--class coin");
    wait(&mut window);
    let colour_type = |path: &Path| fs::read(path).unwrap()[25];
    save(&mut window, &folder.file("all.png"));
    assert_eq!(colour_type(&folder.file("all.png")), 6);
    write(&mut window, "palette", "#1a1c2c,#f4f4f4,#ffcd75");
    click(&mut window, "Draw");
    wait(&mut window);
    save(&mut window, &folder.file("few.png"));
    assert_eq!(colour_type(&folder.file("few.png")), 3);
}

/// What cannot be written is said, by its path; by the key as by the button.
#[test]
fn what_cannot_be_saved_is_said() {
    let folder = Folder::new("refused");
    let mut window = window("--class coin");
    wait(&mut window);
    for name in ["no/such/folder.png", "x.jpg"] {
        write(&mut window, "out", folder.file(name).to_str().unwrap());
        press(&mut window, Modifiers::COMMAND, Key::S);
        assert!(failure(&window).contains(name), "{}", failure(&window));
    }
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

/// A checkpoint that is dropped is drawn with at once; what is none is refused as the door refuses it, and the model that
/// was there goes on.
#[test]
fn a_dropped_checkpoint_is_opened() {
    let folder = Folder::new("dropped");
    let mut window = window("--class sword --seed 5");
    wait(&mut window);
    for refused in [
        folder.0.clone(),
        assets().join("digits.png"),
        folder.file("none"),
    ] {
        drop_on(&mut window, refused.clone());
        let told = Model::open(&refused).unwrap_err().to_string();
        assert_eq!(failure(&window), told);
        assert_eq!(window.state().model().classes(), 12);
    }
    click(&mut window, "Next seed");
    wait(&mut window);
    assert_eq!(chosen(&window).class_name(0), Some("sword".into()));

    drop_on(&mut window, assets().join("digits16.safetensors"));
    wait(&mut window);
    let mut digits = door("digits16.safetensors");
    let draw = Draw::new().class("0").seed(6);
    assert_eq!(*chosen(&window), digits.sample(&draw, 1).unwrap());
    assert_eq!(window.state().history.entries().count(), 1);
}

/// A distilled network draws in its own steps, whatever was said for the one before, and the one behind it in its own.
#[test]
fn a_distilled_network_draws_in_its_steps() {
    let folder = Folder::new("distilled");
    let digits = Model::open(assets().join("digits16.safetensors")).unwrap();
    let (mut description, _, weights) = digits.checkpoint().clone().into_parts();
    let all = Grid::all(description.card.diffusion.num_timesteps).unwrap();
    description.grid = Some(all.thinned(4).unwrap());
    let student = Checkpoint::new(description, weights).unwrap();
    let file = folder.file("student.safetensors");
    student.save(&file, Dtype::F16).unwrap();

    let mut window = window("--class sword");
    wait(&mut window);
    write(&mut window, "steps", "7");
    drop_on(&mut window, file.clone());
    wait(&mut window);
    let mut door = Model::open(&file).unwrap().on(Device::cpu()).unwrap();
    let zero = Draw::new().class("0");
    assert_eq!(
        chosen(&window).planes(),
        door.sample(&zero, 1).unwrap().planes()
    );

    drop_on(&mut window, assets().join("digits16.safetensors"));
    wait(&mut window);
    let mut door = digits.on(Device::cpu()).unwrap();
    assert_eq!(
        chosen(&window).planes(),
        door.sample(&zero, 1).unwrap().planes()
    );
}

/// Where the first drawing of a checkpoint that is dropped is refused, all that was drawn is there.
#[test]
fn a_checkpoint_that_cannot_draw_costs_nothing() {
    let mut window = window("--class sword --seed 5");
    wait(&mut window);
    write(&mut window, "steps", "0");
    drop_on(&mut window, assets().join("digits16.safetensors"));
    assert!(
        failure(&window).starts_with("steps "),
        "{}",
        failure(&window)
    );
    assert_eq!(window.state().model().classes(), 12);
    assert_eq!(window.state().settings.class.as_deref(), Some("sword"));
    assert_eq!(chosen(&window).class_name(0), Some("sword".into()));
}

/// A palette goes where the network of a checkpoint that is dropped draws no such colours, which is said; else it stays.
#[test]
fn a_palette_is_left_out_where_a_checkpoint_cannot_have_it() {
    for (palette, is_kept) in [("#000000,#ffffff", true), ("#1a1c2c,#ff0000", false)] {
        let mut window = window("--class sword --seed 5");
        wait(&mut window);
        write(&mut window, "palette", palette);
        drop_on(&mut window, assets().join("digits16.safetensors"));
        wait(&mut window);
        assert_eq!(window.state().model().classes(), 10);
        let left = if is_kept { palette } else { "" };
        assert_eq!(window.state().settings.palette, left);
        window.step();
        let said = window
            .query_all_by_label_contains("palette #1a1c2c")
            .count();
        assert_eq!(said, usize::from(!is_kept));
    }
}
