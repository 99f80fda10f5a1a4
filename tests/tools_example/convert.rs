//! From a bare state dict to a checkpoint, and between widths.

use std::path::Path;

use iddpm::checkpoint::{Description, Header};
use safetensors::SafeTensors;

use super::scratch::Scratch;
use super::{DIGITS_FILE, refuse, renamed, run_of_digits, succeed};

/// The digits' tensors in a file that does not say what they are.
fn bare(scratch: &Scratch) {
    let bytes = std::fs::read(DIGITS_FILE).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let path = scratch.join("bare.safetensors");
    safetensors::serialize_to_file(tensors.tensors(), None, &path).unwrap();
}

fn description(scratch: &Scratch, name: &str) -> Description {
    let header = Header::open(scratch.join(name)).unwrap();
    Description::from_metadata(header.metadata()).unwrap()
}

/// The public command line nearest to the digits, and what no such line says.
const FLAGS: &str = "--image_size 32 --num_channels 32 --num_res_blocks 1 --num_heads 2 \
    --learn_sigma True --noise_schedule cosine --attention_resolutions 16";
const BESIDE_FLAGS: [&str; 8] = [
    "--image-size",
    "16",
    "--image-channels",
    "1",
    "--channel-mult",
    "1,2,2",
    "--classes",
    "10",
];

#[test]
fn a_bare_state_dict_by_options() {
    let scratch = Scratch::new("convert-options");
    bare(&scratch);
    let options = "bare.safetensors out.safetensors --dtype f16 --weights ema:0.999 --step 3000 \
         --image-size 16 --image-channels 1 --model-channels 32 --res-blocks 1 \
         --channel-mult 1,2,2 --attention-factors 2 --heads 2 --scale-shift true --classes 10 \
         --schedule cosine --timesteps 1000 --prediction epsilon --variance learned_range \
         --rescale-timesteps true";
    let options: Vec<&str> = options.split_whitespace().collect();
    let printed = succeed("convert", &scratch, &options);
    assert_eq!(printed, "out.safetensors: 1192802 parameters as F16\n");
    let converted = std::fs::read(scratch.join("out.safetensors")).unwrap();
    assert_eq!(converted, std::fs::read(DIGITS_FILE).unwrap());
    assert_eq!(scratch.names(), ["bare.safetensors", "out.safetensors"]);

    // Each is needed; without classes there is a tensor too many.
    for at in (4..options.len()).step_by(2) {
        let fewer = [&options[..at], &options[at + 2..]].concat();
        let (_, errors) = refuse("convert", &scratch, &fewer);
        let wanted = match options[at] {
            "--classes" => "label_emb".into(),
            name => format!("needed: {name}\n"),
        };
        assert!(errors.contains(&wanted), "{errors}");
    }
}

/// No tensor's shape tells the groups: they are said once, and kept.
#[test]
fn groups_are_said_and_kept() {
    let scratch = Scratch::new("convert-groups");
    let said = [DIGITS_FILE, "said.safetensors", "--norm-groups", "8"];
    succeed("convert", &scratch, &said);
    succeed(
        "convert",
        &scratch,
        &["said.safetensors", "kept.safetensors"],
    );
    for name in ["said.safetensors", "kept.safetensors"] {
        assert_eq!(description(&scratch, name).unet.norm_groups, 8);
        let printed = succeed("inspect", &scratch, &[name]);
        assert!(printed.contains("normalisation in 8 groups\n"), "{printed}");
    }
}

#[test]
fn a_bare_state_dict_by_the_public_flags() {
    let scratch = Scratch::new("convert-flags");
    bare(&scratch);
    let weights = ["--weights", "ema:0.999", "--step", "3000"];
    let files = ["bare.safetensors", "out.safetensors", "--dtype", "f16"];
    let flags = ["--flags", FLAGS];
    let all = [&files[..], &weights, &flags, &BESIDE_FLAGS].concat();
    succeed("convert", &scratch, &all);
    let converted = std::fs::read(scratch.join("out.safetensors")).unwrap();
    assert_eq!(converted, std::fs::read(DIGITS_FILE).unwrap());
}

#[test]
fn a_file_becomes_wider_and_returns() {
    let scratch = Scratch::new("convert-widths");
    let to = |input: &str, output: &str, dtype: &str| {
        succeed("convert", &scratch, &[input, output, "--dtype", dtype]);
        std::fs::read(scratch.join(output)).unwrap()
    };
    let wide = to(DIGITS_FILE, "wide.safetensors", "f32");
    let narrow = to("wide.safetensors", "narrow.safetensors", "f16");
    assert!(wide.len() > narrow.len() * 19 / 10);
    assert_eq!(narrow, std::fs::read(DIGITS_FILE).unwrap());
    assert_eq!(
        description(&scratch, "wide.safetensors"),
        description(&scratch, "narrow.safetensors")
    );
    // In its own place.
    assert_eq!(to("wide.safetensors", "wide.safetensors", "f16"), narrow);
}

#[test]
fn options_are_put_on_top_of_what_the_file_says() {
    let scratch = Scratch::new("convert-on-top");
    let files = [DIGITS_FILE, "out.safetensors"];
    let options = ["--step", "7", "--weights", "raw", "--schedule", "linear"];
    succeed("convert", &scratch, &[&files[..], &options].concat());
    let printed = succeed("inspect", &scratch, &["out.safetensors"]);
    assert!(printed.contains("weights      raw, step 7\n"), "{printed}");
    assert!(printed.contains("diffusion    linear, "), "{printed}");
    assert!(printed.contains("network      32 channels"), "{printed}");
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let scratch = Scratch::new("convert-refused");
    bare(&scratch);
    scratch.write("broken", b"no tensors");
    let said = ["--weights", "raw", "--step", "0"];
    let cases: &[(&[&str], &str)] = &[
        (
            &["bare.safetensors", "--preset", "cifar10_uncond"],
            "time_embed.0.weight",
        ),
        (
            &["bare.safetensors", "--flags", FLAGS],
            "input_blocks.0.0.weight is [32, 1, 3, 3], not [32, 3, 3, 3]",
        ),
        (
            &[DIGITS_FILE, "--low-res", "64"],
            "--low-res 64x64: must be below 16x16, the images' sides",
        ),
        (
            &[DIGITS_FILE, "--low-res", "16x8"],
            "--low-res 16x8: must be below 16x16",
        ),
        (&[DIGITS_FILE, "--image-size", "16x"], "from 1 to 16384"),
        (
            &[DIGITS_FILE, "--heads", "5"],
            "--heads: the network: num_heads = 5",
        ),
        (&["bare.safetensors", "--preset", "cifar11"], "cifar11"),
        (&["bare.safetensors", "--flags", "--sides 3"], "sides"),
        (
            &[
                "bare.safetensors",
                "--flags",
                FLAGS,
                "--preset",
                "cifar10_uncond",
            ],
            "cannot be used with",
        ),
        (
            &["bare.safetensors"],
            "needed: --image-size, --image-channels, --model-channels, --res-blocks, \
             --channel-mult, --attention-factors, --heads, --scale-shift, --schedule, --timesteps, \
             --prediction, --variance, --rescale-timesteps\n",
        ),
        (&["bare.safetensors", "--image-size", "16x"], "16x"),
        (&["bare.safetensors", "--schedule", "steep"], "steep"),
        (
            &["bare.safetensors", "--schedule", "sigmoid:1,2"],
            "sigmoid:START,END,TAU",
        ),
        (&["bare.safetensors", "--prediction", "x"], "epsilon"),
        (&["bare.safetensors", "--dtype", "f8"], "f8"),
        (&["broken"], "broken: is text, not safetensors"),
        (&["absent"], "absent"),
    ];
    for (arguments, named) in cases {
        let (input, options) = arguments.split_first().unwrap();
        let all = [&[*input, "out.safetensors"], &said[..], options].concat();
        let (printed, errors) = refuse("convert", &scratch, &all);
        assert_eq!(printed, "", "{arguments:?}");
        assert!(errors.contains(named), "{arguments:?}: {errors}");
        assert_eq!(scratch.names(), ["bare.safetensors", "broken"]);
    }
    // Not the file's fault: it is not named.
    for (option, value, named) in [
        (
            "--weights",
            "ema",
            "raw, and ema:RATE with a rate from 0 to 1",
        ),
        ("--weights", "ema:x", "raw, and ema:RATE"),
        ("--weights", "ema:-0.1", "with a rate from 0 to 1"),
        ("--weights", "ema:nan", "with a rate from 0 to 1"),
        (
            "--step",
            "-1",
            "not a whole number from 0 to 18446744073709551615",
        ),
        ("--step", "1e6", "not a whole number from 0 to"),
        (
            "--timesteps",
            "4294967296",
            "not a whole number from 2 to 1000000",
        ),
        ("--timesteps", "1", "not a whole number from 2 to 1000000"),
        ("--channel-mult", "1,,2", "not a whole number from 0 to"),
        (
            "--model-channels",
            "33",
            "the network: model_channels = 33, ",
        ),
        (
            "--norm-groups",
            "5",
            "the network: model_channels = 32, must be a multiple of 5 (norm_groups)",
        ),
        ("--norm-groups", "0", "the network: norm_groups = 0, "),
        ("--res-blocks", "0", "the network: num_res_blocks = 0, "),
        ("--image-size", "15", "the network: image side 15, "),
        (
            "--attention-factors",
            "3",
            "attention at downsampling factor 3",
        ),
        ("--schedule", "sigmoid:a,2,3", "sigmoid:START,END,TAU"),
    ] {
        let arguments = [DIGITS_FILE, "out.safetensors", option, value];
        let (printed, errors) = refuse("convert", &scratch, &arguments);
        assert_eq!(printed, "", "{option} {value}");
        assert!(errors.contains(named), "{option} {value}: {errors}");
        assert!(!errors.contains(DIGITS_FILE), "{option} {value}: {errors}");
        assert_eq!(scratch.names(), ["bare.safetensors", "broken"]);
    }
}

/// What it writes of names behind a prefix is what it writes of the names alone.
#[test]
fn a_prefix_is_taken_off_and_said() {
    let scratch = Scratch::new("convert-prefix");
    for prefix in ["module.", "ema_model.", "_orig_mod.", "module.model."] {
        renamed(&scratch, "in.safetensors", |name| {
            vec![format!("{prefix}{name}")]
        });
        let files = ["in.safetensors", "out.safetensors", "--dtype", "f16"];
        let printed = succeed("convert", &scratch, &files);
        let said = format!("in.safetensors: `{prefix}` is taken off every tensor's name\n");
        let done = "out.safetensors: 1192802 parameters as F16\n";
        assert_eq!(printed, said + done);
        let converted = std::fs::read(scratch.join("out.safetensors")).unwrap();
        assert!(converted == std::fs::read(DIGITS_FILE).unwrap(), "{prefix}");
    }
}

/// PyTorch's own file as it is, and one network of a training's checkpoint.
#[test]
fn a_file_of_pytorch_by_options() {
    let scratch = Scratch::new("convert-torch");
    let network = "--image-size 8 --image-channels 1 --model-channels 32 --res-blocks 1 --channel-mult 1 \
         --attention-factors none --heads 1 --scale-shift true --schedule cosine --timesteps 100 \
         --prediction epsilon --variance fixed_small --rescale-timesteps true --weights raw --step 7";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("checkpoint/torch");
    let convert = |name: &str, more: &[&str]| {
        let path = folder.join(name);
        let files = [path.to_str().unwrap(), "out.safetensors"];
        let options: Vec<&str> = network
            .split_whitespace()
            .chain(more.iter().copied())
            .collect();
        let printed = succeed("convert", &scratch, &[&files[..], &options].concat());
        assert!(printed.ends_with(" parameters as F32\n"), "{printed}");
        std::fs::read(scratch.join("out.safetensors")).unwrap()
    };
    let state = convert("state.pt", &[]);
    assert!(convert("both.pt", &["--prefix", "ema."]) == state);
    let path = folder.join("network.pt");
    let arguments = [path.to_str().unwrap(), "out2.safetensors"];
    let (_, errors) = refuse("convert", &scratch, &arguments);
    assert!(
        errors.contains("torch.nn.modules.linear.Linear"),
        "{errors}"
    );
}

#[test]
fn one_network_of_two_is_asked_for() {
    let scratch = Scratch::new("convert-two");
    let two = ["model.", "ema_model."];
    renamed(&scratch, "in.safetensors", |name| {
        two.map(|prefix| format!("{prefix}{name}")).into()
    });
    let files = ["in.safetensors", "out.safetensors", "--dtype", "f16"];
    let (_, errors) = refuse("convert", &scratch, &files);
    for part in ["`model.`", "`ema_model.`", "--prefix"] {
        assert!(errors.contains(part), "{errors}");
    }
    assert_eq!(scratch.names(), ["in.safetensors"]);
    for prefix in two {
        let printed = succeed(
            "convert",
            &scratch,
            &[&files[..], &["--prefix", prefix]].concat(),
        );
        assert!(
            printed.contains("167 tensors without it are left out"),
            "{printed}"
        );
        let converted = std::fs::read(scratch.join("out.safetensors")).unwrap();
        assert!(converted == std::fs::read(DIGITS_FILE).unwrap(), "{prefix}");
    }
    let (_, errors) = refuse(
        "convert",
        &scratch,
        &[&files[..], &["--prefix", "unet."]].concat(),
    );
    assert!(
        errors.contains("behind the prefix `unet.`: 167 of 167 missing"),
        "{errors}"
    );
}

/// A size whose multipliers the public implementation does not know, and flags that options replace.
#[test]
fn what_an_option_says_no_flag_need_say() {
    let scratch = Scratch::new("convert-sizes");
    let files = [DIGITS_FILE, "out.safetensors", "--dtype", "f16"];
    let refused = |flags: &str, options: &[&str]| {
        let all = [&files[..], &["--flags", flags], options].concat();
        refuse("convert", &scratch, &all).1
    };
    let errors = refused("--image_size 128 --num_channels 128", &[]);
    for part in ["128", "32, 64 and 256", "--channel-mult"] {
        assert!(errors.contains(part), "{errors}");
    }
    let multipliers = ["--channel-mult", "1,1,2,3,4"];
    let errors = refused("--image_size 128 --num_channels 128", &multipliers);
    assert!(errors.contains("the tensors are not those"), "{errors}");
    let errors = refused("--attention_resolutions 0", &[]);
    assert!(errors.contains("sides of 1 and more"), "{errors}");
    let errors = refused("--lr 1e-4", &[]);
    assert!(errors.contains("num_channels"), "{errors}");

    let flags = "--image_size 16 --num_channels 100 --num_res_blocks 1 --attention_resolutions 0 \
        --num_heads 3 --learn_sigma True --noise_schedule cosine";
    let options = "--image-channels 1 --channel-mult 1,2,2 --attention-factors 2 --heads 2 \
        --model-channels 32 --classes 10";
    let options: Vec<&str> = options.split_whitespace().collect();
    succeed(
        "convert",
        &scratch,
        &[&files[..], &["--flags", flags], &options].concat(),
    );
    let converted = std::fs::read(scratch.join("out.safetensors")).unwrap();
    assert!(converted == std::fs::read(DIGITS_FILE).unwrap());
}

#[test]
fn a_run_stands_for_its_average() {
    let scratch = Scratch::new("convert-run");
    run_of_digits(&scratch);
    for path in ["run", "run/step-00000007"] {
        let printed = succeed("convert", &scratch, &[path, "out.safetensors"]);
        let average = "run/step-00000007/ema_0.99.safetensors";
        let said = format!("{path} stands for {average}, the average of rate 0.99 at step 7\n");
        assert!(printed.starts_with(&said), "{printed}");
        let converted = description(&scratch, "out.safetensors");
        assert_eq!(converted, description(&scratch, average));
    }
}

#[test]
fn what_is_no_network_is_named_and_not_written() {
    let scratch = Scratch::new("convert-no-network");
    run_of_digits(&scratch);
    scratch.write(
        "pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    );
    std::fs::create_dir(scratch.join("empty")).unwrap();
    let state = "run/step-00000007";
    let moment = format!("{state}/second_moment.safetensors");
    let preset = [
        "--preset",
        "cifar10_uncond",
        "--weights",
        "raw",
        "--step",
        "1",
    ];
    let cases: [(&str, &[&str]); 3] = [
        ("pointer", &["git lfs pull"]),
        ("empty", &["is a folder without a network"]),
        (
            &moment,
            &["second moment", "ema_0.99.safetensors", "model.safetensors"],
        ),
    ];
    for (input, parts) in cases {
        for options in [&[][..], &preset] {
            let all = [&[input, "out.safetensors"][..], options].concat();
            let (_, errors) = refuse("convert", &scratch, &all);
            assert_eq!(errors.matches(&format!("{input}: ")).count(), 1, "{errors}");
            for part in parts {
                assert!(errors.contains(part), "{errors}");
            }
        }
    }
    assert_eq!(scratch.names(), ["empty", "pointer", "run"]);
}
