// The sliding window, as nin_course/demos/sliding_window.py: where a window goes, what enters, what is never seen.
"use strict";

nin.demo("SlidingWindow", (data) => {
  const { say } = nin, { labels } = nin.given.shared;
  const images = nin.bytes(data.images), READABLE = data.readable;

  // 28 numbers along a line to `size`, as PyTorch's bilinear interpolation with antialias has it: a triangle's weights
  function weights(size) {
    const scale = 28 / size, reach = Math.max(scale, 1);
    return Array.from({ length: size }, (_, i) => {
      const middle = (i + 0.5) * scale;
      const raw = Array.from({ length: 28 }, (_, j) => Math.max(0, 1 - Math.abs((j + 0.5 - middle) / reach)));
      const total = nin.sum(raw);
      return raw.map((w) => w / total);
    });
  }
  function resized(image, size) {
    const W = weights(size), dot = (w, from, step) => w.reduce((s, x, j) => (x ? s + x * from(j * step) : s), 0);
    const across = Array.from({ length: 28 * size }, (_, i) => {
      const row = 28 * Math.floor(i / size);
      return dot(W[i % size], (j) => images[784 * image + row + j] / 255, 1);
    });
    return Array.from({ length: size * size }, (_, i) => dot(W[Math.floor(i / size)], (j) => across[j + (i % size)], size));
  }

  // [3, 4, 5, 9] -> "3–5, 9"
  function ranges(numbers) {
    const parts = [];
    for (const n of numbers) {
      if (parts.length && parts.at(-1)[1] === n - 1) parts.at(-1)[1] = n;
      else parts.push([n, n]);
    }
    return parts.map(([from, to]) => (from < to ? `${from}–${to}` : `${from}`)).join(", ");
  }

  return {
    plays: "step",
    limits: (result) => ({ step: Math.max(result.outputs ** 2 - 1, 0) }),

    compute(state) {
      const { size, kernel, stride, padding } = state, side = size + 2 * padding;
      const small = resized(state.image, size);
      const padded = Array.from({ length: side * side }, (_, i) => {
        const row = Math.floor(i / side) - padding, column = (i % side) - padding;
        return row >= 0 && row < size && column >= 0 && column < size ? small[row * size + column] : 0;
      });
      const all = state.in * state.out * kernel ** 2;
      const result = {
        name: labels[state.image], padded, padding, kernel, stride, size, side,
        numbers: state.in * kernel ** 2, parameters: all + state.out, outputs: 0, seen: Array(side).fill(false),
      };
      if (kernel > side) return result;
      const outputs = Math.floor((side - kernel) / stride) + 1, step = state.step % outputs ** 2;
      const cell = [Math.floor(step / outputs), step % outputs];
      const at = (top, left) =>
        Array.from({ length: kernel ** 2 }, (_, i) => padded[(top + Math.floor(i / kernel)) * side + left + (i % kernel)]);
      const place = cell.map((k) => k * stride);
      return {
        ...result, outputs, cell, place, macs: all * outputs ** 2,
        window: at(...place),
        output: Array.from({ length: outputs ** 2 }, (_, i) =>
          nin.sum(at(stride * Math.floor(i / outputs), stride * (i % outputs))) / kernel ** 2),
        seen: result.seen.map((_, i) => {
          const last = Math.min(Math.floor(i / stride), outputs - 1); // the last window that begins at i or before
          return i - last * stride < kernel;
        }),
      };
    },

    build(root) {
      root.classList.add("sliding-window");
      const part = (name) => {
        const title = nin.make("p", { className: "title" }), frame = nin.make("div", { className: "frame" });
        const over = nin.make("canvas", { className: "over" }), map = nin.pixels(name, over, frame);
        return { element: nin.make("div", { className: name }, title, map), title, frame, over, map, canvas: map.firstChild };
      };
      const [input, window, output] = ["input", "window", "outcome"].map(part);
      const border = nin.make("div", { className: "border" }), numbers = nin.make("div", { className: "numbers" });
      const sum = nin.make("p", { className: "sum" });
      input.map.append(border);
      window.map.append(numbers);
      root.append(input.element, window.element, output.element, sum);
      return (r) => {
        const { side, outputs, kernel, padding } = r;
        nin.paint(input.canvas, r.padded, side, side, nin.grey);
        nin.paint(input.over, r.padded, side, side, (_, i) =>
          r.seen[Math.floor(i / side)] && r.seen[i % side] ? [0, 0, 0, 0] : [217, 95, 2, 191]);
        nin.frame(border, padding ? [padding, padding, r.size, r.size] : null, side, side);
        input.title.textContent = padding
          ? say`input, ${side} × ${side} with padding ${padding}`
          : say`input, ${side} × ${side}`;
        for (const { element } of [window, output]) element.classList.toggle("none", !outputs);
        nin.frame(input.frame, outputs ? [...r.place, kernel, kernel] : null, side, side);
        if (!outputs) {
          sum.textContent = say`A window of ${kernel} does not fit into ${r.size} + 2·${padding} = ${side} rows.`;
          return;
        }
        nin.paint(window.canvas, r.window, kernel, kernel, nin.grey);
        nin.paint(output.canvas, r.output, outputs, outputs, nin.grey);
        nin.frame(output.frame, [...r.cell, 1, 1], outputs, outputs);
        window.frame.hidden = true;
        window.title.textContent = say`what enters: ${nin.thousands(r.numbers)} numbers`;
        output.title.textContent = say`output, ${outputs} × ${outputs}`;
        numbers.style.gridTemplateColumns = `repeat(${kernel}, 1fr)`;
        const written = kernel <= READABLE ? r.window : [];
        numbers.replaceChildren(...written.map((v) =>
          nin.make("span", { className: v > 0.5 ? "bright" : "dark" }, nin.fixed(v, 1))));
        const exact = Number(((side - kernel) / r.stride).toPrecision(4));
        const rule = `floor((${r.size} + 2·${padding} − ${kernel}) / ${r.stride}) + 1 = floor(${exact}) + 1 = ${outputs}`;
        sum.textContent = say`${rule}; ${nin.thousands(r.macs)} MACs`;
      };
    },

    line(r) {
      if (!r.outputs) {
        const problem = say`A window of ${r.kernel} does not fit into ${r.size} + 2·${r.padding} = ${r.side} rows`;
        return say`${problem}: nn.Conv2d raises an error. Make the kernel smaller or the padding larger.`;
      }
      const unseen = r.seen.flatMap((yes, i) => (yes ? [] : [i]));
      const dropped = unseen.length ? say`Never seen: rows and columns ${ranges(unseen)}.` : say`Every row is seen.`;
      const start = say`${r.name}: ${r.outputs} × ${r.outputs} outputs.`;
      const [row, column] = r.cell, [numbers, parameters] = [r.numbers, r.parameters].map(nin.thousands);
      const window = say`The window at row ${r.place[0]}, column ${r.place[1]} feeds output (${row}, ${column}):
        ${numbers} numbers enter; ${parameters} parameters in all.`;
      return say`${start} ${dropped} ${window}`;
    },
  };
});
