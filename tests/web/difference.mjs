/**
 * The largest difference between two images of RGBA, of 255: of alphas, and of colours as the network has them, which are
 * premultiplied. Beside an alpha of 5 the smallest step of such a colour is 51 of a straight one.
 */
export function difference(what, had, expected) {
  if (had.length !== expected.length) {
    throw new Error(`${what} has ${had.length} values, not ${expected.length}`);
  }
  const value = (image, at) => (at % 4 === 3 ? image[at] : (image[at] * image[at - (at % 4) + 3]) / 255);
  return expected.reduce((worst, _, at) => Math.max(worst, Math.abs(value(had, at) - value(expected, at))), 0);
}
