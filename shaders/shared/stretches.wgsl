// The sum of a convolution's number over all stretches of its input channels, in order: sums [splits, `numbers`]. The
// binding and the parameters are the kernel's.

fn added(numbers: u32, at: u32) -> f32 {
    var value = 0.0;
    for (var split = 0u; split < params.splits; split++) {
        value += sums[split * numbers + at];
    }
    return value;
}

// The bias of a convolution, and that of the one that ends in it, where there is such: as many numbers behind it. The
// binding is the kernel's.
fn with_bias(sum: f32, m: u32) -> f32 {
    let value = sum + weight_in(conv_bias[word_of(m)], m);
    if params.skip_bias == 0u {
        return value;
    }
    let b = params.skip_bias + m;
    return value + weight_in(conv_bias[word_of(b)], b);
}
