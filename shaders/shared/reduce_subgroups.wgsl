// Sums and maxima over the LANES invocations of a workgroup, each invocation being given the result;
// with two barriers instead of one for each halving.
//
// Each subgroup reduces its own numbers, and one invocation of it puts the result into its slot, the
// others the neutral number; then each subgroup reduces all slots. Nothing is taken for granted of a
// subgroup's size, of which invocations it has, or that all are of one size: an invocation finds its rank
// and their number by asking. A device gives the same bits run after run.

const LOWEST_OF_ALL: f32 = -3.4e38;

var<workgroup> room: array<f32, LANES>;

fn sum(lane: u32, mine: f32) -> f32 {
    let rank = subgroupExclusiveAdd(1u);
    let count = subgroupAdd(1u);
    let part = subgroupAdd(mine);
    workgroupBarrier();
    room[lane] = select(0.0, part, rank == 0u);
    workgroupBarrier();
    var all = 0.0;
    for (var slot = rank; slot < LANES; slot += count) {
        all += room[slot];
    }
    return subgroupAdd(all);
}

fn maximum(lane: u32, mine: f32) -> f32 {
    let rank = subgroupExclusiveAdd(1u);
    let count = subgroupAdd(1u);
    let part = subgroupMax(mine);
    workgroupBarrier();
    room[lane] = select(LOWEST_OF_ALL, part, rank == 0u);
    workgroupBarrier();
    var all = LOWEST_OF_ALL;
    for (var slot = rank; slot < LANES; slot += count) {
        all = max(all, room[slot]);
    }
    return subgroupMax(all);
}
