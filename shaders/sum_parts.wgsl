// output[i] = Σ_s parts[s, i], s in order; from `first` on they lie `apart` further behind in the output.
//
// parts [S, E]. One invocation makes one number.

struct Params {
    elements: u32,
    parts: u32,
    first: u32,
    apart: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> part: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.elements {
        return;
    }
    var sum = 0.0;
    for (var s = 0u; s < params.parts; s++) {
        sum += part[s * params.elements + at];
    }
    output[at + select(0u, params.apart, at >= params.first)] = sum;
}
