// output[c] = Σ_{n, p} grad[n, c, p]: the gradient of a bias.
//
// grad [N, C, P]. One workgroup makes one number: 256 lanes sum every 256th of all (n, p), then those are
// added as shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<Grad>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

const LANES: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = flat_workgroup(workgroup, workgroups);
    if c >= params.channels {
        return;
    }
    let positions = params.positions;
    var mine = 0.0;
    for (var i = lane; i < params.batch * positions; i += LANES) {
        mine += f32(grad[(i / positions * params.channels + c) * positions + i % positions]);
    }
    let all = sum(lane, mine);
    if lane == 0u {
        output[c] = all;
    }
}
