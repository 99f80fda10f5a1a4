// Sums and maxima over the LANES invocations of a workgroup, each invocation being given the result; a
// tree in workgroup memory, always in the same order. LANES is a power of two.

var<workgroup> room: array<f32, LANES>;

fn sum(lane: u32, mine: f32) -> f32 {
    workgroupBarrier();
    room[lane] = mine;
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            room[lane] += room[lane + half];
        }
    }
    workgroupBarrier();
    return room[0];
}

fn maximum(lane: u32, mine: f32) -> f32 {
    workgroupBarrier();
    room[lane] = mine;
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            room[lane] = max(room[lane], room[lane + half]);
        }
    }
    workgroupBarrier();
    return room[0];
}
