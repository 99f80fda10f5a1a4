// A product of matrices that is a convolution, or its gradient with respect to the input: rows are channels of
// the result, columns its positions, counted over the batch. It walks the channels of what the positions see through each
// tap of the kernel, in the order of walk_taps.wgsl or halo.wgsl. The kernel says how large this is.

@group(0) @binding(2) var<storage, read> weight: array<vec4<f16>>;

// Channels and positions of the result, images of such; channels that are summed over, cut into so many
// stretches of so many, of which JOINED workgroups have all. Where SKIP, each stretch has its share of other channels
// behind its own, as of one tap more: they are seen through a kernel of one, which skip_quads.wgsl, skip_each.wgsl or
// skip_none.wgsl has.
struct Sizes {
    rows: u32,
    image: u32,
    channels: u32,
    stretch: u32,
    stretches: u32,
    skipped: u32,
    skip_stretch: u32,
}

fn is_skip(tap: u32) -> bool {
    return SKIP && tap == params.side * params.side;
}

// Channels from a first one up to an end.
struct Channels {
    first: u32,
    end: u32,
}

// Those of a stretch through a tap, of which the last stretches may have none where it is the skip's.
fn channels_of(stretch: u32, tap: u32) -> Channels {
    let sizes = sizes();
    let skips = is_skip(tap);
    let all = select(sizes.channels, sizes.skipped, skips);
    let each = select(sizes.stretch, sizes.skip_stretch, skips);
    return Channels(stretch * each, min((stretch + 1u) * each, all));
}

// Steps through them: one at least.
fn steps_through(channels: Channels) -> u32 {
    return max(1u, (max(channels.end, channels.first) - channels.first + STEP - 1u) / STEP);
}

// A stretch's channels are walked so often as the walk says, those of the skip once.
fn blocks_of(stretch: u32) -> u32 {
    let blocks = times_through() * steps_through(channels_of(stretch, 0u));
    if SKIP {
        return blocks + steps_through(channels_of(stretch, params.side * params.side));
    }
    return blocks;
}

fn task_of(group: u32) -> Task {
    let sizes = sizes();
    let tiles = (params.batch * sizes.image + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let blocks = (sizes.rows + TILE_ROWS - 1u) / TILE_ROWS;
    let each = select(1u, sizes.stretches, JOINED);
    let first = group / tiles / blocks * each;
    let end = select(first, first + each, first < sizes.stretches);
    return Task(group / tiles % blocks * TILE_ROWS, group % tiles * TILE_COLUMNS, first, end);
}

// What a lane brings of the weights: of the lines from `line` on those before `end`, each so far behind the one before.
fn weights_from(at: u32, apart: u32, line: u32, end: u32) -> Fours {
    var all: Fours;
    all[0] = weights_or_zeros(at, line < end);
    if LEFT_TIMES > 1u {
        all[1] = weights_or_zeros(at + apart, line + LEFT_AT_ONCE < end);
    }
    if LEFT_TIMES > 2u {
        all[2] = weights_or_zeros(at + 2u * apart, line + 2u * LEFT_AT_ONCE < end);
        all[3] = weights_or_zeros(at + 3u * apart, line + 3u * LEFT_AT_ONCE < end);
    }
    return all;
}

fn weights_or_zeros(at: u32, is_there: bool) -> vec4<f16> {
    return select(vec4<f16>(), weight[at], is_there);
}

fn is_within(row: u32, column: u32) -> bool {
    let sizes = sizes();
    let images = images_at_once();
    return row < sizes.rows && column / (images * sizes.image) * images < params.batch;
}

// What is left where it ends: nothing.
fn end_walk(walk: Walk, stretch: u32, lane: u32) {}

// A column of the result: its image's first channel, counted over the batch, and its position there.
struct Column {
    channel: u32,
    position: u32,
    inside: bool,
}

fn column_of(column: u32) -> Column {
    let sizes = sizes();
    let images = images_at_once();
    let all = images * sizes.image;
    let n = column / all * images + column % images;
    return Column(n * sizes.rows, column % all / images, n < params.batch);
}

fn end_at(stretch: u32, row: u32, column: Column, sum: f32) {
    let sizes = sizes();
    if column.inside && row < sizes.rows {
        let channel = column.channel + row;
        end_channel(stretch, channel, row, channel * sizes.image + column.position, sum);
    }
}
