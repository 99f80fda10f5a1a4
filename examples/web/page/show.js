/** Puts RGBA onto a canvas, which becomes as large. */
export function show(canvas, pixels, width) {
  const height = pixels.length / 4 / width;
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
}
