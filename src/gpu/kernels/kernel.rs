//! What the host knows of a kernel, and the macro that declares one beside its shader.

/// How a kernel uses what is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// The numbers of the sampling step: a uniform buffer.
    Step,
    /// Words that are read.
    Read,
    /// Weights of either width, read as words.
    Weights,
    /// An image's activations of either width, read.
    Activations,
    /// Words that are written, or read and written.
    Write,
    /// An image's activations of either width, written.
    Result,
}

impl Access {
    /// Whether a dispatch may write it.
    pub const fn writes(self) -> bool {
        match self {
            Self::Write | Self::Result => true,
            Self::Step | Self::Read | Self::Weights | Self::Activations => false,
        }
    }

    /// Whether its numbers may be f16.
    pub const fn has_widths(self) -> bool {
        match self {
            Self::Weights | Self::Activations | Self::Result => true,
            Self::Step | Self::Read | Self::Write => false,
        }
    }
}

/// What else a kernel's text needs than what all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uses {
    /// Nothing.
    Nothing,
    /// `sum` and `maximum` over the workgroup.
    Reductions,
    /// To be told whether it joins stretches of input channels.
    Stretches,
    /// That, and cooperative matrices.
    Matrices,
}

/// A WGSL kernel: its text, and what its host side takes it to declare. A test compares the two.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// The stem of its files.
    pub name: &'static str,
    /// What it shares with other variants of the same operation.
    pub interface: &'static str,
    /// Its own text; [`Kernel::text`] has all of it.
    pub source: &'static str,
    /// What it needs beside.
    pub uses: Uses,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Fields of `Params` in order, each a word: name and type.
    pub params: &'static [(&'static str, &'static str)],
    /// What is bound from binding 1 on; `Params` is binding 0.
    pub bindings: &'static [(&'static str, Access)],
}

/// A number of `Params` as the word it is stored as.
pub(crate) trait Word {
    fn word(self) -> u32;
}

impl Word for u32 {
    fn word(self) -> u32 {
        self
    }
}

impl Word for f32 {
    fn word(self) -> u32 {
        self.to_bits()
    }
}

/// A whole number as a word. Tensors have fewer than 2^31 elements, which the graph has checked.
pub(crate) const fn word(number: usize) -> u32 {
    number as u32
}

/// A yes or no as a word.
pub(crate) const fn flag(yes: bool) -> u32 {
    yes as u32
}

/// Fields of one word each, as the list a shader's struct is compared with and as words.
macro_rules! words {
    (
        $(#[$doc:meta])* $vis:vis $name:ident {
            $($(#[$about:meta])* $field:ident: $type:ident),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name {
            $($(#[$about])* $vis $field: $type,)*
        }

        impl $name {
            pub(crate) const FIELDS: &[(&str, &str)] =
                &[$((stringify!($field), stringify!($type))),*];

            pub(crate) fn words(&self) -> std::vec::Vec<u32> {
                [$($crate::gpu::kernels::kernel::Word::word(self.$field)),*].into()
            }
        }
    };
}

/// Declares `Params`, `Bindings` and `KERNEL` of the shader with this stem.
macro_rules! kernel {
    (
        $name:literal of $workgroup:literal $(with $interface:literal)? $(uses $uses:ident)?
        params { $($field:ident: $type:ident),* $(,)? }
        bindings { $($binding:ident: $access:ident),* $(,)? }
    ) => {
        $crate::gpu::kernels::kernel::words! {
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
            interface: concat!($(include_str!(concat!("../../../shaders/shared/", $interface)))?),
            source: include_str!(concat!("../../../shaders/", $name, ".wgsl")),
            uses: $crate::gpu::kernels::kernel::uses!($($uses)?),
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
            let bindings: std::vec::Vec<_> = [$(bindings.$binding),*].into();
            $crate::gpu::recording::Dispatch {
                name: name.into(),
                kernel: &KERNEL,
                form: $crate::gpu::kernels::Form::of(&bindings),
                params: params.words(),
                bindings,
                workgroups,
            }
        }
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

pub(crate) use {kernel, uses, words};
