// output[n, k] = f'(input[n, k])·Σ_m weight[m, k]·grad[n, m], f the SiLU where `silu`, else the identity.
//
// grad [N, M], weight [M, K], input and output [N, K]. One invocation makes one number; lanes read
// neighbouring weights.

struct Params {
    batch: u32,
    inputs: u32,
    outputs: u32,
    silu: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> input: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at >= params.batch * params.inputs {
        return;
    }
    let n = at / params.inputs;
    let k = at % params.inputs;
    var sum = 0.0;
    for (var m = 0u; m < params.outputs; m++) {
        let i = m * params.inputs + k;
        sum += weight_in(weight[word_of(i)], i) * grad[n * params.outputs + m];
    }
    if params.silu != 0u {
        sum *= silu_slope(input[at]);
    }
    output[at] = sum;
}
