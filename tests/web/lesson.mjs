// lesson.mjs SITE OUT FOLDER LOG.jsonl CLOSE NEW QUERY [FLAG...] : teaches the page two classes in Chromium.
//
// FOLDER has the pictures, as CLASS_*.png. Of CLASS, which the network knows, the page takes as many steps as the LOG of the
// same training by `train` has lines, and its losses differ by no more than CLOSE of the log's; of NEW it takes one, beside a
// drawing of each of the twelve that it knows. What is no picture is refused by its name. There is no error on the console;
// in each of two visits no task of the loaded page is longer than it may be. OUT.png is the page as it looks, OUT.safetensors the network it
// gives, OUT.rgba what of NEW it draws with that.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { visit } from "./visit.mjs";

const [site, out, folder, log, close, fresh, query, ...flags] = process.argv.slice(2);
const pictures = readdirSync(folder).sort().map((name) => resolve(join(folder, name)));
const [known] = readdirSync(folder)[0].split("_");
const expected = readFileSync(log, "utf8").trim().split("\n").map((line) => JSON.parse(line).loss);

await visit(site, query, flags, async (page) => {
  const said = (id) =>
    page.until(`((text) => text !== "reading …" && text)(document.querySelector("#${id}[aria-busy=false]")?.textContent)`);
  await said("status");

  // This program is none.
  const [, self] = process.argv;
  await page.choose("files", [self]);
  const refusal = await said("lesson-status");
  await page.drop(pictures);
  await page.until(`document.getElementById("pictures").childElementCount === ${pictures.length}`);
  const teach = async (subject, steps, each) => {
    await page.ask(`{
      document.getElementById("subject").value = "${subject}";
      document.getElementById("length").value = ${steps};
      document.getElementById("each").value = ${each};
      document.getElementById("teach").click();
    }`);
    const status = await said("lesson-status");
    await said("status");
    return status;
  };
  const taught = [await teach(known, expected.length, 0), await teach(fresh, 1, 1)];

  const { pixels, lessons, pace, wrong } = await page.seen();
  writeFileSync(`${out}.safetensors`, await page.download("network"));
  writeFileSync(`${out}.rgba`, Buffer.from(pixels));
  await page.picture(`${out}.png`);
  const kinds = lessons.map(({ kind }) => kind).join(" ");
  const due = ["lesson ".repeat(expected.length), "recalled ".repeat(12), "lesson"].join("");
  const losses = lessons.slice(0, expected.length).map(({ loss }) => loss);
  const apart = losses.map((loss, at) => Math.abs(loss / expected[at] - 1));
  const worst = Math.max(...apart);
  console.log(`${taught.join("; ")}; losses at most ${worst.toExponential(1)} from train's; ${pace}`);
  return [
    ...wrong,
    ...(refusal.includes("lesson.mjs: cannot be decoded as a picture") ? [] : [`of what is no picture it says: ${refusal}`]),
    ...(kinds === due ? [] : [`it said: ${kinds}`]),
    ...(worst <= Number(close) ? [] : [`a loss is ${worst} of it from train's, over ${close}: ${losses}, not ${expected}`]),
  ];
});
