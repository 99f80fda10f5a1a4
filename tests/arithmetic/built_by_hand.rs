//! Graphs of random operations, sizes and tensors, and networks with one thing changed, through everything
//! that takes a graph.

use iddpm::cpu::{Gradients, Network, ProgramBuf, TrainingInputs};
use iddpm::diffusion::Noise;
use iddpm::gpu::{
    AttentionVariant, ConvVariant, DeviceClass, MatrixSide, Precision, Reduction, Variants,
    WeightPlan, plan, record, wgpu,
};
use iddpm::train::{CpuEngine, Recompute, training_graph};
use iddpm::unet::{
    Conv, Graph, ImageSize, Init, Input, LossOp, NormOp, NormParam, Op, ParamId, Plan, Role, Shape,
    TensorId, UnetConfig, Wrap,
};

use super::HOSTILE;

/// Numbers drawn one after the other.
struct Draws {
    seed: u64,
    next: u64,
    /// One size of so many is hostile, and one tensor of as many another graph's.
    tame: usize,
}

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        let uniform = Noise::new(self.seed).stream(0, 0).uniform_f64(self.next);
        self.next += 1;
        ((uniform * end as f64) as usize).min(end - 1)
    }

    fn hostile(&mut self) -> bool {
        self.below(self.tame) == 0
    }

    /// One of these, or any.
    fn wrap(&mut self) -> Wrap {
        Wrap::ALL[self.below(Wrap::ALL.len())]
    }

    fn of<const N: usize>(&mut self, small: [usize; N]) -> usize {
        if self.hostile() {
            return HOSTILE[self.below(HOSTILE.len())];
        }
        small[self.below(N)]
    }

    /// Mostly such as networks have.
    fn size(&mut self) -> usize {
        self.of([1, 2, 3, 4, 32, 64, 96])
    }

    fn groups(&mut self) -> usize {
        self.of([1, 2, 4, 32])
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    fn shape(&mut self) -> Shape {
        Shape {
            batch: self.of([1, 2]),
            channels: self.of([32, 96, 192]),
            height: self.of([2, 4]),
            width: self.of([2, 4]),
        }
    }
}

/// Tensors and parameters to choose from, and those of another graph.
struct Built {
    graph: Graph,
    tensors: Vec<TensorId>,
    params: Vec<ParamId>,
    others: (Vec<TensorId>, ParamId),
}

const INPUTS: [Input; 8] = [
    Input::X,
    Input::Timesteps,
    Input::Labels,
    Input::LowRes,
    Input::XStart,
    Input::Noise,
    Input::Rows,
    Input::Keys,
];

impl Built {
    /// Nothing but the graph that it is not of.
    fn empty(graph: Graph, draws: &mut Draws) -> Self {
        let mut other = Graph::new(1);
        let foreign = |_| other.add_input(Input::X, "other", draws.shape());
        let tensors = (0..20).map(foreign).collect();
        for _ in 0..4 {
            other.add_param("other".into(), &[1], Init::Zero);
        }
        let param = other.add_param("other".into(), &[1], Init::Zero);
        Self {
            graph,
            tensors: Vec::new(),
            params: Vec::new(),
            others: (tensors, param),
        }
    }

    fn new(draws: &mut Draws) -> Self {
        let graph = Graph::new(draws.of([1, 2]));
        let mut built = Self::empty(graph, draws);
        for input in INPUTS {
            let shape = draws.shape();
            let name = input.name();
            built
                .tensors
                .push(built.graph.add_input(input, name, shape));
        }
        for at in 0..4 {
            let extents: Vec<usize> = (0..=draws.below(4)).map(|_| draws.size()).collect();
            let id = built.graph.add_param(format!("{at}"), &extents, Init::Zero);
            built.params.push(id);
        }
        for at in 0..6 {
            let op = built.op(draws);
            let name = format!("operation {at}");
            let made = match draws.below(6) {
                0 => {
                    let param = built.param(draws);
                    built.graph.add_gradient(&name, op, param)
                }
                _ => built.graph.add(&name, op),
            };
            built.tensors.insert(0, made);
        }
        let output = built.tensor(draws);
        built.graph.set_output(output);
        built
    }

    /// The last made are the likeliest.
    fn tensor(&self, draws: &mut Draws) -> TensorId {
        if self.tensors.is_empty() || draws.hostile() {
            return self.others.0[draws.below(self.others.0.len())];
        }
        let end = draws.below(self.tensors.len()) + 1;
        self.tensors[draws.below(end)]
    }

    fn param(&self, draws: &mut Draws) -> ParamId {
        if draws.hostile() {
            return self.others.1;
        }
        self.params[draws.below(self.params.len())]
    }

    fn maybe(&self, draws: &mut Draws) -> Option<TensorId> {
        draws.flag().then(|| self.tensor(draws))
    }

    fn op(&self, draws: &mut Draws) -> Op {
        let (input, second) = (self.tensor(draws), self.tensor(draws));
        let (weight, bias) = (self.param(draws), self.param(draws));
        // Every second graph is of gradients alone, whose parameters nobody compares.
        let kind = match draws.seed / 4 % 2 {
            0 => draws.below(12),
            _ => 12,
        };
        match kind {
            0 => Op::TimestepEmbedding {
                timesteps: input,
                dim: draws.size(),
            },
            1 => Op::LabelEmbedding {
                base: input,
                labels: second,
                table: weight,
            },
            2 => Op::Linear {
                input,
                weight,
                bias,
                silu: draws.flag(),
            },
            3 => Op::Conv(Conv {
                input,
                weight,
                bias,
                kernel: draws.of([1, 3]),
                stride: draws.of([1, 2]),
                upsample: draws.flag(),
                wrap: draws.wrap(),
                shift: self.maybe(draws),
                residual: self.maybe(draws),
            }),
            4 => Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift: self.maybe(draws),
                groups: draws.groups(),
                silu: draws.flag(),
            },
            5 => Op::Attention {
                qkv: input,
                heads: draws.of([1, 2, 4, 32]),
            },
            6 => Op::Concat {
                first: input,
                second,
            },
            7 => Op::AveragePool { input },
            8 => Op::Upsample { input },
            9 => Op::Bilinear {
                input,
                height: draws.size(),
                width: draws.size(),
            },
            _ => self.train_op(draws),
        }
    }

    fn train_op(&self, draws: &mut Draws) -> Op {
        let (input, grad) = (self.tensor(draws), self.tensor(draws));
        let (weight, bias) = (self.param(draws), self.param(draws));
        let norm = NormOp {
            input,
            grad,
            weight,
            bias,
            scale_shift: self.maybe(draws),
            groups: draws.groups(),
            silu: draws.flag(),
        };
        let loss = LossOp {
            output: input,
            x_start: grad,
            noise: self.tensor(draws),
            x: self.tensor(draws),
            rows: self.tensor(draws),
        };
        let (kernel, stride) = (draws.of([1, 3]), draws.of([1, 2]));
        match draws.below(16) {
            0 => Op::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                wrap: draws.wrap(),
                channels: draws.size(),
                height: draws.size(),
                width: draws.size(),
            },
            1 => Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample: draws.flag(),
                wrap: draws.wrap(),
            },
            2 => Op::Slice {
                input,
                start: draws.size(),
                channels: draws.size(),
            },
            3 => Op::LabelGrad {
                grad,
                labels: input,
                classes: draws.size(),
            },
            4 => Op::NormSums(norm),
            5 => Op::NormGradInput { norm, sums: grad },
            6 => Op::NormGradScaleShift {
                sums: grad,
                weight,
                bias,
                channels: draws.size(),
                groups: draws.groups(),
            },
            7 => Op::NormGradParam {
                sums: grad,
                scale_shift: norm.scale_shift,
                of: NormParam::Weight,
                channels: draws.size(),
                groups: draws.groups(),
            },
            8 => Op::AttentionGrad {
                qkv: input,
                output: grad,
                grad,
                heads: draws.of([1, 2, 4, 32]),
            },
            9 => Op::AveragePoolGrad {
                grad,
                height: draws.size(),
                width: draws.size(),
            },
            10 => Op::UpsampleGrad { grad },
            11 => Op::Loss(loss),
            12 => Op::LossGrad(loss),
            13 => Op::LinearGradWeight {
                input,
                grad,
                silu: true,
            },
            14 => Op::ChannelSum { grad },
            _ => Op::LinearGradInput {
                grad,
                weight,
                input,
                silu: false,
            },
        }
    }
}

/// How often something could run.
#[derive(Debug, Default)]
struct Ran {
    sound: usize,
    programs: usize,
    gradients: usize,
    recordings: usize,
}

/// All that takes a graph: nothing panics, and what counts on a graph's numbers has them checked.
fn everything(graph: &Graph, ran: &mut Ran) {
    let (single, separated) = (Plan::single(graph), Plan::separated(graph));
    for plan in [&single, &separated] {
        assert!(plan.elements() >= plan.lower_bound(graph) || plan.elements() == usize::MAX);
        let _ = plan.table(graph).to_string();
    }
    let _ = (
        graph.text().to_string(),
        graph.dot(Some(&single)).to_string(),
    );
    assert!(graph.weights_len() >= graph.parameter_count());
    let _ = (graph.flops(), graph.classes(), graph.input(Input::X));
    let sound = graph.check().is_ok();
    ran.sound += usize::from(sound);
    if let Ok(program) = ProgramBuf::new(graph, &single) {
        assert!(sound);
        ran.programs += 1;
        assert!(Network::needs(&program.view().unwrap()).is_ok());
    }
    if let Ok(bytes) = Gradients::needs(graph) {
        assert!(sound);
        ran.gradients += 1;
        // x itself is no input of a training.
        let takes_x = graph.input(Input::X).is_some();
        if bytes < 1 << 24 && graph.weights_len() < 1 << 20 && !takes_x {
            run(graph);
        }
        let with_slots = CpuEngine::needs(graph, usize::MAX, true).unwrap();
        assert!(with_slots > bytes || graph.weights_len() == 0);
    }
    for recompute in [Recompute::Nothing, Recompute::Cheap, Recompute::Blocks] {
        if let Ok(training) = training_graph(graph, recompute) {
            let _ = (
                Plan::single(&training).elements(),
                Gradients::needs(&training),
            );
        }
    }
    on_a_device(graph, sound, ran);
}

/// Runs what there is memory for, whatever comes of it.
fn run(graph: &Graph) {
    let mut gradients = Gradients::with_threads(graph, 1).unwrap();
    let len = |input| {
        graph
            .input(input)
            .map_or(0, |id| graph.shape(id).elements())
    };
    let numbers = |input| vec![0.5; len(input)];
    let given = |input| graph.input(input);
    let low_res = numbers(Input::LowRes);
    let (labels, keys) = (vec![0; graph.batch()], vec![0; 4 * graph.batch()]);
    let inputs = TrainingInputs {
        x_start: &numbers(Input::XStart),
        noise: &numbers(Input::Noise),
        rows: &numbers(Input::Rows),
        timesteps: &numbers(Input::Timesteps),
        labels: graph.classes().map(|_| labels.as_slice()),
        low_res: given(Input::LowRes).map(|_| low_res.as_slice()),
        keys: given(Input::Keys).map(|_| keys.as_slice()),
    };
    let mut gradient = vec![0.0; graph.weights_len()];
    let weights = vec![0.01; graph.weights_len()];
    let mut loss = vec![0.0; graph.output().map_or(0, |id| graph.shape(id).elements())];
    gradients
        .run(&weights, &inputs, &mut gradient, &mut loss)
        .unwrap();
}

fn on_a_device(graph: &Graph, sound: bool, ran: &mut Ran) {
    let variants = [
        Variants::PLAIN,
        Variants::PARALLEL,
        Variants {
            conv: ConvVariant::Matrix(MatrixSide::Sixteen),
            attention: AttentionVariant::Matrix(MatrixSide::Sixteen),
            reduction: Reduction::Subgroups,
            class: DeviceClass::Small,
        },
    ];
    for precision in [Precision::Full, Precision::HalfWeights, Precision::Half] {
        let plan = plan(graph, precision);
        for limit in [0, 1 << 27, u64::MAX] {
            let Ok(weights) = WeightPlan::new(graph, precision, limit) else {
                continue;
            };
            for variants in variants {
                let Ok(recorded) = record(graph, &plan, &weights, variants) else {
                    assert!(!sound);
                    continue;
                };
                assert!(sound);
                ran.recordings += 1;
                let recording = recorded.recording;
                assert_eq!(recording.mistake(), None);
                let _ = recording.check(&wgpu::Limits::default());
            }
        }
    }
}

#[test]
fn random_graphs() {
    let mut ran = Ran::default();
    for seed in 0..8000 {
        let tame = [3, 20, 200, 1 << 20][seed as usize % 4];
        let next = 0;
        let mut draws = Draws { seed, next, tame };
        everything(&Built::new(&mut draws).graph, &mut ran);
    }
    println!("{ran:?} of 8000");
}

/// A network with everything that a network can have, and what trains it.
fn networks() -> Vec<Graph> {
    let config = UnetConfig {
        num_res_blocks: 1,
        num_classes: Some(3),
        super_resolution: true,
        num_heads: 2,
        ..UnetConfig::new(1, 32)
            .with_multipliers(&[1, 2])
            .with_attention(&[2])
            .with_learned_variance()
    };
    let size = ImageSize {
        low_res: Some((2, 4)),
        ..ImageSize::square(4)
    };
    let pooled = UnetConfig {
        conv_resample: false,
        scale_shift: false,
        ..config.clone()
    };
    let mut graphs = Vec::new();
    for config in [config, pooled] {
        let network = config.graph(2, size).unwrap();
        let dropped = config.graph_with_dropout(2, size, 0.5).unwrap();
        graphs.push(training_graph(&network, Recompute::Nothing).unwrap());
        graphs.push(training_graph(&dropped, Recompute::Blocks).unwrap());
        graphs.push(network);
    }
    graphs
}

/// The same graph but for one shape, parameter or operation.
fn changed(graph: &Graph, draws: &mut Draws) -> Graph {
    let mut built = Built::empty(Graph::new(graph.batch()), draws);
    let param = draws.below(4 * graph.params().len());
    for (at, found) in graph.params().iter().enumerate() {
        let mut extents = found.shape.clone();
        if at == param {
            let extent = draws.below(extents.len());
            extents[extent] = draws.size();
        }
        let id = built
            .graph
            .add_param(found.name.clone(), &extents, found.init);
        built.params.push(id);
    }
    let tensor = draws.below(graph.tensors().len());
    let mut nodes = graph.nodes().iter();
    for (at, found) in graph.tensors().iter().enumerate() {
        let (name, is_changed) = (found.name.as_str(), at == tensor);
        let id = match found.role {
            Role::Input(input) => {
                let mut shape = found.shape;
                if is_changed {
                    let extents = [&mut shape.channels, &mut shape.height, &mut shape.width];
                    *extents[draws.below(3)] = draws.size();
                }
                built.graph.add_input(input, name, shape)
            }
            role => {
                let mut op = nodes.next().unwrap().op;
                if is_changed {
                    op = match draws.below(2) {
                        0 => built.op(draws),
                        _ => with_other_numbers(op, draws),
                    };
                }
                match role {
                    Role::Gradient(param) => built.graph.add_gradient(name, op, param),
                    _ => built.graph.add(name, op),
                }
            }
        };
        built.tensors.insert(0, id);
        if graph.output().is_some_and(|output| output.index() == at) {
            built.graph.set_output(id);
        }
    }
    built.graph
}

fn with_other_numbers(op: Op, draws: &mut Draws) -> Op {
    let (size, flag) = (draws.size(), draws.flag());
    match op {
        Op::TimestepEmbedding { timesteps, .. } => Op::TimestepEmbedding {
            timesteps,
            dim: size,
        },
        Op::Conv(conv) => Op::Conv(match draws.below(4) {
            0 => Conv {
                kernel: size,
                ..conv
            },
            1 => Conv {
                stride: size,
                ..conv
            },
            2 => Conv {
                upsample: flag,
                ..conv
            },
            _ => Conv {
                wrap: draws.wrap(),
                ..conv
            },
        }),
        Op::Attention { qkv, .. } => Op::Attention { qkv, heads: size },
        Op::Bilinear { input, width, .. } => Op::Bilinear {
            input,
            height: size,
            width,
        },
        Op::ConvGradInput {
            grad,
            weight,
            kernel,
            stride,
            channels,
            height,
            width,
            ..
        } => {
            let mut numbers = [kernel, stride, channels, height, width];
            numbers[draws.below(5)] = size;
            let [kernel, stride, channels, height, width] = numbers;
            Op::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                wrap: draws.wrap(),
                channels,
                height,
                width,
            }
        }
        Op::ConvGradWeight {
            input,
            grad,
            kernel,
            stride,
            ..
        } => {
            let mut numbers = [kernel, stride];
            numbers[draws.below(2)] = size;
            let [kernel, stride] = numbers;
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample: flag,
                wrap: draws.wrap(),
            }
        }
        Op::Slice { input, start, .. } => Op::Slice {
            input,
            start,
            channels: size,
        },
        Op::AttentionGrad {
            qkv, output, grad, ..
        } => Op::AttentionGrad {
            qkv,
            output,
            grad,
            heads: size,
        },
        Op::AveragePoolGrad { grad, width, .. } => Op::AveragePoolGrad {
            grad,
            height: size,
            width,
        },
        other => other,
    }
}

#[test]
fn networks_with_one_change() {
    let mut ran = Ran::default();
    let networks = networks();
    for network in &networks {
        everything(network, &mut ran);
    }
    assert_eq!((ran.sound, ran.programs, ran.gradients), (6, 6, 6));
    for seed in 0..600 {
        let (next, tame) = (0, 6);
        let mut draws = Draws { seed, next, tame };
        let graph = changed(&networks[seed as usize % networks.len()], &mut draws);
        everything(&graph, &mut ran);
    }
    println!("{ran:?} of 606");
    let most = 606 / 2;
    assert!(ran.sound > 100 && ran.sound < most && ran.gradients > 100 && ran.programs > 20);
}
