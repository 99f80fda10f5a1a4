//! Whole networks, of every way to resize, in plain loops, fast, and on a device.

use iddpm::cpu::Inputs;
use iddpm::unet::{Graph, ImageSize, UnetConfig, Wrap};

use super::evaluated::{fast, forward, on_device, plain};
use super::rounding::SINGLE;
use super::{distance, normals, off, shifted, wide};

const SIZE: (usize, usize) = (8, 16);
/// Two levels are halved.
const STRIDE: usize = 4;
const TIMESTEPS: [f32; 2] = [7.5, 420.0];

fn graph(conv_resample: bool, wrap: Wrap) -> Graph {
    let config = UnetConfig {
        num_res_blocks: 1,
        conv_resample,
        ..UnetConfig::new(3, 32)
            .with_multipliers(&[1, 2, 2])
            .with_attention(&[4])
            .with_learned_variance()
    };
    let size = ImageSize {
        height: SIZE.0,
        width: SIZE.1,
        low_res: None,
    };
    config.graph(2, size).unwrap().wrapped(wrap)
}

/// Where images go round, by what they are shifted, and whether the result then is.
const LAWS: [(Wrap, (usize, usize), bool); 10] = [
    (Wrap::X, (0, STRIDE), true),
    (Wrap::X, (0, 3 * STRIDE), true),
    (Wrap::X, (STRIDE, 0), false),
    (Wrap::Y, (STRIDE, 0), true),
    (Wrap::Y, (0, STRIDE), false),
    (Wrap::Xy, (STRIDE, 0), true),
    (Wrap::Xy, (STRIDE, 2 * STRIDE), true),
    // Between the pixels of the deepest level.
    (Wrap::Xy, (0, STRIDE / 2), false),
    (Wrap::None, (0, STRIDE), false),
    (Wrap::None, (STRIDE, 0), false),
];

#[test]
fn what_is_shifted_round_comes_out_shifted_round() {
    for conv_resample in [true, false] {
        for (wrap, by, holds) in LAWS {
            let graph = graph(conv_resample, wrap);
            let weights = normals(1, graph.weights_len());
            let weights: Vec<f32> = weights.iter().map(|weight| 0.05 * weight).collect();
            let x = normals(2, 2 * 3 * SIZE.0 * SIZE.1);
            let x_shifted = shifted(&x, SIZE, by);

            let there = plain(&graph, &weights, &x, &TIMESTEPS);
            let other = plain(&graph, &off(&graph, &weights), &x, &TIMESTEPS);
            let bound = 3.0 * distance(&other, &there);
            let due = shifted(&there, SIZE, by);
            let far = 1e-3 * there.iter().fold(0.0_f64, |most, it| most.max(it.abs()));
            assert!(bound < 0.1 * far, "{bound}, {far}");
            let check = |how: &str, got: &[f64], bound: f64| {
                let found = distance(got, &due);
                let how = format!("{how}, {wrap} by {by:?}, conv_resample {conv_resample}");
                println!("{how}: {found:.1e} of {bound:.1e}");
                if holds {
                    assert!(found <= bound, "{how}: {found}, {bound}");
                } else {
                    assert!(found > far, "{how}: {found}, {far}");
                }
            };

            let got = plain(&graph, &weights, &x_shifted, &TIMESTEPS);
            // Half of ε is the largest relative error of rounding to f64.
            check("plain", &got, bound * f64::EPSILON / 2.0 / SINGLE);
            let inputs = Inputs {
                x: &x_shifted,
                timesteps: &TIMESTEPS,
                labels: None,
                low_res: None,
            };
            let [one, three] =
                [1, 3].map(|threads| forward(&mut fast(&graph, &weights, threads), &inputs));
            assert!(one == three);
            check("fast", &wide(&one), bound);
            let got = on_device(&graph, &weights, &x_shifted, &TIMESTEPS);
            check("device", &wide(&got), bound);
        }
    }
}
