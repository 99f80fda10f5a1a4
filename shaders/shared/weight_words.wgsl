// The weights of a convolution as its variants without matrices bind them, and those of its gradients.

@group(0) @binding(2) var<storage, read> weight: array<vec2<u32>>;

// Weights 4·quad to 4·quad + 3.
fn weights_at(quad: u32) -> vec4<f32> {
    if HALF {
        let words = weight[quad];
        return vec4(unpack2x16float(words.x), unpack2x16float(words.y));
    }
    return bitcast<vec4<f32>>(vec4(weight[2u * quad], weight[2u * quad + 1u]));
}
