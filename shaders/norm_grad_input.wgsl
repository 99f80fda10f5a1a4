// output = the gradient of a group normalisation's input as shared/norm_grad_added.wgsl has it, from known sums.
//
// The means over a group follow from the sums [N, 2C + 2G] of norm_sums, which also hold the statistics. input, grad and
// output [N, C, P]. A workgroup owns 512 positions of one channel of one image, an invocation 8 of them.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    groups: u32,
    silu: u32,
    modulated: u32,
    has_addend: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read> grad: array<Grad>;
@group(0) @binding(3) var<storage, read> sums: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<u32>;
@group(0) @binding(6) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(7) var<storage, read> addend: array<Addend>;
@group(0) @binding(8) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tiles = (params.positions + 511u) / 512u;
    let group_of_work = flat_workgroup(workgroup, workgroups);
    let plane = group_of_work / tiles;
    if plane >= params.batch * params.channels {
        return;
    }
    let channels = params.channels;
    let n = plane / channels;
    let c = plane % channels;
    let per_group = channels / params.groups;
    let group = c / per_group;
    let row = n * 2u * (channels + params.groups);
    let of_group = row + 2u * channels + group;
    let law = vec2(sums[of_group], sums[of_group + params.groups]);

    var means = vec2<f32>();
    for (var i = 0u; i < per_group; i++) {
        let other = group * per_group + i;
        means += gain(channel_of(n, other)) * vec2(sums[row + other], sums[row + channels + other]);
    }
    means /= f32(per_group * params.positions);

    let channel = channel_of(n, c);
    for (var i = 0u; i < 8u; i++) {
        let p = (group_of_work % tiles) * 512u + 64u * i + lane;
        if p >= params.positions {
            return;
        }
        let at = plane * params.positions + p;
        output[at] = Output(gradient(channel, law, means, at));
    }
}
