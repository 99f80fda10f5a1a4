//! Numbers that the processor reads as fields and a kernel as words: declared once.

/// A number as the word it is stored as.
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

        #[cfg_attr(not(feature = "gpu"), allow(dead_code, reason = "kernels read words"))]
        impl $name {
            pub(crate) const FIELDS: &[(&str, &str)] =
                &[$((stringify!($field), stringify!($type))),*];

            pub(crate) fn words(&self) -> std::vec::Vec<u32> {
                [$($crate::words::Word::word(self.$field)),*].into()
            }
        }
    };
}

pub(crate) use words;
