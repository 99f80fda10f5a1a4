// A site, served and looked at in Chromium: with what is watched there from its beginning, and what went wrong on it.

import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { extname, join } from "node:path";
import { Chromium } from "./chromium.mjs";

const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
const LONGEST_TASK = 50;
const LONG = "a task of ";
const PATIENCE = 60_000;

// Before the page's own script: what it puts onto the large canvas, what its worker says of a lesson, its long tasks, and
// the gaps between its frames.
const WATCH = `
  window.watched = { tasks: [], gaps: [], pixels: null, lessons: [] };
  new PerformanceObserver((list) => watched.tasks.push(...list.getEntries().map((task) => [task.startTime, task.duration])))
    .observe({ type: "longtask", buffered: true });
  const frame = (before) => requestAnimationFrame((now) => { watched.gaps.push(now - before); frame(now); });
  frame(performance.now());
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...place) {
    if (this.canvas.id === "picture") watched.pixels = Array.from(image.data);
    put.call(this, image, ...place);
  };
  const Plain = Worker;
  window.Worker = class extends Plain {
    constructor(...how) {
      super(...how);
      this.addEventListener("message", ({ data }) => ["recalled", "lesson"].includes(data.kind) && watched.lessons.push(data));
    }
  };`;
const SEEN = `({ ...watched, loaded: performance.getEntriesByType("navigation")[0].loadEventEnd })`;

function serve(site) {
  const server = http.createServer((request, response) => {
    const path = new URL(request.url, "http://page").pathname;
    const file = path === "/" ? "/index.html" : path;
    try {
      const bytes = readFileSync(join(site, file));
      response.setHeader("content-type", KINDS[extname(file)] ?? "application/octet-stream");
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** What of the browser's events is an error of the page; that there is no adapter the browser itself warns of. */
function complaint(name, { entry, exceptionDetails, type, args }) {
  if (name === "Log.entryAdded" && entry.level === "error") {
    return `${entry.level}: ${entry.text}`;
  }
  if (name === "Runtime.exceptionThrown") {
    return `exception: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`;
  }
  if (name === "Runtime.consoleAPICalled" && type === "error") {
    return `${type}: ${args.map((arg) => arg.value ?? arg.description).join(" ")}`;
  }
  return undefined;
}

/** A page that is open. */
class Visit {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** The value of an expression there. */
  async ask(expression) {
    const answer = await this.#page("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) {
      throw new Error(answer.exceptionDetails.exception?.description ?? expression);
    }
    return answer.result.value;
  }

  /** The value of an expression, once it is true. */
  async until(expression) {
    const end = Date.now() + PATIENCE;
    let value;
    while (!(value = await this.ask(expression))) {
      if (Date.now() > end) {
        throw new Error(`not so after ${PATIENCE} ms: ${expression}: ${await this.ask("document.body.innerText")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return value;
  }

  /** The bytes that a link leads to. */
  async download(id) {
    const bytes = `fetch(document.getElementById("${id}").href).then((got) => got.arrayBuffer())
      .then((bytes) => Array.from(new Uint8Array(bytes)))`;
    return Buffer.from(await this.ask(bytes));
  }

  /** Chooses files, as a hand would. */
  async choose(id, files) {
    const { result } = await this.#page("Runtime.evaluate", { expression: `document.getElementById("${id}")` });
    await this.#page("DOM.setFileInputFiles", { files, objectId: result.objectId });
  }

  /** Drops files on the page, as a hand would. */
  async drop(files) {
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await this.#page("Input.dispatchDragEvent", { type, x: 100, y: 100, data });
    }
  }

  /** The page as it looks, as a file. */
  async picture(path) {
    const { data } = await this.#page("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    writeFileSync(path, Buffer.from(data, "base64"));
  }

  /** What was watched, and what of it must not be: tasks of the loaded page that are too long. */
  async seen() {
    const seen = await this.ask(SEEN);
    // A browser that has just begun is busy with itself until the page is loaded.
    const long = seen.tasks.filter(([begun]) => begun >= seen.loaded).map(([, took]) => took);
    const [task, gap] = [Math.max(0, ...long), Math.max(0, ...seen.gaps)];
    const wrong = task <= LONGEST_TASK ? [] : [`${LONG}${task} ms, over ${LONGEST_TASK}`];
    return { ...seen, wrong, pace: `longest task ${task} ms (0: none over 50), frame ${gap.toFixed()} ms` };
  }
}

/** Opens a page, and lets `use` look at it; what is wrong with it, as sentences. */
async function look(site, query, flags, use) {
  const server = await serve(site);
  const chromium = new Chromium(flags);
  const said = [];
  chromium.heard = (name, event) => said.push(...[complaint(name, event)].filter(Boolean));
  try {
    const page = await chromium.page();
    for (const domain of ["Log", "Runtime", "Page"]) {
      await page(`${domain}.enable`);
    }
    await page("Page.addScriptToEvaluateOnNewDocument", { source: WATCH });
    await page("Page.navigate", { url: `http://127.0.0.1:${server.address().port}/${query}` });
    said.push(...(await use(new Visit(page))));
  } catch (error) {
    said.push(error.message);
  } finally {
    await chromium.end();
    server.close();
    server.closeAllConnections();
  }
  return said;
}

/**
 * Opens a page of a site, and lets `use` look at it: what is wrong comes back from there, as sentences. They, and what the
 * page complained of, are the program's failure.
 */
export async function visit(site, query, flags, use) {
  let said = await look(site, query, flags, use);
  // Where the machine does other things beside, a task waits for it, and is longer than its work. One that is long by
  // itself is so each time.
  if (said.length > 0 && said.every((sentence) => sentence.startsWith(LONG))) {
    console.error(`web: ${said.join("; ")}: once more`);
    said = await look(site, query, flags, use);
  }
  if (said.length > 0) {
    console.error(`web: ${said.join("\n")}`);
    process.exitCode = 1;
  }
}
