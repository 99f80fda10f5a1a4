use iddpm::cpu::resize::timestep_embedding;
use iddpm::cpu::{
    Given, Inputs, Network, NetworkError, NetworkSlice, ProgramBuf, Results, run, run_plain,
};
use iddpm::unet::{Graph, ImageSize, Init, Input, Op, Plan, Shape, UnetConfig, Weights};

use super::{Subject, forward};

/// What both ways say to an input.
fn refusal(change: impl Fn(&mut Subject)) -> NetworkError {
    let mut subject = Subject::new(2);
    let mut network = subject.network(1);
    change(&mut subject);
    let plain = subject.plain(&subject.inputs()).unwrap_err();
    let fast = forward(&mut network, &subject.inputs()).unwrap_err();
    assert_eq!(plain, fast);
    plain
}

#[test]
fn lengths() {
    let due = Subject::new(2);
    type Shorten = fn(&mut Subject);
    let cases: [(Shorten, NetworkSlice, usize); 4] = [
        (
            |s| s.x.truncate(s.x.len() - 1),
            NetworkSlice::X,
            due.x.len(),
        ),
        (|s| s.timesteps.push(1.0), NetworkSlice::Timesteps, 2),
        (|s| s.labels.push(1), NetworkSlice::Labels, 2),
        (
            |s| s.low_res.push(0.0),
            NetworkSlice::LowRes,
            due.low_res.len(),
        ),
    ];
    for (change, expected_slice, due) in cases {
        match refusal(change) {
            NetworkError::Length {
                slice,
                len,
                expected,
            } => {
                assert_eq!((slice, expected), (expected_slice, due));
                assert_eq!(len.abs_diff(due), 1);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn slices_of_a_plain_run() {
    let subject = Subject::new(1);
    let program = subject.program();
    let view = program.view().unwrap();
    let (weights, workspace) = (view.weights_len(), view.workspace_len());
    let lengths = [
        (
            weights - 1,
            workspace,
            view.output_len(),
            NetworkSlice::Weights,
        ),
        (
            weights,
            workspace - 1,
            view.output_len(),
            NetworkSlice::Workspace,
        ),
        (
            weights,
            workspace,
            view.output_len() + 1,
            NetworkSlice::Output,
        ),
    ];
    for (weights, workspace, output, due) in lengths {
        let weights = vec![0; weights];
        let (mut workspace, mut output) = (vec![0.0; workspace], vec![0.0; output]);
        let weights = Weights::F16(&weights);
        let result = run(
            &view,
            weights,
            &subject.inputs(),
            &mut workspace,
            &mut output,
        );
        let error = result.unwrap_err();
        assert!(
            matches!(error, NetworkError::Length { slice, .. } if slice == due),
            "{error}"
        );
    }
    let error = Network::from_program(program.clone(), Weights::F32(&[])).unwrap_err();
    let length = matches!(
        error,
        NetworkError::Length {
            slice: NetworkSlice::Weights,
            ..
        }
    );
    assert!(length, "{error}");
    let error = subject
        .network(1)
        .forward(&subject.inputs(), &mut [])
        .unwrap_err();
    let length = matches!(
        error,
        NetworkError::Length {
            slice: NetworkSlice::Output,
            ..
        }
    );
    assert!(length, "{error}");
}

#[test]
fn labels() {
    let error = NetworkError::Label {
        image: 1,
        label: 10,
        classes: 10,
    };
    assert_eq!(refusal(|subject| subject.labels[1] = 10), error);
}

#[test]
fn missing_and_superfluous_inputs() {
    let subject = Subject::new(1);
    let mut network = subject.network(1);
    let inputs = subject.inputs();
    let without = [
        (
            Inputs {
                labels: None,
                ..inputs
            },
            NetworkSlice::Labels,
        ),
        (
            Inputs {
                low_res: None,
                ..inputs
            },
            NetworkSlice::LowRes,
        ),
    ];
    for (inputs, slice) in without {
        let due = NetworkError::Missing { slice };
        assert_eq!(forward(&mut network, &inputs), Err(due));
        assert_eq!(subject.plain(&inputs), Err(due));
    }

    let graph = UnetConfig::new(1, 32)
        .graph(1, ImageSize::square(8))
        .unwrap();
    let weights = vec![0.01; graph.weights_len()];
    let mut network = Network::new(&graph, Weights::F32(&weights)).unwrap();
    let inputs = Inputs {
        x: &[0.5; 64],
        timesteps: &[1.0],
        labels: None,
        low_res: None,
    };
    forward(&mut network, &inputs).unwrap();
    let with = [
        (
            Inputs {
                labels: Some(&[0]),
                ..inputs
            },
            NetworkSlice::Labels,
        ),
        (
            Inputs {
                low_res: Some(&[0.0]),
                ..inputs
            },
            NetworkSlice::LowRes,
        ),
    ];
    for (inputs, slice) in with {
        let due = NetworkError::Superfluous { slice };
        assert_eq!(forward(&mut network, &inputs), Err(due));
    }
}

#[test]
fn numbers_that_are_not_finite() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let at = |slice, index| NetworkError::NotFinite { slice, index };
        assert_eq!(refusal(|s| s.x[7] = bad), at(NetworkSlice::X, 7));
        assert_eq!(
            refusal(|s| s.timesteps[1] = bad),
            at(NetworkSlice::Timesteps, 1)
        );
        assert_eq!(refusal(|s| s.low_res[3] = bad), at(NetworkSlice::LowRes, 3));

        let mut subject = Subject::new(1);
        let bias = subject.graph.params().last().unwrap().offset;
        subject.weights[bias] = bad;
        let refused = Network::from_program(subject.program(), Weights::F32(&subject.weights));
        assert_eq!(refused.unwrap_err(), at(NetworkSlice::Weights, bias));
        // The plain way looks at the result alone.
        let result = subject.plain(&subject.inputs());
        assert_eq!(result, Err(at(NetworkSlice::Output, 0)));
    }
    let subject = Subject::new(1);
    let mut halves = vec![0_u16; subject.weights.len()];
    halves[11] = 0x7c00;
    let refused = Network::from_program(subject.program(), Weights::F16(&halves)).unwrap_err();
    let due = NetworkError::NotFinite {
        slice: NetworkSlice::Weights,
        index: 11,
    };
    assert_eq!(refused, due);
}

/// An embedding of any width and period is finite, or an error.
#[test]
fn periods_of_an_embedding() {
    let embed = |timesteps: &[f32], period| {
        let mut output = vec![0.0; 6 * timesteps.len()];
        let done = timestep_embedding(timesteps, 6, period, &mut output);
        assert!(done.is_err() || output.iter().all(|value| value.is_finite()));
        done
    };
    for max_period in [0.0, -0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY] {
        let error = NetworkError::Period { max_period };
        assert_eq!(embed(&[1.0, 2.0], max_period), Err(error));
        assert!(error.to_string().contains(&format!("{max_period}")));
    }
    let nan = embed(&[1.0], f64::NAN).unwrap_err();
    assert!(matches!(nan, NetworkError::Period { .. }), "{nan}");
    for bad in [f32::NAN, f32::INFINITY] {
        let error = NetworkError::NotFinite {
            slice: NetworkSlice::Timesteps,
            index: 1,
        };
        assert_eq!(embed(&[1.0, bad], 10_000.0), Err(error));
    }
    for period in [1e-300, 5e-324, 1e-5, 1.0, 10_000.0, 1e300] {
        for timestep in [0.0, -3.0, 999.75, 3e38] {
            let done = embed(&[timestep], period);
            let slice = NetworkSlice::Output;
            let overflowed =
                matches!(done, Err(NetworkError::NotFinite { slice: s, .. }) if s == slice);
            assert!(
                done.is_ok() || overflowed,
                "{timestep} of {period}: {done:?}"
            );
            assert!(done.is_ok() || period < 1e-4, "{timestep} of {period}");
        }
    }
}

/// Images twice, and with `gradients` the sum of their channels as the gradient of a bias.
fn doubled(gradients: bool) -> ProgramBuf {
    let mut graph = Graph::new(1);
    let shape = Shape {
        batch: 1,
        channels: 3,
        height: 2,
        width: 2,
    };
    let x = graph.add_input(Input::X, "x", shape);
    let bias = graph.add_param("bias".into(), &[3], Init::Zero);
    let (first, second) = (x, x);
    let sum = graph.add("sum", Op::Add { first, second });
    if gradients {
        graph.add_gradient("bias.grad", Op::ChannelSum { grad: x }, bias);
    }
    graph.set_output(sum);
    ProgramBuf::new(&graph, &Plan::single(&graph)).unwrap()
}

/// Gradients are asked for where there are some, and only there.
#[test]
fn a_program_that_makes_gradients() {
    let x: Vec<f32> = (0..12_u8).map(f32::from).collect();
    let inputs = Inputs {
        x: &x,
        timesteps: &[],
        labels: None,
        low_res: None,
    };
    for makes in [false, true] {
        let program = doubled(makes);
        let view = program.view().unwrap();
        let weights = vec![0.0; view.weights_len()];
        let mut output = vec![0.0; view.output_len()];
        let due = if makes {
            Err(NetworkError::Training)
        } else {
            Ok(())
        };
        let numbers = Weights::F32(&weights);
        assert_eq!(
            run(&view, numbers, &inputs, &mut [0.0; 64], &mut output),
            due
        );
        let mut network = Network::from_program(program.clone(), numbers).unwrap();
        assert_eq!(network.forward(&inputs, &mut output), due);

        for len in [0, weights.len()] {
            let mut gradients = vec![0.0; len];
            let given = Given::from(&inputs);
            let mut results = Results {
                output: &mut output,
                gradients: &mut gradients,
            };
            let done = run_plain(&view, &weights, &given, &mut [0.0; 64], &mut results);
            let expected = if makes { weights.len() } else { 0 };
            let due = NetworkError::Length {
                slice: NetworkSlice::Gradients,
                len,
                expected,
            };
            assert_eq!(done, if len == expected { Ok(()) } else { Err(due) });
            if makes && len == expected {
                assert_eq!(gradients[..3], [6.0, 22.0, 38.0]);
            }
        }
    }
    let text = NetworkError::Training.to_string();
    assert!(text.contains("gradients"), "{text}");
}
