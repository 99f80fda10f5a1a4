// output[m, k] = Σ_n grad[n, m]·f(input[n, k]), f the SiLU where `silu`, else the identity.
//
// input [N, K], grad [N, M], output [M, K]. One invocation makes one number.

struct Params {
    batch: u32,
    inputs: u32,
    outputs: u32,
    silu: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> grad: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at >= params.outputs * params.inputs {
        return;
    }
    let m = at / params.inputs;
    let k = at % params.inputs;
    var sum = 0.0;
    for (var n = 0u; n < params.batch; n++) {
        let given = input[n * params.inputs + k];
        sum += grad[n * params.outputs + m] * select(given, silu(given), params.silu != 0u);
    }
    output[at] = sum;
}
