// What all variants of the gradient of self-attention with respect to q compute:
//
//     output[d, q] = Σ_k ∂s_k·k[d, k]/√c, ∂s_k = p_k·(Σ_d grad[d, q]·v[d, k] - mean)
//     laws[n, h, q] = (largest score, 1/Σ_k exp(score - largest), mean, 0)
//
// p the softmax of the scores s_k = Σ_d q[d, q]·k[d, k]/√c; mean = Σ_d grad[d, q]·made[d, q], which is the mean of
// what it is subtracted from; made [N, C, P], the attention's result. Of the output the rows of q are written.
// laws [N, heads, P] are what the gradients of k and v need of each query.

@group(0) @binding(3) var<storage, read_write> laws: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> made: array<Made>;
