// The worker, which does all that takes long, so that the page answers at any time.

const worker = new Worker("worker.js", { type: "module" });

/** Asks the worker for something, by its kind. */
export function ask(kind, what = {}) {
  worker.postMessage({ kind, ...what });
}

/** Calls this with all that the worker says. */
export function listen(heard) {
  worker.addEventListener("message", ({ data }) => heard(data));
  worker.addEventListener("error", ({ message }) => heard({ kind: "failed", asked: "open", message }));
}
