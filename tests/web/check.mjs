// check.mjs SITE OUT EXPECTED.rgba MOST QUERY DEVICE [FLAG...] : opens the page in Chromium, lets it draw, and compares.
//
// The picture that it shows, and the one that it gives for download, differ from those bytes by no more than MOST in any
// value; what it says of the device contains DEVICE; there is no error on its console; no task of the loaded page is
// longer than it may be. OUT.png is the page as it looks, OUT.sprite.png the download.

import { readFileSync, writeFileSync } from "node:fs";
import { difference } from "./difference.mjs";
import { pixels } from "./png.mjs";
import { visit } from "./visit.mjs";

const [site, out, expectedFile, most, query, device, ...flags] = process.argv.slice(2);

await visit(site, query, flags, async (page) => {
  const status = await page.until(`document.querySelector("#status[aria-busy=false]")?.textContent`);
  if (await page.ask(`document.getElementById("download").hidden`)) {
    return [`it has drawn nothing: ${status}`];
  }
  const download = await page.download("download");
  writeFileSync(`${out}.sprite.png`, download);
  await page.picture(`${out}.png`);
  const { pixels: shown, pace, wrong } = await page.seen();
  const expected = readFileSync(expectedFile);
  const worst = Math.max(difference("the canvas", shown, expected), difference("the PNG", pixels(download), expected));
  console.log(`${status}; at most ${worst.toFixed(1)} from sample's; ${pace}`);
  return [
    ...wrong,
    ...(status.includes(device) ? [] : [`it does not say "${device}"`]),
    ...(worst <= Number(most) ? [] : [`the picture is ${worst} from sample's, over ${most}`]),
  ];
});
