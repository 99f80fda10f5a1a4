//! The gradient of self-attention as dispatches.

use super::{Recorder, Tensor};
use crate::gpu::kernels::declare::word;
use crate::gpu::kernels::{attention_grad_key, attention_grad_query, attention_rows};
use crate::gpu::recording::Binding;
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
    /// Records what the gradients with respect to q, k and v share, then those.
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
        let (batch, heads, positions) = (shape.batch, word(heads), shape.positions());
        let scale = attention_scale(rows) as f32;
        let words = 4 * batch as u64 * u64::from(heads) * positions as u64;
        let laws = self.partial(words);
        let (batch, rows, positions) = (word(batch), word(rows), word(positions));
        let (qkv, made, grad) = (qkv.binding, made.binding, grad.binding);
        let laws_of = attention_rows::dispatch(
            &std::format!("{name}.laws"),
            &attention_rows::Params {
                batch,
                heads,
                rows,
                positions,
                scale,
            },
            attention_rows::Bindings {
                qkv,
                made,
                grad,
                output: laws,
            },
        );
        let of_query = attention_grad_query::dispatch(
            &std::format!("{name}.q"),
            &attention_grad_query::Params {
                batch,
                heads,
                rows,
                positions,
                scale,
            },
            attention_grad_query::Bindings {
                qkv,
                grad,
                laws,
                output,
            },
        );
        let of_key = attention_grad_key::dispatch(
            &std::format!("{name}.kv"),
            &attention_grad_query::Params {
                batch,
                heads,
                rows,
                positions,
                scale,
            },
            attention_grad_query::Bindings {
                qkv,
                grad,
                laws,
                output,
            },
        );
        // Of the four products, the laws take the one that the others share, the gradient of q takes one,
        // those of k and v two.
        let product = self.flops / 4;
        self.push_with(laws_of, product);
        self.push_with(of_query, product);
        self.push_with(of_key, self.flops - 2 * product);
    }
}
