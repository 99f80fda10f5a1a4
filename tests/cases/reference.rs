//! Any graph in f64, an operation at a time, by the crate's plain loops: every tensor of it can be looked at.
//! Finite differences and adjoints prove the loops; the executors are compared with them.

use std::collections::HashMap;

use iddpm::cpu::{
    Given, Instruction, Location, Operand, Parameter, ProgramBuf, ProgramHeader, Results,
};
use iddpm::unet::{Graph, Input, Node, Role, TensorId};
use iddpm_test_loops::run_plain_f64;

/// What a run made of a graph.
pub(crate) struct Run {
    /// Every tensor.
    pub(crate) tensors: Vec<Vec<f64>>,
    /// The gradient of every parameter, laid out as the weights are.
    pub(crate) gradients: Vec<f64>,
}

impl Run {
    /// A tensor.
    pub(crate) fn tensor(&self, id: TensorId) -> &[f64] {
        &self.tensors[id.index()]
    }
}

/// What the caller gives; labels and keys are whole numbers below 2³².
pub(crate) type Inputs = HashMap<Input, Vec<f64>>;

/// Runs a whole graph.
pub(crate) fn run(graph: &Graph, weights: &[f64], inputs: &Inputs) -> Run {
    let mut run = Run {
        tensors: vec![Vec::new(); graph.tensors().len()],
        gradients: vec![0.0; weights.len()],
    };
    for (values, tensor) in run.tensors.iter_mut().zip(graph.tensors()) {
        if let Role::Input(input) = tensor.role {
            values.clone_from(&inputs[&input]);
            assert_eq!(values.len(), tensor.shape.elements(), "{input:?}");
        }
    }
    for node in graph.nodes() {
        let made = operation(graph, node, weights, &run.tensors);
        let tensor = graph.tensor(node.output).unwrap();
        if let Role::Gradient(param) = tensor.role {
            let offset = graph.param(param).unwrap().offset;
            run.gradients[offset..][..made.len()].copy_from_slice(&made);
        }
        run.tensors[node.output.index()] = made;
    }
    run
}

/// What one operation makes: a program of it alone, all that it reads one behind the other.
fn operation(graph: &Graph, node: &Node, weights: &[f64], tensors: &[Vec<f64>]) -> Vec<f64> {
    let (mut workspace, mut labels, mut keys) = (Vec::new(), None, None);
    let words = |id: TensorId| -> Vec<u32> {
        let numbers = tensors[id.index()].iter();
        numbers.map(|&number| number as u32).collect()
    };
    let read = |id: TensorId| {
        let location = match graph.tensor(id).unwrap().role {
            Role::Input(input @ Input::Labels) => {
                labels = Some(words(id));
                Location::Input(input)
            }
            Role::Input(input @ Input::Keys) => {
                keys = Some(words(id));
                Location::Input(input)
            }
            _ => {
                let first = workspace.len() as u32;
                workspace.extend(&tensors[id.index()]);
                Location::Workspace(first)
            }
        };
        let shape = graph.shape(id);
        Operand { location, shape }
    };
    let parameter = |id| {
        let param = graph.param(id).unwrap();
        Parameter {
            first: param.offset,
            len: param.elements(),
        }
    };
    let op = node.op.map(read, parameter);
    let shape = graph.shape(node.output);
    let header = ProgramHeader {
        batch: graph.batch(),
        workspace: workspace.len(),
        weights: weights.len(),
        classes: graph.classes().unwrap_or(0) as usize,
        tensors: 0,
        instructions: 0,
    };
    let output = Operand {
        location: Location::Output,
        shape,
    };
    let program = ProgramBuf::assemble_over(&header, &[Instruction { op, output }]).unwrap();
    let given = Given {
        labels: labels.as_deref(),
        keys: keys.as_deref(),
        ..Given::default()
    };
    let mut made = vec![f64::NAN; shape.elements()];
    let mut results = Results {
        output: &mut made,
        gradients: &mut [],
    };
    let program = program.view().unwrap();
    run_plain_f64(&program, weights, &given, &mut workspace, &mut results).unwrap();
    made
}
