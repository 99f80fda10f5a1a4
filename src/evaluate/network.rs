//! The network of the classifier, as a graph of the operations there are.

use std::format;

use crate::unet::{Extents, Graph, Input, Op, Shape};

/// The number of features: the channels of the last level.
pub(super) const FEATURES: usize = 128;
/// The channels of each level; there are more levels of as many channels as the last where images are large.
const LEVELS: [usize; 3] = [64, FEATURES, FEATURES];
/// The groups of each normalisation.
const GROUPS: usize = 32;
/// The longest side of which means are taken; a longer one is halved by a convolution.
const POOLED: usize = 4;

/// The network for a batch of images: convolutions that halve the sides, each with its normalisation and SiLU, means
/// over what is left, and a linear layer. The result is the features and behind them the logits of the classes,
/// [N, [`FEATURES`] + classes].
pub(super) fn graph(batch: usize, image: Extents, classes: usize) -> Graph {
    let mut graph = Graph::new(batch);
    let shape = Shape {
        batch,
        channels: image.channels,
        height: image.height,
        width: image.width,
    };
    let mut h = graph.add_input(Input::X, "x", shape);
    let longest = |shape: Shape| shape.height.max(shape.width);
    let mut level = 0;
    while level < LEVELS.len() || longest(graph.shape(h)) > POOLED {
        let channels = LEVELS.get(level).copied().unwrap_or(FEATURES);
        let stride = if longest(graph.shape(h)) > POOLED {
            2
        } else {
            1
        };
        h = graph.conv3(&format!("levels.{level}.conv"), h, channels, stride);
        h = graph.norm(&format!("levels.{level}.norm"), h, GROUPS, None, true);
        level += 1;
    }
    while longest(graph.shape(h)) > 1 {
        let Shape { height, width, .. } = graph.shape(h);
        // Means are of 2×2: of an odd side they would leave one row or column out.
        if height.is_multiple_of(2) && width.is_multiple_of(2) {
            h = graph.add(
                &format!("pool.{height}x{width}"),
                Op::AveragePool { input: h },
            );
        } else {
            h = graph.conv3(&format!("levels.{level}.conv"), h, FEATURES, 2);
            level += 1;
        }
    }
    let logits = graph.linear("logits", h, classes, false);
    let result = Op::Concat {
        first: h,
        second: logits,
    };
    let result = graph.add("features_and_logits", result);
    graph.set_output(result);
    graph
}
