// The pixels of a PNG of RGBA in 8 bits, not interlaced: a canvas would have premultiplied them.

import { inflateSync } from "node:zlib";

export function pixels(png) {
  let [width, at, parts] = [0, 8, []];
  while (at < png.length) {
    const [length, kind] = [png.readUInt32BE(at), png.toString("latin1", at + 4, at + 8)];
    const data = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") {
      width = data.readUInt32BE(0);
      if (data[8] !== 8 || data[9] !== 6 || data[12] !== 0) {
        throw new Error("the PNG is none of RGBA in 8 bits");
      }
    } else if (kind === "IDAT") {
      parts.push(data);
    }
    at += length + 12;
  }
  const [lines, stride] = [inflateSync(Buffer.concat(parts)), 4 * width];
  const out = Buffer.alloc((lines.length / (stride + 1)) * stride);
  for (let to = 0; to < out.length; to += 1) {
    const [row, column] = [Math.floor(to / stride), to % stride];
    const left = column >= 4 ? out[to - 4] : 0;
    const above = row > 0 ? out[to - stride] : 0;
    const corner = column >= 4 && row > 0 ? out[to - stride - 4] : 0;
    const guesses = [0, left, above, (left + above) >> 1, paeth(left, above, corner)];
    out[to] = lines[row * (stride + 1) + 1 + column] + guesses[lines[row * (stride + 1)]];
  }
  return out;
}

function paeth(left, above, corner) {
  const guess = left + above - corner;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(guess - value));
  if (a <= b && a <= c) {
    return left;
  }
  return b <= c ? above : corner;
}
