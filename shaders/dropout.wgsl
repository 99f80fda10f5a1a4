// output[n, e] = 0 where word e of image n is below the threshold, else gain·input[n, e].
//
//     words = philox4x32_10(counter = [e/4, layer, key 2, key 3], key = [key 0, key 1]), word e mod 4
//
// input and output [N, E]; keys [N] of four words; gain = 1/(1 - threshold/2^32). Forward and backward
// are the same: no mask is kept. One invocation makes 4 numbers.

struct Params {
    batch: u32,
    elements: u32,
    layer: u32,
    threshold: u32,
    gain: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read> keys: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    let blocks = (params.elements + 3u) / 4u;
    let n = at / blocks;
    if n >= params.batch {
        return;
    }
    let block = at % blocks;
    let key = keys[n];
    let words = philox(vec4(block, params.layer, key.zw), key.xy);
    for (var i = 0u; i < 4u; i++) {
        let e = 4u * block + i;
        if e < params.elements {
            let source = n * params.elements + e;
            output[source] = Output(select(params.gain * f32(input[source]), 0.0, words[i] < params.threshold));
        }
    }
}
