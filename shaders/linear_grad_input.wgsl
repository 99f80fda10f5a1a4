// The gradient of linear layers with respect to the input that all of them read:
//
// output[n, k] = f'(input[n, k])·Σ over layers of Σ_m weight[m, k]·grad[n, m], f the SiLU where `silu`, else the identity
//
// and what output was before where it `continues`. input and output [N, K]; of each layer grad [N, M] and weight [M, K],
// which begin where its row of `layers` says. One invocation makes one number; lanes read neighbouring weights.

struct Params {
    batch: u32,
    inputs: u32,
    silu: u32,
    layers: u32,
    continues: u32,
}

// How many rows a layer has; where all begins.
struct Layer {
    outputs: u32,
    grad: u32,
    weight: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> input: array<f32>;
@group(0) @binding(4) var<storage, read> layers: array<Layer>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

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
    var all = 0.0;
    for (var i = 0u; i < params.layers; i++) {
        let layer = layers[i];
        var sum = 0.0;
        for (var m = 0u; m < layer.outputs; m++) {
            let factor = layer.weight + m * params.inputs + k;
            sum += weight_in(weight[word_of(factor)], factor) * grad[layer.grad + n * layer.outputs + m];
        }
        all += sum;
    }
    if params.silu != 0u {
        all *= silu_slope(input[at]);
    }
    if params.continues != 0u {
        all += output[at];
    }
    output[at] = all;
}
