// Products of self-attention and of its gradients in cooperative matrices (flash attention, Dao et al. 2022): f16 factors,
// f32 sums.
//
// A workgroup owns OWNED positions of one head, queries or keys, and 64 rows d of what it makes of them: a head of more rows
// has more workgroups, each of which makes the products along all rows anew, so that c may be any. It walks the positions of
// the other kind in blocks of 32. A block has products [32 walked, owned] along rows d, and adds to sums [64 rows, owned]
// along the positions walked, by factors that follow from the products. The kernel says
//
//     OWNED                                             32 or 64
//     PRODUCTS, SUMS                                    how many of each a block has: one or two
//     walked_in(task, product), owned_in(task, product) -> Rows    what the products are of
//     summed_in(task, sum) -> Rows                      what is summed
//     four_of(rows, row, position) -> vec4<f16>         four neighbouring positions of a row, 0 where there is none
//
// All of them are products of 32 lines and as many columns as are owned: of positions walked, or of 32 of the 64 rows. What is
// multiplied is brought in stages: 16 rows of a product, 32 rows of a sum. What the next stage needs is asked for before
// the products of this one, and waits in registers meanwhile.
//
// No operation reaches the elements of a matrix, so what is multiplied is stored in workgroup memory, and lanes go on from
// there: a lane owns one position, and of 32 lines OWN that follow each other. It keeps its part of the sums itself.
//
// A product is PATCHES patches, one to a subgroup: four of 16 columns, or two of 32 where subgroups have 64 lanes; of 16 or 32
// lines. As in matrices.wgsl the subgroups' size is nowhere taken for granted.
//
// All sums run in order: d or the positions walked, then the blocks. Bits are the same however many are owned.

const LANES: u32 = 128u;
const LINES: u32 = 32u;
const DEPTH: u32 = 16u;
const ROWS: u32 = 64u;
// Lines that a lane owns.
const OWN: u32 = LINES * OWNED / LANES;

const PATCH_COLUMNS: u32 = 64u / PATCHES;
const PATCH_LINES: u32 = LINES * OWNED / PATCHES / PATCH_COLUMNS;
const BESIDE: u32 = OWNED / PATCH_COLUMNS;

// Lines of what is multiplied are 8 numbers further apart than they are long, as in matrices.wgsl.
const WALKED_PITCH: u32 = LINES + 8u;
const OWNED_PITCH: u32 = OWNED + 8u;
// A stage of a product: rows d of positions walked, then of those owned. One of a sum: rows of positions walked, which take no
// more.
const OWNED_AT: u32 = DEPTH * WALKED_PITCH;
var<workgroup> tile: array<Cell, (OWNED_AT + DEPTH * OWNED_PITCH) / CELL>;
// What a block's sums go by: positions walked × owned.
var<workgroup> factors: array<f16, LINES * OWNED_PITCH>;
// What was multiplied: products one behind the other, or 32 rows of a sum.
const PRODUCT: u32 = LINES * OWNED;
var<workgroup> products: array<f32, PRODUCTS * PRODUCT>;

// What a workgroup has to do: none where the head is past the last one.
struct Task {
    head: u32,
    first_row: u32,
    first_owned: u32,
    // Stages of a product, and of a sum.
    of_product: u32,
    of_sum: u32,
}

// A lane, its subgroup and how many there are of these.
struct Lane {
    index: u32,
    subgroup: u32,
    subgroups: u32,
}

// Rows of a head, of queries, keys or values, or of a gradient, from this four on.
struct Rows {
    begin: u32,
    of_grad: bool,
}

// What a lane brings for a stage: of a product one four of positions walked and up to two of those owned, of a sum two.
alias Fours = array<vec4<f16>, 3>;
// The matrices of a patch that are beside each other, one, two or four; of those that it lacks nothing is used. All indices
// are constants, so that the matrices stay in registers.
alias Row = array<Sums, 4>;

fn task_of(group: u32) -> Task {
    let tiles = (params.positions + OWNED - 1u) / OWNED;
    let blocks = (params.rows + ROWS - 1u) / ROWS;
    let first_row = group / tiles % blocks * ROWS;
    return Task(
        group / tiles / blocks,
        first_row,
        group % tiles * OWNED,
        (params.rows + DEPTH - 1u) / DEPTH,
        select(1u, 2u, params.rows - first_row > LINES),
    );
}

// A head's queries, keys or values.
fn rows_of(task: Task, part: u32) -> Rows {
    return Rows((3u * task.head + part) * params.rows * params.positions / 4u, false);
}

// What a lane brings for a stage of the block of positions that begins there.
fn fours_of(task: Task, first: u32, stage: u32, lane: u32) -> Fours {
    var fours: Fours;
    let walked = first + lane % (LINES / 4u) * 4u;
    let line = lane / (LINES / 4u);
    if stage < PRODUCTS * task.of_product {
        let product = u32(stage >= task.of_product);
        let d = (stage - product * task.of_product) * DEPTH;
        let owned = task.first_owned + lane % (OWNED / 4u) * 4u;
        let owned_line = d + lane / (OWNED / 4u);
        let rows = owned_in(task, product);
        fours[0] = four_of(walked_in(task, product), d + line, walked);
        fours[1] = four_of(rows, owned_line, owned);
        if OWNED > 32u {
            fours[2] = four_of(rows, owned_line + DEPTH / 2u, owned);
        }
    } else {
        let at = stage - PRODUCTS * task.of_product;
        let sum = u32(at >= task.of_sum);
        let rows = summed_in(task, sum);
        let row = task.first_row + (at - sum * task.of_sum) * LINES + line;
        fours[0] = four_of(rows, row, walked);
        fours[1] = four_of(rows, row + LINES / 2u, walked);
    }
    return fours;
}

// The same for the stage behind one, which may be the first of the next block.
fn fours_behind(task: Task, first: u32, stage: u32, lane: u32) -> Fours {
    if stage + 1u < PRODUCTS * task.of_product + SUMS * task.of_sum {
        return fours_of(task, first, stage + 1u, lane);
    }
    return fours_of(task, first + LINES, 0u, lane);
}

// Puts what a lane has brought for a stage of a product where all subgroups load it.
fn put_of_product(lane: u32, fours: Fours) {
    put(lane / (LINES / 4u) * WALKED_PITCH + lane % (LINES / 4u) * 4u, fours[0]);
    let at = OWNED_AT + lane / (OWNED / 4u) * OWNED_PITCH + lane % (OWNED / 4u) * 4u;
    put(at, fours[1]);
    if OWNED > 32u {
        put(at + DEPTH / 2u * OWNED_PITCH, fours[2]);
    }
}

// The same for a stage of a sum.
fn put_of_sum(lane: u32, fours: Fours) {
    let at = lane / (LINES / 4u) * WALKED_PITCH + lane % (LINES / 4u) * 4u;
    put(at, fours[0]);
    put(at + LINES / 2u * WALKED_PITCH, fours[1]);
}

// Makes a product of a block, of what was brought; lanes may read it behind a barrier.
fn multiply_along_rows(task: Task, first: u32, product: u32, lane: Lane, fours: ptr<function, Fours>) {
    let begin = product * task.of_product;
    for (var round = 0u; round < PATCHES; round += lane.subgroups) {
        let patch_index = round + lane.subgroup;
        let line = patch_index / BESIDE * PATCH_LINES;
        let column = patch_index % BESIDE * PATCH_COLUMNS;
        var s0: Row; var s1: Row; var s2: Row; var s3: Row;
        clear(&s0); clear(&s1); clear(&s2); clear(&s3);
        for (var stage = 0u; stage < task.of_product; stage++) {
            workgroupBarrier();
            put_of_product(lane.index, *fours);
            if stage + 1u == task.of_product && round + lane.subgroups < PATCHES {
                // All stages again where there are not enough subgroups.
                *fours = fours_of(task, first, begin, lane.index);
            } else {
                *fours = fours_behind(task, first, begin + stage, lane.index);
            }
            workgroupBarrier();
            if patch_index < PATCHES {
                for (var d = 0u; d < DEPTH; d += SIDE) {
                    var all: array<Right, 4>;
                    all[0] = owned_matrix(d, column);
                    if PATCH_COLUMNS > SIDE { all[1] = owned_matrix(d, column + SIDE); }
                    if PATCH_COLUMNS > 2u * SIDE {
                        all[2] = owned_matrix(d, column + 2u * SIDE);
                        all[3] = owned_matrix(d, column + 3u * SIDE);
                    }
                    multiply(walked_matrix(d, line), &all, &s0);
                    if PATCH_LINES > SIDE { multiply(walked_matrix(d, line + SIDE), &all, &s1); }
                    if PATCH_LINES > 2u * SIDE {
                        multiply(walked_matrix(d, line + 2u * SIDE), &all, &s2);
                        multiply(walked_matrix(d, line + 3u * SIDE), &all, &s3);
                    }
                }
            }
        }
        store(patch_index, product * PRODUCT, &s0, &s1, &s2, &s3);
    }
}

// Makes what a block adds to 32 rows of a sum by the factors that lanes have put, which lanes may read at once and put anew.
// What was read of products must not be needed any more.
fn multiply_by_factors(task: Task, first: u32, sum: u32, part: u32, lane: Lane, fours: ptr<function, Fours>) {
    let stage = PRODUCTS * task.of_product + sum * task.of_sum + part;
    workgroupBarrier();
    put_of_sum(lane.index, *fours);
    *fours = fours_behind(task, first, stage, lane.index);
    workgroupBarrier();
    for (var round = 0u; round < PATCHES; round += lane.subgroups) {
        let patch_index = round + lane.subgroup;
        let line = patch_index / BESIDE * PATCH_LINES;
        let column = patch_index % BESIDE * PATCH_COLUMNS;
        var s0: Row; var s1: Row; var s2: Row; var s3: Row;
        clear(&s0); clear(&s1); clear(&s2); clear(&s3);
        if patch_index < PATCHES {
            for (var k = 0u; k < LINES; k += SIDE) {
                var all: array<Right, 4>;
                all[0] = factor_matrix(k, column);
                if PATCH_COLUMNS > SIDE { all[1] = factor_matrix(k, column + SIDE); }
                if PATCH_COLUMNS > 2u * SIDE {
                    all[2] = factor_matrix(k, column + 2u * SIDE);
                    all[3] = factor_matrix(k, column + 3u * SIDE);
                }
                multiply(summed_matrix(k, line), &all, &s0);
                if PATCH_LINES > SIDE { multiply(summed_matrix(k, line + SIDE), &all, &s1); }
                if PATCH_LINES > 2u * SIDE {
                    multiply(summed_matrix(k, line + 2u * SIDE), &all, &s2);
                    multiply(summed_matrix(k, line + 3u * SIDE), &all, &s3);
                }
            }
        }
        store(patch_index, 0u, &s0, &s1, &s2, &s3);
    }
    workgroupBarrier();
}

// Matrices of what is multiplied, from such a row d and position on, or such a position walked and row or position.
fn walked_matrix(d: u32, walked: u32) -> Left {
    return coopLoad<Left>(&tile[(d * WALKED_PITCH + walked) / CELL], WALKED_PITCH / CELL);
}

fn owned_matrix(d: u32, owned: u32) -> Right {
    return coopLoadT<Right>(&tile[(OWNED_AT + d * OWNED_PITCH + owned) / CELL], OWNED_PITCH / CELL);
}

fn summed_matrix(walked: u32, row: u32) -> Left {
    return coopLoadT<Left>(&tile[(row * WALKED_PITCH + walked) / CELL], WALKED_PITCH / CELL);
}

fn factor_matrix(walked: u32, owned: u32) -> Right {
    return coopLoadT<Right>(&factors[walked * OWNED_PITCH + owned], OWNED_PITCH);
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

// Stores a patch where lanes go on from.
fn store(
    patch_index: u32,
    room: u32,
    s0: ptr<function, Row>,
    s1: ptr<function, Row>,
    s2: ptr<function, Row>,
    s3: ptr<function, Row>,
) {
    if patch_index < PATCHES {
        let line = patch_index / BESIDE * PATCH_LINES;
        let at = room + line * OWNED + patch_index % BESIDE * PATCH_COLUMNS;
        store_row(at, s0);
        if PATCH_LINES > SIDE { store_row(at + SIDE * OWNED, s1); }
        if PATCH_LINES > 2u * SIDE {
            store_row(at + 2u * SIDE * OWNED, s2);
            store_row(at + 3u * SIDE * OWNED, s3);
        }
    }
}

fn store_row(at: u32, row: ptr<function, Row>) {
    coopStoreT((*row)[0], &products[at], OWNED);
    if PATCH_COLUMNS > SIDE {
        coopStoreT((*row)[1], &products[at + SIDE], OWNED);
    }
    if PATCH_COLUMNS > 2u * SIDE {
        coopStoreT((*row)[2], &products[at + 2u * SIDE], OWNED);
        coopStoreT((*row)[3], &products[at + 3u * SIDE], OWNED);
    }
}

// The score of a key that is walked, for a query that is owned, of the first product.
fn score(key: u32, query: u32) -> f32 {
    return params.scale * products[key * OWNED + query];
}

// Puts the factor of a position walked for one owned.
fn put_factor(walked: u32, owned: u32, factor: f32) {
    factors[walked * OWNED_PITCH + owned] = f16(factor);
}

// Four lines of what was multiplied, from one on, for a position owned.
fn made_of(line: u32, owned: u32) -> vec4<f32> {
    let at = line * OWNED + owned;
    return vec4(products[at], products[at + OWNED], products[at + 2u * OWNED], products[at + 3u * OWNED]);
}

// Writes four rows of what a workgroup makes, from one on, at a position owned; the head's rows begin at this number.
fn finish(task: Task, begin: u32, own: u32, owned: u32, numbers: vec4<f32>) {
    let position = task.first_owned + owned;
    for (var i = 0u; i < 4u; i++) {
        let row = task.first_row + own + i;
        if row < params.rows && position < params.positions {
            output[begin + row * params.positions + position] = Output(numbers[i]);
        }
    }
}
