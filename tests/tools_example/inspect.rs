//! What is said of a checkpoint.

use iddpm::checkpoint::{Checkpoint, WeightType};

use super::scratch::Scratch;
use super::{DIGITS_FILE, refuse, renamed, run, run_of_digits, succeed};

#[test]
fn what_the_file_says_of_itself() {
    let scratch = Scratch::new("inspect-says");
    let printed = succeed("inspect", &scratch, &[DIGITS_FILE]);
    for line in [
        "weights      ema:0.999, step 3000",
        "images       16x16, 1 channel",
        "classes      10",
        "network      32 channels times [1, 2, 2], 1 residual blocks a level",
        "attention    at factors [2] and in the middle, heads 2 down, 2 up",
        "options      scale-shift true, convolutions at changes of resolution true, normalisation in 32 groups",
        "diffusion    cosine, T = 1000, zero terminal SNR false",
        "             predicts epsilon, variance learned_range, rescaled timesteps true",
        "tensors      167 of F16",
        "parameters   1192802 in 167 tensors, 4.6 MiB as f32",
    ] {
        assert!(printed.lines().any(|is| is == line), "{line}: {printed}");
    }
    assert!(!printed.contains("checked"), "{printed}");
    let checked = succeed("inspect", &scratch, &[DIGITS_FILE, "--check"]);
    assert_eq!(
        checked,
        printed + "checked      1192802 numbers, all finite\n"
    );
}

/// Each list follows what is printed without it, complete.
#[test]
fn parameters_operations_and_memory_are_listed() {
    let scratch = Scratch::new("inspect-lists");
    let checkpoint = Checkpoint::open(DIGITS_FILE, WeightType::AsStored).unwrap();
    let graph = checkpoint.graph();
    let plain = succeed("inspect", &scratch, &[DIGITS_FILE]);
    let list = |option: &str| {
        let printed = succeed("inspect", &scratch, &[DIGITS_FILE, option]);
        let list = printed.strip_prefix(&format!("{plain}\n"));
        list.unwrap_or_else(|| panic!("{option}: {printed}"))
            .to_owned()
    };
    let params = list("--params");
    assert_eq!(params.lines().count(), 167);
    for param in graph.params() {
        let of_it = format!(" {} {:?}", param.name, param.shape);
        assert!(params.lines().any(|line| line.ends_with(&of_it)), "{of_it}");
    }
    let operations = list("--graph");
    assert_eq!(operations, graph.text().to_string());
    let plan = list("--plan");
    assert!(plan.contains(" input_blocks.0.0 [1, 32, 16, 16]"), "{plan}");

    let all = [DIGITS_FILE, "--params", "--graph", "--plan"];
    let all = succeed("inspect", &scratch, &all);
    assert_eq!(all, format!("{plain}\n{params}\n{operations}\n{plan}"));
}

#[test]
fn the_plan_of_a_batch_and_of_separate_arenas() {
    let scratch = Scratch::new("inspect-batch");
    let workspace = |options: &[&str]| {
        let printed = succeed("inspect", &scratch, &[&[DIGITS_FILE], options].concat());
        let mut lines = printed.lines();
        lines
            .find(|line| line.starts_with("workspace"))
            .unwrap()
            .to_owned()
    };
    assert!(workspace(&[]).contains(" 65728 elements in 1 arenas"));
    assert!(workspace(&["--batch", "2"]).contains(" 131456 elements in 1 arenas"));
    assert!(!workspace(&["--separated"]).contains(" in 1 arenas"));
}

/// Of a published model by its name, and of a file; what is counted is what the library counts.
#[test]
fn what_it_costs_on_a_gpu() {
    let scratch = Scratch::new("inspect-cost");
    let all = |options: &str| {
        let options: Vec<&str> = options.split(' ').collect();
        let printed = succeed("inspect", &scratch, &options);
        let mut lines = printed
            .lines()
            .skip_while(|line| !line.starts_with("cost of"));
        let head = lines.next().unwrap().to_owned();
        let line = lines.find(|line| line.starts_with("all ")).unwrap();
        let numbers = line.split_whitespace().skip(1);
        (
            head,
            numbers.map(str::to_owned).collect::<Vec<_>>(),
            printed,
        )
    };
    let (head, numbers, _) = all("cifar10_uncond --cost");
    assert_eq!(
        head,
        "cost of a step of a run, 1 images in f16 on a large GPU"
    );
    assert_eq!(numbers[..2], ["190", "189"]);
    let bound = |numbers: &[String]| numbers[4].parse::<f64>().unwrap();
    let (head, small, _) = all("cifar10_uncond --cost --device-class small");
    assert_eq!(
        head,
        "cost of a step of a run, 1 images in f16 on a small GPU"
    );
    assert!(bound(&small) < 0.6 * bound(&numbers), "{small:?}");
    let (head, numbers, _) = all("cifar10_uncond --cost --batch 128 --train --precision f32");
    assert_eq!(
        head,
        "cost of a step of training, 128 images in f32 on a large GPU"
    );
    assert_eq!(numbers[6], "6440.07");
    let (_, _, printed) = all(&format!("{DIGITS_FILE} --cost --floor h200"));
    assert!(
        printed.contains("\ncost of ") && printed.contains("\nfloor of h200: "),
        "{printed}"
    );

    let (_, errors) = refuse("inspect", &scratch, &["cifar11", "--cost"]);
    assert!(
        errors.contains("cifar11") && errors.contains("cifar10_uncond"),
        "{errors}"
    );
    let (_, errors) = refuse("inspect", &scratch, &["cifar10_uncond", "--train"]);
    assert!(errors.contains("--cost"), "{errors}");
}

#[test]
fn the_network_for_graphviz() {
    let scratch = Scratch::new("inspect-dot");
    let dot = succeed("inspect", &scratch, &[DIGITS_FILE, "--dot"]);
    assert!(dot.starts_with("digraph ") && dot.ends_with("}\n"), "{dot}");
    let checkpoint = Checkpoint::open(DIGITS_FILE, WeightType::AsStored).unwrap();
    let arrows = dot.matches("->").count();
    assert!(arrows >= checkpoint.graph().nodes().len(), "{arrows}");
    for listed in ["--params", "--graph", "--plan"] {
        let (_, errors) = refuse("inspect", &scratch, &[DIGITS_FILE, "--dot", listed]);
        assert!(errors.contains("cannot be used with"), "{errors}");
    }
}

/// A file that does not say what it is: its tensors are listed all the same.
#[test]
fn what_is_refused() {
    let scratch = Scratch::new("inspect-refused");
    let bytes = std::fs::read(DIGITS_FILE).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let bare = safetensors::serialize(tensors.tensors(), None).unwrap();
    scratch.write("bare", &bare);
    let (printed, errors) = refuse("inspect", &scratch, &["bare"]);
    assert_eq!(printed.lines().count(), 167);
    assert!(printed.contains(" time_embed.0.bias [128]\n"), "{printed}");
    assert!(errors.starts_with("inspect: bare: "), "{errors}");
    assert!(errors.contains("`convert`"), "{errors}");

    scratch.write("cut", &bytes[..bytes.len() - 1]);
    scratch.write("text", b"no tensors");
    for name in ["cut", "text", "absent"] {
        let (printed, errors) = refuse("inspect", &scratch, &[name]);
        assert_eq!(printed, "", "{name}");
        assert!(errors.starts_with("inspect: "), "{errors}");
    }
    let (_, errors) = refuse("inspect", &scratch, &[DIGITS_FILE, "--batch", "2147483648"]);
    assert!(errors.contains("--batch 2147483648: "), "{errors}");
}

/// A tensor of another type, or of another network: everything is listed, and then it is named.
#[test]
fn tensors_that_are_not_the_networks_are_listed_and_named() {
    let scratch = Scratch::new("inspect-foreign");
    let bytes = std::fs::read(DIGITS_FILE).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let digits = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let count = 3_i64.to_le_bytes();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::I64, vec![], &count);
    let counter = ("num_batches_tracked".to_string(), view.unwrap());
    let tensors = digits.tensors().into_iter().chain([counter]);
    for metadata in [header.metadata().clone(), None] {
        let file = safetensors::serialize(tensors.clone(), metadata.clone()).unwrap();
        scratch.write("more", &file);
        for options in [&["more"][..], &["more", "--check"]] {
            let (printed, errors) = refuse("inspect", &scratch, &options.to_vec());
            assert_eq!(printed.matches(" num_batches_tracked []\n").count(), 1);
            assert!(printed.lines().any(|line| line.starts_with("I64 ")));
            assert!(printed.contains(" time_embed.0.bias [128]\n"), "{printed}");
            assert!(errors.starts_with("inspect: more: "), "{errors}");
            if metadata.is_some() {
                let named = "1 not of it (num_batches_tracked [] I64)";
                assert!(errors.contains(named), "{errors}");
                let types = "tensors      167 of F16, 1 of I64\n";
                assert!(printed.contains(types), "{printed}");
            }
        }
    }
}

#[test]
fn a_prefix_is_said() {
    let scratch = Scratch::new("inspect-prefix");
    renamed(&scratch, "in", |name| vec![format!("module.{name}")]);
    let printed = succeed("inspect", &scratch, &["in", "--check"]);
    let said = "names        `module.` is taken off every tensor's name\n";
    assert!(printed.contains(said), "{printed}");
}

#[test]
fn a_run_stands_for_its_average_and_moments_are_named() {
    let scratch = Scratch::new("inspect-run");
    run_of_digits(&scratch);
    let average = "run/step-00000007/ema_0.99.safetensors";
    let plain = succeed("inspect", &scratch, &[average]);
    for path in ["run", "run/step-00000007"] {
        let printed = succeed("inspect", &scratch, &[path]);
        let taken = format!(
            "file         {path} stands for {average}, the average of rate 0.99 at step 7\n"
        );
        assert_eq!(printed, taken + &plain);
    }
    // Nothing else in what Graphviz reads.
    let output = run("inspect", &scratch, &["run", "--dot"]);
    assert!(output.status.success() && output.stdout.starts_with(b"digraph "));
    assert!(String::from_utf8(output.stderr).unwrap().contains(average));

    for (name, words) in [
        ("first", "averages of gradients"),
        ("second", "squared gradients"),
    ] {
        let file = format!("run/step-00000007/{name}_moment.safetensors");
        let printed = succeed("inspect", &scratch, &[&file, "--check"]);
        let first = printed.lines().next().unwrap();
        let said = format!("no network   the optimiser's {name} moment (");
        assert!(first.starts_with(&said) && first.contains(words), "{first}");
        assert!(!printed.contains("weights      "), "{printed}");
        assert!(
            printed.contains("checked      1192802 numbers"),
            "{printed}"
        );
    }
}

#[test]
fn files_of_other_formats_are_named() {
    let scratch = Scratch::new("inspect-formats");
    std::fs::create_dir(scratch.join("folder")).unwrap();
    scratch.write("page", b"<!DOCTYPE html><html><body>Log in</body></html>");
    scratch.write(
        "pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    );
    scratch.write("none", b"");
    for (name, part) in [
        ("page", "is a web page"),
        ("pointer", "`git lfs pull`"),
        ("none", "is empty"),
        ("folder", "is a folder without a network"),
        ("/dev/null", "a device"),
    ] {
        let (printed, errors) = refuse("inspect", &scratch, &[name]);
        assert_eq!(printed, "", "{name}");
        assert!(
            errors.starts_with(&format!("inspect: {name}: ")),
            "{errors}"
        );
        assert!(errors.contains(part), "{errors}");
    }
}
