// output[n, m] = Σ_k weight[m, k]·f(input[n, k]) + bias[m], f the SiLU where `silu`.
//
// input [N, K], weight [M, K], bias [M]. One workgroup makes one number: its 64 lanes sum every 64th
// product, then those are added as shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    batch: u32,
    inputs: u32,
    outputs: u32,
    silu: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

const LANES: u32 = 64u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups);
    if at >= params.batch * params.outputs {
        return;
    }
    let n = at / params.outputs;
    let m = at % params.outputs;
    var mine = 0.0;
    for (var k = lane; k < params.inputs; k += LANES) {
        let given = input[n * params.inputs + k];
        let seen = select(given, silu(given), params.silu != 0u);
        let i = m * params.inputs + k;
        mine += weight_in(weight[word_of(i)], i) * seen;
    }
    let all = sum(lane, mine);
    if lane == 0u {
        output[at] = all + weight_in(bias[word_of(m)], m);
    }
}
