//! What a convolution that goes round is: the middle of one over copies that lie around the image.

use iddpm::unet::{Conv, Graph, Init, Input, Op, Shape, Wrap};

use super::evaluated::plain;
use super::normals;

const CHANNELS: usize = 2;
/// Upsampled, an even side.
const HEIGHT: usize = 4;
const WIDTH: usize = 6;

fn graph(height: usize, width: usize, (stride, upsample): (usize, bool), wrap: Wrap) -> Graph {
    let mut graph = Graph::new(1);
    let shape = Shape {
        batch: 1,
        channels: CHANNELS,
        height,
        width,
    };
    let input = graph.add_input(Input::X, "x", shape);
    let weight = graph.add_param("weight".into(), &[1, CHANNELS, 3, 3], Init::Zero);
    let bias = graph.add_param("bias".into(), &[1], Init::Zero);
    let conv = Conv {
        input,
        weight,
        bias,
        kernel: 3,
        stride,
        upsample,
        wrap,
        shift: None,
        residual: None,
    };
    let output = graph.add("conv", Op::Conv(conv));
    graph.set_output(output);
    graph
}

/// Three copies side by side in each direction that goes round.
fn copied(planes: &[f32], (down, across): (usize, usize)) -> Vec<f32> {
    let of_plane = |plane: &[f32]| {
        let rows = plane.chunks(WIDTH).map(|row| row.repeat(across));
        rows.collect::<Vec<_>>().concat().repeat(down)
    };
    let planes = planes.chunks(HEIGHT * WIDTH);
    planes.flat_map(of_plane).collect()
}

#[test]
fn it_is_the_middle_of_copies_that_lie_around() {
    let x = normals(1, CHANNELS * HEIGHT * WIDTH);
    for way in [(1, false), (2, false), (1, true)] {
        for wrap in Wrap::ALL {
            let round = graph(HEIGHT, WIDTH, way, wrap);
            let weights = normals(2, round.weights_len());
            let got = plain(&round, &weights, &x, &[]);

            let times = |wraps| if wraps { 3 } else { 1 };
            let (down, across) = (times(wrap.rows()), times(wrap.columns()));
            let large = graph(down * HEIGHT, across * WIDTH, way, Wrap::None);
            let copies = plain(&large, &weights, &copied(&x, (down, across)), &[]);
            let Shape { height, width, .. } = round.shape(round.output().unwrap());
            let (above, before) = (down / 3 * height, across / 3 * width);
            let rows = copies.chunks(across * width).skip(above).take(height);
            let middle: Vec<f64> = rows
                .flat_map(|row| &row[before..][..width])
                .copied()
                .collect();
            // The same products in the same order.
            assert_eq!(got, middle, "{way:?}, {wrap}");
        }
    }
}
