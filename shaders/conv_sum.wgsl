// The end of a convolution that was cut along its input channels:
//
// output[n, m, p] = Σ_s sums[s, n, m, p] + conv_bias[m] + shift[n, m] + residual[n, m, p]
//
// and the bias `skip_bias` numbers behind, where there is such: of a convolution that ended in this one. sums
// [splits, N, M, P]; shift and residual only where flagged. One invocation makes one number, adding
// the stretches in order.

struct Params {
    batch: u32,
    outputs: u32,
    positions: u32,
    splits: u32,
    has_shift: u32,
    has_residual: u32,
    skip_bias: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> conv_bias: array<u32>;
@group(0) @binding(3) var<storage, read> shift: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<Residual>;
@group(0) @binding(5) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    let numbers = params.batch * params.outputs * params.positions;
    if at >= numbers {
        return;
    }
    let channel = at / params.positions;
    var value = with_bias(added(numbers, at), channel % params.outputs);
    if params.has_shift != 0u {
        value += shift[channel];
    }
    if params.has_residual != 0u {
        value += f32(residual[at]);
    }
    output[at] = Output(value);
}
