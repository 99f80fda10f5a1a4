//! Models, their texts, and devices.

use std::ptr::{null, null_mut};

use iddpm::ffi::*;
use iddpm::{Device, Model};
use iddpm_result::{IDDPM_ARGUMENT, IDDPM_DEVICE, IDDPM_FILE, IDDPM_MODEL, IDDPM_OK};

use crate::scratch::Scratch;
use crate::{DIGITS, NO_TEXT, SPRITES, c, check, last_error, open, refused, text};

fn info(model: *const iddpm_model) -> iddpm_info {
    let mut info = std::mem::MaybeUninit::uninit();
    unsafe {
        check(iddpm_model_info(
            model,
            info.as_mut_ptr(),
            size_of::<iddpm_info>(),
        ));
        info.assume_init()
    }
}

#[test]
fn a_model_says_what_it_draws() {
    assert_eq!(iddpm_abi_version(), 1);
    let model = open(SPRITES);
    let known = Model::open(SPRITES).unwrap();
    let image = known.image();
    let expected = iddpm_info {
        struct_size: size_of::<iddpm_info>(),
        width: image.width as u32,
        height: image.height as u32,
        channels: 4,
        classes: known.classes() as u32,
        low_res_width: 0,
        low_res_height: 0,
    };
    assert_eq!(info(model), expected);
    for (index, name) in known.class_names().iter().enumerate() {
        let written =
            text(|out, len| unsafe { iddpm_model_class_name(model, index as u32, out, len) });
        assert_eq!(&written, name);
    }
    let beyond = unsafe { iddpm_model_class_name(model, expected.classes, null_mut(), 0) };
    assert_eq!(beyond, 0);
    let classes = expected.classes;
    let why =
        format!("index {classes}: the network has {classes} classes, the first of which is 0");
    assert_eq!(last_error(), why);
    assert_eq!(
        text(|out, len| unsafe { iddpm_model_notes(model, out, len) }),
        ""
    );
    unsafe { iddpm_model_free(model) };
}

/// A caller of a later version has a longer struct, of which the rest is 0; a shorter one never was.
#[test]
fn structs_are_filled_by_their_size() {
    let model = open(DIGITS);
    let size = size_of::<iddpm_info>();
    let mut longer = [u64::MAX; 8];
    let out = longer.as_mut_ptr().cast::<iddpm_info>();
    unsafe {
        check(iddpm_model_info(model, out, size + 8));
        assert_eq!(
            out.read(),
            iddpm_info {
                struct_size: size + 8,
                ..info(model)
            }
        );
    }
    assert_eq!(
        longer[size / 8..],
        [&[0][..], &vec![u64::MAX; 7 - size / 8]].concat()
    );
    for wrong in [0, size - 1, 4097, usize::MAX] {
        refused(
            unsafe { iddpm_model_info(model, out, wrong) },
            IDDPM_ARGUMENT,
            &format!(
                "size {wrong}: the struct has {size} bytes, and a later version's no more than 4096"
            ),
        );
    }
    let null = unsafe { iddpm_model_info(model, null_mut(), size) };
    refused(null, IDDPM_ARGUMENT, "out NULL: it must lead somewhere");
    let odd = unsafe { iddpm_model_info(model, out.byte_add(1), size) };
    assert_eq!(odd, IDDPM_ARGUMENT);
    assert!(
        last_error().ends_with(": it is not aligned to 8 bytes"),
        "{}",
        last_error()
    );
    unsafe { iddpm_model_free(model) };
}

#[test]
fn a_model_in_memory_is_the_one_of_the_file() {
    let (mut file, mut model) = (std::fs::read(DIGITS).unwrap(), null_mut());
    check(unsafe { iddpm_model_from_memory(file.as_ptr(), file.len(), &mut model) });
    let opened = open(DIGITS);
    assert_eq!(info(model), info(opened));
    unsafe {
        iddpm_model_free(model);
        iddpm_model_free(opened);
    }
    file.truncate(file.len() - 1);
    let mut model = std::ptr::dangling_mut();
    let cut = unsafe { iddpm_model_from_memory(file.as_ptr(), file.len(), &mut model) };
    let error = Model::from_bytes(&file).unwrap_err().to_string();
    refused(cut, IDDPM_MODEL, &error);
    assert!(model.is_null());
    let empty = unsafe { iddpm_model_from_memory(null(), 0, &mut model) };
    refused(
        empty,
        IDDPM_MODEL,
        &Model::from_bytes(&[]).unwrap_err().to_string(),
    );
    let missing = unsafe { iddpm_model_from_memory(null(), 1, &mut model) };
    refused(missing, IDDPM_ARGUMENT, "file NULL: it must lead somewhere");
    let endless = unsafe { iddpm_model_from_memory(file.as_ptr(), usize::MAX, &mut model) };
    let why = format!(
        "file {} bytes: memory has at most {}",
        usize::MAX,
        isize::MAX
    );
    refused(endless, IDDPM_ARGUMENT, &why);
}

#[test]
fn a_file_that_is_no_model_is_named() {
    let scratch = Scratch::new("ffi-models");
    let mut model = std::ptr::dangling_mut();
    let mut opened = |path: &str| unsafe { iddpm_model_open(c(path).as_ptr(), &mut model) };
    let missing = scratch.join("missing.safetensors");
    let missing = missing.to_str().unwrap();
    refused(
        opened(missing),
        IDDPM_FILE,
        &Model::open(missing).unwrap_err().to_string(),
    );
    assert!(last_error().contains(missing));
    let other = scratch.write("picture.safetensors", b"\x89PNG\r\n\x1a\n and more");
    let other = other.to_str().unwrap();
    refused(
        opened(other),
        IDDPM_MODEL,
        &Model::open(other).unwrap_err().to_string(),
    );
    assert!(model.is_null());
    let no_path = unsafe { iddpm_model_open(NO_TEXT, &mut model) };
    refused(no_path, IDDPM_ARGUMENT, "path NULL: it must lead somewhere");
    let latin = unsafe { iddpm_model_open(c"caf\xe9".as_ptr(), &mut model) };
    refused(
        latin,
        IDDPM_ARGUMENT,
        "path \"caf\u{fffd}\": it is no UTF-8 from byte 3 on",
    );
    let no_place = unsafe { iddpm_model_open(c(DIGITS).as_ptr(), null_mut()) };
    refused(no_place, IDDPM_ARGUMENT, "out NULL: it must lead somewhere");
}

#[test]
fn texts_are_cut_to_their_room_and_always_ended() {
    let path = c("a/ü.safetensors");
    let mut model = null_mut();
    assert_eq!(
        unsafe { iddpm_model_open(path.as_ptr(), &mut model) },
        IDDPM_FILE
    );
    let whole = last_error();
    let umlaut = whole.find('ü').unwrap();
    for (room, left) in [
        (1, 0),
        (2, 1),
        (umlaut + 2, umlaut),
        (umlaut + 3, umlaut + 2),
    ] {
        let mut bytes = [0xFF_u8; 512];
        let needed = unsafe { iddpm_last_error(bytes.as_mut_ptr().cast(), room) };
        assert_eq!(needed, whole.len() + 1);
        assert_eq!(bytes[..left], whole.as_bytes()[..left]);
        assert_eq!(bytes[left], 0, "{room}");
        assert!(bytes[room..].iter().all(|&byte| byte == 0xFF));
    }
    let of_another_thread = std::thread::spawn(|| (last_error(), iddpm_last_result()));
    let none = (String::new(), IDDPM_OK);
    assert_eq!(of_another_thread.join().unwrap(), none);
}

#[test]
fn devices_are_told_by_their_words() {
    let model = open(DIGITS);
    let on = |word: &str, threads| {
        let (word, mut studio) = (c(word), null_mut());
        let result = unsafe { iddpm_model_on(model, word.as_ptr(), threads, &mut studio) };
        (result, studio)
    };
    let shown = |studio| text(|out, len| unsafe { iddpm_studio_device(studio, out, len) });
    let (result, one) = on("cpu", 1);
    check(result);
    assert_eq!(shown(one), "the CPU (asked for), 1 thread");
    let (result, all) = on("cpu", 0);
    check(result);
    let door = Model::open(DIGITS).unwrap().on(Device::cpu()).unwrap();
    assert_eq!(shown(all), door.device().to_string());
    let (mut best, mut named) = (null_mut(), null_mut());
    unsafe {
        check(iddpm_model_on(model, NO_TEXT, 0, &mut best));
        check(iddpm_model_on(model, c("best").as_ptr(), 0, &mut named));
    }
    assert_eq!(shown(best), shown(named));

    // It would be a part of every name.
    refused(
        on("", 0).0,
        IDDPM_ARGUMENT,
        "adapter \"\": a GPU is asked for by a part of its name",
    );
    let (result, none) = on("no such adapter", 0);
    let error = Device::named("no such adapter").open().unwrap_err();
    refused(result, IDDPM_DEVICE, &error.to_string());
    assert!(none.is_null());

    let names = Device::list();
    assert_eq!(iddpm_devices(), names.len());
    for (index, name) in names.iter().enumerate() {
        assert_eq!(
            &text(|out, len| unsafe { iddpm_device_name(index, out, len) }),
            name
        );
    }
    assert_eq!(unsafe { iddpm_device_name(names.len(), null_mut(), 0) }, 0);
    let count = names.len();
    assert_eq!(
        last_error(),
        format!("index {count}: there are {count}, the first of which is 0")
    );
    unsafe {
        iddpm_model_free(model);
        for studio in [one, all, best, named] {
            iddpm_studio_free(studio);
        }
    }
}
