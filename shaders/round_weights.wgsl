// words[i] = (masters[2i], masters[2i + 1]) in IEEE 754 binary16, the first in the lower half; unless the
// step was not taken.
//
// masters f32, laid out as the weights are but twice as wide; report from gradient_norm. One invocation
// makes one word. To nearest, and to even between two, whatever the device's own conversion does.

struct Params {
    words: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> report: array<f32>;
@group(0) @binding(2) var<storage, read> masters: array<f32>;
@group(0) @binding(3) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.words || report[1] == 0.0 {
        return;
    }
    words[at] = rounded(masters[2u * at]) | (rounded(masters[2u * at + 1u]) << 16u);
}

// The bits of the nearest f16: infinite from 65,520 on.
fn rounded(x: f32) -> u32 {
    let bits = bitcast<u32>(x);
    let sign = (bits >> 16u) & 0x8000u;
    let size = bits & 0x7fffffffu;
    if size >= 0x477ff000u {
        // Not a number stays none.
        return sign | select(0x7c00u, 0x7e00u, size > 0x7f800000u);
    }
    if size < 0x38800000u {
        // Below 2^-14, in units of 2^-24: adding 1/2 brings those to the last bits, rounded.
        let units = bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u;
        return sign | units;
    }
    // The exponent's bias from 127 to 15, and 13 bits rounded off.
    let odd = (size >> 13u) & 1u;
    return sign | ((size - 0x38000000u + 0xfffu + odd) >> 13u);
}
