// Tiles of f16 in workgroup memory whose numbers are written four at a time.

alias Cell = vec4<f16>;
const CELL: u32 = 4u;

fn put(at: u32, four: vec4<f16>) {
    tile[at / CELL] = four;
}
