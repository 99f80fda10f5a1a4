//! What f16 asks for and saves; that an image does not depend on its batch.

use iddpm::gpu::{
    ConvVariant, DeviceNetwork, DeviceWeights, Gpu, GpuError, Precision, Variants, plan, wgpu,
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

/// All that grows with the image is half as large; vectors and the result are not.
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
    assert!((0.5..0.52).contains(&ratio), "{ratio}");
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

/// An image's bits do not depend on the batch, in any variant: a batch large enough that convolutions join
/// what they cut for few images, and whose tiles begin in the midst of one.
#[test]
fn a_convolution_of_a_batch_is_that_of_its_images() {
    let conv = |batch| {
        let mut graph = Graph::new(batch);
        let x = graph.add_input(Input::X, "x", shape(batch, 70, 7, 9));
        let weight = graph.add_param("w".into(), &[5, 70, 3, 3], Init::Zero);
        let bias = graph.add_param("b".into(), &[5], Init::Zero);
        let copy = |input| Op::Bilinear {
            input,
            height: 7,
            width: 9,
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
        let made = graph.add("conv", Op::Conv(conv));
        let result = graph.add("result", copy(made));
        graph.set_output(result);
        graph
    };
    let (batch, image, made) = (262, 70 * 7 * 9, 5 * 7 * 9);
    let x = generate(1, "x", batch * image, 0.1, 1.0);
    let weights = generate(2, "weights", conv(1).weights_len(), 0.0, 0.1);
    let run = |gpu: &Gpu, batch, x: &[f32], precision| {
        let graph = conv(batch);
        let weights = Weights::F32(&weights);
        let weights = DeviceWeights::upload_blocking(gpu, &graph, weights, precision).unwrap();
        let network = DeviceNetwork::new_blocking(gpu, &graph, &weights).unwrap();
        network.poison();
        network.write(Input::X, x).unwrap();
        network.run_blocking().unwrap();
        let dispatches = network.recording().dispatches.len();
        (network.output_blocking().unwrap(), dispatches)
    };
    let device = gpu().device();
    let has_half = device.features().contains(wgpu::Features::SHADER_F16);
    let precisions = [Precision::Full, Precision::Half];
    for variants in Variants::all(device, gpu().matrices()) {
        let gpu = gpu().clone().with_variants(variants);
        for &precision in &precisions[..1 + usize::from(has_half)] {
            let (all, joined) = run(&gpu, batch, &x, precision);
            for n in [0, 131, 261] {
                let (alone, cut) = run(&gpu, 1, &x[n * image..][..image], precision);
                assert_eq!(alone, all[n * made..][..made], "{n}, {variants:?}");
                let is_cut = variants.conv != ConvVariant::Plain;
                assert_eq!(cut, joined + usize::from(is_cut), "{variants:?}");
            }
        }
    }
}
