// What all variants of the gradient of self-attention with respect to k and v compute:
//
//     output of k [d, k] = Σ_q ∂s_q·q[d, q]/√c, ∂s_q = p_q·(Σ_d grad[d, q]·v[d, k] - mean_q)
//     output of v [d, k] = Σ_q p_q·grad[d, q]
//
// p_q the share of this key in the softmax of query q, made again from the largest score and the sum;
// these and the mean are `laws` [N, heads, P], which the gradient of q has left. Of the output the rows of k and v
// are written.

@group(0) @binding(3) var<storage, read> laws: array<vec4<f32>>;
