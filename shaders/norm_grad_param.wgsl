// The gradient of weight or bias: output[c] = Σ_n (1 + scale[n, c])·sums[n, start + c].
//
// sums [N, 2C + 2G] from norm_sums: `start` is C for the weight, 0 for the bias; scale_shift [N, 2C],
// scale first, only where `modulated`; output [C]. One invocation makes one number.

struct Params {
    batch: u32,
    channels: u32,
    groups: u32,
    start: u32,
    modulated: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if c >= params.channels {
        return;
    }
    let channels = params.channels;
    var sum = 0.0;
    for (var n = 0u; n < params.batch; n++) {
        var scale = 1.0;
        if params.modulated != 0u {
            scale += scale_shift[n * 2u * channels + c];
        }
        sum += scale * sums[n * 2u * (channels + params.groups) + params.start + c];
    }
    output[c] = sum;
}
