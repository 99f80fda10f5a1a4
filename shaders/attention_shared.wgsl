// The same result as attention:
//
// output[n, h·c + d, q] = Σ_k p_k·v[d, k], p = softmax_k(Σ_d q[d, q]·k[d, k]/√c).
//
// qkv [N, 3C, P]: head h owns rows 3·h·c to 3·(h+1)·c of an image, c rows each of q, k and v;
// output [N, C, P].
//
// The variant for many processors and few queries: one workgroup owns one query of one head. It walks
// the keys in blocks of 128, one to a lane, with a running maximum and a running sum (online softmax);
// then each lane gathers the values of its own rows d. A lane holds up to 8 rows, so c is at most 1024.
//
// Sums over a block's keys run in order, and lanes are added as a tree: always the same order.

struct Params {
    batch: u32,
    heads: u32,
    rows: u32,
    positions: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

const LANES: u32 = 128u;
const ROWS_PER_LANE: u32 = 8u;

var<workgroup> query: array<f32, 1024>;
var<workgroup> shares: array<f32, 128>;
var<workgroup> room: array<f32, 128>;

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
        query[d] = qkv[queries + d * positions + q] * params.scale;
    }
    workgroupBarrier();

    var sums: array<f32, ROWS_PER_LANE>;
    var largest = -3.4e38;
    var total = 0.0;
    for (var first = 0u; first < positions; first += LANES) {
        let block = min(LANES, positions - first);
        var score = -3.4e38;
        if lane < block {
            score = 0.0;
            for (var d = 0u; d < rows; d++) {
                score += query[d] * qkv[keys + d * positions + first + lane];
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
                    gathered += shares[k] * qkv[values + d * positions + first + k];
                }
                sums[i] = sums[i] * kept + gathered;
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < ROWS_PER_LANE; i++) {
        let d = i * LANES + lane;
        if d < rows {
            output[(head * rows + d) * positions + q] = sums[i] / total;
        }
    }
}

// The largest of all lanes' numbers, for every lane.
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

// The sum of all lanes' numbers, for every lane.
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
