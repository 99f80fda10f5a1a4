// iddpm.h in C++17: handles that free themselves, and exceptions with the sentence.
#ifndef IDDPM_HPP
#define IDDPM_HPP

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "iddpm.h"

namespace iddpm {

// A call that failed, and why.
struct Error : std::runtime_error {
    iddpm_result result;
    Error(iddpm_result result, const std::string &why) : std::runtime_error(why), result(result) {}
};

// What a call came to, where it did not fail.
inline iddpm_result check(iddpm_result result) {
    if (result >= 0) return result;
    std::string why(iddpm_last_error(nullptr, 0), '\0');
    iddpm_last_error(why.data(), why.size());
    why.pop_back();  // the 0 at its end
    throw Error(result, why);
}

// A text that a call writes: first its size is asked for, 0 where it failed.
template <typename Put>
std::string text(Put put) {
    std::string written(put(nullptr, 0), '\0');
    if (written.empty()) check(iddpm_last_result());
    put(written.data(), written.size());
    written.pop_back();
    return written;
}

// The GPUs of the machine as Model::on takes them, the best first; none in a library that was built without them.
inline std::vector<std::string> devices() {
    std::vector<std::string> names(iddpm_devices());
    for (size_t at = 0; at < names.size(); at++)
        names[at] = text([at](char *out, size_t len) { return iddpm_device_name(at, out, len); });
    return names;
}

// The usual drawing; its fields are those of iddpm_draw.
struct Draw : iddpm_draw {
    Draw() : iddpm_draw() { check(iddpm_draw_init(this, sizeof(iddpm_draw))); }
};

template <typename T, void (*free)(T *)>
struct Free {
    void operator()(T *handle) const { free(handle); }
};

// Images on their way. It needs its studio no more, nor its model.
class Run {
    std::unique_ptr<iddpm_run, Free<iddpm_run, iddpm_run_free>> handle;

public:
    explicit Run(iddpm_run *run) : handle(run) {}
    // Takes a step, or what is left of one; true while any is left.
    bool step() { return check(iddpm_run_step(handle.get())) == IDDPM_MORE; }
    // Goes on for so many microseconds, by one operation of the network at least; true while anything is left.
    bool advance(uint32_t microseconds) { return check(iddpm_run_advance(handle.get(), microseconds)) == IDDPM_MORE; }
    float fraction() const {
        float done = iddpm_run_fraction(handle.get());
        if (done < 0) check(iddpm_last_result());
        return done;
    }
    uint32_t count() const {
        uint32_t images = iddpm_run_count(handle.get());
        if (images == 0) check(iddpm_last_result());
        return images;
    }
    // RGBA into a texture that is locked, say.
    void pixels(uint32_t image, uint8_t *out, size_t stride, size_t len) {
        check(iddpm_run_pixels(handle.get(), image, out, stride, len));
    }
    // As it will be, and nothing before the first step.
    void preview(uint32_t image, uint8_t *out, size_t stride, size_t len) {
        check(iddpm_run_preview(handle.get(), image, out, stride, len));
    }
    void cancel() { check(iddpm_run_cancel(handle.get())); }
    std::vector<uint8_t> save() {
        size_t len = 0;
        check(iddpm_run_save(handle.get(), nullptr, &len));
        std::vector<uint8_t> saved(len);
        check(iddpm_run_save(handle.get(), saved.data(), &len));
        return saved;
    }
};

// A picture without end. It needs the handle of its studio no more, but uses the studio while it draws.
class Plane {
    std::unique_ptr<iddpm_plane, Free<iddpm_plane, iddpm_plane_free>> handle;

public:
    explicit Plane(iddpm_plane *plane) : handle(plane) {}
    // RGBA whose left upper corner lies at x, y; it takes seconds, for a thread of its own.
    void tile(int32_t x, int32_t y, uint32_t width, uint32_t height, uint8_t *out, size_t stride, size_t len) {
        check(iddpm_plane_tile(handle.get(), x, y, width, height, out, stride, len));
    }
};

// A model on a device.
class Studio {
    std::unique_ptr<iddpm_studio, Free<iddpm_studio, iddpm_studio_free>> handle;

public:
    explicit Studio(iddpm_studio *studio) : handle(studio) {}
    // Which device it is on, and why.
    std::string device() const {
        return text([this](char *out, size_t len) { return iddpm_studio_device(handle.get(), out, len); });
    }
    Run begin(const Draw &draw) {
        iddpm_run *run;
        check(iddpm_run_begin(handle.get(), &draw, &run));
        return Run(run);
    }
    Run resume(const std::vector<uint8_t> &saved) {
        iddpm_run *run;
        check(iddpm_run_resume(handle.get(), saved.data(), saved.size(), &run));
        return Run(run);
    }
    Plane begin_plane(const Draw &draw) {
        iddpm_plane *plane;
        check(iddpm_plane_begin(handle.get(), &draw, &plane));
        return Plane(plane);
    }
};

// A trained network.
class Model {
    std::unique_ptr<iddpm_model, Free<iddpm_model, iddpm_model_free>> handle;
    explicit Model(iddpm_model *model) : handle(model) {}

public:
    // By its path in UTF-8.
    static Model open(const std::string &path) {
        iddpm_model *model;
        check(iddpm_model_open(path.c_str(), &model));
        return Model(model);
    }
    static Model from_memory(const uint8_t *file, size_t len) {
        iddpm_model *model;
        check(iddpm_model_from_memory(file, len, &model));
        return Model(model);
    }
    iddpm_info info() const {
        iddpm_info info;
        check(iddpm_model_info(handle.get(), &info, sizeof info));
        return info;
    }
    // Their numbers where they have no names.
    std::vector<std::string> class_names() const {
        std::vector<std::string> names(info().classes);
        for (uint32_t at = 0; at < names.size(); at++)
            names[at] = text([this, at](char *out, size_t len) {
                return iddpm_model_class_name(handle.get(), at, out, len);
            });
        return names;
    }
    // What a user must know of it, a note a line.
    std::string notes() const {
        return text([this](char *out, size_t len) { return iddpm_model_notes(handle.get(), out, len); });
    }
    // On the best device where it is nullptr; "cpu", "gpu" or a GPU's name. 0 threads are as many as there are cores.
    Studio on(const char *device = nullptr, uint32_t threads = 0) const {
        iddpm_studio *studio;
        check(iddpm_model_on(handle.get(), device, threads, &studio));
        return Studio(studio);
    }
};

}  // namespace iddpm

#endif
