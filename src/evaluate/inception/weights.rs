//! The network's weights from a file, with normalisations made part of them.

use std::format;
use std::path::Path;
use std::vec::Vec;

use super::conv::Kernel;
use super::layers::{Conv, Layer, layers};
use super::resize::COLOURS;
use crate::Error;
use crate::checkpoint::open_graph;
use crate::diffusion::fingerprint::Fingerprint;
use crate::evaluate::error::EvaluateError;
use crate::memory::{MemoryError, copied, zeros};
use crate::part::{item, part, put};
use crate::unet::{Graph, Init, Param, ParamId};

/// Outputs of the last layer.
pub(super) const CLASSES: usize = 1008;
/// What normalisations add to a variance.
const EPSILON: f64 = 1e-3;
/// The layer behind the features.
const LOGITS: &str = "fc.weight";
/// How the name of a variance ends, behind its convolution's.
const VARIANCE: &str = "bn.running_var";

/// The network as a file has it.
pub(super) struct Weights {
    pub(super) layers: Vec<Layer<Kernel>>,
    pub(super) features: usize,
    /// [CLASSES, features].
    pub(super) logits: Vec<f32>,
    /// A digest of all of them.
    pub(super) fingerprint: u64,
}

/// Tensors of a port that nothing here is computed of: how often a normalisation was trained, and biases of the logits,
/// which the public evaluator leaves out as well.
fn is_unused(name: &str) -> bool {
    name.ends_with(".bn.num_batches_tracked") || name.ends_with("fc.bias")
}

/// A convolution, the channels before it, and where its numbers are.
struct Declared {
    conv: Conv,
    from: usize,
    weight: ParamId,
    /// Factor, summand, mean and variance of its normalisation.
    norm: [ParamId; 4],
}

impl Weights {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let mut graph = Graph::new(1);
        let (layers, features) = Layer::convert(layers(), COLOURS, &mut |conv, from| {
            let channels = conv.channels;
            Ok::<_, Error>((declare(&mut graph, conv, from), channels))
        })?;
        let logits = graph.add_param(LOGITS.into(), &[CLASSES, features], Init::Zero);
        let numbers = open_graph(path, &graph, is_unused)?;
        let of =
            |id: ParamId| -> &[f32] { graph.param(id).map_or(&[], |param| of(&numbers, param)) };
        let (layers, _) = Layer::convert(layers, COLOURS, &mut |declared, _| {
            let [.., variance] = declared.norm;
            check_variance(path, &declared.conv, of(variance))?;
            let channels = declared.conv.channels;
            Ok::<_, Error>((fold(declared, of)?, channels))
        })?;
        let mut digest = Fingerprint::new();
        for number in &numbers {
            digest.add_bytes(&number.to_le_bytes());
        }
        Ok(Self {
            layers,
            features,
            logits: copied(of(logits))?,
            fingerprint: digest.finish(),
        })
    }
}

/// The numbers of a parameter.
fn of<'n>(numbers: &'n [f32], param: &Param) -> &'n [f32] {
    part(numbers, param.offset, param.elements())
}

/// Adds the parameters of a convolution and its normalisation.
fn declare(graph: &mut Graph, conv: Conv, from: usize) -> Declared {
    let [rows, columns] = conv.window.kernel();
    let mut param = |name: &str, shape: &[usize]| {
        graph.add_param(format!("{}.{name}", conv.name), shape, Init::Zero)
    };
    let weight = param("conv.weight", &[conv.channels, from, rows, columns]);
    let norm = ["bn.weight", "bn.bias", "bn.running_mean", VARIANCE];
    let norm = norm.map(|name| param(name, &[conv.channels]));
    Declared {
        conv,
        from,
        weight,
        norm,
    }
}

/// Refuses a normalisation that divides by the root of what is below 0.
fn check_variance(path: &Path, conv: &Conv, variance: &[f32]) -> Result<(), EvaluateError> {
    match variance.iter().position(|&variance| variance < 0.0) {
        None => Ok(()),
        Some(index) => Err(EvaluateError::Variance {
            path: path.into(),
            tensor: format!("{}.{VARIANCE}", conv.name),
            index,
            value: item(variance, index),
        }),
    }
}

/// The convolution whose weights and bias do what its normalisation would:
/// γ·(x - μ)/√(σ² + ε) + β.
fn fold<'n>(declared: Declared, of: impl Fn(ParamId) -> &'n [f32]) -> Result<Kernel, MemoryError> {
    let Declared {
        conv,
        from,
        weight,
        norm,
    } = declared;
    let (weight, [factor, summand, mean, variance]) = (of(weight), norm.map(of));
    let to = conv.channels;
    let mut kernel = Kernel {
        window: conv.window,
        from,
        to,
        weights: zeros(weight.len())?,
        bias: zeros(to)?,
    };
    let depth = weight.len() / to;
    for (channel, weight) in weight.chunks_exact(depth).enumerate() {
        let deviation = (f64::from(item(variance, channel)) + EPSILON).sqrt();
        let scale = f64::from(item(factor, channel)) / deviation;
        let shift = f64::from(item(summand, channel)) - scale * f64::from(item(mean, channel));
        put(&mut kernel.bias, channel, shift as f32);
        // From [channel before][tap].
        let taps = depth / from;
        for (at, &number) in weight.iter().enumerate() {
            let (before, tap) = (at / taps, at % taps);
            let place = (tap * from + before) * to + channel;
            put(
                &mut kernel.weights,
                place,
                (scale * f64::from(number)) as f32,
            );
        }
    }
    Ok(kernel)
}
