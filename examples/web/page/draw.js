// The section in which sprites are drawn: the picture as it comes, and at the end a file of it.

import { ask } from "./ask.js";
import { show } from "./show.js";

const element = (id) => document.getElementById(id);
const [picture, progress, form] = ["picture", "progress", "form"].map(element);
const [choice, seed, count, status, download] = ["class", "seed", "steps", "status", "download"].map(element);
const buttons = ["draw", "next"].map(element);
const asked = new URLSearchParams(location.search);
let device = "";

function setBusy(busy) {
  status.ariaBusy = busy;
  for (const control of [choice, ...buttons]) {
    // Without classes no model has come.
    control.disabled = busy || choice.options.length === 0;
  }
}

function draw() {
  setBusy(true);
  download.hidden = true;
  ask("draw", { class: choice.value, seed: seed.value, steps: count.value || undefined });
}

function isBusy() {
  return status.ariaBusy === "true";
}

// What the worker says, by its kind.
export const heard = {
  open({ device: name }) {
    device = name;
    const wanted = asked.get("class") ?? "sword";
    if (![...choice.options].some(({ value }) => value === wanted)) {
      choice.prepend(new Option(wanted));
    }
    choice.value = wanted;
    seed.value = asked.get("seed") ?? seed.value;
    count.value = asked.get("steps") ?? count.value;
    draw();
  },
  classes({ classes }) {
    const { value } = choice;
    choice.replaceChildren(...classes.map((name) => new Option(name)));
    choice.value = value;
  },
  step({ pixels, width, position, steps }) {
    show(picture, pixels, width);
    progress.value = position / steps;
    status.textContent = `on ${device}: step ${position} of ${steps}`;
  },
  drawn({ class: name, seed: number, png, milliseconds }) {
    URL.revokeObjectURL(download.href);
    download.href = URL.createObjectURL(new Blob([png], { type: "image/png" }));
    // As it was asked for, whatever the fields say by now.
    download.download = `${name}_${number}.png`;
    download.hidden = false;
    status.textContent = `on ${device}: drawn in ${(milliseconds / 1000).toFixed(1)} s`;
    setBusy(false);
  },
  taught({ subject }) {
    if (!isBusy()) {
      choice.value = subject;
      draw();
    }
  },
  failed({ asked: kind, message }) {
    if (["open", "draw"].includes(kind)) {
      status.textContent = message;
      setBusy(false);
    }
  },
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  draw();
});
element("next").addEventListener("click", () => {
  seed.value = Number(seed.value) + 1;
  draw();
});
