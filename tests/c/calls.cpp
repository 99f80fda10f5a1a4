// What iddpm.hpp has beyond a sprite: calls MODEL tries each call, and the numbers of one are those of another.
#include <algorithm>
#include <iostream>

#include "iddpm.hpp"

static const size_t ROW = 32 * 4;

static void must(bool holds, const char *what) {
    if (!holds) throw std::runtime_error(what);
}

template <typename Call>
static void refused(Call call, iddpm_result result, const char *sentence) {
    try {
        call();
    } catch (const iddpm::Error &error) {
        must(error.result == result && std::string(error.what()) == sentence, error.what());
        return;
    }
    must(false, sentence);
}

static std::vector<uint8_t> pixels(iddpm::Run &run, uint32_t image) {
    std::vector<uint8_t> rgba(32 * ROW);
    run.pixels(image, rgba.data(), ROW, rgba.size());
    return rgba;
}

static void runs(iddpm::Studio &studio) {
    const char *classes[] = {"sword", "axe"};
    iddpm::Draw draw;
    draw.steps = "2";
    draw.classes = classes;
    draw.class_count = 2;
    draw.count = 3;
    iddpm::Run run = studio.begin(draw);
    must(run.count() == 3 && run.fraction() == 0, "a run at its beginning");
    std::vector<uint8_t> nothing(32 * ROW, 9);
    run.preview(0, nothing.data(), ROW, nothing.size());
    must(std::all_of(nothing.begin(), nothing.end(), [](uint8_t one) { return one == 0; }), "what is seen of it");
    run.step();
    iddpm::Run resumed = studio.resume(run.save());
    while (run.step()) {}
    while (resumed.advance(1000)) {}
    must(pixels(run, 1) == pixels(resumed, 1), "a run that was saved");

    // The third is of the first class again, as image 2 of that class alone.
    draw.class_count = 1;
    draw.first = 2;
    draw.count = 1;
    iddpm::Run alone = studio.begin(draw);
    while (alone.step()) {}
    must(pixels(run, 2) == pixels(alone, 0), "an image of several classes");
    run.cancel();
    refused([&] { run.fraction(); }, IDDPM_ENDED, "run: it was cancelled");
    refused([&] { run.count(); }, IDDPM_ENDED, "run: it was cancelled");
}

static void planes(iddpm::Studio &studio) {
    iddpm::Draw draw;
    draw.class_name = "tree";
    draw.steps = "2";
    iddpm::Plane plane = studio.begin_plane(draw);
    std::vector<uint8_t> first(16 * 4), again(8 * 4);
    plane.tile(0, 0, 16, 1, first.data(), first.size(), first.size());
    plane.tile(8, 0, 8, 1, again.data(), again.size(), again.size());
    must(std::equal(again.begin(), again.end(), first.begin() + 8 * 4), "tiles of a plane");
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    try {
        iddpm::Model model = iddpm::Model::open(argv[1]);
        std::vector<std::string> names = model.class_names();
        must(names.size() == model.info().classes, "as many names as classes");
        must(std::count(names.begin(), names.end(), "sword") == 1, "a class of swords");
        must(model.notes().empty() && model.info().low_res_width == 0, "notes, and what it enlarges");
        for (const std::string &name : iddpm::devices()) must(!name.empty(), "a device has a name");
        iddpm::Studio studio = model.on("cpu", 1);
        must(studio.device().find("the CPU") == 0, studio.device().c_str());
        refused([&] { model.on(""); }, IDDPM_ARGUMENT, "adapter \"\": a GPU is asked for by a part of its name");
        runs(studio);
        planes(studio);
        return 0;
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
