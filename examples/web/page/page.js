// The page: what is chosen goes to the worker, and each section shows what it hears of the worker.
//
// What is behind the address chooses at once: ?backend=cpu (or gpu), ?class=sword&seed=7&steps=15.

import { ask, listen } from "./ask.js";
import * as drawing from "./draw.js";
import * as teaching from "./teach.js";

listen((said) => {
  for (const section of [drawing, teaching]) {
    section.heard[said.kind]?.(said);
  }
});
ask("open", { backend: new URLSearchParams(location.search).get("backend") ?? "best" });
