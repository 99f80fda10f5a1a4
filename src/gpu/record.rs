//! A graph and its plan to a recording: one exhaustive match over the operations.

use std::string::String;
use std::vec::Vec;

use super::kernels::kernel::{flag, word};
use super::kernels::{
    attention, attention_shared, average_pool, bilinear, concat, conv, conv_tiled, group_norm,
    group_norm_statistics, label_embedding, linear, timestep_embedding, upsample,
};
use super::recording::{Binding, Contents, Dispatch, Recording};
use super::variants::{AttentionVariant, ConvVariant, Variants};
use super::weights::WeightPlan;
use crate::unet::config::GROUPS;
use crate::unet::{Conv, Graph, Input, Node, Op, ParamId, Plan, Role, Shape, TensorId};

/// A network's recording, and where its tensors are.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What runs.
    pub recording: Recording,
    tensors: Vec<Option<Binding>>,
    inputs: Vec<(Input, Binding)>,
    output: Binding,
}

impl Recorded {
    /// Where a tensor is while it is needed.
    pub fn tensor(&self, id: TensorId) -> Option<Binding> {
        self.tensors.get(id.index()).copied().flatten()
    }

    /// Where the caller puts an input, if the network has such a one.
    pub fn input(&self, input: Input) -> Option<Binding> {
        let mut inputs = self.inputs.iter();
        inputs
            .find(|(which, _)| *which == input)
            .map(|&(_, binding)| binding)
    }

    /// Where the network's result is.
    pub const fn output(&self) -> Binding {
        self.output
    }
}

/// Records a network over the buffers of its plan and of its weights.
pub fn record(graph: &Graph, plan: &Plan, weights: &WeightPlan, variants: Variants) -> Recorded {
    let mut recorder = Recorder::new(graph, plan, weights, variants);
    for node in graph.nodes() {
        recorder.node(node);
    }
    let output = graph.output().map_or(recorder.none, |id| recorder.at(id));
    let inputs = graph.tensors().iter().zip(&recorder.tensors);
    let inputs = inputs
        .filter_map(|(tensor, binding)| match tensor.role {
            Role::Input(input) => Some((input, (*binding)?)),
            Role::Inner | Role::Gradient(_) => None,
        })
        .collect();
    Recorded {
        recording: recorder.recording,
        tensors: recorder.tensors,
        inputs,
        output,
    }
}

struct Recorder<'g> {
    graph: &'g Graph,
    variants: Variants,
    recording: Recording,
    tensors: Vec<Option<Binding>>,
    params: Vec<Option<Binding>>,
    /// Mean and deviation of each group of the normalisation that runs.
    statistics: Binding,
    none: Binding,
}

impl<'g> Recorder<'g> {
    fn new(graph: &'g Graph, plan: &Plan, weights: &WeightPlan, variants: Variants) -> Self {
        let mut recording = Recording::default();
        let none = recording.add_buffer("nothing", 4, Contents::Constant([0; 4].into()));
        let words = 2 * GROUPS * graph.batch();
        let statistics = recording.add_buffer("statistics", words, Contents::Workspace);
        let mut buffer = |name: String, bytes: u64, contents| {
            recording.add_buffer(&name, (bytes / 4) as usize, contents)
        };
        let arenas: Vec<Binding> = (0..)
            .zip(plan.arenas())
            .map(|(at, &elements): (usize, _)| {
                buffer(
                    std::format!("arena {at}"),
                    4 * elements as u64,
                    Contents::Workspace,
                )
            })
            .collect();
        let stored: Vec<Binding> = (0..)
            .zip(weights.buffers())
            .map(|(at, &bytes)| buffer(std::format!("weights {at}"), bytes, Contents::Weights(at)))
            .collect();

        let tensors = graph.tensors().iter().enumerate();
        let tensors = tensors
            .map(|(at, tensor)| match tensor.role {
                Role::Input(_) => {
                    let bytes = 4 * tensor.shape.elements() as u64;
                    Some(buffer(tensor.name.clone(), bytes, Contents::Workspace))
                }
                Role::Gradient(_) => None,
                Role::Inner => {
                    let place = plan.place(TensorId(at as u32))?;
                    Some(Binding {
                        offset: 4 * place.offset as u64,
                        bytes: 4 * tensor.shape.elements() as u64,
                        ..*arenas.get(place.arena)?
                    })
                }
            })
            .collect();
        let params = (0..graph.params().len())
            .map(|at| {
                let place = weights.place(ParamId(at as u32))?;
                Some(Binding {
                    offset: place.offset,
                    bytes: place.bytes,
                    ..*stored.get(place.buffer)?
                })
            })
            .collect();
        Self {
            graph,
            variants,
            recording,
            tensors,
            params,
            statistics,
            none,
        }
    }

    fn at(&self, id: TensorId) -> Binding {
        self.tensors
            .get(id.index())
            .copied()
            .flatten()
            .unwrap_or(self.none)
    }

    fn or_none(&self, id: Option<TensorId>) -> Binding {
        id.map_or(self.none, |id| self.at(id))
    }

    fn param(&self, id: ParamId) -> Binding {
        self.params
            .get(id.index())
            .copied()
            .flatten()
            .unwrap_or(self.none)
    }

    fn shape(&self, id: TensorId) -> Shape {
        self.graph.shape(id)
    }

    fn node(&mut self, node: &Node) {
        let tensor = self.graph.tensor(node.output);
        let name = tensor.map_or("", |tensor| tensor.name.as_str());
        let out = self.shape(node.output);
        let output = self.at(node.output);
        let dispatch = match node.op {
            Op::TimestepEmbedding { timesteps, dim } => {
                let table = timestep_embedding::frequencies(dim);
                let words = table.len();
                let frequencies =
                    self.recording
                        .add_buffer("frequencies", words, Contents::Constant(table));
                timestep_embedding::dispatch(
                    name,
                    &timestep_embedding::Params {
                        batch: word(out.batch),
                        dim: word(dim),
                    },
                    timestep_embedding::Bindings {
                        timesteps: self.at(timesteps),
                        frequencies,
                        output,
                    },
                )
            }
            Op::LabelEmbedding {
                base,
                labels,
                table,
            } => label_embedding::dispatch(
                name,
                &label_embedding::Params {
                    batch: word(out.batch),
                    channels: word(out.channels),
                    classes: word(self.graph.param(table).map_or(0, |table| table.rows())),
                },
                label_embedding::Bindings {
                    base: self.at(base),
                    labels: self.at(labels),
                    table: self.param(table),
                    output,
                },
            ),
            Op::Linear {
                input,
                weight,
                bias,
                silu,
            } => linear::dispatch(
                name,
                &linear::Params {
                    batch: word(out.batch),
                    inputs: word(self.shape(input).channels),
                    outputs: word(out.channels),
                    silu: flag(silu),
                },
                linear::Bindings {
                    input: self.at(input),
                    weight: self.param(weight),
                    bias: self.param(bias),
                    output,
                },
            ),
            Op::Conv(conv) => self.conv(name, conv, out, output),
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                silu,
            } => {
                self.statistics(name, input);
                group_norm::dispatch(
                    name,
                    &group_norm::Params {
                        batch: word(out.batch),
                        channels: word(out.channels),
                        positions: word(out.positions()),
                        silu: flag(silu),
                        modulated: flag(scale_shift.is_some()),
                    },
                    group_norm::Bindings {
                        input: self.at(input),
                        statistics: self.statistics,
                        weight: self.param(weight),
                        bias: self.param(bias),
                        scale_shift: self.or_none(scale_shift),
                        output,
                    },
                )
            }
            Op::Attention { qkv, heads } => {
                let rows = out.channels / heads.max(1);
                let params = attention::Params {
                    batch: word(out.batch),
                    heads: word(heads),
                    rows: word(rows),
                    positions: word(out.positions()),
                    scale: (1.0 / (rows as f64).sqrt()) as f32,
                };
                let bindings = attention::Bindings {
                    qkv: self.at(qkv),
                    output,
                };
                match self.variants.attention {
                    AttentionVariant::Shared if rows <= attention_shared::MAX_ROWS => {
                        attention_shared::dispatch(name, &params, bindings)
                    }
                    _ => attention::dispatch(name, &params, bindings),
                }
            }
            Op::Concat { first, second } => concat::dispatch(
                name,
                &concat::Params {
                    batch: word(out.batch),
                    first_elements: word(self.shape(first).elements() / out.batch.max(1)),
                    second_elements: word(self.shape(second).elements() / out.batch.max(1)),
                },
                concat::Bindings {
                    first: self.at(first),
                    second: self.at(second),
                    output,
                },
            ),
            Op::AveragePool { input } => average_pool::dispatch(
                name,
                &average_pool::Params {
                    planes: word(out.batch * out.channels),
                    height: word(self.shape(input).height),
                    width: word(self.shape(input).width),
                },
                average_pool::Bindings {
                    input: self.at(input),
                    output,
                },
            ),
            Op::Upsample { input } => upsample::dispatch(
                name,
                &upsample::Params {
                    planes: word(out.batch * out.channels),
                    height: word(self.shape(input).height),
                    width: word(self.shape(input).width),
                },
                upsample::Bindings {
                    input: self.at(input),
                    output,
                },
            ),
            Op::Train(_) => return,
            Op::Bilinear {
                input,
                height,
                width,
            } => bilinear::dispatch(
                name,
                &bilinear::Params {
                    planes: word(out.batch * out.channels),
                    height: word(self.shape(input).height),
                    width: word(self.shape(input).width),
                    out_height: word(height),
                    out_width: word(width),
                },
                bilinear::Bindings {
                    input: self.at(input),
                    output,
                },
            ),
        };
        self.recording.dispatches.push(dispatch);
    }

    fn conv(&self, name: &str, conv: Conv, out: Shape, output: Binding) -> Dispatch {
        let input = self.shape(conv.input);
        let params = conv::Params {
            batch: word(out.batch),
            inputs: word(input.channels),
            height: word(input.height),
            width: word(input.width),
            outputs: word(out.channels),
            out_height: word(out.height),
            out_width: word(out.width),
            side: word(conv.kernel),
            stride: word(conv.stride),
            upsample: flag(conv.upsample),
            has_shift: flag(conv.shift.is_some()),
            has_residual: flag(conv.residual.is_some()),
        };
        let bindings = conv::Bindings {
            input: self.at(conv.input),
            weight: self.param(conv.weight),
            bias: self.param(conv.bias),
            shift: self.or_none(conv.shift),
            residual: self.or_none(conv.residual),
            output,
        };
        match self.variants.conv {
            ConvVariant::Plain => conv::dispatch(name, &params, bindings),
            ConvVariant::Tiled => conv_tiled::dispatch(name, &params, bindings),
        }
    }

    fn statistics(&mut self, name: &str, input: TensorId) {
        let shape = self.shape(input);
        let dispatch = group_norm_statistics::dispatch(
            &std::format!("{name}.statistics"),
            &group_norm_statistics::Params {
                batch: word(shape.batch),
                group_elements: word(shape.channels / GROUPS * shape.positions()),
            },
            group_norm_statistics::Bindings {
                input: self.at(input),
                statistics: self.statistics,
            },
        );
        self.recording.dispatches.push(dispatch);
    }
}
