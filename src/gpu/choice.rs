//! The choice among kernels for the same operation: made once, from what the device is.

use std::collections::HashSet;
use std::vec::Vec;

use super::kernels::{
    Form, Kernel, attention_grad_key_matrix, attention_grad_key_shared,
    attention_grad_query_matrix, attention_grad_query_shared, attention_matrix, attention_shared,
    conv_grad_input_matrix, conv_grad_input_tiled, conv_grad_weight_matrix, conv_grad_weight_tiled,
    conv_matrix, conv_tiled,
};
use super::limits::fits;
use super::variants::{
    AttentionVariant, ConvVariant, DeviceClass, MatrixSide, Reduction, Variants,
};

impl Variants {
    /// Chooses the fastest variants for a device, by its kind, and of what its features and limits allow.
    /// Which cooperative matrices there are, the adapter alone knows: see [`MatrixSide::of`].
    pub fn of(device: &wgpu::Device, matrices: Option<MatrixSide>) -> Self {
        let fastest = match device.adapter_info().device_type {
            wgpu::DeviceType::Cpu => Self::PLAIN,
            wgpu::DeviceType::DiscreteGpu
            | wgpu::DeviceType::IntegratedGpu
            | wgpu::DeviceType::VirtualGpu
            | wgpu::DeviceType::Other => Self::for_a_gpu(device, matrices),
        };
        fastest.within(&device.limits())
    }

    /// Falls back to the next best variants where a device's limits have no room for a kernel's workgroup.
    #[must_use]
    pub fn within(self, limits: &wgpu::Limits) -> Self {
        // Whichever form a dispatch has.
        let is_room_for = |kernel: &Kernel, is_of_it: &dyn Fn(&Form) -> bool| {
            let mut forms = kernel.forms().into_iter().filter(is_of_it);
            forms.all(|form| fits(kernel, form, limits))
        };
        let is_room = |kernel: &Kernel| is_room_for(kernel, &|_| true);
        let is_room_for_matrices = |kernels: &[&Kernel], side: MatrixSide| {
            let listed = side.listed();
            let is_of_side = |form: &Form| form.matrix == Some(listed);
            let mut kernels = kernels.iter();
            kernels.all(|kernel| is_room_for(kernel, &is_of_side))
        };
        let multiplied = [
            &conv_matrix::KERNEL,
            &conv_grad_input_matrix::KERNEL,
            &conv_grad_weight_matrix::KERNEL,
        ];
        let tiled = [
            &conv_tiled::KERNEL,
            &conv_grad_input_tiled::KERNEL,
            &conv_grad_weight_tiled::KERNEL,
        ];
        let is_room_for_tiles = tiled.into_iter().all(is_room);
        let conv = match self.conv {
            ConvVariant::Plain => ConvVariant::Plain,
            _ if !is_room_for_tiles => ConvVariant::Plain,
            ConvVariant::Matrix(side) if is_room_for_matrices(&multiplied, side) => self.conv,
            ConvVariant::Matrix(_) | ConvVariant::Tiled => ConvVariant::Tiled,
        };
        let shared = [
            &attention_shared::KERNEL,
            &attention_grad_query_shared::KERNEL,
            &attention_grad_key_shared::KERNEL,
        ];
        let in_matrices = [
            &attention_matrix::KERNEL,
            &attention_grad_query_matrix::KERNEL,
            &attention_grad_key_matrix::KERNEL,
        ];
        let attention = match self.attention {
            AttentionVariant::Plain => AttentionVariant::Plain,
            _ if !shared.into_iter().all(is_room) => AttentionVariant::Plain,
            AttentionVariant::Matrix(side) if is_room_for_matrices(&in_matrices, side) => {
                self.attention
            }
            AttentionVariant::Matrix(_) | AttentionVariant::Shared => AttentionVariant::Shared,
        };
        Self {
            conv,
            attention,
            ..self
        }
    }

    /// Lists every choice that a device can run and that differs from the others in a kernel, those without
    /// any feature first, and both classes among them. For tests.
    #[doc(hidden)]
    pub fn all(device: &wgpu::Device, matrices: Option<MatrixSide>) -> Vec<Self> {
        let of_class = |class, variants: Self| Self { class, ..variants };
        let [large, small] = [DeviceClass::Large, DeviceClass::Small];
        let without_matrices = of_class(large, Self::for_a_gpu(device, None));
        let mut all: Vec<Self> = [
            Self::PLAIN,
            of_class(small, Self::PARALLEL),
            without_matrices,
        ]
        .into();
        if let Some(side) = matrices {
            // All that is put together of matrices, whichever the device has.
            let other = match side {
                MatrixSide::Eight => MatrixSide::EightAsSixteen,
                _ => MatrixSide::Sixteen,
            };
            let wide = match side {
                MatrixSide::Eight => MatrixSide::EightAsSixteenWide,
                _ => MatrixSide::SixteenWide,
            };
            let chosen = |side| Self::for_a_gpu(device, Some(side));
            all.push(of_class(large, chosen(side)));
            all.push(of_class(small, chosen(other)));
            all.push(of_class(large, chosen(wide)));
        }
        let mut seen = HashSet::new();
        all.retain(|&variants| seen.insert(variants));
        let limits = device.limits();
        all.retain(|variants| variants.within(&limits) == *variants);
        all
    }

    /// What is fastest where a workgroup's invocations really run beside each other.
    fn for_a_gpu(device: &wgpu::Device, matrices: Option<MatrixSide>) -> Self {
        let has_subgroups = device.features().contains(wgpu::Features::SUBGROUP);
        Self {
            conv: matrices.map_or(ConvVariant::Tiled, ConvVariant::Matrix),
            attention: matrices.map_or(AttentionVariant::Shared, AttentionVariant::Matrix),
            reduction: if has_subgroups {
                Reduction::Subgroups
            } else {
                Reduction::Tree
            },
            class: DeviceClass::of(device.adapter_info().device_type),
        }
    }
}
