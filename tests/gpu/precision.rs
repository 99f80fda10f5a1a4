//! What f16 asks for and saves; that an image does not depend on its batch.

use std::collections::HashSet;

use iddpm::gpu::{
    AttentionVariant, ConvVariant, DeviceNetwork, DeviceWeights, Dispatch, Form, Gpu, GpuError,
    MatrixSide, Precision, Seen, Variants, plan, wgpu,
};
use iddpm::unet::{Conv, Graph, ImageSize, Init, Input, Op, Shape, UnetConfig, Weights, Wrap};

use super::golden_network::generate;
use super::gpu;
use super::host::host;

fn shape(batch: usize, channels: usize, height: usize, width: usize) -> Shape {
    Shape {
        batch,
        channels,
        height,
        width,
    }
}

#[test]
fn without_the_feature_it_is_named() {
    let graph = UnetConfig::new(3, 32)
        .graph(1, ImageSize::square(32))
        .unwrap();
    let weights = vec![0.0; graph.weights_len()];
    let plain = host(|_| ());
    let weights = Weights::F32(&weights);
    let refused = DeviceWeights::upload_blocking(&plain, &graph, weights, Precision::Half);
    let feature = "SHADER_F16";
    assert_eq!(refused.unwrap_err(), GpuError::MissingFeature { feature });
    DeviceWeights::upload_blocking(&plain, &graph, weights, Precision::HalfWeights).unwrap();
}

/// All that grows with the image is half as large; vectors and the result are not. What is normalised as it is read is needed
/// a little longer, which takes a tenth more.
#[test]
fn half_the_memory() {
    let config = UnetConfig {
        num_res_blocks: 3,
        ..UnetConfig::new(3, 128)
            .with_multipliers(&[1, 2, 2, 2])
            .with_attention(&[2, 4])
    };
    let graph = config.graph(4, ImageSize::square(32)).unwrap();
    let words = |precision| plan(&graph, precision).elements() as f64;
    assert_eq!(words(Precision::HalfWeights), words(Precision::Full));
    let ratio = words(Precision::Half) / words(Precision::Full);
    println!("f16 takes {ratio:.3} of the memory of f32");
    assert!((0.5..0.55).contains(&ratio), "{ratio}");
}

/// Numbers that are kept in f16 are read as what they are, an odd number of them too.
#[test]
fn a_tensor_of_halves_is_read() {
    if !gpu()
        .device()
        .features()
        .contains(wgpu::Features::SHADER_F16)
    {
        println!("the device has no f16");
        return;
    }
    let image = shape(1, 3, 3, 3);
    let mut graph = Graph::new(1);
    let input = graph.add_input(Input::X, "x", image);
    let inner = graph.add(
        "inner",
        Op::Concat {
            first: input,
            second: input,
        },
    );
    let result = graph.add("result", Op::AveragePool { input: inner });
    graph.set_output(result);
    let single = graph.add(
        "single",
        Op::Bilinear {
            input,
            height: 3,
            width: 3,
        },
    );
    let weights = Weights::F32(&[]);
    let weights = DeviceWeights::upload_blocking(gpu(), &graph, weights, Precision::Half).unwrap();
    let network = DeviceNetwork::new_blocking(gpu(), &graph, &weights).unwrap();
    let x: Vec<f32> = (0..27).map(|i| 0.1 * i as f32 - 1.0).collect();
    network.write(Input::X, &x).unwrap();
    network.run_blocking().unwrap();
    let narrow = |x: &f32| half::f16::from_f32(*x).to_f32();
    let want: Vec<f32> = x.iter().map(narrow).collect();
    assert_eq!(network.tensor_blocking(single).unwrap(), want);
    let twice = [want.clone(), want].concat();
    assert_eq!(network.tensor_blocking(inner).unwrap(), twice);
    assert_eq!(network.output_blocking().unwrap().len(), 6);
}

/// A convolution of a batch between two copies, so that it has f16 where that is asked for; where it skips, another one
/// through a kernel of one makes its residual, and where it has many channels, a normalisation is behind it, for which it
/// is cut into more stretches.
fn convolution(batch: usize, outputs: usize, [height, width]: [usize; 2], skips: bool) -> Graph {
    let mut graph = Graph::new(batch);
    let x = graph.add_input(Input::X, "x", shape(batch, 134, height, width));
    let weight = graph.add_param("w".into(), &[outputs, 134, 3, 3], Init::Zero);
    let bias = graph.add_param("b".into(), &[outputs], Init::Zero);
    let copy = |input| Op::Bilinear {
        input,
        height,
        width,
    };
    let input = graph.add("copy", copy(x));
    let conv = Conv {
        input,
        weight,
        bias,
        kernel: 3,
        stride: 1,
        upsample: false,
        wrap: Wrap::None,
        shift: None,
        residual: None,
    };
    let skip = skips.then(|| Conv {
        weight: graph.add_param("skip.w".into(), &[outputs, 134, 1, 1], Init::Zero),
        bias: graph.add_param("skip.b".into(), &[outputs], Init::Zero),
        kernel: 1,
        ..conv
    });
    let residual = skip.map(|skip| graph.add("skip", Op::Conv(skip)));
    let mut made = graph.add("conv", Op::Conv(Conv { residual, ..conv }));
    if outputs == MANY {
        let norm = Op::GroupNorm {
            input: made,
            weight: graph.add_param("norm.w".into(), &[outputs], Init::One),
            bias: graph.add_param("norm.b".into(), &[outputs], Init::Zero),
            scale_shift: None,
            groups: 8,
            silu: false,
        };
        made = graph.add("norm", norm);
    }
    let result = graph.add("result", copy(made));
    graph.set_output(result);
    graph
}

/// Channels of a convolution that has large tiles of matrices.
const MANY: usize = 64;

/// An image's bits do not depend on the batch, in any variant: a batch large enough that convolutions join
/// what they cut for few images, and whose tiles begin in the midst of one; channels and batches for which matrices
/// have large tiles, cut and joined, over rows that are read with a halo, four numbers at a time, and others; beside
/// a residual that is seen through a kernel of one.
#[test]
fn a_convolution_of_a_batch_is_that_of_its_images() {
    let run = |gpu: &Gpu, graph: &Graph, weights: &[f32], x: &[f32], precision| {
        let weights = Weights::F32(weights);
        let weights = DeviceWeights::upload_blocking(gpu, graph, weights, precision).unwrap();
        let network = DeviceNetwork::new_blocking(gpu, graph, &weights).unwrap();
        network.poison();
        network.write(Input::X, x).unwrap();
        network.run_blocking().unwrap();
        let dispatches = &network.recording().dispatches;
        let is_conv = |dispatch: &&Dispatch| dispatch.name.starts_with("conv");
        let forms: Vec<Form> = dispatches
            .iter()
            .filter(is_conv)
            .map(|one| one.form)
            .collect();
        (network.output_blocking().unwrap(), forms)
    };
    let device = gpu().device();
    let has_half = device.features().contains(wgpu::Features::SHADER_F16);
    let precisions = &[Precision::Full, Precision::Half][..1 + usize::from(has_half)];
    let mut matrices = HashSet::new();
    for (outputs, [height, width], middle, skips) in [
        (5, [7, 9], 2, false),
        (5, [7, 9], 2, true),
        (MANY, [7, 9], 5, false),
        (MANY, [4, 12], 6, false),
        (MANY, [8, 8], 5, false),
        (MANY, [8, 4], 5, false),
        (MANY, [7, 9], 5, true),
        (MANY, [4, 12], 6, true),
        (MANY, [8, 8], 5, true),
        (MANY, [8, 4], 5, true),
    ] {
        let (image, made) = (134 * height * width, outputs * height * width);
        let graphs =
            [1, middle, 262].map(|batch| convolution(batch, outputs, [height, width], skips));
        let [one, some, many] = &graphs;
        let x = generate(1, "x", many.batch() * image, 0.1, 1.0);
        let weights = generate(2, "weights", one.weights_len(), 0.0, 0.1);
        for variants in Variants::all(device, gpu().matrices()) {
            let in_matrices = matches!(variants.conv, ConvVariant::Matrix(_));
            if outputs == MANY && !in_matrices {
                continue;
            }
            let gpu = gpu().clone().with_variants(variants);
            for &precision in precisions {
                if outputs == MANY && precision == Precision::Full {
                    continue;
                }
                let (all, joined) = run(&gpu, many, &weights, &x, precision);
                for n in [0, 131, 261] {
                    let (alone, cut) =
                        run(&gpu, one, &weights, &x[n * image..][..image], precision);
                    assert_eq!(alone, all[n * made..][..made], "{n}, {variants:?}");
                    let is_cut = variants.conv != ConvVariant::Plain && outputs != MANY;
                    assert_eq!(
                        cut.len(),
                        joined.len() + usize::from(is_cut),
                        "{variants:?}"
                    );
                }
                let few = some.batch();
                let (few, cut) = run(&gpu, some, &weights, &x[..few * image], precision);
                assert_eq!(few, all[..few.len()], "{variants:?}");
                let forms = joined.iter().chain(&cut);
                matrices.extend(forms.filter(|form| form.matrix.is_some()));
            }
        }
    }
    if gpu().matrices() == Some(MatrixSide::Eight) {
        for wanted in 0..12 {
            let [joined, skip] = [1, 2].map(|bit| wanted & bit != 0);
            let seen = [Seen::Each, Seen::Quads, Seen::Halo][wanted / 4];
            let is_it = |form: &Form| {
                form.large && (form.joined, form.seen, form.skip) == (joined, seen, skip)
            };
            assert!(
                matrices.iter().any(is_it),
                "{joined}, {seen:?}, {skip}: {matrices:?}"
            );
        }
    }
}

/// How many lanes a subgroup is taken to have changes no bit: of a network with attention, and of convolutions for which
/// matrices have their largest tiles.
#[test]
fn wide_subgroups_make_the_same() {
    let [narrow, wide] = match gpu().matrices() {
        None => return,
        Some(MatrixSide::Eight) => [MatrixSide::EightAsSixteen, MatrixSide::EightAsSixteenWide],
        Some(_) => [MatrixSide::Sixteen, MatrixSide::SixteenWide],
    };
    let config = UnetConfig::new(3, 64)
        .with_multipliers(&[1, 2])
        .with_attention(&[1, 2]);
    let graphs = [
        config.graph(2, ImageSize::square(16)).unwrap(),
        convolution(262, MANY, [8, 8], true),
        convolution(262, MANY, [7, 9], false),
    ];
    let mut large = HashSet::new();
    for graph in graphs {
        let len = graph.shape(graph.input(Input::X).unwrap()).elements();
        let x = generate(1, "x", len, 0.1, 1.0);
        let weights = generate(2, "weights", graph.weights_len(), 0.0, 0.1);
        let [narrow, wide] = [narrow, wide].map(|side| {
            let gpu = gpu().clone().with_variants(Variants {
                conv: ConvVariant::Matrix(side),
                attention: AttentionVariant::Matrix(side),
                ..Variants::PARALLEL
            });
            let weights = Weights::F32(&weights);
            let weights =
                DeviceWeights::upload_blocking(&gpu, &graph, weights, Precision::Half).unwrap();
            let network = DeviceNetwork::new_blocking(&gpu, &graph, &weights).unwrap();
            network.poison();
            network.write(Input::X, &x).unwrap();
            if graph.input(Input::Timesteps).is_some() {
                let timesteps = [3.0, 700.0];
                network.write(Input::Timesteps, &timesteps).unwrap();
            }
            network.run_blocking().unwrap();
            let dispatches = &network.recording().dispatches;
            let forms = dispatches.iter().map(|one| (one.kernel.name, one.form));
            let mut forms = forms
                .filter(|(_, form)| form.matrix == Some(side))
                .peekable();
            assert!(forms.peek().is_some());
            large.extend(forms.map(|(kernel, form)| (kernel, form.large)));
            network.output_blocking().unwrap()
        });
        assert_eq!(narrow, wide);
    }
    for wanted in [
        ("attention_matrix", false),
        ("conv_matrix", false),
        ("conv_matrix", true),
    ] {
        assert!(large.contains(&wanted), "{wanted:?} of {large:?}");
    }
}

/// The same of attention, whose workgroups have more queries where there are many of them; in matrices where there are fours of
/// positions, in f16.
#[test]
fn attention_of_a_batch_is_that_of_its_images() {
    let half = gpu()
        .device()
        .features()
        .contains(wgpu::Features::SHADER_F16);
    for (height, width, precision) in [
        (5, 13, Precision::Full),
        (6, 12, Precision::Full),
        (6, 12, Precision::Half),
    ] {
        if precision == Precision::Half && !half {
            continue;
        }
        for variants in Variants::all(gpu().device(), gpu().matrices()) {
            let gpu = gpu().clone().with_variants(variants);
            attention_alone_and_among_others(&gpu, [height, width], precision);
        }
    }
}

fn attention_alone_and_among_others(gpu: &Gpu, [height, width]: [usize; 2], precision: Precision) {
    // More rows than a workgroup has.
    let (heads, rows) = (40, 68);
    let attention = |batch| {
        let mut graph = Graph::new(batch);
        let qkv = shape(batch, 3 * heads * rows, height, width);
        let x = graph.add_input(Input::X, "x", qkv);
        // What is given and what is made are f32: what is between is not.
        let copy = |input| Op::Bilinear {
            input,
            height,
            width,
        };
        let qkv = graph.add("qkv", copy(x));
        let made = graph.add("attention", Op::Attention { qkv, heads });
        let result = graph.add("result", copy(made));
        graph.set_output(result);
        graph
    };
    let (one, many) = (attention(1), attention(5));
    let made = heads * rows * height * width;
    let x = generate(3, "x", 5 * 3 * made, 0.1, 1.0);
    let run = |graph: &Graph, x: &[f32]| {
        let none = Weights::F32(&[]);
        let weights = DeviceWeights::upload_blocking(gpu, graph, none, precision).unwrap();
        let network = DeviceNetwork::new_blocking(gpu, graph, &weights).unwrap();
        network.write(Input::X, x).unwrap();
        network.run_blocking().unwrap();
        let mut dispatches = network.recording().dispatches.iter();
        let attention = dispatches.find(|one| one.name == "attention").unwrap();
        let is_large = attention.form.large;
        let made = network.output_blocking().unwrap();
        (made, is_large, attention.kernel.name)
    };
    let of_variant = match gpu.variants().attention {
        AttentionVariant::Plain => "attention",
        AttentionVariant::Matrix(_) if precision == Precision::Half => "attention_matrix",
        AttentionVariant::Matrix(_) | AttentionVariant::Shared => "attention_shared",
    };
    let variants = gpu.variants();
    let (all, is_large, kernel) = run(&many, &x);
    assert_eq!(kernel, of_variant);
    assert_eq!(is_large, variants.attention != AttentionVariant::Plain);
    for n in 0..5 {
        let (alone, is_large, kernel) = run(&one, &x[n * 3 * made..][..3 * made]);
        assert_eq!((is_large, kernel), (false, of_variant));
        assert_eq!(alone, all[n * made..][..made], "{n}, {variants:?}");
    }
}
