// The page: what is chosen goes to the worker, what the worker has drawn comes onto the canvas. The worker does all
// that takes long, so that the page answers at any time.
//
// What is behind the address chooses at once: ?backend=cpu (or gpu), ?class=sword&seed=7&steps=15.

const element = (id) => document.getElementById(id);
const [picture, progress, form] = ["picture", "progress", "form"].map(element);
const [choice, seed, count, status, download] = ["class", "seed", "steps", "status", "download"].map(element);
const buttons = ["draw", "next"].map(element);
const asked = new URLSearchParams(location.search);
const worker = new Worker("worker.js", { type: "module" });
let device = "";

function setBusy(isBusy) {
  status.ariaBusy = isBusy;
  for (const control of [choice, ...buttons]) {
    // Without classes no model has come.
    control.disabled = isBusy || choice.options.length === 0;
  }
}

function draw() {
  setBusy(true);
  download.hidden = true;
  worker.postMessage({ class: choice.value, seed: seed.value, steps: count.value });
}

// What the worker says, by its kind.
const heard = {
  open({ device: name, classes }) {
    device = name;
    choice.append(...classes.map((name) => new Option(name)));
    choice.value = asked.get("class") ?? "sword";
    seed.value = asked.get("seed") ?? seed.value;
    count.value = asked.get("steps") ?? count.value;
    draw();
  },
  step({ pixels, width, position, steps }) {
    const height = pixels.length / 4 / width;
    Object.assign(picture, { width, height });
    picture.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
    progress.value = position / steps;
    status.textContent = `on ${device}: step ${position} of ${steps}`;
  },
  done({ png, milliseconds }) {
    URL.revokeObjectURL(download.href);
    download.href = URL.createObjectURL(new Blob([png], { type: "image/png" }));
    download.download = `${choice.value}_${seed.value}.png`;
    download.hidden = false;
    status.textContent = `on ${device}: drawn in ${(milliseconds / 1000).toFixed(1)} s`;
    setBusy(false);
  },
  failed({ message }) {
    status.textContent = message;
    setBusy(false);
  },
};
worker.addEventListener("message", ({ data }) => heard[data.kind](data));
worker.addEventListener("error", ({ message }) => heard.failed({ message }));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  draw();
});
element("next").addEventListener("click", () => {
  seed.value = Number(seed.value) + 1;
  draw();
});
worker.postMessage({ backend: asked.get("backend") ?? "best" });
