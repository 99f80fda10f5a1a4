//! What the host knows of a kernel, and the macro that declares one beside its shader.

/// How a kernel uses what is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// The numbers of the sampling step: a uniform buffer.
    Step,
    /// Storage that is read.
    Read,
    /// Storage that is read, weights of either width.
    Weights,
    /// Storage that is written, or read and written.
    Write,
}

/// A WGSL kernel: its text, and what its host side takes it to declare. A test compares the two.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// The stem of its files.
    pub name: &'static str,
    /// Its text, to be put behind [`COMMON`].
    pub source: &'static str,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Fields of `Params` in order, each a word: name and type.
    pub params: &'static [(&'static str, &'static str)],
    /// What is bound from binding 1 on; `Params` is binding 0.
    pub bindings: &'static [(&'static str, Access)],
}

/// What is put before every kernel.
pub const COMMON: &str = include_str!("../../../shaders/common.wgsl");

impl Kernel {
    /// Whether it exists in two versions, for weights of either width.
    pub fn reads_weights(&self) -> bool {
        let mut bindings = self.bindings.iter();
        bindings.any(|&(_, access)| access == Access::Weights)
    }
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
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)*
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
        $name:literal of $workgroup:literal
        params { $($field:ident: $type:ident),* $(,)? }
        bindings { $($binding:ident: $access:ident),* $(,)? }
    ) => {
        $crate::gpu::kernels::kernel::words! {
            /// The numbers of one dispatch.
            Params { $($field: $type),* }
        }

        /// What one dispatch binds.
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct Bindings {
            $(pub(crate) $binding: $crate::gpu::recording::Binding,)*
        }

        pub(crate) static KERNEL: $crate::gpu::kernels::Kernel = $crate::gpu::kernels::Kernel {
            name: $name,
            source: include_str!(concat!("../../../shaders/", $name, ".wgsl")),
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
            $crate::gpu::recording::Dispatch {
                name: name.into(),
                kernel: &KERNEL,
                params: params.words(),
                bindings: [$(bindings.$binding),*].into(),
                workgroups,
            }
        }
    };
}

pub(crate) use {kernel, words};
