// The worker: loads the model once, then draws what the page asks for, step by step.

import start, { Sprites } from "./iddpm_web.js";

const MODEL = "sprites32.safetensors";
let sprites;

async function open(backend) {
  const [file] = await Promise.all([fetch(MODEL), start()]);
  if (!file.ok) {
    throw new Error(`${MODEL}: ${file.status} ${file.statusText}`);
  }
  sprites = await Sprites.open(new Uint8Array(await file.arrayBuffer()), backend);
  postMessage({ kind: "open", device: sprites.device(), classes: sprites.classes() });
}

async function draw(name, seed, steps) {
  const begun = performance.now();
  const drawing = await sprites.begin(name, BigInt(seed), steps);
  try {
    const [width, all] = [sprites.width(), drawing.steps()];
    while (await drawing.advance()) {
      const pixels = await drawing.pixels();
      postMessage({ kind: "step", pixels, width, position: drawing.position(), steps: all });
    }
    const png = await drawing.png();
    postMessage({ kind: "done", png, milliseconds: performance.now() - begun });
  } finally {
    drawing.free();
  }
}

addEventListener("message", async ({ data }) => {
  try {
    await ("backend" in data ? open(data.backend) : draw(data.class, data.seed, data.steps));
  } catch (error) {
    postMessage({ kind: "failed", message: String(error.message ?? error) });
  }
});
