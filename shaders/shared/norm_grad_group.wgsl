// What kernels share that make the gradient of a group normalisation's input with the sums of all its gradients: one
// workgroup owns one group, whose numbers are neighbours, and reads it four times: for groups so small that all but the first
// time they are in a cache.
//
// So many `lanes` share a channel, a power of two: they sum every so manieth position, then those are added in a tree, always
// in the same order. channel_of has a channel and finish_at writes a number of the gradient; both, the bindings and the
// parameters are the kernel's.

const LANES: u32 = 256u;

var<workgroup> parts: array<vec2<f32>, LANES>;

fn number_at(at: u32) -> f32 {
    return f32(input[at]);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let of_all = flat_workgroup(workgroup, workgroups);
    if of_all >= params.batch * params.groups {
        return;
    }
    let channels = params.channels;
    let positions = params.positions;
    let per_group = channels / params.groups;
    let n = of_all / params.groups;
    let group = of_all % params.groups;
    let row = n * 2u * (channels + params.groups);
    let elements = per_group * positions;
    let law = statistics_of(lane, of_all * elements, elements);

    // Channels of the group whose turn is at once.
    let abreast = LANES / params.lanes;
    let rank = lane % params.lanes;
    var mine = vec2<f32>();
    for (var before = 0u; before < per_group; before += abreast) {
        let c = group * per_group + before + lane / params.lanes;
        let is_there = before + lane / params.lanes < per_group;
        var part = vec2<f32>();
        var of_mean = 0.0;
        if is_there {
            let channel = channel_of(n, c);
            of_mean = gain(channel);
            let plane = (n * channels + c) * positions;
            for (var p = rank; p < positions; p += params.lanes) {
                let number = seen(channel, law, plane + p);
                part += number.x * vec2(1.0, number.y);
            }
        }
        workgroupBarrier();
        parts[lane] = part;
        for (var half = params.lanes / 2u; half > 0u; half >>= 1u) {
            workgroupBarrier();
            if rank < half {
                parts[lane] += parts[lane + half];
            }
        }
        if is_there && rank == 0u {
            let all = parts[lane];
            sums[row + c] = all.x;
            sums[row + channels + c] = all.y;
            mine += of_mean * all;
        }
    }
    if lane == 0u {
        sums[row + 2u * channels + group] = law.x;
        sums[row + 2u * channels + params.groups + group] = law.y;
    }

    let means = vec2(sum(lane, mine.x), sum(lane, mine.y)) / f32(elements);
    for (var before = lane / params.lanes; before < per_group; before += abreast) {
        let c = group * per_group + before;
        let channel = channel_of(n, c);
        let plane = (n * channels + c) * positions;
        for (var p = rank; p < positions; p += params.lanes) {
            finish_at(n, c, p, gradient(channel, law, means, plane + p));
        }
    }
}
