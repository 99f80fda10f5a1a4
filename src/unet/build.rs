//! THE definition of the network: a configuration and an image size become a graph.

use alloc::format;
use alloc::vec::Vec;

use super::check::ELEMENTS_LIMIT;
use super::config::UnetConfig;
use super::error::ConfigError;
use super::extents::Extents;
use super::graph::Graph;
use super::op::{Conv, LEAST_DROPOUT, Op, WORDS};
use super::params::Init;
use super::size::ImageSize;
use super::tensor::{Input, Shape, TensorId};

impl UnetConfig {
    /// Builds the network as a graph, for a batch of images of one size.
    ///
    /// # Errors
    /// Those of [`validate`](Self::validate); sides the levels cannot halve; an empty batch;
    /// more weights than can be addressed.
    pub fn graph(&self, batch: usize, size: ImageSize) -> Result<Graph, ConfigError> {
        self.build(batch, size, 0)
    }

    /// Builds the network as it is trained with dropout, before the last convolution of each residual
    /// block. At `rate` 0 it is [`graph`](Self::graph)'s, otherwise it has an [`Input::Keys`] besides.
    ///
    /// # Errors
    /// [`ConfigError::Dropout`] for a rate that is neither 0 nor within [2⁻³², 1); those of [`graph`](Self::graph).
    pub fn graph_with_dropout(
        &self,
        batch: usize,
        size: ImageSize,
        rate: f64,
    ) -> Result<Graph, ConfigError> {
        if rate != 0.0 && !(LEAST_DROPOUT..1.0).contains(&rate) {
            return Err(ConfigError::Dropout { rate });
        }
        self.build(batch, size, (rate * WORDS) as u32)
    }

    fn build(&self, batch: usize, size: ImageSize, dropout: u32) -> Result<Graph, ConfigError> {
        self.validate()?;
        check_size(self, batch, size)?;
        let graph = Builder::new(self, batch, size, dropout).build();
        if graph.weights_len() > isize::MAX as usize / size_of::<f32>() {
            let elements = graph.params().iter().map(|param| param.elements() as u64);
            return Err(ConfigError::Weights {
                elements: elements.sum(),
            });
        }
        Ok(graph)
    }
}

/// The name of the parameter that is the table of classes.
pub(crate) const CLASS_TABLE: &str = "label_emb.weight";

/// The longest side of an image.
const MAX_SIDE: usize = 1 << 14;

fn check_side(side: usize, multiple_of: usize) -> Result<(), ConfigError> {
    if side == 0 || !side.is_multiple_of(multiple_of) || side > MAX_SIDE {
        return Err(ConfigError::ImageSize {
            side,
            multiple_of,
            max: MAX_SIDE,
        });
    }
    Ok(())
}

fn check_size(config: &UnetConfig, batch: usize, size: ImageSize) -> Result<(), ConfigError> {
    let ImageSize { height, width, .. } = size;
    let low_res = size.low_res();
    let multiple_of = 1 << (config.levels() - 1);
    check_side(height, multiple_of)?;
    check_side(width, multiple_of)?;
    if config.super_resolution {
        check_side(low_res.0, 1)?;
        check_side(low_res.1, 1)?;
    }
    // The widest tensor is the concatenation at the top level: at most three times the widest level, of
    // which there is one.
    let widest = config.channel_mult.iter().max().copied().unwrap_or(1) * config.model_channels;
    let image = Extents {
        channels: 3 * widest.max(config.input_channels()),
        height,
        width,
    };
    let most = (ELEMENTS_LIMIT - 1) / image.elements();
    if (1..=most).contains(&batch) {
        Ok(())
    } else {
        Err(ConfigError::Batch { batch, most })
    }
}

/// Where a block's parameters and tensors are named: `input_blocks.4.0` and so on.
type Path<'a> = &'a str;

struct Builder<'c> {
    config: &'c UnetConfig,
    graph: Graph,
    x: TensorId,
    /// The embedding of time and class, [N, 4·model_channels].
    embedding: TensorId,
    /// What dropout follows from and its threshold, where there is dropout.
    dropout: Option<(TensorId, u32)>,
    /// Dropouts so far.
    dropouts: u32,
}

impl<'c> Builder<'c> {
    fn new(config: &'c UnetConfig, batch: usize, size: ImageSize, dropout: u32) -> Self {
        let mut graph = Graph::new(batch);
        let image = Shape {
            batch,
            channels: config.in_channels,
            height: size.height,
            width: size.width,
        };
        let vector = Shape {
            channels: 1,
            height: 1,
            width: 1,
            ..image
        };
        let x = graph.add_input(Input::X, "x", image);
        let timesteps = graph.add_input(Input::Timesteps, "timesteps", vector);
        let dim = config.model_channels;
        let embedding = graph.add(
            "timestep_embedding",
            Op::TimestepEmbedding { timesteps, dim },
        );
        let mut builder = Self {
            config,
            graph,
            x,
            embedding,
            dropout: None,
            dropouts: 0,
        };
        if dropout > 0 {
            let shape = Shape {
                channels: 4,
                ..vector
            };
            let keys = builder.graph.add_input(Input::Keys, "keys", shape);
            builder.dropout = Some((keys, dropout));
        }
        builder.embed(vector);
        if config.super_resolution {
            builder.join_low_res(size, image);
        }
        builder
    }

    fn embed(&mut self, vector: Shape) {
        let width = self.config.embedding_channels();
        let first = self
            .graph
            .linear("time_embed.0", self.embedding, width, false);
        self.embedding = self.graph.linear("time_embed.2", first, width, true);
        if let Some(rows) = self.config.labels() {
            let labels = self.graph.add_input(Input::Labels, "labels", vector);
            let table = self
                .graph
                .add_param(CLASS_TABLE.into(), &[rows, width], Init::Normal);
            let base = self.embedding;
            self.embedding = self.graph.add(
                "label_emb",
                Op::LabelEmbedding {
                    base,
                    labels,
                    table,
                },
            );
        }
    }

    /// x and the low-resolution image, resized to it, as channels of one image.
    fn join_low_res(&mut self, size: ImageSize, image: Shape) {
        let (height, width) = size.low_res();
        let shape = Shape {
            height,
            width,
            ..image
        };
        let low_res = self.graph.add_input(Input::LowRes, "low_res", shape);
        let resized = self.graph.add(
            "low_res.resized",
            Op::Bilinear {
                input: low_res,
                height: size.height,
                width: size.width,
            },
        );
        self.x = self.concat("x_and_low_res", self.x, resized);
    }

    fn build(mut self) -> Graph {
        let config = self.config;
        let channels = config.model_channels;
        let mut h = self.graph.conv3("input_blocks.0.0", self.x, channels, 1);
        let mut skips: Vec<TensorId> = [h].into();

        for (level, &multiplier) in config.channel_mult.iter().enumerate() {
            for _ in 0..config.num_res_blocks {
                let block = skips.len();
                h = self.residual(&format!("input_blocks.{block}.0"), h, multiplier * channels);
                if config.attention_factors.contains(&(1 << level)) {
                    h = self.attention(&format!("input_blocks.{block}.1"), h, config.num_heads);
                }
                skips.push(h);
            }
            if level + 1 < config.levels() {
                h = self.downsample(&format!("input_blocks.{}.0", skips.len()), h);
                skips.push(h);
            }
        }

        let deepest = self.graph.shape(h).channels;
        h = self.residual("middle_block.0", h, deepest);
        h = self.attention("middle_block.1", h, config.num_heads);
        h = self.residual("middle_block.2", h, deepest);

        let mut block = 0;
        for (level, &multiplier) in config.channel_mult.iter().enumerate().rev() {
            for in_level in 0..=config.num_res_blocks {
                let path = format!("output_blocks.{block}");
                if let Some(skip) = skips.pop() {
                    h = self.concat(&format!("{path}.concat"), h, skip);
                }
                h = self.residual(&format!("{path}.0"), h, multiplier * channels);
                let mut part = 1;
                if config.attention_factors.contains(&(1 << level)) {
                    h = self.attention(&format!("{path}.1"), h, config.num_heads_upsample);
                    part = 2;
                }
                if level > 0 && in_level == config.num_res_blocks {
                    h = self.upsample(&format!("{path}.{part}"), h);
                }
                block += 1;
            }
        }

        h = self.norm("out.0", h, None, true);
        let (weight, bias) = self
            .graph
            .conv_params("out.2", h, config.out_channels, 3, true);
        let output = self
            .graph
            .add("out.2", Op::Conv(Conv::new(h, weight, bias)));
        self.graph.set_output(output);
        self.graph
    }

    /// GN → SiLU → conv → (embedding) GN → SiLU → dropout → conv, plus the input or a 1×1 convolution of it.
    fn residual(&mut self, path: Path<'_>, x: TensorId, channels: usize) -> TensorId {
        let name = |part: &str| format!("{path}.{part}");
        let scale_shift = self.config.scale_shift;
        let h = self.norm(&name("in_layers.0"), x, None, true);
        let first = name("in_layers.2");
        let (weight, bias) = self.graph.conv_params(&first, h, channels, 3, false);
        let width = if scale_shift { 2 * channels } else { channels };
        let embedding = self
            .graph
            .linear(&name("emb_layers.1"), self.embedding, width, true);
        let h = self.graph.add(
            &first,
            Op::Conv(Conv {
                shift: (!scale_shift).then_some(embedding),
                ..Conv::new(h, weight, bias)
            }),
        );
        let modulation = scale_shift.then_some(embedding);
        let h = self.norm(&name("out_layers.0"), h, modulation, true);
        let h = self.dropout(&name("out_layers.2"), h);
        let last = name("out_layers.3");
        let (weight, bias) = self.graph.conv_params(&last, h, channels, 3, true);
        let residual = if self.graph.shape(x).channels == channels {
            x
        } else {
            self.conv1(&name("skip_connection"), &[], x, channels, None)
        };
        self.graph.add(
            &last,
            Op::Conv(Conv {
                residual: Some(residual),
                ..Conv::new(h, weight, bias)
            }),
        )
    }

    fn norm(
        &mut self,
        name: &str,
        x: TensorId,
        scale_shift: Option<TensorId>,
        silu: bool,
    ) -> TensorId {
        let groups = self.config.norm_groups;
        self.graph.norm(name, x, groups, scale_shift, silu)
    }

    fn dropout(&mut self, name: &str, input: TensorId) -> TensorId {
        let Some((keys, threshold)) = self.dropout else {
            return input;
        };
        let layer = self.dropouts;
        self.dropouts += 1;
        self.graph.add(
            name,
            Op::Dropout {
                input,
                keys,
                layer,
                threshold,
            },
        )
    }

    /// GN → 1×1 to q, k, v → attention → 1×1, plus the input.
    fn attention(&mut self, path: Path<'_>, x: TensorId, heads: usize) -> TensorId {
        let channels = self.graph.shape(x).channels;
        let h = self.norm(&format!("{path}.norm"), x, None, false);
        let qkv = self.conv1d(&format!("{path}.qkv"), h, 3 * channels, None);
        let h = self
            .graph
            .add(&format!("{path}.attention"), Op::Attention { qkv, heads });
        self.conv1d(&format!("{path}.proj_out"), h, channels, Some(x))
    }

    fn downsample(&mut self, path: Path<'_>, x: TensorId) -> TensorId {
        if !self.config.conv_resample {
            return self.graph.add(path, Op::AveragePool { input: x });
        }
        let name = format!("{path}.op");
        let channels = self.graph.shape(x).channels;
        self.graph.conv3(&name, x, channels, 2)
    }

    fn upsample(&mut self, path: Path<'_>, x: TensorId) -> TensorId {
        if !self.config.conv_resample {
            return self.graph.add(path, Op::Upsample { input: x });
        }
        let name = format!("{path}.conv");
        let channels = self.graph.shape(x).channels;
        let (weight, bias) = self.graph.conv_params(&name, x, channels, 3, false);
        self.graph.add(
            &name,
            Op::Conv(Conv {
                upsample: true,
                ..Conv::new(x, weight, bias)
            }),
        )
    }

    fn concat(&mut self, name: &str, first: TensorId, second: TensorId) -> TensorId {
        self.graph.add(name, Op::Concat { first, second })
    }

    /// A 1×1 convolution over positions: [M, K, 1] in the checkpoint.
    fn conv1d(
        &mut self,
        name: &str,
        input: TensorId,
        channels: usize,
        residual: Option<TensorId>,
    ) -> TensorId {
        self.conv1(name, &[1], input, channels, residual)
    }

    /// A 1×1 convolution whose weight ends in `extents` in the checkpoint ([1, 1] if empty). The
    /// projection behind attention, which has a residual, begins at 0.
    fn conv1(
        &mut self,
        name: &str,
        extents: &[usize],
        input: TensorId,
        channels: usize,
        residual: Option<TensorId>,
    ) -> TensorId {
        let fan_in = self.graph.shape(input).channels;
        let init = match residual {
            Some(_) => Init::Zero,
            None => Init::Uniform { fan_in },
        };
        let extents = if extents.is_empty() { &[1, 1] } else { extents };
        let shape: Vec<usize> = [channels, fan_in].iter().chain(extents).copied().collect();
        let weight = self.graph.layer_param(name, "weight", &shape, init);
        let bias = self.graph.layer_param(name, "bias", &[channels], init);
        self.graph.add(
            name,
            Op::Conv(Conv {
                kernel: 1,
                residual,
                ..Conv::new(input, weight, bias)
            }),
        )
    }
}
