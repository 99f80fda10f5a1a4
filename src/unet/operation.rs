//! How operations are declared: one table of their operands, from which follows what goes through them.
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

            /// Its name, as in drawings.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$operation { .. } => $called,)+
                }
            }

            /// The same operation over other tensors and parameters.
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

            /// The same operation over other tensors and parameters.
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

            /// Calls with the name of each operand and the operand itself, in the order of its fields.
            pub fn visit(
                self,
                mut tensor: impl FnMut(&'static str, T),
                mut param: impl FnMut(&'static str, P),
            ) {
                use $crate::unet::operation::visited;
                match self {
                    $(
                        $(Self::$operation { $($field),+ } => {
                            $(visited!($field, tensor, param, $kind $(<$($of),+>)?);)+
                        })?
                        $(Self::$operation(group) => {
                            visited!(group, tensor, param, $group<$($of_group),+>);
                        })?
                    )+
                }
            }
        }

        impl<T: Copy, P: Copy> $name<T, P> {
            /// The tensors it reads, in the order of its fields.
            pub fn inputs(&self) -> impl Iterator<Item = T> + use<T, P> {
                let mut inputs = alloc::vec::Vec::new();
                self.visit(|_, id| inputs.push(id), |_, _| {});
                inputs.into_iter()
            }

            /// The parameters it reads, in the order of its fields.
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

            pub(super) fn visit<$($from)?>(
                self,
                mut tensor: impl FnMut(&'static str, T),
                mut param: impl FnMut(&'static str, P),
            ) {
                use $crate::unet::operation::visited;
                let Self { $($field),+ } = self;
                $(visited!($field, tensor, param, $kind $(<$($of),+>)?);)+
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

/// Calls for a field that is an operand.
macro_rules! visited {
    ($field:ident, $tensor:ident, $param:ident, T) => {
        $tensor(stringify!($field), $field)
    };
    ($field:ident, $tensor:ident, $param:ident, Option<T>) => {
        if let Some(field) = $field {
            $tensor(stringify!($field), field);
        }
    };
    ($field:ident, $tensor:ident, $param:ident, P) => {
        $param(stringify!($field), $field)
    };
    ($field:ident, $tensor:ident, $param:ident, $group:ident<$($of:ident),+>) => {
        $group::visit($field, &mut $tensor, &mut $param)
    };
    ($field:ident, $tensor:ident, $param:ident, $attribute:ident) => {{
        let _ = $field;
    }};
}

pub(super) use {mapped, operands, operations, visited};
