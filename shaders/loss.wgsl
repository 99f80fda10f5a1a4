// output[n] = (total, mse, bound): the loss of image n, by the terms of shared/loss.wgsl.
//
//     mse = mean e², bound = mean of nats/ln 2, total = mse_weight·mse + bound_weight·bound
//
// output [N, 3]. One workgroup owns an image: 256 lanes sum every 256th element, then those are added as
// shared/reduce_*.wgsl has it, always in the same order.

const LANES: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let n = flat_workgroup(workgroup, workgroups);
    if n >= params.batch {
        return;
    }
    let row = rows[n];
    var mine = vec2<f32>();
    for (var e = lane; e < params.elements; e += LANES) {
        let at = n * params.elements + e;
        let source = n * params.predicted_elements + e;
        var channel = 0.0;
        if params.predicted_elements > params.elements {
            channel = predicted[source + params.elements];
        }
        let term = loss_term(row, x_start[at], noise[at], x[at], predicted[source], channel);
        mine += vec2(term.square, term.nats);
    }
    let all = vec2(sum(lane, mine.x), sum(lane, mine.y));
    if lane == 0u {
        let mean = all / f32(params.elements);
        let bits = mean.y / LN_2;
        output[3u * n] = row.mse_weight * mean.x + row.bound_weight * bits;
        output[3u * n + 1u] = mean.x;
        output[3u * n + 2u] = bits;
    }
}
