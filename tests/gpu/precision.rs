//! What f16 asks for and saves.

use iddpm::gpu::{DeviceWeights, GpuError, Network, Precision, plan, wgpu};
use iddpm::unet::{Extent, Graph, Input, Op, UnetConfig, Weights};

use super::gpu;
use super::host::host;
use super::maker::shape;

#[test]
fn without_the_feature_it_is_named() {
    let graph = UnetConfig::new(3, 32).graph(Extent::square(1, 32)).unwrap();
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
    let graph = config.graph(Extent::square(4, 32)).unwrap();
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
    let network = Network::new_blocking(gpu(), &graph, &weights).unwrap();
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
