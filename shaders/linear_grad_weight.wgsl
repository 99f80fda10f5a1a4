// The gradients of linear layers' weights and biases, f the SiLU where `silu`, else the identity:
//
// of a weight output[m, k] = Σ_n grad[n, m]·f(input[n, k]), of a bias output[m] = Σ_n grad[n, m]
//
// input [N, K], which all layers read; of each parameter grad [N, M] and output [M, K] or [M], which begin where its row of
// `parameters` says. A workgroup has numbers of one row, an invocation one of them.

struct Params {
    batch: u32,
    inputs: u32,
    silu: u32,
    parameters: u32,
}

// Which is the first workgroup of a parameter; how many rows it has, and whether it is a bias; where all begins.
struct Parameter {
    first: u32,
    outputs: u32,
    is_bias: u32,
    grad: u32,
    output: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> grad: array<f32>;
@group(0) @binding(3) var<storage, read> parameters: array<Parameter>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    var which = 0u;
    for (var i = 1u; i < params.parameters; i++) {
        which = select(which, i, group >= parameters[i].first);
    }
    let parameter = parameters[which];
    let at = (group - parameter.first) * 64u + lane;
    let columns = select(params.inputs, 1u, parameter.is_bias != 0u);
    if at >= parameter.outputs * columns {
        return;
    }
    let first = parameter.grad + at / columns;
    let k = at % columns;
    var sum = 0.0;
    for (var n = 0u; n < params.batch; n++) {
        var factor = 1.0;
        if parameter.is_bias == 0u {
            let given = input[n * params.inputs + k];
            factor = select(given, silu(given), params.silu != 0u);
        }
        sum += grad[first + n * parameter.outputs] * factor;
    }
    output[parameter.output + at] = sum;
}
