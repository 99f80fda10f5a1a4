// near.mjs ONE.rgba OTHER.rgba MOST : whether two images differ by no more than MOST in any value.

import { readFileSync } from "node:fs";
import { difference } from "./difference.mjs";

const [one, other, most] = process.argv.slice(2);
const worst = difference(one, readFileSync(one), readFileSync(other));
console.log(`${one}: at most ${worst.toFixed(1)} from ${other}`);
process.exitCode = worst <= Number(most) ? 0 : 1;
