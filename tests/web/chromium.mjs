// A Chromium without a window, with a profile of its own, asked over a pipe in the language of its developer tools.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ALWAYS = [
  "--headless=new", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking",
  "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-sync",
  "--remote-debugging-pipe", "--window-size=560,720",
];

export class Chromium {
  #process;
  #profile = mkdtempSync(join(tmpdir(), "chromium-"));
  #last = 0;
  #answers = new Map();
  #rest = "";
  /** Called with each event: its name, what it says. */
  heard = () => {};

  constructor(flags) {
    const args = [...ALWAYS, ...flags, `--user-data-dir=${this.#profile}`];
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"];
    this.#process = spawn("chromium", args, { stdio, detached: true });
    this.#process.on("exit", () => this.#fail("Chromium has ended"));
    this.#process.on("error", (error) => this.#fail(`Chromium: ${error.message}`));
    this.#process.stdio[3].on("error", () => {});
    this.#process.stdio[4].setEncoding("utf8").on("data", (text) => this.#read(text));
  }

  /** A page, whose commands are then sent by the function that comes back. */
  async page() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    return (method, params = {}) => this.send(method, params, sessionId);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject, method }));
  }

  /** Ends it with all that it started, and removes its profile. */
  async end() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    process.kill(-this.#process.pid, "SIGKILL");
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #read(text) {
    const [...messages] = (this.#rest + text).split("\0");
    this.#rest = messages.pop();
    for (const { id, result, error, method, params } of messages.map(JSON.parse)) {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (answer === undefined) {
        this.heard(method, params);
      } else if (error) {
        answer.reject(new Error(`${answer.method}: ${error.message}`));
      } else {
        answer.resolve(result);
      }
    }
  }

  #fail(message) {
    for (const { reject } of this.#answers.values()) {
      reject(new Error(message));
    }
    this.#answers.clear();
  }
}
