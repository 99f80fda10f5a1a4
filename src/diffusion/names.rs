//! The names of what a process and its runs are made of, as files and command lines have them.
//!
//! What is written is read back as the same, to the bit. NaN is no number of a name; whether other numbers are
//! in range is told where they are used.

/// `ALL`, `name`, `Display` and `FromStr` of an enum without parameters: what it is, how many there are, and
/// the name of each, with those that are read as well.
macro_rules! plain_names {
    (
        $what:literal, $type:ident[$count:literal]:
        $first:ident = $first_name:literal $(| $first_other:literal)*
        $(, $one:ident = $name:literal $(| $other:literal)*)*
    ) => {
        impl $type {
            #[doc = concat!("Every ", $what, " that there is.")]
            pub const ALL: [Self; $count] = [Self::$first $(, Self::$one)*];

            #[doc = concat!("The name of the ", $what, ": `", $first_name, "`" $(, ", `", $name, "`")*, ".")]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::$first => $first_name,
                    $(Self::$one => $name,)*
                }
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl core::str::FromStr for $type {
            type Err = $crate::diffusion::Error;

            fn from_str(name: &str) -> Result<Self, $crate::diffusion::Error> {
                match name {
                    $first_name $(| $first_other)* => Ok(Self::$first),
                    $($name $(| $other)* => Ok(Self::$one),)*
                    _ => Err($crate::diffusion::Error::Unknown {
                        what: $what,
                        known: concat!(
                            $first_name $(, " or ", $first_other)*
                            $(, ", ", $name $(, " or ", $other)*)*
                        ),
                    }),
                }
            }
        }
    };
}

pub(crate) use plain_names;

/// The numbers of a name behind its beginning, separated by commas: so many, and none of them NaN.
pub(super) fn numbers<const N: usize>(name: &str, begins: &str) -> Option<[f64; N]> {
    let mut pieces = name.strip_prefix(begins)?.split(',');
    let mut numbers = [0.0; N];
    for number in &mut numbers {
        let read: f64 = pieces.next()?.parse().ok()?;
        *number = Some(read).filter(|read| !read.is_nan())?;
    }
    pieces.next().is_none().then_some(numbers)
}
