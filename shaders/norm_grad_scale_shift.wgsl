// The gradients of scale and shift: output[n, c] = weight[c]·Σ ∂z·x̂ + bias[c]·Σ ∂z, output[n, C + c] = Σ ∂z.
//
// sums [N, 2C + 2G] from norm_sums; weight and bias [C]; output [N, 2C]. One invocation owns one channel
// of one image.

struct Params {
    batch: u32,
    channels: u32,
    groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at >= params.batch * params.channels {
        return;
    }
    let channels = params.channels;
    let n = at / channels;
    let c = at % channels;
    let row = n * 2u * (channels + params.groups);
    let plain = sums[row + c];
    let factor = weight_in(weight[word_of(c)], c);
    let summand = weight_in(bias[word_of(c)], c);
    output[n * 2u * channels + c] = factor * sums[row + channels + c] + summand * plain;
    output[n * 2u * channels + channels + c] = plain;
}
