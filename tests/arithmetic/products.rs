//! Each product alone.

use iddpm::cpu::{NetworkError, NetworkSlice, resize};
use iddpm::unet::{
    ConfigError, Extents, Graph, GraphError, ImageSize, Init, Input, Param, Plan, Shape, UnetConfig,
};

use super::HOSTILE;

/// A product, the largest number there is where it is more.
fn product(factors: &[usize]) -> usize {
    let wide = factors.iter().try_fold(1_u128, |product, &factor| {
        // Four of 64 bits are too many for 128.
        product.checked_mul(factor as u128)
    });
    if factors.contains(&0) {
        return 0;
    }
    wide.map_or(usize::MAX, |product| {
        product.try_into().unwrap_or(usize::MAX)
    })
}

#[test]
fn of_extents_shapes_and_parameters() {
    for channels in HOSTILE {
        for height in HOSTILE {
            for width in HOSTILE {
                let extents = Extents {
                    channels,
                    height,
                    width,
                };
                assert_eq!(extents.elements(), product(&[channels, height, width]));
                assert_eq!(extents.positions(), product(&[height, width]));
                let param = Param {
                    name: "w".into(),
                    shape: vec![channels, height, width, 3],
                    offset: 0,
                    init: Init::Zero,
                };
                assert_eq!(param.elements(), product(&[channels, height, width, 3]));
                for batch in HOSTILE {
                    let shape = Shape {
                        batch,
                        channels,
                        height,
                        width,
                    };
                    let due = product(&[batch, channels, height, width]);
                    assert_eq!(shape.elements(), due, "{shape:?}");
                    assert_eq!(shape.image(), extents);
                }
            }
        }
    }
}

#[test]
fn of_configurations() {
    for channels in HOSTILE {
        let config = UnetConfig::new(channels, channels).with_learned_variance();
        assert_eq!(config.out_channels, product(&[2, channels]));
        assert_eq!(config.embedding_channels(), product(&[4, channels]));
        let joined = UnetConfig {
            super_resolution: true,
            ..config
        };
        assert_eq!(joined.input_channels(), product(&[2, channels]));
        let small = (1..=1 << 12).contains(&channels);
        let refused = joined.validate();
        if !small {
            let out_of_range = matches!(
                refused,
                Err(ConfigError::OutOfRange { option: "in_channels", value, max: 4096 })
                    if value == channels
            );
            assert!(out_of_range, "{refused:?}");
        }
        for other in HOSTILE {
            let size = ImageSize {
                height: channels,
                width: other,
                low_res: Some((other, channels)),
            };
            let sound = UnetConfig::new(3, 32).with_multipliers(&[1, 2]);
            if let Ok(graph) = sound.graph(other, size) {
                graph.check().unwrap();
            }
        }
    }
}

fn image(channels: usize) -> Shape {
    Shape {
        batch: 1,
        channels,
        height: 2,
        width: 2,
    }
}

#[test]
fn of_graphs() {
    let mut graph = Graph::new(1);
    graph.add_input(Input::X, "x", image(usize::MAX));
    let (tensor, elements) = (0, usize::MAX);
    assert_eq!(graph.check(), Err(GraphError::Tensor { tensor, elements }));

    let mut graph = Graph::new(1);
    for extents in [&[usize::MAX, 2][..], &[2], &[usize::MAX]] {
        graph.add_param("w".into(), extents, Init::Zero);
    }
    assert_eq!(graph.parameter_count(), usize::MAX);
    assert_eq!(graph.weights_len(), usize::MAX);
    let offsets = graph.params().iter().map(|param| param.offset);
    assert!(offsets.eq([0, usize::MAX, usize::MAX]));
    let (param, elements) = (0, usize::MAX);
    assert_eq!(graph.check(), Err(GraphError::Param { param, elements }));
    assert_eq!(Graph::new(0).check(), Err(GraphError::Batch { batch: 0 }));
}

/// Tensors none of which is too large, but all together are.
#[test]
fn of_plans() {
    let mut graph = Graph::new(1);
    let x = graph.add_input(Input::X, "x", image((1 << 31) / 4 - 1));
    let mut last = x;
    for _ in 0..3 {
        last = graph.add("doubled", iddpm::unet::Op::Upsample { input: last });
    }
    graph.set_output(last);
    let plan = Plan::single(&graph);
    let total: usize = graph.tensors()[1..]
        .iter()
        .map(|t| t.shape.elements())
        .sum();
    assert!(plan.elements() <= total + 3 * 64 && plan.elements() >= plan.lower_bound(&graph));

    let mut graph = Graph::new(1);
    let x = graph.add_input(Input::X, "x", image(usize::MAX / 5));
    let first = graph.add("doubled", iddpm::unet::Op::Upsample { input: x });
    let second = graph.add("again", iddpm::unet::Op::Upsample { input: first });
    graph.set_output(second);
    for plan in [Plan::single(&graph), Plan::separated(&graph)] {
        assert_eq!(plan.elements(), usize::MAX);
        assert_eq!(plan.lower_bound(&graph), usize::MAX);
    }
}

#[test]
fn of_images_that_are_resized() {
    let extents = |channels, height, width| Extents {
        channels,
        height,
        width,
    };
    let huge = extents(usize::MAX, usize::MAX, 3);
    for resize in [resize::area, resize::bilinear] {
        let mut out = [0.0; 4];
        let refused = resize(&[0.0; 4], huge, &mut out, huge);
        let length = NetworkError::Length {
            slice: NetworkSlice::X,
            len: 4,
            expected: usize::MAX,
        };
        assert_eq!(refused, Err(length));
        let fine = extents(1, 2, 2);
        let refused = resize(&[0.0; 4], fine, &mut out, huge);
        let length = NetworkError::Length {
            slice: NetworkSlice::Output,
            len: 4,
            expected: usize::MAX,
        };
        assert_eq!(refused, Err(length));
        for (empty, text) in [
            (
                extents(3, 0, 2),
                "images of 0 rows, 2 columns and 3 channels have no pixels",
            ),
            (
                extents(0, 2, 2),
                "images of 2 rows, 2 columns and 0 channels have no pixels",
            ),
        ] {
            for (slice, (from, to)) in [
                (NetworkSlice::X, (empty, fine)),
                (NetworkSlice::Output, (fine, empty)),
            ] {
                let error = resize(&[0.0; 4], from, &mut out, to).unwrap_err();
                let extents = empty;
                assert_eq!(error, NetworkError::NoPixels { slice, extents });
                assert!(error.to_string().contains(text), "{error}");
            }
        }
        for (from, to) in
            [(HOSTILE, fine), (HOSTILE, huge)].map(|(all, to)| (all.map(|n| extents(n, 1, n)), to))
        {
            for from in from {
                assert!(resize(&[0.0; 5], from, &mut out, to).is_err() || from == extents(1, 1, 1));
            }
        }
    }
    for dim in HOSTILE {
        let embedded = resize::timestep_embedding(&[1.0; 3], dim, 1e4, &mut [0.0; 6]);
        assert_eq!(embedded.is_ok(), dim == 2);
    }
}
