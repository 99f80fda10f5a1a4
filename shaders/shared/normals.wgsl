// Normal deviates, a function of (seed, number, step, e) alone.
//
//     words   = philox4x32_10(counter = [e/4, step, number lo, number hi], key = [seed lo, seed hi])
//     normals = pair(words 0, 1), pair(words 2, 3)
//     pair    : r = ±√(-2 ln((|s| + ½)/2^31)) of word 0 as i32 s, with its sign; θ = π/2·word 1 as i32/2^31;
//               (r cos θ, r sin θ)
//
// The step is its position, with the bit of a purpose beside that of the step itself. A sample is (seed lo, seed hi,
// number lo, number hi). The words are those of the same function on a CPU, the normals too but for fused products:
// within 1e-6·|r| of the formula.

// Those of the four elements from 4·block on.
fn normals_of(sample: vec4<u32>, step: u32, block: u32) -> vec4<f32> {
    let words = philox(vec4(block, step, sample.zw), sample.xy);
    return vec4(pair(words.xy), pair(words.zw));
}

fn pair(words: vec2<u32>) -> vec2<f32> {
    return signed_radius(exponential(words.x), words.x) * direction(words.y);
}

// -2 ln u for u = (|s| + ½)/2^31: u = 2^k (1 + f) with √½ ≤ 1 + f < √2, -2 ln(1 + f) = f·P(f).
fn exponential(word: u32) -> f32 {
    let magnitude = abs(f32(bitcast<i32>(word)));
    // The bits of the f32 nearest √½, 31 binades up.
    let offset = bitcast<u32>(magnitude + 0.5) - (0x3f3504f3u + (31u << 23u));
    let k = f32(bitcast<i32>(offset & 0xff800000u));
    let f = bitcast<f32>((offset & 0x007fffffu) + 0x3f3504f3u) - 1.0;
    let f2 = f * f;
    let even = ((-0.32445163 * f2 - 0.3980033) * f2 - 0.6667012) * f2 - 1.9999999;
    let odd = ((0.20213792 * f2 + 0.3450166) * f2 + 0.49939817) * f2 + 1.0000073;
    return (odd * f + even) * f + k * -1.6525917e-7;
}

// 5.733·√y with the sign bit of the word: a guess from the exponent, two of Newton's steps.
fn signed_radius(y: f32, word: u32) -> f32 {
    let guess = bitcast<f32>(0x5f1ffff9u - (bitcast<u32>(y) >> 1u));
    let inverse = guess * (2.3892446 - y * guess * guess);
    let root = y * inverse;
    let radius = root * (6.053895 - root * inverse);
    return bitcast<f32>(bitcast<u32>(radius) ^ (word & 0x80000000u));
}

// (cos θ, sin θ)/5.733, by polynomials in (2θ/π)².
fn direction(word: u32) -> vec2<f32> {
    let t = f32(bitcast<i32>(word)) * (1.0 / 2147483648.0);
    let v = t * t;
    let cosine = (((0.00014968679 * v - 0.003629818) * v + 0.04424211) * v - 0.21518333) * v
        + 0.17442137;
    let sine = ((((2.630633e-5 * v - 0.0008149364) * v + 0.013899374) * v - 0.11266982) * v
        + 0.27398044) * t;
    return vec2(cosine, sine);
}
