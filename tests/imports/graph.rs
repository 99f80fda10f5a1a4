//! Which file names what of which, and who reach each other by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::files::{File, Module, Named, read};

/// A file that names what another defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) line: usize,
    pub(crate) path: String,
    pub(crate) to: String,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            line,
            path,
            to,
        } = self;
        write!(f, "src/{from}:{line} names {path}, in src/{to}")
    }
}

struct Crate {
    files: BTreeMap<String, File>,
    /// Each module and the files that hold it: several, where features or systems choose.
    modules: BTreeMap<Module, Vec<String>>,
}

/// Every path of a crate's files that leads into another file; doors are left out at both ends.
///
/// # Panics
/// If a file is of no module.
pub(crate) fn edges(texts: &BTreeMap<String, String>) -> Vec<Edge> {
    let files = texts.iter().map(|(name, text)| (name.clone(), read(text)));
    let mut all = Crate {
        files: files.collect(),
        modules: BTreeMap::new(),
    };
    all.place("lib.rs", Vec::new());
    let mut edges = BTreeSet::new();
    for (name, file) in &all.files {
        let mut modules = all.modules.iter();
        let module = modules.find(|(_, files)| files.contains(name));
        let (module, _) = module.unwrap_or_else(|| panic!("src/{name} is of no module"));
        for named in file.named.iter().filter(|_| !is_door(name)) {
            let Some(path) = all.absolute(named, module, file) else {
                continue;
            };
            for to in all.definers(&path, 0) {
                if to != *name && !is_door(&to) {
                    edges.insert(Edge {
                        from: name.clone(),
                        line: named.line,
                        path: format!("crate::{}", path.join("::")),
                        to,
                    });
                }
            }
        }
    }
    edges.into_iter().collect()
}

fn is_door(file: &str) -> bool {
    file == "lib.rs" || file == "mod.rs" || file.ends_with("/mod.rs")
}

impl Crate {
    /// Finds the modules that a file declares, and theirs.
    fn place(&mut self, file: &str, module: Module) {
        let (folder, stem) = match file.rsplit_once('/') {
            Some((folder, name)) => (format!("{folder}/"), name),
            None => (String::new(), file),
        };
        let within = match is_door(file) {
            true => folder.clone(),
            false => format!("{folder}{}/", stem.trim_end_matches(".rs")),
        };
        let mut found = Vec::new();
        for declared in self.files.get(file).map_or(&[][..], |file| &file.declared) {
            let name = &declared.name;
            let usual = [
                format!("{within}{name}.rs"),
                format!("{within}{name}/mod.rs"),
            ];
            let by_path = declared.paths.iter().map(|path| format!("{folder}{path}"));
            let inner: Module = module.iter().chain([name]).cloned().collect();
            let there = usual.into_iter().chain(by_path);
            let there = there.filter(|file| self.files.contains_key(file));
            found.extend(there.map(|file| (file, inner.clone())));
        }
        let files = self.modules.entry(module).or_default();
        if !files.iter().any(|one| one == file) {
            files.push(file.into());
        }
        for (file, module) in found {
            self.place(&file, module);
        }
    }

    /// A path from the crate's root; none for another crate's, and for what is not of a module.
    fn absolute(&self, named: &Named, module: &Module, file: &File) -> Option<Module> {
        let mut words = named.words.iter().map(String::as_str).peekable();
        // Modules within the file have no place of their own: they stand for it.
        let (mut inner, mut path) = (named.depth, module.clone());
        match words.next_if(|word| *word != "super") {
            None | Some("self") => {}
            Some("crate") => path.clear(),
            Some(first) => {
                let is_import = |other: &&Named| {
                    let is_called_so = other.alias.as_deref() == Some(first);
                    named.alias.is_none() && is_called_so && other.words[0] != first
                };
                if let Some(import) = file.named.iter().find(is_import) {
                    path = self.absolute(import, module, file)?;
                    path.extend(words.map(String::from));
                    return Some(path);
                }
                path.push(first.into());
                // What is no module is a type of the file or another crate.
                self.modules.get(&path)?;
            }
        }
        while words.next_if(|word| *word == "super").is_some() {
            match inner {
                0 => drop(path.pop()),
                _ => inner -= 1,
            }
        }
        path.extend(words.map(String::from));
        Some(path)
    }

    /// The files that define what a path names.
    fn definers(&self, path: &[String], depth: usize) -> BTreeSet<String> {
        // The longest part that is a module; what follows is a name in it.
        let lengths = (0..=path.len()).rev();
        let known = lengths.map(|len| path.split_at(len));
        let found =
            known.filter_map(|(module, rest)| Some((module, rest, self.modules.get(module)?)));
        let Some((module, rest, files)) = found.into_iter().next() else {
            return BTreeSet::new();
        };
        let mut definers = BTreeSet::new();
        for name in files {
            let (true, Some(first), true) = (is_door(name), rest.first(), depth < 16) else {
                definers.insert(name.clone());
                continue;
            };
            let file = &self.files[name];
            let has = |named: &&Named| {
                let alias = named.alias.as_deref();
                alias.is_some_and(|alias| alias == first || alias == "*" || first == "*")
            };
            for named in file.named.iter().filter(has) {
                let Some(mut path) = self.absolute(named, &module.to_vec(), file) else {
                    continue;
                };
                if path.last().is_some_and(|last| last == "*") {
                    path.pop();
                }
                definers.extend(self.definers(&path, depth + 1));
            }
        }
        definers
    }
}

/// The circles: of files that reach each other, the first edge from each to each.
pub(crate) fn circles(edges: &[Edge]) -> Vec<Vec<&Edge>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges {
        next.entry(&edge.from).or_default().insert(&edge.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next
        .keys()
        .map(|&from| (from, reach(from, &next)))
        .collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
    let mut circles: BTreeMap<&str, BTreeMap<(&str, &str), &Edge>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| reaches(&edge.to, &edge.from)) {
        // Of one circle are those that reach the same first file, and are reached from it.
        let mut files = reached.keys().copied();
        let first = files.find(|file| reaches(&edge.from, file) && reaches(file, &edge.from));
        let circle = circles.entry(first.unwrap_or_default()).or_default();
        circle.entry((&edge.from, &edge.to)).or_insert(edge);
    }
    circles
        .into_values()
        .map(|circle| circle.into_values().collect())
        .collect()
}

/// All files that are reached from one.
fn reach<'e>(from: &'e str, next: &BTreeMap<&'e str, BTreeSet<&'e str>>) -> BTreeSet<&'e str> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(from) = left.pop() {
        let to = next.get(from).into_iter().flatten();
        left.extend(to.filter(|to| reached.insert(**to)));
    }
    reached
}
