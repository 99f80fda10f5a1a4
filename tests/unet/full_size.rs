//! Networks of full size: those of the golden group `param_lists`, and the published ones.
//!
//! The directory is `$IDDPM_GOLDEN` where that is set, otherwise `tests/golden`.

use std::path::{Path, PathBuf};

use iddpm::checkpoint::{Description, Flags, Preset};
use iddpm::diffusion::{Diffusion, Schedule, Variance, WeightSet};
use iddpm::unet::plan::ALIGNMENT;
use iddpm::unet::{Graph, Plan};
use serde_json::Value;

fn golden_directory() -> PathBuf {
    match std::env::var_os("IDDPM_GOLDEN") {
        Some(directory) => directory.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"),
    }
}

fn cases() -> Vec<Value> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(golden_directory().join("param_lists"))
        .expect("the golden group param_lists")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    paths.sort();
    let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    paths.iter().map(read).collect()
}

/// A case's options, each as the command line would have it.
fn flags(case: &Value) -> Flags {
    let mut flags = Flags::default();
    for (flag, value) in case["params"].as_object().expect("params") {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        flags
            .set(flag, &value)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    flags
}

fn network(description: &Description) -> Graph {
    description.graph(1).unwrap()
}

#[test]
fn names_shapes_order_and_counts_are_those_of_the_public_implementation() {
    let cases = cases();
    assert!(!cases.is_empty(), "no case of the group param_lists");
    for case in &cases {
        let name = case["case"].as_str().expect("a name");
        assert_eq!(
            (&case["format"], &case["group"]),
            (&1.into(), &"param_lists".into())
        );
        let graph = network(&flags(case).describe(WeightSet::Raw, 0).unwrap());
        let listed: Vec<(String, Vec<usize>)> =
            serde_json::from_value(case["parameters"].clone()).unwrap();
        let own: Vec<_> = graph
            .params()
            .iter()
            .map(|param| (param.name.clone(), param.shape.clone()))
            .collect();
        for (own, listed) in own.iter().zip(&listed) {
            assert_eq!(own, listed, "{name}");
        }
        assert_eq!(own.len(), listed.len(), "{name}");
        assert_eq!(case["num_tensors"], own.len(), "{name}");
        assert_eq!(case["total_parameters"], graph.parameter_count(), "{name}");
        println!(
            "{name}: {} parameters in {} tensors",
            graph.parameter_count(),
            own.len()
        );
    }
}

/// A published model is the network of the golden list that counts as many parameters, and its diffusion
/// is that of the flags that were published with it.
#[test]
fn presets_are_the_published_models() {
    let cosine = |rescaled| {
        Diffusion::new(Schedule::Cosine, 4000)
            .with_variance(Variance::LearnedRange)
            .with_rescaled_timesteps(rescaled)
    };
    let linear = |steps| {
        Diffusion::new(Schedule::Linear, steps)
            .with_variance(Variance::LearnedRange)
            .with_rescaled_timesteps(false)
    };
    let published = [
        (Preset::Cifar10Uncond, "cifar10_uncond", cosine(true)),
        (Preset::Cifar10UncondVlb, "cifar10_uncond", cosine(true)),
        (Preset::ImageNet64Uncond, "imagenet64_uncond", cosine(true)),
        (
            Preset::ImageNet64UncondVlb,
            "imagenet64_uncond",
            cosine(true),
        ),
        (Preset::ImageNet64Cond, "imagenet64_cond", cosine(false)),
        (Preset::LsunBedroom, "lsun256", linear(1000)),
        (Preset::Upsample64To256, "upsample_64_256", linear(4000)),
    ];
    assert_eq!(published.map(|(preset, ..)| preset), Preset::ALL);
    let cases = cases();
    for (preset, listed, diffusion) in published {
        let own = preset.describe(WeightSet::Raw, 0).unwrap();
        assert_eq!(own.card.diffusion, diffusion, "{}", preset.name());
        // Another set of golden numbers may list other networks.
        if let Some(case) = cases.iter().find(|case| case["case"] == listed) {
            let listed = flags(case).describe(WeightSet::Raw, 0).unwrap();
            assert_eq!(own.unet, listed.unet, "{}", preset.name());
            assert_eq!(own.size, listed.size, "{}", preset.name());
        }
    }
}

/// Every parameter has its place, and no two share one.
#[test]
fn parameters_do_not_overlap() {
    for preset in Preset::ALL {
        let graph = network(&preset.describe(WeightSet::Raw, 0).unwrap());
        let mut end = 0;
        for param in graph.params() {
            assert_eq!(param.offset, end, "{}", param.name);
            assert!(param.offset.is_multiple_of(ALIGNMENT));
            end = (param.offset + param.elements()).next_multiple_of(ALIGNMENT);
        }
        assert_eq!(graph.weights_len(), end);
    }
}

/// The plan over one arena at the lower bound; that over arenas which no operation both reads and
/// writes, near it.
#[test]
fn plans_are_near_their_lower_bound() {
    for preset in Preset::ALL {
        let graph = network(&preset.describe(WeightSet::Raw, 0).unwrap());
        let (single, separated) = (Plan::single(&graph), Plan::separated(&graph));
        let bound = single.lower_bound(&graph);
        let over = |plan: &Plan| plan.elements() as f64 / bound as f64;
        println!(
            "{}: lower bound {:.2} MiB in f32, one arena {:.3} of it, {} arenas {:.3}",
            preset.name(),
            bound as f64 * 4.0 / 1024.0 / 1024.0,
            over(&single),
            separated.arenas().len(),
            over(&separated)
        );
        assert!((1.0..=1.10).contains(&over(&single)), "{}", preset.name());
        check_plan(&graph, &single);
        check_plan(&graph, &separated);
    }
}

/// Tensors that are needed at once do not share memory, and lie within their arena.
fn check_plan(graph: &Graph, plan: &Plan) {
    let nodes = graph.nodes();
    let placed: Vec<_> = nodes
        .iter()
        .map(|node| {
            let place = plan.place(node.output).expect("a place for what is made");
            let lifetime = plan.lifetime(node.output).expect("a lifetime");
            let end = place.offset + graph.shape(node.output).elements();
            assert!(end <= plan.arenas()[place.arena]);
            (place.arena, place.offset, end, lifetime)
        })
        .collect();
    for (at, a) in placed.iter().enumerate() {
        for b in &placed[..at] {
            let together = a.3.first <= b.3.last && b.3.first <= a.3.last;
            let apart = a.0 != b.0 || a.2 <= b.1 || b.2 <= a.1;
            assert!(apart || !together, "{a:?} and {b:?}");
        }
    }
}

/// The public implementation's own counts of multiplications and additions, for one image.
#[test]
fn operations_are_counted_as_the_public_implementation_counts_them() {
    for (preset, flops) in [
        (Preset::Cifar10Uncond, 16_773_414_912),
        (Preset::ImageNet64Uncond, 79_472_754_688),
    ] {
        let description = preset.describe(WeightSet::Raw, 0).unwrap();
        assert_eq!(network(&description).flops(), flops, "{}", preset.name());
        assert_eq!(description.graph(3).unwrap().flops(), 3 * flops);
    }
}
