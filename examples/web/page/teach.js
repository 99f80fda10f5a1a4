// The section in which the network is taught: pictures that are dropped on the page or chosen, a class, a lesson.

import { ask } from "./ask.js";
import { show } from "./show.js";

const element = (id) => document.getElementById(id);
const [form, choose, files, clear] = ["lesson", "choose", "files", "clear"].map(element);
const [subject, known] = ["subject", "known"].map(element);
const [length, each, teach, stop, first, network] = ["length", "each", "teach", "stop", "first", "network"].map(element);
const [pictures, progress, previews, status] = ["pictures", "learnt", "previews", "lesson-status"].map(element);

function setBusy(isBusy) {
  status.ariaBusy = isBusy;
  stop.disabled = !isBusy;
  for (const control of [clear, subject, length, each, teach, first]) {
    control.disabled = isBusy;
  }
}

// A lesson has its own by then: what comes in the course of it is for the next.
function add(chosen) {
  if (chosen.length > 0) {
    status.textContent = "reading …";
    ask("add", { files: [...chosen] });
  }
}

function thumbnail(file) {
  const image = Object.assign(new Image(), { alt: file.name, title: file.name });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  image.src = URL.createObjectURL(file);
  return image;
}

// What the worker says, by its kind.
export const heard = {
  open() {
    choose.disabled = false;
    setBusy(false);
  },
  classes({ classes }) {
    known.replaceChildren(...classes.map((name) => new Option(name)));
  },
  pictures({ taken, refused }) {
    pictures.append(...taken.map(thumbnail));
    const count = pictures.childElementCount;
    status.textContent = [`${count} ${count === 1 ? "picture" : "pictures"}`, ...refused].join("; ");
  },
  cleared() {
    pictures.replaceChildren();
    status.textContent = "no pictures";
  },
  begun() {
    previews.replaceChildren();
    progress.value = 0;
  },
  recalled({ count, all }) {
    progress.value = count / all;
    status.textContent = `what it knows already: picture ${count} of ${all}`;
  },
  lesson({ position, steps, batch, loss, rate }) {
    progress.value = position / steps;
    const left = ((steps - position) * batch) / rate / 60;
    status.textContent =
      `step ${position} of ${steps}: loss ${loss.toFixed(4)}, ${rate.toFixed(1)} images a second, ${left.toFixed(1)} min left`;
  },
  preview({ position, pixels, width }) {
    const canvas = Object.assign(document.createElement("canvas"), { title: `after ${position} steps` });
    show(canvas, pixels, width);
    const figure = document.createElement("figure");
    const caption = Object.assign(document.createElement("figcaption"), { textContent: position });
    figure.append(canvas, caption);
    previews.append(figure);
  },
  taught({ file, subject: name, position, steps, milliseconds }) {
    URL.revokeObjectURL(network.href);
    network.href = URL.createObjectURL(file);
    network.download = `${name}.safetensors`;
    network.hidden = false;
    const minutes = (milliseconds / 60_000).toFixed(1);
    first.hidden = false;
    const more = position < steps ? "; what it knew before is hazy until it has been taught for longer" : "";
    status.textContent =
      `${name} taught, to step ${position} of ${steps} in ${minutes} min: the page draws with this network now${more}`;
    setBusy(false);
  },
  reset() {
    first.hidden = true;
    status.textContent = "the page draws with its first network again";
  },
  left() {
    status.textContent = "stopped before its first step";
    setBusy(false);
  },
  failed({ asked: kind, message }) {
    if (["add", "clear", "teach", "lesson", "stop"].includes(kind)) {
      status.textContent = message;
      setBusy(false);
    }
  },
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  setBusy(true);
  status.textContent = "beginning …";
  ask("teach", { subject: subject.value.trim(), steps: Number(length.value), each: Number(each.value) });
});
stop.addEventListener("click", () => {
  status.textContent = "stopping …";
  ask("stop");
});
first.addEventListener("click", () => ask("reset"));
choose.addEventListener("click", () => files.click());
clear.addEventListener("click", () => ask("clear"));
files.addEventListener("change", () => {
  add(files.files);
  // So that the same file can be chosen again.
  files.value = "";
});
// In the course of a lesson the browser asks first.
addEventListener("beforeunload", (event) => {
  if (status.ariaBusy === "true") {
    event.preventDefault();
  }
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  add(event.dataTransfer.files);
});
