// The decision about a step: report = (norm, 1 where the gradient is finite, factor, 0), with
//
//     norm = √Σ parts, factor = unscale, or unscale·clip/norm where norm > clip
//
// by which the gradient is to be multiplied. parts from square_sums.
// One workgroup: 256 lanes sum every 256th part, then those are added as
// shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> update: OptimizerNumbers;
@group(0) @binding(2) var<storage, read> parts: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> report: array<f32>;

const LANES: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if flat_workgroup(workgroup, workgroups) > 0u {
        return;
    }
    var mine = vec2<f32>();
    for (var i = lane; i < params.count; i += LANES) {
        mine += parts[i];
    }
    let all = vec2(sum(lane, mine.x), sum(lane, mine.y));
    if lane == 0u {
        let norm = sqrt(all.x);
        var factor = update.unscale;
        if norm > update.clip {
            factor *= update.clip / norm;
        }
        let finite = is_not_finite(norm) == 0u && all.y == 0.0;
        report[0] = norm;
        report[1] = select(0.0, 1.0, finite);
        report[2] = factor;
        report[3] = 0.0;
    }
}
