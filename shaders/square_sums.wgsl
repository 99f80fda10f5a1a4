// parts[first + group] = (Σ (unscale·gradient[i])², how many are not finite) of 16,384 numbers.
//
// One workgroup makes one part: 256 lanes sum every 256th number, then those are added as
// shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    elements: u32,
    first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> update: OptimizerNumbers;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> parts: array<vec2<f32>>;

const LANES: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    if group >= (params.elements + 16383u) / 16384u {
        return;
    }
    var mine = vec2<f32>();
    for (var i = 0u; i < 64u; i++) {
        let at = group * 16384u + i * 256u + lane;
        if at < params.elements {
            let given = gradient[at];
            let value = update.unscale * given;
            mine += vec2(value * value, f32(is_not_finite(given)));
        }
    }
    let all = vec2(sum(lane, mine.x), sum(lane, mine.y));
    if lane == 0u {
        parts[params.first + group] = all;
    }
}
