// sprite.c in C++, by iddpm.hpp: sprite_cpp [MODEL [CLASS]] writes sprite_cpp.pam, RGBA.
#include <fstream>
#include <iostream>

#include "iddpm.hpp"

static void draw(const char *path, const char *class_name) {
    iddpm::Model model = iddpm::Model::open(path);
    iddpm::Studio studio = model.on();
    iddpm::Draw draw;
    draw.class_name = class_name;
    draw.seed = 7;
    iddpm::Run run = studio.begin(draw);
    while (run.fraction() < 0.5f) run.step();
    // Saved and gone on with, as if the player had left.
    run = studio.resume(run.save());
    while (run.advance(4000)) {}

    iddpm_info info = model.info();
    size_t stride = size_t(info.width) * 4;
    std::vector<uint8_t> rgba(stride * info.height);
    run.pixels(0, rgba.data(), stride, rgba.size());
    std::ofstream file("sprite_cpp.pam", std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file << "P7\nWIDTH " << info.width << "\nHEIGHT " << info.height
         << "\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n";
    file.write(reinterpret_cast<const char *>(rgba.data()), std::streamsize(rgba.size()));
    file.close();
}

int main(int argc, char **argv) {
    try {
        draw(argc > 1 ? argv[1] : IDDPM_SPRITES, argc > 2 ? argv[2] : "sword");
        return 0;
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
