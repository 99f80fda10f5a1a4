// The gradients of normalisations' scale and shift: of each output[n, c] = weight[c]·Σ ∂z·x̂ + bias[c]·Σ ∂z,
// output[n, C + c] = Σ ∂z.
//
// Of each its sums [N, 2C + 2G] from norm_sums, weight and bias [C], output [N, 2C]: they begin where its row of `norms`
// says. A workgroup has channels of one row, an invocation one channel of one image.

struct Params {
    batch: u32,
    norms: u32,
}

// Which is the first workgroup of a normalisation; how many channels and groups it has; where all begins.
struct Norm {
    first: u32,
    channels: u32,
    groups: u32,
    sums: u32,
    weight: u32,
    bias: u32,
    output: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read> norms: array<Norm>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

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
    let channels = norm.channels;
    let at = (group - norm.first) * 64u + lane;
    if at >= params.batch * channels {
        return;
    }
    let n = at / channels;
    let c = at % channels;
    let row = norm.sums + n * 2u * (channels + norm.groups);
    let plain = sums[row + c];
    let of_weight = norm.weight + c;
    let of_bias = norm.bias + c;
    let factor = weight_in(weight[word_of(of_weight)], of_weight);
    let summand = weight_in(bias[word_of(of_bias)], of_bias);
    let scale = norm.output + n * 2u * channels + c;
    output[scale] = factor * sums[row + channels + c] + summand * plain;
    output[scale + channels] = plain;
}
