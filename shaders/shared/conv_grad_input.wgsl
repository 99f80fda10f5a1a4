// What both variants of a convolution's gradient with respect to its input share.
//
// output[n, k, y, x] = addend[n, k, y, x]
//     + Σ_{m, dy, dx} weight[k, dy, dx, m]·grad[n, m, (y + pad - dy)/stride, (x + pad - dx)/stride]
//
// over the (dy, dx) for which both quotients are whole and within `grad`, their numerators modulo H where `wrap_y`
// and modulo W where `wrap_x` say that the convolution went round. grad [N, M, H', W'],
// output [N, K, H, W]; pad = side/2, `side` is that of the kernel. weight is [K, side, side, M], M padded
// with zeros to a multiple of 4; it is read four at a time. addend only where flagged.

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
    wrap_y: u32,
    wrap_x: u32,
    has_addend: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<Grad>;
@group(0) @binding(2) var<storage, read> weight: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> addend: array<Addend>;
@group(0) @binding(4) var<storage, read_write> output: array<Output>;

// Writes a number of the output, with what else is to be added to its sum.
fn finish_at(at: u32, sum: f32) {
    var value = sum;
    if params.has_addend != 0u {
        value += f32(addend[at]);
    }
    output[at] = Output(value);
}

// Weights 4·quad to 4·quad + 3.
fn weights_at(quad: u32) -> vec4<f32> {
    if HALF {
        let words = weight[quad];
        return vec4(unpack2x16float(words.x), unpack2x16float(words.y));
    }
    return bitcast<vec4<f32>>(vec4(weight[2u * quad], weight[2u * quad + 1u]));
}
