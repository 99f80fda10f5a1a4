//! What is wrong with an operation that was built by hand: the field, its value, and what it must be.

use iddpm::unet::{
    Conv, Expected, Graph, GraphError, Init, Input, Op, ParamId, Shape, TensorId, Wrap,
};

const IMAGES: Shape = Shape {
    batch: 2,
    channels: 3,
    height: 4,
    width: 4,
};

/// A graph of x, labels, a kernel of 81 elements, a bias of 3, and an operation on them.
fn refused(op: impl FnOnce(TensorId, TensorId, [ParamId; 2]) -> Op) -> (GraphError, String) {
    let mut graph = Graph::new(2);
    let x = graph.add_input(Input::X, "x", IMAGES);
    let other = Shape {
        height: 5,
        ..IMAGES
    };
    let other = graph.add_input(Input::Noise, "other", other);
    let weight = graph.add_param("weight".into(), &[3, 3, 3, 3], Init::Zero);
    let bias = graph.add_param("bias".into(), &[3], Init::Zero);
    let made = graph.add("made", op(x, other, [weight, bias]));
    graph.set_output(made);
    let error = graph.check().unwrap_err();
    (error, error.to_string())
}

fn conv(input: TensorId, [weight, bias]: [ParamId; 2]) -> Conv {
    Conv {
        input,
        weight,
        bias,
        kernel: 3,
        stride: 1,
        upsample: false,
        wrap: Wrap::None,
        shift: None,
        residual: None,
    }
}

/// The operation is the only one.
fn wrong(field: &'static str, value: usize, expected: Expected) -> GraphError {
    GraphError::Operation {
        operation: 0,
        field,
        value,
        expected: Some(expected),
    }
}

#[test]
fn numbers() {
    let (error, text) = refused(|x, _, params| {
        Op::Conv(Conv {
            kernel: 2,
            ..conv(x, params)
        })
    });
    assert_eq!(error, wrong("kernel", 2, Expected::Either(1, 3)));
    assert!(text.ends_with("kernel = 2, must be 1 or 3"), "{text}");

    // Two steps do not end where they began.
    let odd = |wrap| {
        refused(|_, other, params| {
            Op::Conv(Conv {
                stride: 2,
                wrap,
                ..conv(other, params)
            })
        })
    };
    for wrap in [Wrap::Y, Wrap::Xy] {
        let (error, text) = odd(wrap);
        assert_eq!(error, wrong("height", 5, Expected::MultipleOf(2)));
        assert!(
            text.ends_with("height = 5, must be a multiple of 2"),
            "{text}"
        );
    }

    let (error, text) = refused(|qkv, _, _| Op::Attention { qkv, heads: 2 });
    assert_eq!(error, wrong("heads", 2, Expected::DivisorOf(1)));
    assert!(
        text.ends_with("heads = 2, must be a divisor of 1"),
        "{text}"
    );

    for groups in [0, 2, 4, 32, usize::MAX] {
        let (error, text) = refused(|input, _, [weight, bias]| Op::GroupNorm {
            input,
            weight,
            bias,
            scale_shift: None,
            groups,
            silu: false,
        });
        assert_eq!(error, wrong("groups", groups, Expected::DivisorOf(3)));
        let must = format!("groups = {groups}, must be a divisor of 3");
        assert!(text.ends_with(&must), "{text}");
    }

    let (error, text) = refused(|input, _, _| Op::Slice {
        input,
        start: 2,
        channels: 2,
    });
    assert_eq!(error, wrong("channels", 4, Expected::AtMost(3)));
    assert!(text.ends_with("channels = 4, must be at most 3"), "{text}");
}

#[test]
fn tensors() {
    let found = Shape {
        height: 5,
        ..IMAGES
    };
    let (error, text) = refused(|first, second, _| Op::Add { first, second });
    let due = IMAGES;
    assert_eq!(error, wrong("second", 1, Expected::Shape { due, found }));
    let must = "second = 1, must be a tensor of [2, 3, 4, 4], but it is of [2, 3, 5, 4]";
    assert!(text.ends_with(must), "{text}");

    // What is not there yet, by the name of the field that reads it.
    let mut longer = Graph::new(2);
    let later = [IMAGES; 6].map(|shape| longer.add_input(Input::X, "x", shape));
    let (error, _) = refused(|x, _, params| {
        Op::Conv(Conv {
            residual: Some(later[5]),
            ..conv(x, params)
        })
    });
    assert_eq!(error, wrong("residual", 5, Expected::Below(2)));
}

#[test]
fn parameters() {
    let (error, text) = refused(|x, _, [weight, _]| Op::Conv(conv(x, [weight, weight])));
    let (due, found) = (81 / 27, 81);
    assert_eq!(error, wrong("bias", 0, Expected::Elements { due, found }));
    let must = "bias = 0, must be a parameter of 3 elements, but it has 81";
    assert!(text.ends_with(must), "{text}");

    let mut longer = Graph::new(2);
    let params = ["0", "1", "2", "3"].map(|name| longer.add_param(name.into(), &[1], Init::Zero));
    let (error, _) = refused(|x, _, [weight, _]| Op::Conv(conv(x, [weight, params[3]])));
    assert_eq!(error, wrong("bias", 3, Expected::Below(2)));
}
