// A lesson from its beginning to its end, in pieces: what the model knows is drawn, then steps are taken.

import { Lesson, Replay } from "./iddpm_web.js";

const PREVIEW_EVERY = 25;

export class Course {
  #sprites;
  #replay;
  #lesson;

  constructor(sprites, { subject, steps, each }) {
    this.#sprites = sprites;
    this.#replay = new Replay(sprites, subject, each);
    this.subject = subject;
    this.steps = steps;
    /** What it has come to, as it was last shown. */
    this.newest = undefined;
    /** The time that its steps took, without what was drawn beside them. */
    this.milliseconds = 0;
  }

  /** Draws a picture of what the model knows; `false` where there was none left. */
  async recall() {
    return this.#lesson === undefined && (await this.#replay.draw(this.#sprites));
  }

  get recalled() {
    return { count: this.#replay.len(), all: this.#replay.count() };
  }

  get isBegun() {
    return this.#lesson !== undefined;
  }

  async begin(pictures) {
    this.#lesson = await Lesson.begin(this.#sprites, pictures, this.#replay, this.subject);
  }

  get position() {
    return this.#lesson.position();
  }

  get isDone() {
    return this.position >= this.steps;
  }

  get isPreviewDue() {
    return this.position % PREVIEW_EVERY === 0;
  }

  async step() {
    const begun = performance.now();
    const loss = await this.#lesson.step();
    this.milliseconds += performance.now() - begun;
    const { position, steps } = this;
    const batch = this.#lesson.batch();
    const rate = (1000 * position * batch) / this.milliseconds;
    return { position, steps, batch, loss, rate };
  }

  file() {
    return this.#lesson.file();
  }

  free() {
    this.#replay.free();
    this.#lesson?.free();
  }
}
