//! One table of configurations, each with the error it must give: every variant is in it.

use std::collections::BTreeSet;

use iddpm::unet::{ConfigError, ImageSize, UnetConfig};

type Case = (&'static str, UnetConfig, (usize, ImageSize), ConfigError);

fn sound() -> UnetConfig {
    UnetConfig::new(3, 64)
        .with_multipliers(&[1, 2])
        .with_attention(&[2])
}

fn changed(change: impl FnOnce(&mut UnetConfig)) -> UnetConfig {
    let mut config = sound();
    change(&mut config);
    config
}

/// An option, the largest value it takes, and how it is set.
type Bounded = (&'static str, usize, fn(&mut UnetConfig, usize));

const BOUNDED: [Bounded; 7] = [
    ("in_channels", 1 << 12, |c, v| c.in_channels = v),
    ("out_channels", 1 << 12, |c, v| c.out_channels = v),
    ("num_res_blocks", 1 << 6, |c, v| c.num_res_blocks = v),
    ("norm_groups", 1 << 13, |c, v| c.norm_groups = v),
    ("num_heads", 1 << 13, |c, v| c.num_heads = v),
    ("num_heads_upsample", 1 << 13, |c, v| {
        c.num_heads_upsample = v
    }),
    ("num_classes", 1 << 16, |c, v| c.num_classes = Some(v)),
];

fn cases() -> Vec<Case> {
    let one = (1, ImageSize::square(8));
    let model_channels = |value, multiple_of| ConfigError::ModelChannels {
        value,
        multiple_of,
        max: 8192,
    };
    let multiplier = |level, value| ConfigError::Multiplier {
        level,
        value,
        max: 128,
        channels: 64,
    };
    let factor = |value| ConfigError::AttentionFactor { value, deepest: 2 };
    let side = |side, multiple_of| ConfigError::ImageSize {
        side,
        multiple_of,
        max: 1 << 14,
    };
    let mut cases = Vec::new();
    for (option, max, set) in BOUNDED {
        for value in [0, max + 1, usize::MAX >> 1] {
            let config = changed(|config| set(config, value));
            let error = ConfigError::OutOfRange { option, value, max };
            cases.push((option, config, one, error));
        }
    }
    let entries = |option, len, min| ConfigError::Entries {
        option,
        len,
        min,
        max: 15,
    };
    for len in [0, 16, 1_000_000] {
        let config = changed(|config| config.channel_mult = vec![1; len]);
        let error = entries("channel_mult", len, 1);
        cases.push(("levels", config, one, error));
    }
    for len in [16, 1_000_000] {
        let config = changed(|config| config.attention_factors = vec![1; len]);
        let error = entries("attention_factors", len, 0);
        cases.push(("attention factors", config, one, error));
    }
    for value in [0, 1, 33, 8224, usize::MAX] {
        let config = changed(|config| config.model_channels = value);
        cases.push(("model_channels", config, one, model_channels(value, 32)));
    }
    for groups in [3, 128, 8192] {
        let config = changed(|config| config.norm_groups = groups);
        cases.push(("groups", config, one, model_channels(64, groups)));
    }
    let config = changed(|config| config.null_class = true);
    cases.push(("null_class", config, one, ConfigError::NullClass));
    for value in [0, 2, usize::MAX] {
        let config = changed(|config| config.channel_mult[0] = value);
        let error = ConfigError::FirstMultiplier { value };
        cases.push(("the first multiplier", config, one, error));
    }
    for value in [0, 129, usize::MAX] {
        let config = changed(|config| config.channel_mult[1] = value);
        cases.push(("a multiplier", config, one, multiplier(1, value)));
    }
    for value in [0, 3, 4, usize::MAX] {
        let config = changed(|config| config.attention_factors.push(value));
        cases.push(("an attention factor", config, one, factor(value)));
    }
    let heads = |option, channels, heads| ConfigError::Heads {
        option,
        channels,
        heads,
    };
    let sides = |height, width| {
        let low_res = None;
        let size = ImageSize {
            height,
            width,
            low_res,
        };
        (1, size)
    };
    let low_res = |low_res| {
        let size = ImageSize {
            low_res: Some(low_res),
            ..ImageSize::square(8)
        };
        (1, size)
    };
    // 64 positions of three times 128 channels, below 2^31 in all.
    let most = ((1 << 31) - 1) / (64 * 3 * 128);
    let batch = |batch, most| ConfigError::Batch { batch, most };
    cases.extend([
        (
            "one image too many",
            sound(),
            (most + 1, ImageSize::square(8)),
            batch(most + 1, most),
        ),
        (
            "an image that is too large",
            sound(),
            (1, ImageSize::square(1 << 14)),
            batch(1, 0),
        ),
        (
            "heads that do not divide the middle's channels",
            changed(|config| config.num_heads = 3),
            one,
            heads("num_heads", 128, 3),
        ),
        (
            "heads on the way up",
            changed(|config| config.num_heads_upsample = 5),
            one,
            heads("num_heads_upsample", 128, 5),
        ),
        ("no rows", sound(), sides(0, 8), side(0, 2)),
        ("odd rows", sound(), sides(7, 8), side(7, 2)),
        ("odd columns", sound(), sides(8, 9), side(9, 2)),
        (
            "too many columns",
            sound(),
            sides(8, (1 << 14) + 2),
            side((1 << 14) + 2, 2),
        ),
        (
            "too many low-resolution columns",
            changed(|config| config.super_resolution = true),
            low_res((4, (1 << 14) + 1)),
            side((1 << 14) + 1, 1),
        ),
        (
            "no low-resolution rows",
            changed(|config| config.super_resolution = true),
            low_res((0, 4)),
            side(0, 1),
        ),
        (
            "no images",
            sound(),
            (0, ImageSize::square(8)),
            batch(0, most),
        ),
        (
            "too many images",
            sound(),
            (usize::MAX, ImageSize::square(8)),
            batch(usize::MAX, most),
        ),
    ]);
    cases
}

fn variant(error: &ConfigError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{']).next().unwrap().into()
}

#[test]
fn every_error_has_an_input() {
    let mut met = BTreeSet::new();
    for (what, config, (batch, size), error) in cases() {
        assert_eq!(config.graph(batch, size), Err(error), "{what}");
        assert!(!error.to_string().is_empty());
        met.insert(variant(&error));
    }
    for rate in [1.0, 1e-10, -f64::MIN_POSITIVE, f64::INFINITY, f64::NAN] {
        let error = sound().graph_with_dropout(1, ImageSize::square(8), rate);
        assert!(
            matches!(error, Err(ConfigError::Dropout { rate: said }) if said.to_bits() == rate.to_bits())
        );
        met.insert("Dropout".into());
    }
    let listed = include_str!("../../src/unet/error.rs");
    let body = listed.split("pub enum ConfigError {").nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    let all: BTreeSet<String> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| line.trim_end_matches([' ', '{', ',']).into())
        // Weights that 64 bits cannot address are more than the bounds on the options allow.
        .filter(|name: &String| name != "Weights" || usize::BITS < 64)
        .collect();
    assert_eq!(met, all);
}

/// The largest value of each option is taken, and nothing overflows.
#[test]
fn the_largest_values_make_a_network() {
    for (option, max, set) in BOUNDED {
        let config = changed(|config| {
            config.model_channels = 8192;
            config.channel_mult = vec![1, 1];
            set(config, max);
        });
        let graph = config.graph(1, ImageSize::square(2));
        assert!(graph.is_ok_and(|graph| graph.flops() > 0), "{option}");
    }
    let deepest = UnetConfig {
        num_res_blocks: 64,
        ..UnetConfig::new(3, 32).with_multipliers(&[[1].as_slice(), &[256; 14]].concat())
    };
    let graph = deepest
        .graph(1, ImageSize::square(1 << 14))
        .map(|graph| graph.flops());
    assert_eq!(graph, Err(ConfigError::Batch { batch: 1, most: 0 }));
}
