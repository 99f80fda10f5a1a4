// output[n, c] = base[n, c] + table[labels[n], c].
//
// base [N, C], labels [N] as whole numbers in f32, table [classes, C]. One invocation makes one number.
// Labels are checked where they are given; one out of range reads the last class.

struct Params {
    batch: u32,
    channels: u32,
    classes: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> base: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<u32>;
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
    let label = min(u32(labels[at / params.channels]), params.classes - 1u);
    let i = label * params.channels + at % params.channels;
    output[at] = base[at] + weight_in(table[word_of(i)], i);
}
