//! Imports go one way: no two files of `src/` reach each other by the paths that they name.
//!
//! A path is followed to the file that defines what it names: through the modules, and through the `use`
//! of a folder's door (`mod.rs`, `lib.rs`). Doors themselves are of no circle: they name what lies in their
//! folder, and what lies there names them. What no path tells is not seen: which file a method is in.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod files;
mod graph;
mod tokens;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use graph::{Edge, circles, edges};

/// The texts below a folder, by their paths in it.
fn texts(root: &Path) -> BTreeMap<String, String> {
    let (mut texts, mut folders) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                let name = name.replace('\\', "/");
                texts.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    texts
}

/// The texts of a made-up crate.
fn made_up(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |&(name, text): &(&str, &str)| (name.to_string(), text.to_string());
    files.iter().map(owned).collect()
}

/// Each circle of a made-up crate, as the lines that make it.
fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let edges = edges(&made_up(files));
    let lines = |circle: Vec<&Edge>| circle.iter().map(|edge| edge.to_string()).collect();
    circles(&edges).into_iter().map(lines).collect()
}

#[test]
fn no_two_files_reach_each_other() {
    let edges = edges(&texts(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../src"),
    ));
    // That there is something to find: a path of each kind.
    for (from, to) in [
        ("diffusion/sampler.rs", "diffusion/step.rs"),
        ("cpu/compile.rs", "unet/graph.rs"),
        ("diffusion/update.rs", "diffusion/lanes_detected.rs"),
        ("diffusion/update.rs", "diffusion/lanes_portable.rs"),
    ] {
        let mut found = edges.iter();
        assert!(
            found.any(|edge| edge.from == from && edge.to == to),
            "{from} was not seen to name {to}"
        );
    }
    let circles = circles(&edges);
    for circle in &circles {
        println!("a circle:");
        circle.iter().for_each(|edge| println!("  {edge}"));
    }
    assert_eq!(circles.len(), 0, "files reach each other, by these lines");
}

#[test]
fn a_circle_is_found_with_the_lines_that_make_it() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
        (
            "a.rs",
            "use core::fmt;\nuse super::{b::{self, B}, c::C as D};\n",
        ),
        ("b.rs", "pub struct B;\nfn f() -> u8 { crate::c::f() }\n"),
        ("c.rs", "// Back.\nfn f() -> u8 {\n    super::a::f()\n}\n"),
    ];
    let lines = [
        "src/a.rs:2 names crate::b, in src/b.rs",
        "src/a.rs:2 names crate::c::C, in src/c.rs",
        "src/b.rs:2 names crate::c::f, in src/c.rs",
        "src/c.rs:3 names crate::a::f, in src/a.rs",
    ];
    assert_eq!(found(&files), [lines]);
}

#[test]
fn a_door_is_looked_through() {
    let through = |door: &str, use_of_door: &str| {
        let circles = found(&[
            ("lib.rs", "mod a; pub mod folder;"),
            ("a.rs", use_of_door),
            ("folder/mod.rs", door),
            ("folder/b.rs", "use crate::a::A; pub struct B;"),
        ]);
        circles.len()
    };
    let renamed = "mod b; pub use b::B as C; pub const OWN: u8 = 0;";
    assert_eq!(through(renamed, "use crate::folder::C;"), 1);
    assert_eq!(through(renamed, "fn f(_: super::folder::C) {}"), 1);
    assert_eq!(
        through(renamed, "use crate::folder; fn f(_: folder::C) {}"),
        1
    );
    assert_eq!(
        through(renamed, "mod t { use super::super::folder::C; }"),
        1
    );
    assert_eq!(through(renamed, "use crate::folder::*;"), 1);
    // A glob may have whatever is named.
    assert_eq!(through("mod b; pub use b::*;", "use crate::folder::B;"), 1);
    // The door's own; and a module that is not there.
    assert_eq!(through(renamed, "use crate::folder::OWN;"), 0);
    assert_eq!(through(renamed, "mod t { use super::folder::C; }"), 0);
}

#[test]
fn files_have_the_modules_that_are_declared() {
    let by_path = found(&[
        (
            "lib.rs",
            "#[cfg_attr(unix, path = \"one.rs\")]\nmod a;\nmod b;",
        ),
        ("one.rs", "use crate::b;"),
        ("b.rs", "mod inner; use super::a::A;"),
        ("b/inner.rs", "use super::super::a; use super::B;"),
    ]);
    let lines = [
        "src/b.rs:1 names crate::a::A, in src/one.rs",
        "src/one.rs:1 names crate::b, in src/b.rs",
    ];
    assert_eq!(by_path, [lines]);
}

#[test]
fn texts_that_are_no_paths_make_no_circle() {
    let no_paths = r##"
        /* crate::b::B /* nested */ crate::b::B */
        //! crate::b::B
        pub(in crate::b) const TEXTS: [&str; 2] = ["crate::b::B \" crate::b", r#"crate::b"#];
        const QUOTES: [char; 2] = ['"', '\''];
        fn f<'a>(_: &'a str) -> impl Iterator + use<'a> {}
        fn b(other: u8) -> u8 { other }
    "##;
    assert!(
        found(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", no_paths),
            ("b.rs", "use super::a;")
        ])
        .is_empty()
    );
}

#[test]
#[should_panic = "src/lost.rs is of no module"]
fn a_file_of_no_module_is_named() {
    edges(&made_up(&[("lib.rs", ""), ("lost.rs", "")]));
}
