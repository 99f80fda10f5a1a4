// The gradients of normalisations' weights and biases: of each output[c] = Σ_n (1 + scale[n, c])·sums[n, c].
//
// Of each its sums [N, stride], from norm_sums, those that the gradient is made of first; scale_shift [N, 2C], scale first,
// only where `modulated`; output [C]: they begin where its row of `norms` says. A workgroup has numbers of one row, an
// invocation one of them.

struct Params {
    batch: u32,
    norms: u32,
}

// Which is the first workgroup of a gradient; how many numbers it has, and sums an image; where all begins.
struct Norm {
    first: u32,
    channels: u32,
    stride: u32,
    modulated: u32,
    sums: u32,
    scale_shift: u32,
    output: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(3) var<storage, read> norms: array<Norm>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    var which = 0u;
    for (var i = 1u; i < params.norms; i++) {
        which = select(which, i, group >= norms[i].first);
    }
    let norm = norms[which];
    let c = (group - norm.first) * 64u + lane;
    if c >= norm.channels {
        return;
    }
    var sum = 0.0;
    for (var n = 0u; n < params.batch; n++) {
        var scale = 1.0;
        if norm.modulated != 0u {
            scale += scale_shift[norm.scale_shift + n * 2u * norm.channels + c];
        }
        sum += scale * sums[norm.sums + n * norm.stride + c];
    }
    output[norm.output + c] = sum;
}
