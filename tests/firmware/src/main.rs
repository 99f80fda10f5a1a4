//! The same job on a microcontroller, where it is measured, and on the host, which says what must
//! come out.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device;
mod job;

#[cfg(not(target_os = "none"))]
fn main() {
    println!("{}", job::run(|_| ()).expect("the job's inputs are sound"));
}
