// check.mjs SITE OUT EXPECTED.rgba MOST QUERY DEVICE [FLAG...] : opens the page in Chromium, lets it draw, and compares.
//
// The picture that it shows, and the one that it gives for download, differ from those bytes by no more than MOST in any
// value; what it says of the device contains DEVICE; there is no error on its console; no task of the loaded page is
// longer than it may be. OUT.png is the page as it looks, OUT.sprite.png the download.

import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { extname, join } from "node:path";
import { Chromium } from "./chromium.mjs";
import { pixels } from "./png.mjs";

const [site, out, expectedFile, most, query, device, ...flags] = process.argv.slice(2);
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
const LONGEST_TASK = 50;
const PATIENCE = 60_000;

// Before the page's own script: what it puts onto the canvas, its long tasks, and the gaps between its frames.
const WATCH = `
  window.watched = { tasks: [], gaps: [], pixels: null };
  new PerformanceObserver((list) => watched.tasks.push(...list.getEntries().map((task) => [task.startTime, task.duration])))
    .observe({ type: "longtask", buffered: true });
  const frame = (before) => requestAnimationFrame((now) => { watched.gaps.push(now - before); frame(now); });
  frame(performance.now());
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...place) {
    watched.pixels = Array.from(image.data);
    put.call(this, image, ...place);
  };`;
const STATUS = `document.querySelector("#status[aria-busy=false]")?.textContent`;
const DRAWN = `document.getElementById("download").hidden ? null : fetch(document.getElementById("download").href).then((got) => got.arrayBuffer())
  .then((bytes) => ({ png: Array.from(new Uint8Array(bytes)), ...watched,
    loaded: performance.getEntriesByType("navigation")[0].loadEventEnd }))`;

const server = http.createServer((request, response) => {
  const path = new URL(request.url, "http://page").pathname;
  try {
    const bytes = readFileSync(join(site, path === "/" ? "index.html" : path));
    response.setHeader("content-type", KINDS[extname(path)] ?? (path === "/" ? "text/html" : "application/octet-stream"));
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const said = [];
const chromium = new Chromium(flags);
chromium.heard = (name, { entry, exceptionDetails, type, args }) => {
  // That there is no adapter the browser itself warns of.
  if (name === "Log.entryAdded" && entry.level === "error") {
    said.push(`${entry.level}: ${entry.text}`);
  } else if (name === "Runtime.exceptionThrown") {
    said.push(`exception: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
  } else if (name === "Runtime.consoleAPICalled" && type === "error") {
    said.push(`${type}: ${args.map((arg) => arg.value ?? arg.description).join(" ")}`);
  }
};

async function look() {
  const page = await chromium.page();
  const ask = async (expression) => {
    const answer = await page("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    return answer.result.value;
  };
  for (const domain of ["Log", "Runtime", "Page"]) {
    await page(`${domain}.enable`);
  }
  await page("Page.addScriptToEvaluateOnNewDocument", { source: WATCH });
  await page("Page.navigate", { url: `http://127.0.0.1:${server.address().port}/${query}` });
  const until = Date.now() + PATIENCE;
  let status;
  while (!(status = await ask(STATUS))) {
    if (Date.now() > until) {
      throw new Error(`it is not done: ${await ask("document.body.innerText")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const drawn = await ask(DRAWN);
  if (drawn === null) {
    throw new Error(`it has drawn nothing: ${status}`);
  }
  const { data } = await page("Page.captureScreenshot", { format: "png" });
  writeFileSync(`${out}.png`, Buffer.from(data, "base64"));
  return { status, ...drawn };
}

// The largest difference of any value.
function difference(what, had, expected) {
  if (had.length !== expected.length) {
    throw new Error(`${what} has ${had.length} values, not ${expected.length}`);
  }
  return expected.reduce((worst, value, at) => Math.max(worst, Math.abs(value - had[at])), 0);
}

try {
  const { status, png, pixels: shown, tasks, gaps, loaded } = await look();
  const download = Buffer.from(png);
  writeFileSync(`${out}.sprite.png`, download);
  const expected = readFileSync(expectedFile);
  const worst = Math.max(difference("the canvas", shown, expected), difference("the PNG", pixels(download), expected));
  // A browser that has just begun is busy with itself until the page is loaded.
  const long = tasks.filter(([begun]) => begun >= loaded).map(([, took]) => took);
  const [task, gap] = [Math.max(0, ...long), Math.max(0, ...gaps)];
  console.log(`${status}; at most ${worst} from sample's; longest task ${task} ms (0: none over 50), frame ${gap.toFixed()} ms`);
  const wrong = [
    ...said,
    ...(status.includes(device) ? [] : [`it does not say "${device}"`]),
    ...(worst <= Number(most) ? [] : [`the picture is ${worst} from sample's, over ${most}`]),
    ...(task <= LONGEST_TASK ? [] : [`a task of ${task} ms, over ${LONGEST_TASK}`]),
  ];
  if (wrong.length > 0) {
    throw new Error(wrong.join("\n"));
  }
} catch (error) {
  console.error(`web: ${error.message}${said.length ? `\n${said.join("\n")}` : ""}`);
  process.exitCode = 1;
} finally {
  await chromium.end();
  server.close();
  server.closeAllConnections();
}
