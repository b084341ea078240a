// The microscope, as nin_course/demos/microscope.py: one channel of the network, its map, and who excites it most.
"use strict";

nin.demo("Microscope", (data) => {
  const { say } = nin, { labels } = nin.given.shared;
  const images = nin.bytes(data.images), others = nin.bytes(data.others);
  const BINS = data.bins;
  const image = (from, k) => Array.from(from.subarray(784 * k, 784 * (k + 1)), (v) => v / 255);
  const kept = {}; // image -> the maps of the four layers
  const place = (cell) => `(${cell.join(", ")})`;
  const beyond = [157, 189, 217];

  const sees = (layer, [row, column]) => [data.views[layer].seen[row], data.views[layer].seen[column]];
  const region = ([[top, down], [left, right]]) => [top, left, down - top, right - left];

  return {
    async ready() {
      if (typeof data.peaks[0] !== "string") return;
      data.peaks = await Promise.all(data.peaks.map(async (text) => new Float32Array((await nin.unpack(text)).buffer)));
    },
    limits: ({ channels, side }) => ({ channel: channels - 1, row: side - 1, column: side - 1 }),
    follow: ({ strongest, cell: [row, column] }) => (strongest ? { row, column } : {}),
    touched(key, controls) {
      if (key === "row" || key === "column") controls.strongest.set(false);
    },

    async compute(state) {
      const { layer, strongest } = state, { channels, cells: side } = data.views[layer];
      const channel = Math.min(state.channel, channels - 1);
      kept[state.image] ??= await nin.network(image(images, state.image));
      const values = kept[state.image][layer].subarray(channel * side ** 2, (channel + 1) * side ** 2);
      const best = nin.argmax(values);
      const cell = strongest
        ? [Math.floor(best / side), best % side]
        : [Math.min(state.row, side - 1), Math.min(state.column, side - 1)];
      const value = values[cell[0] * side + cell[1]];
      const peaks = data.peaks[layer].subarray(channel * data.among, (channel + 1) * data.among);
      const stronger = peaks.filter((peak) => peak > value + 1e-4 * Math.abs(value)).length;
      return {
        image: state.image, layer, channel, channels, side, strongest, values, cell, value, peaks, stronger,
        label: data.truth[state.image],
        picture: image(images, state.image),
        most: data.most[layer][channel],
      };
    },

    build(root) {
      root.classList.add("microscope");
      const part = (className) => {
        const title = nin.make("p", { className: "title" }), frame = nin.make("div", { className: "frame orange" });
        const map = nin.pixels("map", frame);
        return { element: nin.make("div", { className }, title, map), title, frame, canvas: map.firstChild };
      };
      const [whole, map, patch] = ["part", "part", "part"].map(part);
      const strip = nin.make("div", { className: "histogram" }), here = nin.make("span", { className: "here" });
      const ends = nin.make("p", { className: "ends" }, nin.make("span"), nin.make("span"));
      const said = nin.make("p", { className: "title" });
      const columns = data.most[0][0].map(() => {
        const [top, below] = [part("whole"), part("patch")];
        return { element: nin.make("div", {}, top.element, below.element), top, below };
      });
      const legend = say`the images that excite the channel most, and what the cell sees there (blue: beyond the image)`;
      root.append(
        whole.element, map.element, patch.element,
        nin.make("div", { className: "spread" }, said, strip, ends),
        nin.make("p", { className: "legend" }, legend),
        nin.make("div", { className: "most" }, ...columns.map((c) => c.element)),
      );
      // what a cell sees, whether or not the image reaches so far
      function look(canvas, pixels, { side, step, first }, cell) {
        const [top, left] = cell.map((place) => first + place * step);
        nin.paint(canvas, Array(side ** 2).fill(0), side, side, (_, i) => {
          const [row, column] = [top + Math.floor(i / side), left + (i % side)];
          return Math.min(row, column) < 0 || Math.max(row, column) > 27 ? beyond : nin.grey(pixels[28 * row + column]);
        });
      }
      return (r) => {
        const view = data.views[r.layer], last = r.layer === data.layers.length - 1;
        const high = Math.max(r.peaks[0], 1e-6);
        nin.paint(whole.canvas, r.picture, 28, 28, nin.grey);
        whole.title.textContent = say`image ${r.image}: ${labels[r.label]}`;
        nin.frame(whole.frame, region(sees(r.layer, r.cell)), 28, 28);
        nin.paint(map.canvas, r.values, r.side, r.side, last ? nin.diverging(high) : nin.magma(high));
        nin.frame(map.frame, [...r.cell, 1, 1], r.side, r.side);
        map.title.textContent = last
          ? say`class maps: ${labels[r.channel]}`
          : say`${data.layers[r.layer]}: channel ${r.channel} (${r.side} × ${r.side})`;
        patch.frame.hidden = true;
        look(patch.canvas, r.picture, view, r.cell);
        patch.title.textContent = say`what cell ${place(r.cell)} sees`;
        columns.forEach(({ top, below }, k) => {
          const [at, value, ...cell] = r.most[k], pixels = image(others, at);
          nin.paint(top.canvas, pixels, 28, 28, nin.grey);
          nin.frame(top.frame, region(sees(r.layer, cell)), 28, 28);
          top.title.textContent = `${labels[data.othersTruth[at]]}, ${nin.fixed(value, 1)}`;
          look(below.canvas, pixels, view, cell);
          below.frame.hidden = true;
          below.title.hidden = true;
        });
        const low = Math.min(r.peaks.at(-1), r.value), top = Math.max(high, low + 1e-6), counts = Array(BINS).fill(0);
        for (const peak of r.peaks) counts[Math.min(BINS - 1, Math.floor(((peak - low) / (top - low)) * BINS))]++;
        const most = Math.max(...counts);
        strip.replaceChildren(here, ...counts.map((count) => nin.make("span", { style: `height: ${(100 * count) / most}%` })));
        here.style.left = `${(100 * (r.value - low)) / (top - low)}%`;
        ends.firstChild.textContent = nin.fixed(low, 1);
        ends.lastChild.textContent = nin.fixed(top, 1);
        said.textContent = say`${nin.thousands(data.among)} test images, by their strongest cell (orange: this cell)`;
      };
    },

    line(r) {
      const among = say`${nin.thousands(data.among)} test images`;
      if (!r.peaks.some(Boolean)) return say`Channel ${r.channel} of ${data.layers[r.layer]} is zero for all ${among}.`;
      const [[top, down], [left, right]] = sees(r.layer, r.cell), which = r.strongest ? say`its strongest` : say`there`;
      return say`Cell ${place(r.cell)} gives ${nin.fixed(r.value, 1)} (${which}); it sees rows ${top}–${down - 1}, columns
        ${left}–${right - 1}. ${nin.thousands(r.stronger)} of ${among} have a stronger cell somewhere.`;
    },
  };
});
