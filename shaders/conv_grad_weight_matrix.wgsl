// The gradient of a convolution with respect to its weight as a product [side²·K, P]·[P, M] in cooperative
// matrices, P all positions of the batch; shared/conv_grad_weight.wgsl has what is computed, shared/matrices.wgsl
// how.
//
// Rows are counted as tap · K' + k, K' being K rounded up to the rows of a workgroup, so that these have one tap.
// What is brought at once are four positions of one row, and of one column. Where the gradient is f32 it is
// rounded to f16.
//
// The workgroups of the first rows sum up the columns besides, which is the gradient of the bias.
//
// There may be too few tiles for a device: the positions are cut into `parts`, the sums of which lie one after
// the other in the output, for sum_parts. Sums run in order of position: always the same.

const LEFT_BY_ROWS: bool = true;
const RIGHT_BY_ROWS: bool = false;

fn task_of(group: u32) -> Task {
    let blocks = params.side * params.side * blocks_of_a_tap();
    let tiles = (params.rows + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let part = group / tiles / blocks;
    let end = select(part, part + 1u, part < params.parts);
    return Task(group / tiles % blocks * TILE_ROWS, group % tiles * TILE_COLUMNS, part, end);
}

fn blocks_of_a_tap() -> u32 {
    return (params.inputs + TILE_ROWS - 1u) / TILE_ROWS;
}

// Steps from the beginning of the positions to that of a part.
fn steps_before(part: u32) -> u32 {
    let all = (params.batch * params.out_height * params.out_width + STEP - 1u) / STEP;
    let each = (all + params.parts - 1u) / params.parts;
    return min(part * each, all);
}

fn blocks_of(part: u32) -> u32 {
    return steps_before(part + 1u) - steps_before(part);
}

// The first position of a step, and that behind its part's last; the tap and the first channel of the rows.
struct Walk {
    position: u32,
    end: u32,
    tap: u32,
    first_channel: u32,
    first_column: u32,
    // Where the workgroup sums up the columns: those that the lane brings, over what it brings of them.
    sums_columns: bool,
    sums: vec4<f32>,
}

fn walk_of(task: Task, lane: u32) -> Walk {
    let block = task.first_row / TILE_ROWS;
    return Walk(
        steps_before(task.first_stretch) * STEP,
        steps_before(task.first_stretch + 1u) * STEP,
        block / blocks_of_a_tap(),
        block % blocks_of_a_tap() * TILE_ROWS,
        task.first_column,
        params.bias != 0u && task.first_row == 0u,
        vec4<f32>(),
    );
}

fn next(walk: ptr<function, Walk>) -> bool {
    (*walk).position += STEP;
    return (*walk).position < (*walk).end;
}

fn seen_number(at: u32) -> Input {
    return input[at];
}

fn left_fours(walk: Walk, turn: u32, lane: u32) -> Fours {
    let places = places_of(walk.position + lane % LEFT_FOURS * 4u);
    let seen = four_seen(places, walk.tap);
    let c0 = walk.first_channel + lane / LEFT_FOURS;
    let c1 = c0 + LEFT_AT_ONCE;
    var all: Fours;
    all[0] = seen_at(seen, c0, c0 < params.inputs);
    if LEFT_TIMES > 1u {
        all[1] = seen_at(seen, c1, c1 < params.inputs);
    }
    if LEFT_TIMES > 2u {
        let c2 = c1 + LEFT_AT_ONCE;
        let c3 = c2 + LEFT_AT_ONCE;
        all[2] = seen_at(seen, c2, c2 < params.inputs);
        all[3] = seen_at(seen, c3, c3 < params.inputs);
    }
    return all;
}

fn right_fours(walk: ptr<function, Walk>, lane: u32) -> Fours {
    let plane = params.out_height * params.out_width;
    let positions = (*walk).position + lane % RIGHT_FOURS * 4u + vec4(0u, 1u, 2u, 3u);
    let images = positions / plane;
    let at = images * (params.outputs * plane) + positions % plane;
    let inside = positions < vec4(params.batch * plane);
    let m0 = (*walk).first_column + lane / RIGHT_FOURS;
    let m1 = m0 + RIGHT_AT_ONCE;
    var all: Fours;
    all[0] = grads_at(at + m0 * plane, inside & vec4(m0 < params.outputs));
    if RIGHT_TIMES > 1u {
        all[1] = grads_at(at + m1 * plane, inside & vec4(m1 < params.outputs));
    }
    if RIGHT_TIMES > 2u {
        let m2 = m1 + RIGHT_AT_ONCE;
        let m3 = m2 + RIGHT_AT_ONCE;
        all[2] = grads_at(at + m2 * plane, inside & vec4(m2 < params.outputs));
        all[3] = grads_at(at + m3 * plane, inside & vec4(m3 < params.outputs));
    }
    if (*walk).sums_columns {
        (*walk).sums += vec4(total(all[0]), total(all[1]), total(all[2]), total(all[3]));
    }
    return all;
}

fn fours_through(walk: Walk, lane: u32, fours: Fours) -> Fours {
    return fours;
}

// Four gradients, which lie beside each other where QUADS.
fn grads_at(at: vec4<u32>, inside: vec4<bool>) -> vec4<f16> {
    var four: vec4<f16>;
    if QUADS {
        four = grads_of(at.x / 4u);
    } else {
        four = vec4(grads_of(at.x).x, grads_of(at.y).x, grads_of(at.z).x, grads_of(at.w).x);
    }
    return select(vec4<f16>(), four, inside);
}

// What is read at once: four of them where QUADS, otherwise one, four times.
fn grads_of(at: u32) -> vec4<f16> {
    return vec4<f16>(vec4(grad[at]));
}

fn total(four: vec4<f16>) -> f32 {
    return f32(four.x) + f32(four.y) + (f32(four.z) + f32(four.w));
}

// Adds what the lanes of a column have summed up: the gradient of the bias.
fn end_walk(walk: Walk, stretch: u32, lane: u32) {
    if !walk.sums_columns {
        return;
    }
    for (var time = 0u; time < RIGHT_TIMES; time++) {
        workgroupBarrier();
        ends[lane] = walk.sums[time];
        workgroupBarrier();
        let column = walk.first_column + time * RIGHT_AT_ONCE + lane;
        if lane < RIGHT_AT_ONCE && column < params.outputs {
            var sum = 0.0;
            for (var four = 0u; four < RIGHT_FOURS; four++) {
                sum += ends[lane * RIGHT_FOURS + four];
            }
            output[stretch * params.part_stride + params.bias + column] = sum;
        }
    }
}

fn is_within(row: u32, column: u32) -> bool {
    return row % (blocks_of_a_tap() * TILE_ROWS) < params.inputs && column < params.rows;
}

// Where a column begins in the output.
struct Column {
    at: u32,
    inside: bool,
}

fn column_of(column: u32) -> Column {
    return Column(column * params.row_stride, column < params.rows);
}

fn end_at(part: u32, row: u32, column: Column, sum: f32) {
    let padded = blocks_of_a_tap() * TILE_ROWS;
    let taps = params.side * params.side;
    let channel = row % padded;
    if column.inside && channel < params.inputs {
        let at = column.at + (channel * taps + row / padded) * params.column_stride;
        output[part * params.part_stride + at] = sum;
    }
}
