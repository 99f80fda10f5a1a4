//! The firmware's job on x86-64 Linux, linked without libstd, libc or an allocator: if any part of
//! the library reached for one, this program would not link.
//!
//! Without a libc, the entry, the two system calls and the memory functions that the compiler calls
//! must be written here. They are the only `unsafe` code of this test, and all of it is in this file.

#![no_std]
#![no_main]

#[path = "../../firmware/src/drawing.rs"]
mod drawing;
#[path = "../../firmware/src/job.rs"]
mod job;

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};

// The kernel enters with the stack pointer at the arguments and no return address.
global_asm!(
    ".globl _start",
    "_start:",
    "xor %ebp, %ebp",
    "and $-16, %rsp",
    "call {main}",
    "ud2",
    main = sym main,
    options(att_syntax)
);

extern "C" fn main() -> ! {
    let code = match job::run(|_| ()) {
        Ok(report) => writeln!(Stdout, "{report}").is_err().into(),
        Err(error) => {
            let _ = writeln!(Stdout, "{error:?}");
            1
        }
    };
    #[cfg(feature = "use-alloc")]
    let _ = writeln!(Stdout, "{}", with_alloc::length());
    exit(code)
}

#[cfg(feature = "use-alloc")]
mod with_alloc {
    extern crate alloc;

    pub fn length() -> usize {
        core::hint::black_box(alloc::vec![0u8; core::hint::black_box(8)]).len()
    }
}

struct Stdout;

impl Write for Stdout {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const WRITE: usize = 1;
        let written = syscall(WRITE, 1, text.as_ptr() as usize, text.len());
        if written == text.len() as isize {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

fn exit(code: usize) -> ! {
    const EXIT_GROUP: usize = 231;
    loop {
        syscall(EXIT_GROUP, code, 0, 0);
    }
}

fn syscall(number: usize, a: usize, b: usize, c: usize) -> isize {
    let result;
    // SAFETY: used for `write` from a live string and for `exit_group`, neither of which changes
    // this program's memory; the kernel clobbers rcx and r11 alone.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, lateout("rcx") _, lateout("r11") _);
    }
    result
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let _ = writeln!(Stdout, "{info}");
    exit(101)
}

/// What the compiler expects a platform to have. SAFETY of all of them: the names are the
/// platform's and nobody else defines them here; pointers and lengths are as C's functions want.
mod platform {
    use core::arch::asm;

    // The precompiled core refers to these two, and with panic=abort never calls them.
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}
    #[unsafe(no_mangle)]
    extern "C" fn _Unwind_Resume() -> ! {
        super::exit(102)
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
        unsafe {
            asm!("rep movsb", inout("rcx") len => _, inout("rdi") to => _, inout("rsi") from => _,
                options(nostack, preserves_flags));
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
        if (to as usize).wrapping_sub(from as usize) >= len {
            return unsafe { memcpy(to, from, len) };
        }
        // `to` lies inside the source: copy from the end.
        unsafe {
            asm!("std", "rep movsb", "cld", inout("rcx") len => _,
                inout("rdi") to.add(len).wrapping_sub(1) => _,
                inout("rsi") from.add(len).wrapping_sub(1) => _, options(nostack));
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(to: *mut u8, value: i32, len: usize) -> *mut u8 {
        unsafe {
            asm!("rep stosb", inout("rcx") len => _, inout("rdi") to => _, in("al") value as u8,
                options(nostack, preserves_flags));
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
        for i in 0..len {
            // Volatile, or the compiler would recognise the loop and call memcmp for it.
            let (a, b) = unsafe { (a.add(i).read_volatile(), b.add(i).read_volatile()) };
            if a != b {
                return i32::from(a) - i32::from(b);
            }
        }
        0
    }
    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
        unsafe { memcmp(a, b, len) }
    }
}
