//! A graph and its plan to a recording: one exhaustive match over the operations.

mod attention_grad;
mod conv_grad;
mod norm_grad;
mod train;

use std::vec::Vec;

use super::convolution::Convolution;
use super::error::GpuError;
use super::kernels::declare::{flag, word};
use super::kernels::{
    attention, attention_shared, average_pool, bilinear, concat, conv, group_norm,
    group_norm_statistics, label_embedding, linear, timestep_embedding, upsample,
};
use super::layout::Layout;
use super::recording::{Binding, Contents, Dispatch, Recording};
use super::variants::{AttentionVariant, Variants};
use super::weights::WeightPlan;
use crate::unet::config::GROUPS;
use crate::unet::{Conv, Graph, Input, Node, Op, ParamId, Plan, Role, Shape, TensorId};

/// A network's recording, and where its tensors are.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What runs.
    pub recording: Recording,
    pub(crate) layout: Layout,
    /// Numbers of each tensor.
    lens: Vec<usize>,
    inputs: Vec<(Input, Binding)>,
    output: Binding,
}

impl Recorded {
    /// Where a tensor is while it is needed, and how many numbers it has.
    pub fn tensor(&self, id: TensorId) -> Option<(Binding, usize)> {
        let len = self.lens.get(id.index()).copied()?;
        Some((self.layout.tensor(id), len))
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
///
/// # Errors
/// [`GpuError::Graph`] for a graph that was built by hand, and that no kernel can run.
pub fn record(
    graph: &Graph,
    plan: &Plan,
    weights: &WeightPlan,
    variants: Variants,
) -> Result<Recorded, GpuError> {
    graph.check()?;
    let (recording, layout) = Layout::new(graph, plan, weights);
    let mut recorder = Recorder {
        graph,
        variants,
        recording,
        layout,
    };
    for node in graph.nodes() {
        recorder.node(node);
    }
    let Recorder {
        recording, layout, ..
    } = recorder;
    let tensors = graph.tensors().iter().zip(0..);
    let inputs = tensors.filter_map(|(tensor, at)| match tensor.role {
        Role::Input(input) => Some((input, layout.tensor(TensorId(at)))),
        Role::Inner | Role::Gradient(_) => None,
    });
    Ok(Recorded {
        recording,
        inputs: inputs.collect(),
        output: graph.output().map_or(layout.none, |id| layout.tensor(id)),
        lens: graph.tensors().iter().map(|t| t.shape.elements()).collect(),
        layout,
    })
}

struct Recorder<'g> {
    graph: &'g Graph,
    variants: Variants,
    recording: Recording,
    layout: Layout,
}

impl Recorder<'_> {
    fn push(&mut self, dispatch: Dispatch) {
        self.recording.push(dispatch, self.variants.reduction);
    }

    fn at(&self, id: TensorId) -> Binding {
        self.layout.tensor(id)
    }

    fn or_none(&self, id: Option<TensorId>) -> Binding {
        id.map_or(self.layout.none, |id| self.at(id))
    }

    fn param(&self, id: ParamId) -> Binding {
        self.layout.param(id)
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
            Op::Conv(conv) => return self.conv(name, conv, out, output),
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
                        statistics: self.layout.statistics,
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
                    AttentionVariant::Shared | AttentionVariant::Plain => {
                        attention::dispatch(name, &params, bindings)
                    }
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
            Op::Train(op) => return self.train(name, &op, node.output),
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
        self.push(dispatch);
    }

    fn conv(&mut self, name: &str, conv: Conv, out: Shape, output: Binding) {
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
            splits: 1,
            split_inputs: word(input.channels),
        };
        // Bound where there is no residual, in the width that makes the fewest forms.
        let none = Binding {
            width: output.width,
            ..self.layout.none
        };
        let bindings = conv::Bindings {
            input: self.at(conv.input),
            weight: self.param(conv.weight),
            bias: self.param(conv.bias),
            shift: self.or_none(conv.shift),
            residual: conv.residual.map_or(none, |id| self.at(id)),
            output,
        };
        let convolution = Convolution::new(self.variants.conv, params, &bindings);
        let partial = self.partial(convolution.partial_words());
        for dispatch in convolution.dispatches(name, bindings, partial) {
            self.push(dispatch);
        }
    }

    /// Room for what one dispatch hands to the next.
    fn partial(&mut self, words: u64) -> Binding {
        self.recording.grown(self.layout.partial, words)
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
                statistics: self.layout.statistics,
            },
        );
        self.push(dispatch);
    }
}
