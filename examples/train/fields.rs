//! Which option says a field of the library's, so that a message names what can be typed.

use iddpm::checkpoint::CheckpointError;
use iddpm::data::Kind;
use iddpm::diffusion::Error;
use iddpm::train::TrainError;
use iddpm::unet::ConfigError;

use super::options::Options;
use super::program::Failure;

/// How an option says a field.
#[derive(Clone, Copy)]
enum Says {
    /// By a value, which is made of the field's.
    Value(fn(&str) -> String),
    /// By being there, where the field is this.
    Flag(&'static str),
    /// The data says it, as so many of these.
    Data(&'static str),
}

use Says::{Data, Flag, Value};

impl Options {
    /// The same error, with the option where one can be named; of data of this kind, where that is known.
    pub(crate) fn explain(&self, kind: Option<Kind>, error: TrainError) -> Failure {
        let data = self.data.display();
        let own_size = matches!(kind, Some(Kind::Archive | Kind::Cifar10));
        let option = match &error {
            TrainError::OtherConfiguration { field, begun, now } => {
                return match self.differs(own_size, field, now, begun, "the run was begun") {
                    Some(told) => told.into(),
                    None => error.into(),
                };
            }
            TrainError::OtherNetwork {
                field,
                found,
                expected,
            } => {
                let was = match self.distill.distill {
                    Some(_) => "the network of --distill was made",
                    None => "the network of --init was made",
                };
                let told = self.differs(own_size, field, expected, found, was);
                return told.map_or_else(|| error.into(), Into::into);
            }
            TrainError::Option { name, value, must } => match self.of_field(own_size, name) {
                Some((option, _)) => return format!("{option} {value}: must be {must}").into(),
                None => None,
            },
            TrainError::Config(wrong) | TrainError::Checkpoint(CheckpointError::Config(wrong)) => {
                of_network(wrong)
            }
            TrainError::LowRes { low_res, size } => {
                let ((side, _), (rows, columns)) = (low_res, size);
                let told =
                    format!("--low-res {side}: must be below {columns}x{rows}, the images' sides");
                return told.into();
            }
            TrainError::BatchTooLarge { .. } => Some("--batch"),
            TrainError::NoTeacher => Some("--distill"),
            TrainError::Diffusion(Error::TooManySteps { .. }) | TrainError::NotFewer { .. } => {
                Some("--steps")
            }
            TrainError::OtherData { .. } => {
                let way = "--init RUN begins a new run with this one's weights";
                return format!("--data {data}: {error}; {way}").into();
            }
            TrainError::Classes { found: 1, .. } => {
                return format!("--data {data}: {error}: --no-classes").into();
            }
            TrainError::Extents { .. } | TrainError::Classes { .. } => {
                return format!("--data {data}: {error}").into();
            }
            _ => None,
        };
        match option {
            Some(option) => format!("{option}: {error}").into(),
            None => error.into(),
        }
    }

    /// What is told of an option that differs from what was.
    fn differs(
        &self,
        own_size: bool,
        field: &str,
        now: &str,
        before: &str,
        was: &str,
    ) -> Option<String> {
        let kept = "4";
        let (option, says) = match field {
            "unet.in_channels" if !own_size && [now, before].contains(&kept) => {
                ("--alpha keep", Flag(kept))
            }
            _ => self.of_field(own_size, field)?,
        };
        Some(match says {
            Value(text) if before == "null" => format!("{option} {}: {was} without it", text(now)),
            Value(_) if now == "null" => format!("without {option}: {was} with it"),
            Value(text) => format!("{option} {}: {was} with {}", text(now), text(before)),
            Flag(there) if now == there => format!("{option}: {was} without it"),
            Flag(_) => format!("without {option}: {was} with it"),
            Data(things) => {
                let count =
                    |of: &str, none: &str| if of == "null" { none.into() } else { plain(of) };
                let (now, before) = (count(now, "no"), count(before, "none"));
                let path = self.data.display();
                format!("--data {path}: {now} {things}; {was} with {before}")
            }
        })
    }

    /// The option that says a field of a run's options or of a network's description; of data that has its
    /// `own_size`, none says that.
    fn of_field(&self, own_size: bool, field: &str) -> Option<(&'static str, Says)> {
        Some(match field {
            "batch" => ("--batch", Value(plain)),
            "microbatch" => ("--microbatch", Value(plain)),
            "rule" => ("--rule", Value(plain)),
            "lr" => ("--lr", Value(plain)),
            "warm_up" => ("--warm-up", Value(plain)),
            "anneal" => ("--anneal", Value(plain)),
            "annealing" => ("--lr-schedule", Value(plain)),
            "adamw.weight_decay" => ("--weight-decay", Value(plain)),
            "clip" => ("--clip", Value(plain)),
            "ema_rates" => ("--ema", Value(plain)),
            "ema_warm_up" => ("--ema-at-once", Flag("false")),
            "objective" | "diffusion.variance" | "unet.out_channels" => {
                ("--objective", Value(objective))
            }
            "min_snr" => ("--min-snr", Value(plain)),
            "timesteps" => ("--sampler", Value(plain)),
            "dropout" => ("--dropout", Value(plain)),
            "drop_labels" => ("--drop-labels", Value(plain)),
            "unet.null_class" => ("--drop-labels", Flag("true")),
            "flip" => ("--flip", Flag("true")),
            "half" => ("--precision", Value(precision)),
            "recompute" => ("--recompute", Value(plain)),
            "seed" => ("--seed", Value(plain)),
            "teacher" => ("--distill", Value(plain)),
            "grid" => ("--steps", Value(plain)),
            "size.height" if own_size => ("--data", Data("rows")),
            "size.width" if own_size => ("--data", Data("columns")),
            "size.height" | "size.width" => ("--size", Value(plain)),
            "size.low_res" | "unet.super_resolution" => ("--low-res", Value(low_res)),
            "diffusion.schedule" => ("--schedule", Value(schedule)),
            "diffusion.num_timesteps" => ("--timesteps", Value(plain)),
            "diffusion.prediction" => ("--predict", Value(plain)),
            "unet.in_channels" if own_size => ("--data", Data("channels")),
            "unet.in_channels" => ("--grey", Flag("1")),
            "unet.model_channels" => ("--channels", Value(plain)),
            "unet.norm_groups" => ("--norm-groups", Value(plain)),
            "unet.num_res_blocks" => ("--blocks", Value(plain)),
            "unet.attention_factors" => ("--attention", Value(plain)),
            "unet.channel_mult" => ("--multipliers", Value(plain)),
            "unet.num_classes" if self.no_classes => ("--no-classes", Flag("null")),
            "unet.num_classes" => ("--data", Data("classes")),
            "unet.num_heads" | "unet.num_heads_upsample" => ("--heads", Value(plain)),
            "examples" => ("--data", Data("examples")),
            _ => return None,
        })
    }
}

/// The option by which a network is what it cannot be.
fn of_network(error: &ConfigError) -> Option<&'static str> {
    match *error {
        ConfigError::OutOfRange { option, .. } => Some(match option {
            "num_res_blocks" => "--blocks",
            "norm_groups" => "--norm-groups",
            "num_heads" | "num_heads_upsample" => "--heads",
            "channel_mult" => "--multipliers",
            "num_classes" => "--data",
            _ => return None,
        }),
        ConfigError::Entries { .. } => Some("--multipliers"),
        ConfigError::ModelChannels { .. } => Some("--channels, or --norm-groups"),
        ConfigError::FirstMultiplier { .. } | ConfigError::Multiplier { .. } => {
            Some("--multipliers")
        }
        ConfigError::AttentionFactor { .. } => Some("--attention"),
        ConfigError::Heads { .. } => Some("--heads"),
        ConfigError::ImageSize { .. } => Some("--size, or the images of --data"),
        ConfigError::Batch { most: 0, .. } => Some("--size, or the images of --data"),
        ConfigError::Batch { .. } => Some("--microbatch"),
        ConfigError::Dropout { .. } => Some("--dropout"),
        _ => None,
    }
}

/// A value of the library's, as JSON, as it is typed.
fn plain(value: &str) -> String {
    let typed = value.trim_matches(['"', '[', ']']);
    typed.replace('_', "-")
}

/// The name alone: some have parameters.
fn schedule(value: &str) -> String {
    value.split('"').nth(1).unwrap_or(value).into()
}

fn precision(half: &str) -> String {
    if half == "true" { "f16" } else { "f32" }.into()
}

fn objective(value: &str) -> String {
    match plain(value).as_str() {
        "mse" | "fixed-large" => "simple".into(),
        "rescaled-mse" => "hybrid".into(),
        "rescaled-kl" => "vlb".into(),
        "learned-range" => "hybrid or vlb".into(),
        other => other.into(),
    }
}

fn low_res(value: &str) -> String {
    let sides = plain(value);
    sides.split(',').next().unwrap_or_default().into()
}
