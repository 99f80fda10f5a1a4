//! Graphs of random operations, sizes and tensors, through everything that takes a graph.

use iddpm::cpu::{Gradients, Network, ProgramBuf};
use iddpm::diffusion::Noise;
use iddpm::gpu::{
    AttentionVariant, ConvVariant, MatrixSide, Precision, Reduction, Variants, WeightPlan, plan,
    record, wgpu,
};
use iddpm::train::{CpuEngine, Recompute, training_graph};
use iddpm::unet::{
    Conv, Graph, Init, Input, LossOp, NormOp, NormParam, Op, ParamId, Plan, Shape, TensorId,
    TrainOp,
};

use super::HOSTILE;

/// Numbers drawn one after the other.
struct Draws {
    seed: u64,
    next: u64,
}

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        let uniform = Noise::new(self.seed).stream(0, 0).uniform_f64(self.next);
        self.next += 1;
        ((uniform * end as f64) as usize).min(end - 1)
    }

    /// Mostly such as networks have.
    fn size(&mut self) -> usize {
        let small = [1, 2, 3, 4, 32, 64, 96];
        match self.below(4) {
            0 => HOSTILE[self.below(HOSTILE.len())],
            _ => small[self.below(small.len())],
        }
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    fn shape(&mut self) -> Shape {
        Shape {
            batch: self.size(),
            channels: self.size(),
            height: self.size(),
            width: self.size(),
        }
    }
}

/// Tensors and parameters to choose from; the last of each are of another graph.
struct Built {
    graph: Graph,
    tensors: Vec<TensorId>,
    params: Vec<ParamId>,
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
    fn new(draws: &mut Draws) -> Self {
        let mut built = Self {
            graph: Graph::new(draws.size()),
            tensors: Vec::new(),
            params: Vec::new(),
        };
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
        let mut other = built.graph.clone();
        for _ in 0..9 {
            let (name, shape) = ("other", draws.shape());
            built.tensors.push(other.add_input(Input::X, name, shape));
        }
        built
            .params
            .push(other.add_param("other".into(), &[1], Init::Zero));
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
        let end = draws.below(self.tensors.len()) + 1;
        self.tensors[draws.below(end)]
    }

    fn param(&self, draws: &mut Draws) -> ParamId {
        self.params[draws.below(self.params.len())]
    }

    fn maybe(&self, draws: &mut Draws) -> Option<TensorId> {
        draws.flag().then(|| self.tensor(draws))
    }

    fn op(&self, draws: &mut Draws) -> Op {
        let (input, second) = (self.tensor(draws), self.tensor(draws));
        let (weight, bias) = (self.param(draws), self.param(draws));
        match draws.below(12) {
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
                kernel: draws.size(),
                stride: draws.size(),
                upsample: draws.flag(),
                shift: self.maybe(draws),
                residual: self.maybe(draws),
            }),
            4 => Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift: self.maybe(draws),
                silu: draws.flag(),
            },
            5 => Op::Attention {
                qkv: input,
                heads: draws.size(),
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
            _ => Op::Train(self.train_op(draws)),
        }
    }

    fn train_op(&self, draws: &mut Draws) -> TrainOp {
        let (input, grad) = (self.tensor(draws), self.tensor(draws));
        let (weight, bias) = (self.param(draws), self.param(draws));
        let norm = NormOp {
            input,
            grad,
            weight,
            bias,
            scale_shift: self.maybe(draws),
            silu: draws.flag(),
        };
        let loss = LossOp {
            output: input,
            x_start: grad,
            noise: self.tensor(draws),
            x: self.tensor(draws),
            rows: self.tensor(draws),
        };
        let (kernel, stride) = (draws.size(), draws.size());
        match draws.below(16) {
            0 => TrainOp::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                channels: draws.size(),
                height: draws.size(),
                width: draws.size(),
            },
            1 => TrainOp::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample: draws.flag(),
            },
            2 => TrainOp::Slice {
                input,
                start: draws.size(),
                channels: draws.size(),
            },
            3 => TrainOp::LabelGrad {
                grad,
                labels: input,
                classes: draws.size(),
            },
            4 => TrainOp::NormSums(norm),
            5 => TrainOp::NormGradInput { norm, sums: grad },
            6 => TrainOp::NormGradScaleShift {
                sums: grad,
                weight,
                bias,
                channels: draws.size(),
            },
            7 => TrainOp::NormGradParam {
                sums: grad,
                scale_shift: norm.scale_shift,
                of: NormParam::Weight,
                channels: draws.size(),
            },
            8 => TrainOp::AttentionGrad {
                qkv: input,
                output: grad,
                grad,
                heads: draws.size(),
            },
            9 => TrainOp::AveragePoolGrad {
                grad,
                height: draws.size(),
                width: draws.size(),
            },
            10 => TrainOp::UpsampleGrad { grad },
            11 => TrainOp::Loss(loss),
            12 => TrainOp::LossGrad(loss),
            13 => TrainOp::LinearGradWeight {
                input,
                grad,
                silu: true,
            },
            14 => TrainOp::ChannelSum { grad },
            _ => TrainOp::LinearGradInput {
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

fn on_a_device(graph: &Graph, sound: bool, ran: &mut Ran) {
    let variants = [
        Variants::PLAIN,
        Variants::PARALLEL,
        Variants {
            conv: ConvVariant::Matrix(MatrixSide::Sixteen),
            attention: AttentionVariant::Shared,
            reduction: Reduction::Subgroups,
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
                let _ = (
                    recording.mistake(),
                    recording.check(&wgpu::Limits::default()),
                );
            }
        }
    }
}

#[test]
fn nothing_panics() {
    let mut ran = Ran::default();
    for seed in 0..4000 {
        let mut draws = Draws { seed, next: 0 };
        everything(&Built::new(&mut draws).graph, &mut ran);
    }
    println!("{ran:?} of 4000");
    assert!(
        ran.sound > 20 && ran.gradients > 0 && ran.recordings > 20,
        "{ran:?}"
    );
}
