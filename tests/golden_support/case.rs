//! One case: its JSON, its tensors, and which of them were looked at.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use iddpm::diffusion::{
    Clip, Diffusion, Level, Prediction, ProcessView, Schedule, Timesteps, Variance,
};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// What can go wrong goes to the test's message.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// `$IDDPM_GOLDEN` where that is set, otherwise the copy kept beside the tests.
pub(crate) fn golden_directory() -> PathBuf {
    match std::env::var_os("IDDPM_GOLDEN") {
        Some(directory) => directory.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"),
    }
}

/// Every case of a group, by name; none where there is no such folder.
pub(crate) fn cases(directory: &Path, group: &str) -> Outcome<Vec<Case>> {
    let Ok(entries) = std::fs::read_dir(directory.join(group)) else {
        return Ok(Vec::new());
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Case::read(path, group)).collect()
}

/// Fails where a file of the group is not in the index, or is not as long as listed there.
pub(crate) fn check_index(directory: &Path, group: &str) -> Outcome {
    let index: Value = serde_json::from_slice(&std::fs::read(directory.join("index.json"))?)?;
    for entry in std::fs::read_dir(directory.join(group))? {
        let entry = entry?;
        let name = format!("{group}/{}", entry.file_name().display());
        let listed = list(&index, "files")?
            .iter()
            .find(|file| file["file"] == *name);
        let len = listed.and_then(|file| file["bytes"].as_u64());
        if len != Some(entry.metadata()?.len()) {
            return Err(format!("{name} is not in the index, or of another length").into());
        }
    }
    Ok(())
}

/// A tensor of any type, widened to f64, which holds them all exactly.
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

impl Tensor {
    /// The values as whole numbers.
    pub(crate) fn whole(&self) -> Outcome<Vec<u32>> {
        let whole = |&value: &f64| {
            let number = value as u32;
            (f64::from(number) == value).then_some(number)
        };
        let numbers: Option<Vec<u32>> = self.values.iter().map(whole).collect();
        numbers.ok_or_else(|| "a tensor of indices holds something else".into())
    }

    /// The k-th slice along the first axis.
    pub(crate) fn row(&self, k: usize) -> &[f64] {
        let len = self.shape[1..].iter().product();
        &self.values[k * len..][..len]
    }
}

/// How a stack of images is laid out: [.., N, C, spatial..].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) images: usize,
    pub(crate) channels: usize,
    /// Elements of one image.
    pub(crate) elements: usize,
}

impl Layout {
    /// The layout of [N, C, spatial..].
    pub(crate) fn of(shape: &[usize]) -> Outcome<Self> {
        match shape {
            &[images, channels, ref spatial @ ..] => Ok(Self {
                images,
                channels,
                elements: channels * spatial.iter().product::<usize>(),
            }),
            _ => Err(format!("not a stack of images: {shape:?}").into()),
        }
    }

    /// The channel of an element of an image.
    pub(crate) fn channel(&self, element: usize) -> usize {
        element / (self.elements / self.channels)
    }
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) params: Value,
    expected: Vec<String>,
    tensors: BTreeMap<String, Tensor>,
    seen: RefCell<BTreeSet<String>>,
}

impl Case {
    fn read(path: &Path, group: &str) -> Outcome<Self> {
        let named = |error: String| format!("{}: {error}", path.display());
        let json: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        if json["format"] != 1 || json["group"] != *group {
            return Err(named("not of format 1, or of another group".into()).into());
        }
        let names =
            |key: &str| -> Outcome<Vec<String>> { Ok(serde_json::from_value(json[key].clone())?) };
        let expected = names("expected")?;
        let data = path.with_extension("safetensors");
        let tensors = if data.exists() {
            read_tensors(&data)?
        } else {
            BTreeMap::new()
        };
        let declared: BTreeSet<_> = names("inputs")?
            .into_iter()
            .chain(expected.clone())
            .collect();
        if !tensors.keys().eq(declared.iter()) {
            return Err(named(format!("the tensors are not those listed: {declared:?}")).into());
        }
        Ok(Self {
            name: text(&json, "case")?.into(),
            params: json["params"].clone(),
            expected,
            tensors,
            seen: RefCell::default(),
        })
    }

    /// The names of the expected tensors.
    pub(crate) fn expected_names(&self) -> &[String] {
        &self.expected
    }

    /// A tensor, from now on looked at.
    pub(crate) fn tensor(&self, name: &str) -> Outcome<&Tensor> {
        self.seen.borrow_mut().insert(name.into());
        let tensor = self.tensors.get(name);
        tensor.ok_or_else(|| format!("no tensor {name}").into())
    }

    /// Fails where an expected tensor was never looked at.
    pub(crate) fn finish(&self) -> Outcome {
        let seen = self.seen.borrow();
        let missed: Vec<_> = self
            .expected
            .iter()
            .filter(|name| !seen.contains(*name))
            .collect();
        if missed.is_empty() {
            return Ok(());
        }
        Err(format!("nothing knows what to do with {missed:?}").into())
    }
}

fn read_tensors(path: &Path) -> Outcome<BTreeMap<String, Tensor>> {
    let bytes = std::fs::read(path)?;
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(&bytes)?.iter() {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F64 => words(data, f64::from_le_bytes),
            Dtype::F32 => words(data, |word| f64::from(f32::from_le_bytes(word))),
            Dtype::I64 => words(data, |word| i64::from_le_bytes(word) as f64),
            Dtype::U8 => data.iter().map(|&value| value.into()).collect(),
            other => return Err(format!("{name} is of type {other:?}").into()),
        };
        let shape = view.shape().to_vec();
        tensors.insert(name.into(), Tensor { shape, values });
    }
    Ok(tensors)
}

fn words<const N: usize>(data: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.as_chunks().0.iter().map(|&word| read(word)).collect()
}

pub(crate) fn text<'a>(params: &'a Value, key: &str) -> Outcome<&'a str> {
    let value = params[key].as_str();
    value.ok_or_else(|| format!("no text {key}").into())
}

pub(crate) fn number(params: &Value, key: &str) -> Outcome<f64> {
    let value = params[key].as_f64();
    value.ok_or_else(|| format!("no number {key}").into())
}

pub(crate) fn whole(params: &Value, key: &str) -> Outcome<u32> {
    Ok(
        serde_json::from_value(params[key].clone())
            .map_err(|_| format!("no whole number {key}"))?,
    )
}

pub(crate) fn flag(params: &Value, key: &str) -> Outcome<bool> {
    let value = params[key].as_bool();
    value.ok_or_else(|| format!("no flag {key}").into())
}

pub(crate) fn list<'a>(params: &'a Value, key: &str) -> Outcome<&'a [Value]> {
    let value = params[key].as_array();
    Ok(value.ok_or_else(|| format!("no list {key}"))?)
}

pub(crate) fn prediction(name: &str) -> Outcome<Prediction> {
    Ok(match name {
        "epsilon" => Prediction::Epsilon,
        "start_x" | "x_start" => Prediction::XStart,
        "previous_x" => Prediction::PreviousX,
        "v" => Prediction::V,
        _ => return Err(format!("unknown prediction {name}").into()),
    })
}

fn variance(name: &str) -> Outcome<Variance> {
    Ok(match name {
        "fixed_small" => Variance::FixedSmall,
        "fixed_large" => Variance::FixedLarge,
        "learned" => Variance::Learned,
        "learned_range" => Variance::LearnedRange,
        _ => return Err(format!("unknown variance {name}").into()),
    })
}

/// The schedule and T of a case, nothing learned; timesteps are not rescaled.
pub(crate) fn bare_diffusion(params: &Value) -> Outcome<Diffusion<'static>> {
    let schedule: Schedule<'static> = text(params, "schedule")?.parse()?;
    Ok(Diffusion::new(schedule, whole(params, "num_timesteps")?)
        .with_variance(Variance::FixedSmall)
        .with_rescaled_timesteps(false))
}

/// The whole of what a case says about its network.
pub(crate) fn diffusion(params: &Value) -> Outcome<Diffusion<'static>> {
    let rescale = params
        .get("rescale_timesteps")
        .map_or(Ok(false), |_| flag(params, "rescale_timesteps"))?;
    Ok(bare_diffusion(params)?
        .with_prediction(prediction(text(params, "model_mean_type")?)?)
        .with_variance(variance(text(params, "model_var_type")?)?)
        .with_rescaled_timesteps(rescale))
}

/// A spacing: text or a list of counts; `""` keeps every step, as the public
/// `create_gaussian_diffusion` has it.
pub(crate) fn build<'a>(
    diffusion: &Diffusion<'_>,
    spec: Option<&Value>,
    room: &'a mut Vec<Level>,
) -> Outcome<ProcessView<'a>> {
    match spec {
        None => keep(diffusion, Timesteps::ALL, room),
        Some(Value::String(text)) if text.is_empty() => keep(diffusion, Timesteps::ALL, room),
        Some(Value::String(text)) => keep(diffusion, Timesteps::parse(text)?, room),
        Some(counts) => {
            let counts: Vec<u32> = serde_json::from_value(counts.clone())?;
            keep(diffusion, Timesteps::sections(&counts), room)
        }
    }
}

/// The process over storage of just the right length.
pub(crate) fn keep<'a>(
    diffusion: &Diffusion<'_>,
    timesteps: Timesteps<'_>,
    room: &'a mut Vec<Level>,
) -> Outcome<ProcessView<'a>> {
    room.resize(timesteps.count(diffusion.num_timesteps)?, Level::default());
    Ok(ProcessView::in_slice(diffusion, timesteps, room)?)
}

pub(crate) fn clip(clipped: bool) -> Clip {
    if clipped { Clip::Unit } else { Clip::None }
}
