// A walk whose blocks are STEP channels of what the tile's positions see, with the halo around them, and have a turn for
// each tap of a kernel of three: where taps alone move what is seen, be that each number twice by twice, and a tile is whole
// rows of one image, of WIDEST positions at most, a power of two. Where a row is half as long as a matrix the tile is two
// whole images, whose positions take turns; the last image may have none beside it.
//
// The right factor's tile is a line of channels for each cell of the halo: a row more on either side of the tile's, and a
// column more, which is past the image's edge and stays 0. A tap is so many cells further on.
//
// The taps of a column of the kernel follow each other. Where a block is one matrix deep, the matrices of a patch lie below
// each other in the image: through the next tap of a column each but the last sees what the one below it has seen before.

// Cells of the WIDEST rows, or of two images: those of other rows are fewer.
const CELLS: u32 = max((TILE_COLUMNS / WIDEST + 2u) * (WIDEST + 2u), (TILE_COLUMNS / SIDE + 2u) * (SIDE + 4u));
const RIGHT_PITCH: u32 = STEP + 8u;
// Four channels at four positions are a piece, one for a lane at once; how often they are brought: 1 or 2 times.
const PIECES: u32 = (TILE_COLUMNS + 2u * WIDEST) / 4u * (STEP / 4u);
const TIMES: u32 = (PIECES + LANES - 1u) / LANES;

const RIGHT_BUFFERS: u32 = 1u;

const RIGHT_SIZE: u32 = CELLS * RIGHT_PITCH;

// The pieces that a lane brings: of each four channels, and of each of those four positions.
alias Rights = array<Fours, 2>;

// Whether a block is one matrix deep.
const RISES: bool = STEP == SIDE;

// A block: its first tap, the first channel and the end of its stretch. The tap behind the last is the skip's.
struct Walk {
    first_row: u32,
    first_column: u32,
    stretch: u32,
    end_stretch: u32,
    tap: u32,
    channel: u32,
    end: u32,
}

fn walk_of(task: Task, lane: u32) -> Walk {
    let channels = channels_of(task.first_stretch, 0u);
    return Walk(
        task.first_row,
        task.first_column,
        task.first_stretch,
        task.end_stretch,
        0u,
        channels.first,
        channels.end,
    );
}

fn next(walk: ptr<function, Walk>) -> bool {
    (*walk).channel += STEP;
    if (*walk).channel >= (*walk).end {
        let is_last = !SKIP || is_skip((*walk).tap);
        (*walk).tap = select(params.side * params.side, 0u, is_last);
        (*walk).stretch += u32(is_last);
        let channels = channels_of((*walk).stretch, (*walk).tap);
        (*walk).channel = channels.first;
        (*walk).end = channels.end;
    }
    return (*walk).stretch < (*walk).end_stretch;
}

fn times_through() -> u32 {
    return 1u;
}

fn turns_of(walk: Walk) -> u32 {
    return select(params.side * params.side, 1u, is_skip(walk.tap));
}

// Down each column of the kernel, one column after the other.
fn tap_of(walk: Walk, turn: u32) -> u32 {
    return select(turn % 3u * 3u + turn / 3u, walk.tap, is_skip(walk.tap));
}

fn rises(walk: Walk, turn: u32) -> bool {
    return RISES && turn % 3u > 0u;
}

// The matrices of a patch lie below each other, those of patches beside it first beside, then below them.
fn matrix_column(beside: u32, index: u32) -> u32 {
    if !RISES {
        return (beside * COLUMNS + index) * SIDE;
    }
    let across = columns_of_a_row() / SIDE;
    return (beside / across * COLUMNS + index) * columns_of_a_row() + beside % across * SIDE;
}

// Images whose positions take turns.
fn images_at_once() -> u32 {
    return max(SIDE / params.out_width, 1u);
}

// Cells from one row to the next, of as many images.
fn cells_of_a_row() -> u32 {
    return (params.out_width + 2u) * images_at_once();
}

fn columns_of_a_row() -> u32 {
    return params.out_width * images_at_once();
}

fn rows_of_a_tile() -> u32 {
    return TILE_COLUMNS / columns_of_a_row();
}

// What is past the left and the right edge.
fn clear_right(lane: u32) {
    let four = lane % (STEP / 4u);
    let images = images_at_once();
    let edges = 2u * images * (rows_of_a_tile() + 2u);
    for (var edge = lane / (STEP / 4u); edge < edges; edge += LANES / (STEP / 4u)) {
        let column = edge / images % 2u * (params.out_width + 1u);
        let cell = edge / images / 2u * cells_of_a_row() + column * images + edge % images;
        put(LEFT_SIZE + cell * RIGHT_PITCH + four * 4u, vec4<f16>());
    }
}

// A piece: the first of its four channels, among those of a block, its image, among those of the tile, and the first of its
// four positions, counted from the first of the halo's rows there.
struct Piece {
    channel: u32,
    image: u32,
    position: u32,
}

fn piece_of(index: u32) -> Piece {
    let position = index / (STEP / 4u) * 4u;
    let each = (rows_of_a_tile() + 2u) * params.out_width;
    return Piece(index % (STEP / 4u) * 4u, position / each, position % each);
}

fn rights_of(walk: ptr<function, Walk>, lane: u32) -> Rights {
    var all: Rights;
    all[0] = fours_of(*walk, piece_of(lane));
    if TIMES > 1u {
        all[1] = fours_of(*walk, piece_of(lane + LANES));
    }
    return all;
}

fn fours_of(walk: Walk, piece: Piece) -> Fours {
    let channel = walk.channel + piece.channel;
    var all: Fours;
    if is_skip(walk.tap) {
        // Only what is under the tile.
        let under = place_under(walk, piece);
        let places = skip_places(under.image * (params.out_height * params.out_width) + under.position);
        let inside = under.inside;
        all[0] = skip_at(places, channel, inside && channel < walk.end);
        all[1] = skip_at(places, channel + 1u, inside && channel + 1u < walk.end);
        all[2] = skip_at(places, channel + 2u, inside && channel + 2u < walk.end);
        all[3] = skip_at(places, channel + 3u, inside && channel + 3u < walk.end);
        return all;
    }
    let place = place_of_piece(walk, piece);
    let at = seen_by(place.position - params.out_width);
    let l0 = line_of(place.image, channel);
    let l1 = next_line(l0);
    let l2 = next_line(l1);
    all[0] = spread(four_in(l0, at, place.inside && channel < walk.end), at);
    all[1] = spread(four_in(l1, at, place.inside && channel + 1u < walk.end), at);
    all[2] = spread(four_in(l2, at, place.inside && channel + 2u < walk.end), at);
    all[3] = spread(four_in(next_line(l2), at, place.inside && channel + 3u < walk.end), at);
    return all;
}

// The number under a position of the result, of which the kernel says whether it sees each number twice by twice.
fn seen_by(position: u32) -> u32 {
    if !is_doubled() {
        return position;
    }
    let row = position / params.out_width;
    return row / 2u * (params.out_width / 2u) + position % params.out_width / 2u;
}

// What four positions see of the four numbers around such a one: there half of them, each twice.
fn spread(four: vec4<f16>, at: u32) -> vec4<f16> {
    if !is_doubled() {
        return four;
    }
    return select(four.zzww, four.xxyy, at % 4u == 0u);
}

// Where a piece is: which image, its position there, and whether it is one.
struct PlaceOfPiece {
    image: u32,
    position: u32,
    inside: bool,
}

// As of the tile's own positions, without a halo.
fn place_under(walk: Walk, piece: Piece) -> PlaceOfPiece {
    let images = images_at_once();
    let all = images * params.out_height * params.out_width;
    let image = walk.first_column / all * images + piece.image;
    let position = walk.first_column % all / images + piece.position;
    let inside = piece.image < images && image < params.batch
        && piece.position < rows_of_a_tile() * params.out_width;
    return PlaceOfPiece(image, position, inside);
}

// As of what they see: the halo begins a row before the tile, and so do its positions before those of the image.
fn place_of_piece(walk: Walk, piece: Piece) -> PlaceOfPiece {
    let plane = params.out_height * params.out_width;
    let under = place_under(walk, piece);
    let inside = piece.image < images_at_once() && under.image < params.batch
        && under.position >= params.out_width && under.position < plane + params.out_width;
    return PlaceOfPiece(under.image, under.position, inside);
}

// What becomes of a piece of what is seen; what is past an edge stays 0.
fn piece_through(walk: Walk, piece: Piece, fours: Fours) -> Fours {
    if !LAWS || is_skip(walk.tap) {
        return fours;
    }
    let place = place_of_piece(walk, piece);
    let channel = walk.channel + piece.channel;
    var all: Fours;
    // Of channels behind the last one nothing is there.
    let there = vec4(place.inside) & (channel + vec4(0u, 1u, 2u, 3u) < vec4(walk.end));
    all[0] = four_through(place.image, channel, fours[0], vec4(there.x));
    all[1] = four_through(place.image, channel + 1u, fours[1], vec4(there.y));
    all[2] = four_through(place.image, channel + 2u, fours[2], vec4(there.z));
    all[3] = four_through(place.image, channel + 3u, fours[3], vec4(there.w));
    return all;
}

// Puts what a lane has brought where all subgroups load it.
fn put_rights(walk: Walk, lane: u32, buffer: u32, rights: Rights) {
    let skips = is_skip(walk.tap);
    put_piece(piece_of(lane), skips, piece_through(walk, piece_of(lane), rights[0]));
    if TIMES > 1u {
        let piece = piece_of(lane + LANES);
        put_piece(piece, skips, piece_through(walk, piece, rights[1]));
    }
}

// How many cells further on the tap of a turn sees: the skip's sees what is under the tile, as the one in the middle.
fn right_place(walk: Walk, turn: u32, buffer: u32) -> u32 {
    let tap = select(tap_of(walk, turn), 4u, is_skip(walk.tap));
    return tap / 3u * cells_of_a_row() + tap % 3u * images_at_once();
}

// Four positions beside each other, all four channels of each at once.
fn put_piece(piece: Piece, skips: bool, fours: Fours) {
    let images = images_at_once();
    let row = piece.position / params.out_width;
    if piece.image < images && row < rows_of_a_tile() + select(2u, 0u, skips) {
        let column = 1u + piece.position % params.out_width;
        let cell = (row + u32(skips)) * cells_of_a_row() + column * images + piece.image;
        let at = LEFT_SIZE + cell * RIGHT_PITCH + piece.channel;
        let pitch = images * RIGHT_PITCH;
        put(at, vec4(fours[0].x, fours[1].x, fours[2].x, fours[3].x));
        put(at + pitch, vec4(fours[0].y, fours[1].y, fours[2].y, fours[3].y));
        put(at + 2u * pitch, vec4(fours[0].z, fours[1].z, fours[2].z, fours[3].z));
        put(at + 3u * pitch, vec4(fours[0].w, fours[1].w, fours[2].w, fours[3].w));
    }
}

// The cell that a column of the workgroup's sees through the first tap.
fn right_column(column: u32) -> u32 {
    return column / columns_of_a_row() * cells_of_a_row() + column % columns_of_a_row();
}

// A matrix of it, from a channel of the block and such a cell on.
fn right(tap: u32, channel: u32, cell: u32) -> Right {
    return coopLoad<Right>(&tile[(LEFT_SIZE + (cell + tap) * RIGHT_PITCH + channel) / CELL], RIGHT_PITCH / CELL);
}
