// The channel mixer, as nin_course/demos/channel_mixer.py: three weighted channels and a bias sum to one map.
"use strict";

nin.demo("ChannelMixer", (data) => {
  const { say } = nin, channels = nin.floats(data.channels), PIXELS = 784;
  // so many decimals, a true minus sign, and never a negative zero
  const signed = (x, digits = 1) => nin.fixed(Number(nin.fixed(x, digits)) + 0, digits).replace("-", "−");

  return {
    compute({ image, w1, w2, w3, bias, row, column }) {
      const weight = [w1, w2, w3], at = 28 * row + column;
      const mine = weight.map((_, c) => channels.subarray((3 * image + c) * PIXELS, (3 * image + c + 1) * PIXELS));
      const weighted = weight.map((w, c) => Array.from(mine[c], (x) => w * x));
      const output = weighted[0].map((x, i) => x + weighted[1][i] + weighted[2][i] + bias);
      const pixel = mine.map((map) => map[at]);
      return { channels: mine, weight, weighted, output, pixel, place: [row, column], bias, linear: output[at] };
    },

    build(root) {
      root.classList.add("channel-mixer");
      const one = (className) => {
        const title = nin.make("p", { className: "title" }), frame = nin.make("div", { className: "frame pixel" });
        const map = nin.pixels("map", frame);
        return { element: nin.make("div", { className }, title, map), title, frame, canvas: map.firstChild };
      };
      const top = data.names.map(() => one("channel")), below = data.names.map(() => one("weighted"));
      const output = one("output"), sum = nin.make("p", { className: "sum" });
      const sign = (text) => nin.make("span", { className: "sign" }, text), bias = sign("");
      root.append(
        nin.make("div", { className: "terms" }, ...top.map((m) => m.element), ...below.map((m) => m.element)),
        nin.make("div", { className: "plus" }, bias),
        output.element,
        sum,
      );
      return (result) => {
        const maps = [...result.channels, ...result.weighted, result.output], [row, column] = result.place;
        [...top, ...below, output].forEach((map, k) => {
          nin.paint(map.canvas, maps[k], 28, 28, nin.diverging(1));
          nin.frame(map.frame, [row, column, 1, 1], 28, 28);
          map.title.textContent =
            k < 3 ? data.names[k] : k < 6 ? `${signed(result.weight[k - 3])} × ${data.short[k - 3]}` : say`output map`;
        });
        bias.textContent = `+ ${signed(result.bias)} =`;
        const terms = result.weight.map((w, c) => `(${signed(w)} · ${signed(result.pixel[c], 3)})`).join(" + ");
        const total = signed(result.linear, 3), added = signed(result.bias);
        sum.textContent = say`pixel (${row}, ${column}): ${terms} + (${added}) = ${total}; nn.Linear: ${total}`;
      };
    },

    line({ weight, place: [row, column], linear }) {
      const total = signed(linear, 3), weights = weight.map((w) => signed(w)).join(", ");
      return say`Weights (${weights}): the 1×1 convolution gives ${total} at (${row}, ${column}), and nn.Linear ${total}.`;
    },
  };
});
