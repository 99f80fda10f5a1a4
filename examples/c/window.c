// A window that shows a sprite while it is drawn: window [MODEL [CLASS]]. Space draws the next seed, Escape ends it.
#include <SDL.h>

#include "check.h"

enum { SCALE = 12, CELL = 8 };

// Ends the program by SDL's sentence.
static void sdl_failed(void) {
    fprintf(stderr, "SDL: %s\n", SDL_GetError());
    exit(1);
}

// The ground under what is transparent.
static void draw_board(SDL_Renderer *renderer, int width, int height) {
    for (int y = 0; y < height; y += CELL)
        for (int x = 0; x < width; x += CELL) {
            Uint8 grey = (x / CELL + y / CELL) % 2 ? 0x66 : 0x99;
            SDL_Rect cell = {x, y, CELL, CELL};
            SDL_SetRenderDrawColor(renderer, grey, grey, grey, 255);
            SDL_RenderFillRect(renderer, &cell);
        }
}

// Writes a run's preview into the texture, where it lies.
static void show(iddpm_run *run, SDL_Texture *texture, uint32_t height) {
    void *pixels;
    int pitch;
    if (SDL_LockTexture(texture, NULL, &pixels, &pitch) != 0) sdl_failed();
    check(iddpm_run_preview(run, 0, pixels, (size_t)pitch, (size_t)pitch * height));
    SDL_UnlockTexture(texture);
}

int main(int argc, char **argv) {
    iddpm_model *model;
    iddpm_studio *studio;
    iddpm_info info;
    iddpm_draw draw;
    check(iddpm_model_open(argc > 1 ? argv[1] : IDDPM_SPRITES, &model));
    check(iddpm_model_info(model, &info, sizeof info));
    check(iddpm_model_on(model, NULL, 0, &studio));
    check(iddpm_draw_init(&draw, sizeof draw));
    draw.class_name = argc > 2 ? argv[2] : "sword";
    draw.seed = 7;

    int width = (int)info.width * SCALE, height = (int)info.height * SCALE;
    if (SDL_Init(SDL_INIT_VIDEO) != 0) sdl_failed();
    SDL_Window *window = SDL_CreateWindow("iddpm", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width, height, 0);
    SDL_Renderer *renderer = window ? SDL_CreateRenderer(window, -1, SDL_RENDERER_PRESENTVSYNC) : NULL;
    // RGBA32 is red, green, blue, alpha byte by byte, on every processor.
    SDL_Texture *texture = renderer ? SDL_CreateTexture(renderer, SDL_PIXELFORMAT_RGBA32, SDL_TEXTUREACCESS_STREAMING,
                                                        (int)info.width, (int)info.height)
                                    : NULL;
    if (!texture || SDL_SetTextureBlendMode(texture, SDL_BLENDMODE_BLEND) != 0) sdl_failed();

    iddpm_run *run = NULL;
    int ended = 0;
    while (!ended) {
        SDL_Event event;
        while (SDL_PollEvent(&event)) {
            SDL_Keycode key = event.type == SDL_KEYDOWN ? event.key.keysym.sym : SDLK_UNKNOWN;
            ended |= event.type == SDL_QUIT || key == SDLK_ESCAPE;
            if (key == SDLK_SPACE) {
                draw.seed++;
                iddpm_run_free(run);
                run = NULL;
            }
        }
        if (!run) check(iddpm_run_begin(studio, &draw, &run));
        // 4 ms of a frame; nothing once the image is done.
        if (iddpm_run_fraction(run) < 1) {
            check(iddpm_run_advance(run, 4000));
            show(run, texture, info.height);
        }
        draw_board(renderer, width, height);
        if (SDL_RenderCopy(renderer, texture, NULL, NULL) != 0) sdl_failed();
        SDL_RenderPresent(renderer);
        SDL_Delay(1);  // where the display makes nobody wait
    }
    iddpm_run_free(run);
    SDL_DestroyTexture(texture);
    SDL_DestroyRenderer(renderer);
    SDL_DestroyWindow(window);
    SDL_Quit();
    iddpm_studio_free(studio);
    iddpm_model_free(model);
    return 0;
}
