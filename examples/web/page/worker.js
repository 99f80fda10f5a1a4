// The worker: loads a model, then does what the page asks for, one thing after the other. While there is a lesson,
// it takes a step of it whenever nothing else is asked for.

import start, { Pictures, Sprites } from "./iddpm_web.js";
import { Course } from "./course.js";

const FEW_STEPS = "sprites32_4_steps.safetensors";
const ANY_STEPS = "sprites32.safetensors";
// A file of more is no picture of a sprite, and a page's memory has an end.
const MOST_BYTES = 64 * 1024 * 1024;
const PREVIEW = { seed: 7, steps: "8" };

// Draws where nothing is said of steps: it was distilled to four, and knows no others.
let few;
// Takes any number of steps, and can be taught: fetched when it is wanted.
let any;
// What a lesson has come to, which does both.
let taught;
let pictures;
let course;

const say = (kind, what) => postMessage({ kind, ...what });

/** Draws with what a lesson has come to from here on, or as at first. */
function setTaught(next) {
  taught?.free();
  taught = next;
  say("classes", { classes: (taught ?? few).classes() });
}

async function fetched(model) {
  const file = await fetch(model);
  if (!file.ok) {
    throw new Error(`${model}: ${file.status} ${file.statusText}`);
  }
  return new Uint8Array(await file.arrayBuffer());
}

/** The model that takes any number of steps, and can be taught. */
async function teachable() {
  if (taught === undefined) {
    any ??= await few.reopen(await fetched(ANY_STEPS));
  }
  return taught ?? any;
}

/** Draws in so many steps, or in as many as the model takes by itself. */
async function draw(name, seed, steps, each = () => {}) {
  const sprites = steps === undefined ? (taught ?? few) : await teachable();
  const drawing = await sprites.begin(name, BigInt(seed), steps);
  try {
    while (await drawing.advance()) {
      await each(drawing);
    }
    return { pixels: await drawing.pixels(), png: await drawing.png(), width: sprites.width() };
  } finally {
    drawing.free();
  }
}

async function read(file) {
  if (file.size > MOST_BYTES) {
    throw new Error(`${file.name}: ${file.size} bytes, but at most ${MOST_BYTES} of a picture are read`);
  }
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new Error(`${file.name}: ${error.message}`);
  }
}

/** Draws with what the lesson has come to, and shows a picture of its class. */
async function preview() {
  const file = await course.file();
  setTaught(await few.reopen(file));
  const { position, subject, steps, milliseconds } = course;
  // The page has it by reference: to copy it would take its time.
  course.newest = { file: new Blob([file]), subject, position, steps, milliseconds };
  const { pixels, width } = await draw(subject, PREVIEW.seed, PREVIEW.steps);
  say("preview", { position, pixels, width });
}

/** Ends the lesson; what it had come to when it was last shown is what it has taught. */
function end() {
  if (course?.newest) {
    say("taught", course.newest);
  }
  course?.free();
  course = undefined;
}

// What the page asks for, by its kind.
const answers = {
  async open({ backend }) {
    const [file] = await Promise.all([fetched(FEW_STEPS), start()]);
    few = await Sprites.open(file, backend);
    setTaught(undefined);
    pictures = new Pictures(few);
    say("open", { device: few.device() });
  },

  async draw({ class: name, seed, steps }) {
    const begun = performance.now();
    const { png } = await draw(name, seed, steps, async (drawing) => {
      const [pixels, position, all] = [await drawing.pixels(), drawing.position(), drawing.steps()];
      say("step", { pixels, width: few.width(), position, steps: all });
    });
    say("drawn", { class: name, seed, png, milliseconds: performance.now() - begun });
  },

  async add({ files }) {
    const [taken, refused] = [[], []];
    for (const file of files) {
      try {
        pictures.add(file.name, await read(file));
        taken.push(file);
      } catch (error) {
        refused.push(told(error));
      }
    }
    say("pictures", { taken, refused });
  },

  clear() {
    pictures.free();
    pictures = new Pictures(few);
    say("cleared");
  },

  async teach(what) {
    if (pictures.is_empty()) {
      throw new Error("there are no pictures: drop some on this page");
    }
    course = new Course(await teachable(), what);
    say("begun");
  },

  /** Asked for by nobody: the next piece of the lesson. */
  async lesson() {
    if (await course.recall()) {
      say("recalled", course.recalled);
    } else if (!course.isBegun) {
      await course.begin(pictures);
    } else {
      say("lesson", await course.step());
      if (course.isDone) {
        await answers.stop();
      } else if (course.isPreviewDue) {
        await preview();
      }
    }
    // What the page has said meanwhile is heard between two tasks.
    await new Promise((resolve) => setTimeout(resolve));
  },

  async stop() {
    // Where it has come to its end meanwhile, there is nothing to stop.
    if (course?.isBegun && course.position > 0) {
      await preview();
      end();
    } else if (course) {
      end();
      say("left");
    }
  },

  /** Draws with the first network again. */
  reset() {
    setTaught(undefined);
    say("reset");
  },
};

// What has trapped, as for want of memory, is of no more use.
function told(error) {
  const message = String(error.message ?? error);
  return error instanceof WebAssembly.RuntimeError ? `${message}: load the page anew` : message;
}

const asked = [];
let wake = () => {};
addEventListener("message", ({ data }) => {
  asked.push(data);
  wake();
});
for (;;) {
  const question = asked.shift() ?? (course && { kind: "lesson" });
  if (question === undefined) {
    await new Promise((resolve) => (wake = resolve));
    continue;
  }
  try {
    await answers[question.kind](question);
  } catch (error) {
    if (["teach", "lesson", "stop"].includes(question.kind)) {
      end();
    }
    say("failed", { asked: question.kind, message: told(error) });
  }
}
