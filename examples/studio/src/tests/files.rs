//! Files: what is saved, and what is dropped on the window.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, Key, Modifiers};
use iddpm::run::Trajectory;
use iddpm::{Draw, Model};

use super::{Window, assets, chosen, click, door, failure, press, wait, window, write};

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
    let mut run = door.begin(&draw, 1).unwrap();
    let mut steps = Trajectory::create(folder.file("door.gif"), door.model(), 1, 15).unwrap();
    while run.advance().unwrap() {
        steps.add(&run.preview().unwrap()).unwrap();
    }
    steps.finish().unwrap();
    for suffix in ["png", "npz", "gif"] {
        let (door, ours) = (format!("door.{suffix}"), format!("ours.{suffix}"));
        save(&mut window, &folder.file(&ours));
        let bytes = [ours, door].map(|name| fs::read(folder.file(&name)).unwrap());
        assert!(bytes[0] == bytes[1], "{suffix}");
    }
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
