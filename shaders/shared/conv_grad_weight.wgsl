// What all variants of a convolution's gradient with respect to its weight share.
//
// output[m, k, dy, dx] = Σ_{n, y, x} grad[n, m, y, x]·in[n, k, stride·y + dy - pad, stride·x + dx - pad]
//
// `in` is the input [N, K, H, W], each value repeated 2×2 where `upsample`; outside it is 0, or goes round where
// `wrap_y` and `wrap_x` say so; grad [N, M, H', W']; pad = side/2, `side` is that of the kernel. A number of the result lies at
// m·row_stride + (k·side² + dy·side + dx)·column_stride; rows from M to `rows` are 0.
//
// Where `bias` is not 0, the sums of `grad` over n, y and x lie from there on: the gradient of the bias.

struct Params {
    batch: u32,
    inputs: u32,
    height: u32,
    width: u32,
    outputs: u32,
    out_height: u32,
    out_width: u32,
    side: u32,
    stride: u32,
    upsample: u32,
    wrap_y: u32,
    wrap_x: u32,
    rows: u32,
    row_stride: u32,
    column_stride: u32,
    // Positions are cut into so many parts, the sums of which lie so far behind each other.
    parts: u32,
    part_stride: u32,
    bias: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read> grad: array<Grad>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
