//! `train --distill` judges its students, as `evaluate` does it, once.

use serde_json::Value;

use super::scratch::Scratch;
use super::{refuse, succeed, write_archive};

const TEACHER: &str = "--backend cpu --data d.npz --multipliers 1,1 --attention 1 --heads 1 --blocks 1 --batch 4 \
     --timesteps 20 --sample-every 0 --anneal 0";
const CHAIN: &str =
    "--backend cpu --data d.npz --batch 4 --sample-every 0 --distill t --steps 4,2 --until 2";

/// So many images of three classes, each a grey of its own with some noise, and the run of a teacher.
fn prepare(scratch: &Scratch, images: usize) {
    let numbers = (0_u32..).map(|at| at.wrapping_mul(0x9E37_79B9) >> 27);
    let greys = (0..images).flat_map(|image| [60 * (image as u8 % 3); 64]);
    let pixels: Vec<u8> = greys
        .zip(numbers)
        .map(|(grey, more)| grey + more as u8)
        .collect();
    let labels: Vec<i64> = (0..images as i64).map(|image| image % 3).collect();
    write_archive(&scratch.join("d.npz"), [images, 8, 8, 1], &pixels, &labels);
    succeed("train", scratch, &format!("{TEACHER} --run t --steps 3"));
}

fn json(scratch: &Scratch, file: &str) -> Value {
    let text = std::fs::read_to_string(scratch.join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn students_are_judged() {
    let scratch = Scratch::new("distill-evaluated");
    prepare(&scratch, 96);
    let chain = format!("{CHAIN} --evaluate 12 --run r");
    let told = succeed("train", &scratch, &chain);
    // The numbers of evaluate.
    let networks = "t r/steps-0004 r/steps-0002";
    let words = format!("--real d.npz {networks} --count 12 --json found.json");
    succeed("evaluate", &scratch, &words);
    let found = json(&scratch, "found.json");
    let sets = found["sets"].as_array().unwrap();
    let files =
        ["r", "r/steps-0004", "r/steps-0002"].map(|folder| format!("{folder}/evaluation.json"));
    for (file, set) in files.iter().zip(&sets[1..]) {
        let kept = json(&scratch, file);
        assert_eq!(
            kept["sets"].as_array().unwrap(),
            std::slice::from_ref(set),
            "{file}"
        );
        for key in ["features", "trained", "reference", "held_out_accuracy"] {
            assert_eq!(kept[key], found[key], "{file}: {key}");
        }
        let name = set["name"].as_str().unwrap();
        let frechet = set["frechet"]["value"].as_f64().unwrap();
        let line = format!("{name}: 12 images: Fréchet distance {frechet:.4} ± ");
        assert_eq!(told.matches(&line).count(), 1, "{line}: {told}");
    }
    // What is kept is not judged again; what is gone is, by the same classifier.
    let changed = |file: &str| {
        std::fs::metadata(scratch.join(file))
            .unwrap()
            .modified()
            .unwrap()
    };
    let [teacher, first, last] = files.each_ref().map(String::as_str);
    let entries = std::fs::read_dir(scratch.join("r")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut classifiers = names.filter(|name| name.starts_with("classifier-"));
    let classifier = format!("r/{}", classifiers.next().unwrap());
    assert_eq!(classifiers.next(), None);
    let kept = [&*classifier, teacher, first];
    let (before, gone) = (kept.map(changed), json(&scratch, last));
    std::fs::remove_file(scratch.join(last)).unwrap();
    let again = succeed("train", &scratch, "--run r --resume");
    assert_eq!(kept.map(changed), before);
    assert_eq!(json(&scratch, last)["sets"], gone["sets"]);
    let lines = |told: &str| -> Vec<String> {
        let lines = told.lines().filter(|line| line.contains(": 12 images: "));
        lines.map(String::from).collect()
    };
    assert_eq!(lines(&again), lines(&told));
    // The last of a chain may go on: then it is another network.
    std::fs::remove_dir_all(scratch.join("r/steps-0002")).unwrap();
    succeed("train", &scratch, "--run r --resume --steps 4");
    succeed("train", &scratch, "--run r --resume --steps 4 --until 3");
    assert_eq!(changed(teacher), before[1]);
    assert_ne!(json(&scratch, first)["of"], json(&scratch, teacher)["of"]);
    assert!(changed(first) > before[2]);
}

/// Where nothing can be judged the chain goes on, and says why.
#[test]
fn why_not() {
    let scratch = Scratch::new("distill-not-evaluated");
    prepare(&scratch, 8);
    let told = succeed("train", &scratch, &format!("{CHAIN} --run r"));
    for student in ["r/steps-0004", "r/steps-0002"] {
        let why = format!("{student}: not evaluated: --data, held out: ");
        assert!(told.contains(&why), "{told}");
    }
    let line = refuse("evaluate", &scratch, "--real d.npz r");
    let due = "r: is a folder, not a checkpoint; the networks in it: steps-0002, steps-0004";
    assert_eq!(line, format!("evaluate: {due}"));
    let few = refuse("train", &scratch, &format!("{CHAIN} --run s --evaluate 5"));
    assert_eq!(few, "train: --evaluate: 5 images, must be 6 or more");
    let told = succeed("train", &scratch, &format!("{CHAIN} --run s --evaluate 0"));
    assert!(
        told.contains("-- --real \"d.npz\" \"t\" \"s/steps-0002\""),
        "{told}"
    );
}
