//! The macros that declare a kernel beside its shader.

/// A whole number as a word. Tensors have fewer than 2^31 elements, which the graph has checked.
pub(crate) const fn word(number: usize) -> u32 {
    number as u32
}

/// A yes or no as a word.
pub(crate) const fn flag(yes: bool) -> u32 {
    yes as u32
}

/// Declares `Params`, `Bindings` and `KERNEL` of the shader with this stem. What it shares with its variants,
/// what it uses and how many bytes its own text holds of a workgroup's memory are nothing unless they are said.
macro_rules! kernel {
    (
        $name:literal of $workgroup:literal $(with $($interface:literal)and+)? $(uses $uses:ident)?
        $(holds $bytes:literal)?
        params { $($field:ident: $type:ident),* $(,)? }
        bindings { $($binding:ident: $access:ident),* $(,)? }
    ) => {
        $crate::words::words! {
            /// The numbers of one dispatch.
            pub(crate) Params { $($field: $type),* }
        }

        /// What one dispatch binds.
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct Bindings {
            $(pub(crate) $binding: $crate::gpu::recording::Binding,)*
        }

        pub(crate) static KERNEL: $crate::gpu::kernels::Kernel = $crate::gpu::kernels::Kernel {
            name: $name,
            interface: $crate::gpu::kernels::declare::shared!($($($interface),+)?),
            source: include_str!(concat!("../../../shaders/", $name, ".wgsl")),
            uses: $crate::gpu::kernels::declare::uses!($($uses)?),
            memory: $crate::gpu::kernels::Memory::Bytes(0 $(+ $bytes)?),
            loads_per_product: None,
            workgroup: $workgroup,
            params: Params::FIELDS,
            bindings: &[$((stringify!($binding), $crate::gpu::kernels::Access::$access)),*],
        };

        /// The dispatch of so many workgroups.
        fn dispatch_of(
            name: &str,
            params: &Params,
            bindings: Bindings,
            workgroups: u64,
        ) -> $crate::gpu::recording::Dispatch {
            let bindings = [$(bindings.$binding),*].into();
            $crate::gpu::recording::Dispatch::new(name, &KERNEL, params.words(), bindings, workgroups)
        }
    };
}

/// The texts of these files of shaders/shared.
macro_rules! shared {
    ($($file:literal),*) => {
        concat!($(include_str!(concat!("../../../shaders/shared/", $file)), "\n"),*)
    };
}

/// What is named, or nothing.
macro_rules! uses {
    () => {
        $crate::gpu::kernels::Uses::Nothing
    };
    ($uses:ident) => {
        $crate::gpu::kernels::Uses::$uses
    };
}

pub(crate) use {kernel, shared, uses};
