//! The gradient of self-attention as dispatches.

use super::{Recorder, Tensor};
use crate::gpu::kernels::declare::word;
use crate::gpu::kernels::{
    attention_grad_key, attention_grad_key_matrix, attention_grad_key_shared, attention_grad_query,
    attention_grad_query_matrix, attention_grad_query_shared, attention_matrix,
};
use crate::gpu::recording::Binding;
use crate::gpu::variants::AttentionVariant;
use crate::unet::op::attention_scale;

/// What the gradients of an attention are made of.
pub(super) struct AttentionGrad {
    /// q, k and v beside each other.
    pub(super) qkv: Tensor,
    /// The attention's result, and the gradient with respect to it.
    pub(super) made: Tensor,
    pub(super) grad: Tensor,
    pub(super) heads: usize,
}

impl Recorder<'_> {
    /// Records the gradient with respect to q, which leaves what those of k and v need of each query, then these.
    pub(super) fn attention_grad(
        &mut self,
        name: &str,
        attention: &AttentionGrad,
        output: Binding,
    ) {
        let &AttentionGrad {
            qkv,
            made,
            grad,
            heads,
        } = attention;
        let shape = made.shape;
        let rows = shape.channels / heads.max(1);
        let words = 4 * shape.batch as u64 * heads as u64 * shape.positions() as u64;
        let laws = self.partial(words);
        let params = attention_grad_query::Params {
            batch: word(shape.batch),
            heads: word(heads),
            rows: word(rows),
            positions: word(shape.positions()),
            scale: attention_scale(rows) as f32,
        };
        let (qkv, made, grad) = (qkv.binding, made.binding, grad.binding);
        let of_query = attention_grad_query::Bindings {
            qkv,
            grad,
            laws,
            output,
            made,
        };
        let of_key = attention_grad_key::Bindings {
            qkv,
            grad,
            laws,
            output,
        };
        let (query, key) = (std::format!("{name}.q"), std::format!("{name}.kv"));
        let (of_query, of_key) = match self.variants.attention {
            AttentionVariant::Matrix(side) if attention_matrix::suits(&[qkv], params.positions) => {
                (
                    attention_grad_query_matrix::dispatch(&query, &params, of_query, side),
                    attention_grad_key_matrix::dispatch(&key, &params, of_key, side),
                )
            }
            AttentionVariant::Matrix(_) | AttentionVariant::Shared => (
                attention_grad_query_shared::dispatch(&query, &params, of_query),
                attention_grad_key_shared::dispatch(&key, &params, of_key),
            ),
            AttentionVariant::Plain => (
                attention_grad_query::dispatch(&query, &params, of_query),
                attention_grad_key::dispatch(&key, &params, of_key),
            ),
        };
        // Of the four products that must be made, the gradient of q takes its own and the one that all share.
        let half = self.flops / 2;
        self.push_with(of_query, half);
        self.push_with(of_key, self.flops - half);
    }
}
