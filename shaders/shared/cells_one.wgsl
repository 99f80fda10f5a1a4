// Tiles of f16 in workgroup memory number by number: where matrices are loaded from single numbers only.

alias Cell = f16;
const CELL: u32 = 1u;

fn put(at: u32, four: vec4<f16>) {
    tile[at] = four.x;
    tile[at + 1u] = four.y;
    tile[at + 2u] = four.z;
    tile[at + 3u] = four.w;
}
