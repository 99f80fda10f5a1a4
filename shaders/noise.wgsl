// output[n, e] ~ N(0, 1), as shared/normals.wgsl has it, for a `purpose`.
//
// output [N, D]; samples [N]. One invocation makes 4 numbers.

struct Params {
    batch: u32,
    elements: u32,
    purpose: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_numbers: Step;
@group(0) @binding(2) var<storage, read> samples: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

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
    let normals = normals_of(samples[n], step_numbers.position | params.purpose, block);
    for (var i = 0u; i < 4u; i++) {
        let e = 4u * block + i;
        if e < params.elements {
            output[n * params.elements + e] = normals[i];
        }
    }
}
