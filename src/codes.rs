//! Errors as numbers, for what has no room for their sentences.

/// Gives an error type its numbers: each variant one that stays its own, in the documentation as in the match.
macro_rules! codes {
    ($error:ty: $($code:literal $name:ident),+ $(; of what is within: $($within:ident),+)?) => {
        // Each number once: they ascend.
        const _: () = {
            let codes: &[u16] = &[$($code),+];
            let mut rest = codes;
            while let [first, others @ ..] = rest {
                if let [second, ..] = others {
                    assert!(*first < *second, "numbers of errors ascend");
                }
                rest = others;
            }
        };

        impl $error {
            /// The number of this error, for a program that has no room for its sentence: to ask for it links no text and no
            /// formatting. A number stays an error's own in later versions.
            ///
            /// | number | error |
            /// |---|---|
            $(#[doc = concat!("| ", $code, " | [`", stringify!($name), "`](Self::", stringify!($name), ") |")])+
            $($(#[doc = concat!("| that of its content | [`", stringify!($within), "`](Self::", stringify!($within), ") |")])+)?
            pub const fn code(&self) -> u16 {
                match self {
                    $(Self::$name { .. } => $code,)+
                    $($(Self::$within(error) => error.code(),)+)?
                }
            }
        }
    };
}

pub(crate) use codes;
