//! The declaration of operations: one table of their operands, from which follows what goes through them.
//!
//! The type of a field says what it is: `T` a tensor, `Option<T>` one that need not be there, `P` a parameter,
//! `Group<T, P>` or `Group<T>` operands that belong together; any other name is an attribute. A table cannot
//! leave an operand out, and nothing reads operands by their position.

/// Declares an enum of operations, each by the name that drawings have and its fields.
macro_rules! operations {
    (
        $(#[$about:meta])*
        pub enum $name:ident<T = TensorId, P = ParamId> {
            $(
                $(#[$about_operation:meta])*
                $called:literal: $operation:ident
                $({
                    $($(#[$about_field:meta])* $field:ident: $kind:tt $(<$($of:tt),+>)?),+ $(,)?
                })?
                $(($group:ident<$($of_group:tt),+>))?,
            )+
        }
    ) => {
        $(#[$about])*
        pub enum $name<T = TensorId, P = ParamId> {
            $(
                $(#[$about_operation])*
                $operation
                $({ $($(#[$about_field])* $field: $kind $(<$($of),+>)?),+ })?
                $(($group<$($of_group),+>))?
            ),+
        }

        impl<T, P> $name<T, P> {
            /// The name of each operation of this table, in its order.
            pub const NAMES: &'static [&'static str] = &[$($called),+];

            /// The name of this operation, as in drawings.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$operation { .. } => $called,)+
                }
            }

            /// Maps this operation to the same one over other tensors and parameters, unless that fails.
            ///
            /// # Errors
            /// The first of a function.
            pub fn try_map<U, Q, E>(
                self,
                mut tensor: impl FnMut(T) -> Result<U, E>,
                mut param: impl FnMut(P) -> Result<Q, E>,
            ) -> Result<$name<U, Q>, E> {
                use $crate::unet::operation::mapped;
                Ok(match self {
                    $(
                        $(Self::$operation { $($field),+ } => $name::$operation {
                            $($field: mapped!($field, tensor, param, $kind $(<$($of),+>)?)),+
                        },)?
                        $(Self::$operation(group) => $name::$operation(
                            mapped!(group, tensor, param, $group<$($of_group),+>),
                        ),)?
                    )+
                })
            }

            /// Maps this operation to the same one over other tensors and parameters.
            pub fn map<U, Q>(
                self,
                mut tensor: impl FnMut(T) -> U,
                mut param: impl FnMut(P) -> Q,
            ) -> $name<U, Q> {
                let mapped = self.try_map(
                    |id| Ok::<_, core::convert::Infallible>(tensor(id)),
                    |id| Ok(param(id)),
                );
                match mapped {
                    Ok(operation) => operation,
                    Err(never) => match never {},
                }
            }

            /// Calls a function with each operand and its name, in the order of the fields.
            pub fn visit(
                self,
                mut tensor: impl FnMut(&'static str, T),
                mut param: impl FnMut(&'static str, P),
            ) {
                use $crate::unet::operation::Field;
                self.words(&mut |name, word| match word {
                    Field::Tensor(Some(id)) => tensor(name, id),
                    Field::Param(id) => param(name, id),
                    Field::Tensor(None) | Field::Attribute(_) => {}
                });
            }

            /// Its place in the table: what a program has for it.
            pub(crate) const fn code(&self) -> u32 {
                let mut place = 0;
                $(
                    if matches!(self, Self::$operation { .. }) {
                        return place;
                    }
                    place += 1;
                )+
                place
            }

            /// Calls with every field by its name, in their order.
            pub(crate) fn words(
                self,
                put: &mut impl FnMut(&'static str, $crate::unet::operation::Field<T, P>),
            ) {
                use $crate::unet::operation::worded;
                match self {
                    $(
                        $(Self::$operation { $($field),+ } => {
                            $(worded!($field, put, $kind $(<$($of),+>)?);)+
                        })?
                        $(Self::$operation(group) => worded!(group, put, $group<$($of_group),+>),)?
                    )+
                }
            }

            /// The operation of a place in the table, its fields read in their order; `None` where there is
            /// no such place.
            ///
            /// # Errors
            /// The reader's first.
            pub(crate) fn read<R: $crate::unet::operation::Reader<T, P>>(
                code: u32,
                from: &mut R,
            ) -> Result<Option<Self>, R::Error> {
                use $crate::unet::operation::taken;
                let mut place = 0;
                $(
                    if code == place {
                        $(return Ok(Some(Self::$operation {
                            $($field: taken!($field, from, $kind $(<$($of),+>)?)),+
                        }));)?
                        $(return Ok(Some(Self::$operation(
                            taken!(group, from, $group<$($of_group),+>),
                        )));)?
                    }
                    place += 1;
                )+
                let _ = place;
                Ok(None)
            }
        }

        #[cfg(feature = "alloc")]
        impl<T: Copy, P: Copy> $name<T, P> {
            /// The tensors this operation reads, in the order of its fields.
            pub fn inputs(&self) -> impl Iterator<Item = T> + use<T, P> {
                let mut inputs = alloc::vec::Vec::new();
                self.visit(|_, id| inputs.push(id), |_, _| {});
                inputs.into_iter()
            }

            /// The parameters this operation reads, in the order of its fields.
            pub fn params(&self) -> impl Iterator<Item = P> + use<T, P> {
                let mut params = alloc::vec::Vec::new();
                self.visit(|_, _| {}, |_, id| params.push(id));
                params.into_iter()
            }
        }
    };
}

/// Declares a struct of fields that operations share; one of tensors alone has no `P`.
macro_rules! operands {
    ($(#[$about:meta])* pub struct $name:ident<T = TensorId, P = ParamId> { $($fields:tt)+ }) => {
        $crate::unet::operation::operands! {
            $(#[$about])* pub struct $name [T = TensorId, P = ParamId] [T, P] [U, Q] [] [] { $($fields)+ }
        }
    };
    ($(#[$about:meta])* pub struct $name:ident<T = TensorId> { $($fields:tt)+ }) => {
        $crate::unet::operation::operands! {
            $(#[$about])* pub struct $name [T = TensorId] [T] [U] [P] [Q] { $($fields)+ }
        }
    };
    // Its types, what they become, and what of both it does not have.
    (
        $(#[$about:meta])*
        pub struct $name:ident
        [$($defaults:tt)+] [$($own:ident),+] [$($new:ident),+] [$($from:ident)?] [$($to:ident)?] {
            $($(#[$about_field:meta])* pub $field:ident: $kind:tt $(<$($of:tt),+>)?),+ $(,)?
        }
    ) => {
        $(#[$about])*
        pub struct $name<$($defaults)+> {
            $($(#[$about_field])* pub $field: $kind $(<$($of),+>)?),+
        }

        // Without parameters the function of those is not called.
        #[allow(unused_mut, unused_variables)]
        impl<$($own),+> $name<$($own),+> {
            pub(super) fn try_map<$($new,)+ $($from,)? $($to,)? E>(
                self,
                mut tensor: impl FnMut(T) -> Result<U, E>,
                mut param: impl FnMut(P) -> Result<Q, E>,
            ) -> Result<$name<$($new),+>, E> {
                use $crate::unet::operation::mapped;
                let Self { $($field),+ } = self;
                Ok($name { $($field: mapped!($field, tensor, param, $kind $(<$($of),+>)?)),+ })
            }

            pub(super) fn words<$($from)?>(
                self,
                put: &mut impl FnMut(&'static str, $crate::unet::operation::Field<T, P>),
            ) {
                use $crate::unet::operation::worded;
                let Self { $($field),+ } = self;
                $(worded!($field, put, $kind $(<$($of),+>)?);)+
            }

            pub(super) fn read<$($from,)? R: $crate::unet::operation::Reader<T, P>>(
                from: &mut R,
            ) -> Result<Self, R::Error> {
                use $crate::unet::operation::taken;
                Ok(Self { $($field: taken!($field, from, $kind $(<$($of),+>)?)),+ })
            }
        }
    };
}

/// A field under the two functions, of tensors and of parameters.
macro_rules! mapped {
    ($field:ident, $tensor:ident, $param:ident, T) => {
        $tensor($field)?
    };
    ($field:ident, $tensor:ident, $param:ident, Option<T>) => {
        $field.map(&mut $tensor).transpose()?
    };
    ($field:ident, $tensor:ident, $param:ident, P) => {
        $param($field)?
    };
    ($field:ident, $tensor:ident, $param:ident, $group:ident<$($of:ident),+>) => {
        $group::try_map($field, &mut $tensor, &mut $param)?
    };
    ($field:ident, $tensor:ident, $param:ident, $attribute:ident) => {
        $field
    };
}

/// Calls with a field.
macro_rules! worded {
    ($field:ident, $put:ident, T) => {
        $put(
            stringify!($field),
            $crate::unet::operation::Field::Tensor(Some($field)),
        )
    };
    ($field:ident, $put:ident, Option<T>) => {
        $put(
            stringify!($field),
            $crate::unet::operation::Field::Tensor($field),
        )
    };
    ($field:ident, $put:ident, P) => {
        $put(
            stringify!($field),
            $crate::unet::operation::Field::Param($field),
        )
    };
    ($field:ident, $put:ident, $group:ident<$($of:ident),+>) => {
        $group::words($field, $put)
    };
    ($field:ident, $put:ident, $attribute:ident) => {
        $put(
            stringify!($field),
            $crate::unet::operation::Field::Attribute($crate::unet::operation::Attribute::word(
                $field,
            )),
        )
    };
}

/// A field as a reader has it.
macro_rules! taken {
    ($field:ident, $from:ident, T) => {
        $from.tensor(stringify!($field))?
    };
    ($field:ident, $from:ident, Option<T>) => {
        $from.optional(stringify!($field))?
    };
    ($field:ident, $from:ident, P) => {
        $from.param(stringify!($field))?
    };
    ($field:ident, $from:ident, $group:ident<$($of:ident),+>) => {
        $group::read($from)?
    };
    ($field:ident, $from:ident, $attribute:ident) => {
        $from.attribute(stringify!($field))?
    };
}

pub(super) use {mapped, operands, operations, taken, worded};

/// A field of an operation: a word of a program.
pub(crate) enum Field<T, P> {
    /// A tensor, or none where one need not be there.
    Tensor(Option<T>),
    /// A parameter.
    Param(P),
    /// What it is beside its operands.
    Attribute(u32),
}

/// What the fields of an operation are read from, one after the other.
pub(crate) trait Reader<T, P> {
    /// Why a field cannot be read.
    type Error;

    /// A tensor.
    fn tensor(&mut self, name: &'static str) -> Result<T, Self::Error>;

    /// A tensor that need not be there.
    fn optional(&mut self, name: &'static str) -> Result<Option<T>, Self::Error>;

    /// A parameter.
    fn param(&mut self, name: &'static str) -> Result<P, Self::Error>;

    /// An attribute.
    fn attribute<A: Attribute>(&mut self, name: &'static str) -> Result<A, Self::Error>;
}

/// What can be an attribute of an operation: one word.
pub(crate) trait Attribute: Sized {
    /// The word; one that is read as none where the value is too large.
    fn word(self) -> u32;

    /// What a word stands for.
    fn from_word(word: u32) -> Option<Self>;
}

impl Attribute for bool {
    fn word(self) -> u32 {
        self.into()
    }

    fn from_word(word: u32) -> Option<Self> {
        match word {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Attribute for u32 {
    fn word(self) -> u32 {
        self
    }

    fn from_word(word: u32) -> Option<Self> {
        Some(word)
    }
}

impl Attribute for usize {
    fn word(self) -> u32 {
        u32::try_from(self).unwrap_or(u32::MAX)
    }

    fn from_word(word: u32) -> Option<Self> {
        (word < u32::MAX).then_some(word as Self)
    }
}
