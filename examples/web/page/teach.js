// The section in which the network is taught: pictures that are dropped on the page or chosen, a class, a lesson.

import { ask } from "./ask.js";
import { show } from "./show.js";

const element = (id) => document.getElementById(id);
const [form, choose, files, clear] = ["lesson", "choose", "files", "clear"].map(element);
const [subject, known] = ["subject", "known"].map(element);
const [length, each, teach, stop, network] = ["length", "each", "teach", "stop", "network"].map(element);
const [pictures, progress, previews, status] = ["pictures", "learnt", "previews", "lesson-status"].map(element);

function setBusy(isBusy) {
  status.ariaBusy = isBusy;
  stop.disabled = !isBusy;
  for (const control of [choose, clear, subject, length, each, teach]) {
    control.disabled = isBusy;
  }
}

// While a lesson goes on, its pictures are what they are.
function add(chosen) {
  if (!choose.disabled && chosen.length > 0) {
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
  recalled({ count, all }) {
    progress.value = count / all;
    status.textContent = `what it knows already: picture ${count} of ${all}`;
  },
  lesson({ position, steps, loss, rate }) {
    progress.value = position / steps;
    status.textContent = `step ${position} of ${steps}: loss ${loss.toFixed(4)}, ${rate.toFixed(1)} images a second`;
  },
  preview({ position, pixels, width }) {
    const canvas = Object.assign(document.createElement("canvas"), { title: `after ${position} steps` });
    show(canvas, pixels, width);
    const figure = document.createElement("figure");
    const caption = Object.assign(document.createElement("figcaption"), { textContent: position });
    figure.append(canvas, caption);
    previews.append(figure);
  },
  taught({ file, subject: name, position, milliseconds }) {
    URL.revokeObjectURL(network.href);
    network.href = URL.createObjectURL(file);
    network.download = `${name}.safetensors`;
    network.hidden = false;
    const minutes = (milliseconds / 60_000).toFixed(1);
    status.textContent = `${name} taught, to step ${position} in ${minutes} min: the page draws with this network now`;
    setBusy(false);
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
  previews.replaceChildren();
  ask("teach", { subject: subject.value.trim(), steps: Number(length.value), each: Number(each.value) });
});
stop.addEventListener("click", () => ask("stop"));
choose.addEventListener("click", () => files.click());
clear.addEventListener("click", () => ask("clear"));
files.addEventListener("change", () => {
  add(files.files);
  // So that the same file can be chosen again.
  files.value = "";
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  add(event.dataTransfer.files);
});
