// Self-attention, the variant for many processors and few queries; shared/attention.wgsl has what is
// computed.
//
// One workgroup owns one query of one head. It walks the keys in blocks of 128, one to a lane, with a
// running maximum and a running sum (online softmax); then each lane gathers the values of its own rows d.
// A lane holds up to 8 rows, so c is at most 1024. Sums over a block's keys run in order, those over lanes
// as shared/reduce_*.wgsl has it: always the same order.

const LANES: u32 = 128u;
const ROWS_PER_LANE: u32 = 8u;

var<workgroup> query: array<f32, 1024>;
var<workgroup> shares: array<f32, LANES>;

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups);
    let positions = params.positions;
    let rows = params.rows;
    let head = at / positions;
    let q = at % positions;
    if head >= params.batch * params.heads {
        return;
    }
    let queries = 3u * head * rows * positions;
    let keys = queries + rows * positions;
    let values = keys + rows * positions;

    for (var d = lane; d < rows; d += LANES) {
        query[d] = f32(qkv[queries + d * positions + q]) * params.scale;
    }
    workgroupBarrier();

    var sums: array<f32, ROWS_PER_LANE>;
    var largest = LOWEST;
    var total = 0.0;
    for (var first = 0u; first < positions; first += LANES) {
        let block = min(LANES, positions - first);
        var score = LOWEST;
        if lane < block {
            score = 0.0;
            for (var d = 0u; d < rows; d++) {
                score += query[d] * f32(qkv[keys + d * positions + first + lane]);
            }
        }
        let before = largest;
        largest = max(before, maximum(lane, score));
        let share = select(0.0, exp(score - largest), lane < block);
        shares[lane] = share;
        let kept = exp(before - largest);
        total = total * kept + sum(lane, share);
        for (var i = 0u; i < ROWS_PER_LANE; i++) {
            let d = i * LANES + lane;
            if d < rows {
                var gathered = 0.0;
                for (var k = 0u; k < block; k++) {
                    gathered += shares[k] * f32(qkv[values + d * positions + first + k]);
                }
                sums[i] = sums[i] * kept + gathered;
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < ROWS_PER_LANE; i++) {
        let d = i * LANES + lane;
        if d < rows {
            output[(head * rows + d) * positions + q] = Output(sums[i] / total);
        }
    }
}
