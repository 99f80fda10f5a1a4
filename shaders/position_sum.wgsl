// output[plane] = Σ_p grad[plane, p]: the gradient of a shift.
//
// grad [planes, P], a plane being a channel of an image. One workgroup makes one number: 64 lanes sum
// every 64th position, then those are added as shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    planes: u32,
    positions: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<Grad>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

const LANES: u32 = 64u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let plane = flat_workgroup(workgroup, workgroups);
    if plane >= params.planes {
        return;
    }
    var mine = 0.0;
    for (var p = lane; p < params.positions; p += LANES) {
        mine += f32(grad[plane * params.positions + p]);
    }
    let all = sum(lane, mine);
    if lane == 0u {
        output[plane] = all;
    }
}
