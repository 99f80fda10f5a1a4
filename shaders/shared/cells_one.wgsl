// Tiles of f16 in workgroup memory number by number: where matrices are loaded from single numbers only.

alias Cell = f16;
const CELL: u32 = 1u;

fn put_left(at: u32, four: vec4<f16>) {
    left_tile[at] = four.x;
    left_tile[at + 1u] = four.y;
    left_tile[at + 2u] = four.z;
    left_tile[at + 3u] = four.w;
}

fn put_right(at: u32, four: vec4<f16>) {
    right_tile[at] = four.x;
    right_tile[at + 1u] = four.y;
    right_tile[at + 2u] = four.z;
    right_tile[at + 3u] = four.w;
}
