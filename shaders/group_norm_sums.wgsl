// The end of a convolution that was cut along its input channels, and the group normalisation behind it, one pass:
//
// made[n, c, p] = Σ_s sums[s, n, c, p] + conv_bias[c] + shift[n, c] + residual[n, c, p]
// output[n, c, p] = the group normalisation of made[n, c, p] as shared/group_norm.wgsl has it, statistics and all.
//
// sums [splits, N, C, P], added in order; made, residual and output [N, C, P]. shift [N, C] is bound as
// `scale_shift` where it is flagged: then there is no scale_shift [N, 2C]. One workgroup owns one group; of `made` a lane
// reads what it wrote itself.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    per_group: u32,
    silu: u32,
    modulated: u32,
    splits: u32,
    has_shift: u32,
    has_residual: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> conv_bias: array<u32>;
@group(0) @binding(3) var<storage, read> residual: array<Residual>;
@group(0) @binding(4) var<storage, read> weight: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<u32>;
@group(0) @binding(6) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(7) var<storage, read_write> made: array<Made>;
@group(0) @binding(8) var<storage, read_write> output: array<Output>;

const LANES: u32 = 256u;

fn number_at(at: u32) -> f32 {
    return f32(made[at]);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    let groups = params.channels / params.per_group;
    if group >= params.batch * groups {
        return;
    }
    let n = group / groups;
    let elements = params.per_group * params.positions;
    let first = group * elements;
    let first_channel = group % groups * params.per_group;
    for (var i = lane; i < elements; i += LANES) {
        made[first + i] = Made(ended(n, first_channel + i / params.positions, first + i));
    }
    let law = statistics_of(lane, first, elements);
    for (var i = lane; i < elements; i += LANES) {
        let c = first_channel + i / params.positions;
        output[first + i] = Output(normalised(n, c, number_at(first + i), law));
    }
}

// A number of the convolution.
fn ended(n: u32, c: u32, at: u32) -> f32 {
    let numbers = params.batch * params.channels * params.positions;
    var value = added(numbers, at);
    value += weight_in(conv_bias[word_of(c)], c);
    if params.has_shift != 0u {
        value += scale_shift[n * params.channels + c];
    }
    if params.has_residual != 0u {
        value += f32(residual[at]);
    }
    return value;
}
