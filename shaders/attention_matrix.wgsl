// Self-attention, the variant of cooperative matrices (flash attention, Dao et al. 2022); shared/attention.wgsl has what
// is computed. Factors are f16, sums, scores and the softmax f32.
//
// A workgroup owns 32 queries of one head, 64 where LARGE, and 64 rows d of its output, as the variant through workgroup
// memory does. It walks the keys in blocks of 32, with a running maximum and a running sum for each query (online
// softmax). A block has two kinds of products of 32 lines and as many columns as there are queries: scores [32 keys,
// queries] along rows d, 16 of them a stage; then for 32 rows of the output, twice, [32 rows, queries] along keys, a stage
// each. What the next stage needs is asked for before the products of this one, and waits in registers meanwhile.
//
// No operation reaches the elements of a matrix, so what is multiplied is stored in workgroup memory, and lanes go on
// from there: a lane owns one query, and of the 32 lines of a product 8 that follow each other, 16 where LARGE. So it keeps
// its part of the output itself and scales it by what the maximum has grown.
//
// A product is PATCHES patches, one to a subgroup: four of 16 columns, or two of 32 where subgroups have 64 lanes; of 16 lines,
// of 32 where LARGE. As in shared/matrices.wgsl the subgroups' size is nowhere taken for granted.
//
// All sums run in order: d or k, then the blocks of keys; of a sum over keys those of each 8 of a block, then the eights.
// Bits are the same in both forms.
//
// Where there are no rows, keys or queries there are zeros; shares (softmax before its division) past the last key are 0.
// Shares are rounded to f16 where they are added too, so that their sum is 1 all the same.

const LANES: u32 = 128u;
const QUERIES: u32 = select(32u, 64u, LARGE);
const KEYS: u32 = 32u;
// Of a product; rows d of a stage of the scores; rows of the output of a workgroup.
const LINES: u32 = 32u;
const DEPTH: u32 = 16u;
const ROWS: u32 = 64u;

const PATCH_COLUMNS: u32 = 64u / PATCHES;
const PATCH_LINES: u32 = LINES * QUERIES / PATCHES / PATCH_COLUMNS;
const BESIDE: u32 = QUERIES / PATCH_COLUMNS;

// Lines that a lane owns of a product.
const OWN: u32 = LINES * QUERIES / LANES;
// Eights of keys of a block, of which sums of shares are.
const EIGHTS: u32 = KEYS / 8u;

// Lines of what is multiplied are 8 numbers further apart than they are long, as in shared/matrices.wgsl.
const KEYS_PITCH: u32 = KEYS + 8u;
const QUERIES_PITCH: u32 = QUERIES + 8u;
// A stage of the scores: rows d of keys, then of queries. One of the output: rows of values, which take no more.
const QUERIES_AT: u32 = DEPTH * KEYS_PITCH;
var<workgroup> tile: array<Cell, (QUERIES_AT + DEPTH * QUERIES_PITCH) / CELL>;
var<workgroup> shares: array<f16, KEYS * QUERIES_PITCH>;
// What was multiplied.
var<workgroup> products: array<f32, LINES * QUERIES>;

// What a workgroup has to do, and where its head's numbers begin, in fours.
struct Task {
    head: u32,
    first_row: u32,
    first_query: u32,
    queries: u32,
    keys: u32,
    values: u32,
    // Stages of a block's scores, and of it all.
    of_scores: u32,
    stages: u32,
}

// What a lane brings for a stage: of the keys one and of the queries up to two, or of the values two.
alias Fours = array<vec4<f16>, 3>;
// The matrices of a patch that are beside each other, one, two or four; of those that it lacks nothing is used. All indices
// are constants, so that the matrices stay in registers.
alias Row = array<Sums, 4>;

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) subgroups: u32,
) {
    let task = task_of(flat_workgroup(workgroup, workgroups));
    if task.head >= params.batch * params.heads {
        return;
    }
    let query = lane % QUERIES;
    let own = lane / QUERIES * OWN;

    // Rows `own` to `own` + 3 of the output, those that follow; 32 rows further on the same again.
    var o0 = vec4<f32>(); var o1 = vec4<f32>(); var o2 = vec4<f32>(); var o3 = vec4<f32>();
    var o4 = vec4<f32>(); var o5 = vec4<f32>(); var o6 = vec4<f32>(); var o7 = vec4<f32>();
    var largest = LOWEST;
    // Of the first eight of a lane's keys, and of the other eight.
    var totals = vec2<f32>();
    var fours = fours_of(task, 0u, 0u, lane);
    for (var first = 0u; first < params.positions; first += KEYS) {
        for (var round = 0u; round < PATCHES; round += subgroups) {
            let patch_index = round + subgroup;
            var s0: Row; var s1: Row; var s2: Row; var s3: Row;
            clear(&s0); clear(&s1); clear(&s2); clear(&s3);
            for (var stage = 0u; stage < task.of_scores; stage++) {
                workgroupBarrier();
                put_scores(lane, fours);
                // All stages again where there are not enough subgroups.
                let is_last = stage + 1u == task.of_scores && round + subgroups < PATCHES;
                fours = fours_of(task, first, select(stage + 1u, 0u, is_last), lane);
                workgroupBarrier();
                if patch_index < PATCHES {
                    let line = patch_index / BESIDE * PATCH_LINES;
                    let column = patch_index % BESIDE * PATCH_COLUMNS;
                    for (var d = 0u; d < DEPTH; d += SIDE) {
                        var all: array<Right, 4>;
                        all[0] = query_matrix(d, column);
                        if PATCH_COLUMNS > SIDE { all[1] = query_matrix(d, column + SIDE); }
                        if PATCH_COLUMNS > 2u * SIDE {
                            all[2] = query_matrix(d, column + 2u * SIDE);
                            all[3] = query_matrix(d, column + 3u * SIDE);
                        }
                        multiply(key_matrix(d, line), &all, &s0);
                        if PATCH_LINES > SIDE { multiply(key_matrix(d, line + SIDE), &all, &s1); }
                        if PATCH_LINES > 2u * SIDE {
                            multiply(key_matrix(d, line + 2u * SIDE), &all, &s2);
                            multiply(key_matrix(d, line + 3u * SIDE), &all, &s3);
                        }
                    }
                }
            }
            store(patch_index, &s0, &s1, &s2, &s3);
        }
        workgroupBarrier();

        let before = largest;
        let there = min(KEYS, params.positions - first);
        for (var key = 0u; key < there; key++) {
            largest = max(largest, score(key, query));
        }
        let kept = exp(before - largest);
        var eights = vec2<f32>();
        for (var i = 0u; i < OWN; i++) {
            let key = own + i;
            var share = f16();
            if key < there {
                share = f16(exp(score(key, query) - largest));
            }
            shares[key * QUERIES_PITCH + query] = share;
            eights += select(vec2(0.0, f32(share)), vec2(f32(share), 0.0), i < 8u);
        }
        // As for the output below, both in one expression: where a compiler joins a product and a sum it does so in both forms.
        totals = totals * kept + eights;

        for (var stage = task.of_scores; stage < task.stages; stage++) {
            workgroupBarrier();
            put_values(lane, fours);
            if stage + 1u < task.stages {
                fours = fours_of(task, first, stage + 1u, lane);
            } else {
                fours = fours_of(task, first + KEYS, 0u, lane);
            }
            workgroupBarrier();
            for (var round = 0u; round < PATCHES; round += subgroups) {
                let patch_index = round + subgroup;
                var s0: Row; var s1: Row; var s2: Row; var s3: Row;
                clear(&s0); clear(&s1); clear(&s2); clear(&s3);
                if patch_index < PATCHES {
                    let line = patch_index / BESIDE * PATCH_LINES;
                    let column = patch_index % BESIDE * PATCH_COLUMNS;
                    for (var k = 0u; k < KEYS; k += SIDE) {
                        var all: array<Right, 4>;
                        all[0] = share_matrix(k, column);
                        if PATCH_COLUMNS > SIDE { all[1] = share_matrix(k, column + SIDE); }
                        if PATCH_COLUMNS > 2u * SIDE {
                            all[2] = share_matrix(k, column + 2u * SIDE);
                            all[3] = share_matrix(k, column + 3u * SIDE);
                        }
                        multiply(value_matrix(k, line), &all, &s0);
                        if PATCH_LINES > SIDE { multiply(value_matrix(k, line + SIDE), &all, &s1); }
                        if PATCH_LINES > 2u * SIDE {
                            multiply(value_matrix(k, line + 2u * SIDE), &all, &s2);
                            multiply(value_matrix(k, line + 3u * SIDE), &all, &s3);
                        }
                    }
                }
                store(patch_index, &s0, &s1, &s2, &s3);
            }
            workgroupBarrier();
            if stage == task.of_scores {
                o0 = o0 * kept + made(own, query);
                o1 = o1 * kept + made(own + 4u, query);
                if LARGE {
                    o2 = o2 * kept + made(own + 8u, query);
                    o3 = o3 * kept + made(own + 12u, query);
                }
            } else {
                o4 = o4 * kept + made(own, query);
                o5 = o5 * kept + made(own + 4u, query);
                if LARGE {
                    o6 = o6 * kept + made(own + 8u, query);
                    o7 = o7 * kept + made(own + 12u, query);
                }
            }
        }
    }

    let total = over_eights(own, query, totals);
    finish(task, own, query, o0 / total);
    finish(task, own + 4u, query, o1 / total);
    finish(task, own + LINES, query, o4 / total);
    finish(task, own + LINES + 4u, query, o5 / total);
    if LARGE {
        finish(task, own + 8u, query, o2 / total);
        finish(task, own + 12u, query, o3 / total);
        finish(task, own + LINES + 8u, query, o6 / total);
        finish(task, own + LINES + 12u, query, o7 / total);
    }
}

fn task_of(group: u32) -> Task {
    let tiles = (params.positions + QUERIES - 1u) / QUERIES;
    let blocks = (params.rows + ROWS - 1u) / ROWS;
    let head = group / tiles / blocks;
    let first_row = group / tiles % blocks * ROWS;
    let of_scores = (params.rows + DEPTH - 1u) / DEPTH;
    let fours = params.rows * params.positions / 4u;
    return Task(
        head,
        first_row,
        group % tiles * QUERIES,
        3u * head * fours,
        (3u * head + 1u) * fours,
        (3u * head + 2u) * fours,
        of_scores,
        of_scores + select(1u, 2u, params.rows - first_row > LINES),
    );
}

// What a lane brings for a stage of the block of keys that begins there.
fn fours_of(task: Task, first_key: u32, stage: u32, lane: u32) -> Fours {
    var fours: Fours;
    let key = first_key + lane % (KEYS / 4u) * 4u;
    let line = lane / (KEYS / 4u);
    if stage < task.of_scores {
        let d = stage * DEPTH;
        let query = task.first_query + lane % (QUERIES / 4u) * 4u;
        let query_line = d + lane / (QUERIES / 4u);
        fours[0] = four(task.keys, d + line, key);
        fours[1] = four(task.queries, query_line, query);
        if LARGE {
            fours[2] = four(task.queries, query_line + DEPTH / 2u, query);
        }
    } else {
        let row = task.first_row + (stage - task.of_scores) * LINES + line;
        fours[0] = four(task.values, row, key);
        fours[1] = four(task.values, row + LINES / 2u, key);
    }
    return fours;
}

// Four neighbouring positions of one row, from where a head's queries, keys or values begin. There are all four or none.
fn four(begin: u32, row: u32, position: u32) -> vec4<f16> {
    if row < params.rows && position < params.positions {
        return qkv[begin + (row * params.positions + position) / 4u];
    }
    return vec4<f16>();
}

// Puts what a lane has brought for a stage of the scores where all subgroups load it.
fn put_scores(lane: u32, fours: Fours) {
    put(lane / (KEYS / 4u) * KEYS_PITCH + lane % (KEYS / 4u) * 4u, fours[0]);
    let at = QUERIES_AT + lane / (QUERIES / 4u) * QUERIES_PITCH + lane % (QUERIES / 4u) * 4u;
    put(at, fours[1]);
    if LARGE {
        put(at + DEPTH / 2u * QUERIES_PITCH, fours[2]);
    }
}

// The same for a stage of the output.
fn put_values(lane: u32, fours: Fours) {
    let at = lane / (KEYS / 4u) * KEYS_PITCH + lane % (KEYS / 4u) * 4u;
    put(at, fours[0]);
    put(at + LINES / 2u * KEYS_PITCH, fours[1]);
}

// Matrices of the factors, from such a row d or key on, and such a key, row or query of the workgroup's.
fn key_matrix(d: u32, key: u32) -> Left {
    return coopLoad<Left>(&tile[(d * KEYS_PITCH + key) / CELL], KEYS_PITCH / CELL);
}

fn query_matrix(d: u32, query: u32) -> Right {
    return coopLoadT<Right>(&tile[(QUERIES_AT + d * QUERIES_PITCH + query) / CELL], QUERIES_PITCH / CELL);
}

fn value_matrix(key: u32, row: u32) -> Left {
    return coopLoadT<Left>(&tile[(row * KEYS_PITCH + key) / CELL], KEYS_PITCH / CELL);
}

fn share_matrix(key: u32, query: u32) -> Right {
    return coopLoadT<Right>(&shares[key * QUERIES_PITCH + query], QUERIES_PITCH);
}

fn clear(row: ptr<function, Row>) {
    (*row)[0] = Sums();
    if PATCH_COLUMNS > SIDE { (*row)[1] = Sums(); }
    if PATCH_COLUMNS > 2u * SIDE {
        (*row)[2] = Sums();
        (*row)[3] = Sums();
    }
}

fn multiply(left: Left, rights: ptr<function, array<Right, 4>>, sums: ptr<function, Row>) {
    (*sums)[0] = coopMultiplyAdd(left, (*rights)[0], (*sums)[0]);
    if PATCH_COLUMNS > SIDE {
        (*sums)[1] = coopMultiplyAdd(left, (*rights)[1], (*sums)[1]);
    }
    if PATCH_COLUMNS > 2u * SIDE {
        (*sums)[2] = coopMultiplyAdd(left, (*rights)[2], (*sums)[2]);
        (*sums)[3] = coopMultiplyAdd(left, (*rights)[3], (*sums)[3]);
    }
}

// Stores a patch of a product where lanes go on from.
fn store(
    patch_index: u32,
    s0: ptr<function, Row>,
    s1: ptr<function, Row>,
    s2: ptr<function, Row>,
    s3: ptr<function, Row>,
) {
    if patch_index < PATCHES {
        let line = patch_index / BESIDE * PATCH_LINES;
        let at = line * QUERIES + patch_index % BESIDE * PATCH_COLUMNS;
        store_row(at, s0);
        if PATCH_LINES > SIDE { store_row(at + SIDE * QUERIES, s1); }
        if PATCH_LINES > 2u * SIDE {
            store_row(at + 2u * SIDE * QUERIES, s2);
            store_row(at + 3u * SIDE * QUERIES, s3);
        }
    }
}

fn store_row(at: u32, row: ptr<function, Row>) {
    coopStoreT((*row)[0], &products[at], QUERIES);
    if PATCH_COLUMNS > SIDE {
        coopStoreT((*row)[1], &products[at + SIDE], QUERIES);
    }
    if PATCH_COLUMNS > 2u * SIDE {
        coopStoreT((*row)[2], &products[at + 2u * SIDE], QUERIES);
        coopStoreT((*row)[3], &products[at + 3u * SIDE], QUERIES);
    }
}

// The score of a block's key, for a query of the workgroup's.
fn score(key: u32, query: u32) -> f32 {
    return params.scale * products[key * QUERIES + query];
}

// Four lines of what was multiplied, for a query.
fn made(line: u32, query: u32) -> vec4<f32> {
    let at = line * QUERIES + query;
    return vec4(products[at], products[at + QUERIES], products[at + 2u * QUERIES], products[at + 3u * QUERIES]);
}

// The sum of a query's shares: of the eights of a block, in order.
fn over_eights(own: u32, query: u32, totals: vec2<f32>) -> f32 {
    workgroupBarrier();
    products[own / 8u * QUERIES + query] = totals.x;
    if LARGE {
        products[(own / 8u + 1u) * QUERIES + query] = totals.y;
    }
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < EIGHTS; i++) {
        sum += products[i * QUERIES + query];
    }
    return sum;
}

// Writes four rows of the output, from one of the workgroup's on, at a query.
fn finish(task: Task, own: u32, query: u32, numbers: vec4<f32>) {
    let position = task.first_query + query;
    for (var i = 0u; i < 4u; i++) {
        let row = task.first_row + own + i;
        if row < params.rows && position < params.positions {
            output[(task.head * params.rows + row) * params.positions + position] = Output(numbers[i]);
        }
    }
}
