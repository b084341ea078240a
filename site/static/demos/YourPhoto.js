// Your own photo, as nin_course/demos/your_photo.py and nin_course/photo.py: what becomes of it, and what is said of it.
"use strict";

nin.demo("YourPhoto", (data) => {
  const { say } = nin, { labels } = nin.given.shared;
  const SIDE = 28, LONGEST = 512, INVERT = { "if darker": null, always: true, never: false };
  const known = nin.bytes(data.known);
  const read = {}; // name -> its picture

  // A picture is {high, wide, rgb}: rgb holds three numbers in [0, 1] a pixel, row by row.
  function pixelsOf(source, wide, high) {
    const canvas = nin.make("canvas", { width: wide, height: high });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    Object.assign(context, { fillStyle: "white", imageSmoothingQuality: "high" });
    context.fillRect(0, 0, wide, high); // what is transparent shows white
    context.drawImage(source, 0, 0, wide, high);
    const { data: found } = context.getImageData(0, 0, wide, high);
    const rgb = new Float32Array(3 * wide * high);
    for (let i = 0; i < wide * high; i++) for (let c = 0; c < 3; c++) rgb[3 * i + c] = found[4 * i + c] / 255;
    return { high, wide, rgb };
  }
  async function given(name) {
    const image = nin.make("img", { src: data.photos[name] });
    await image.decode();
    return { ...pixelsOf(image, image.naturalWidth, image.naturalHeight), done: data.done[name] };
  }
  async function own(file) {
    const image = await createImageBitmap(file); // upright, as its EXIF says
    if (Math.min(image.width, image.height) < SIDE) {
      throw new RangeError(say`This picture has ${image.width} × ${image.height} pixels; the network needs ${SIDE} each way.`);
    }
    const share = Math.min(1, LONGEST / Math.max(image.width, image.height));
    return pixelsOf(image, ...[image.width, image.height].map((side) => Math.max(SIDE, Math.round(side * share))));
  }

  // A quarter turn to the left.
  function turned({ high, wide, rgb }) {
    const found = new Float32Array(rgb.length);
    for (let row = 0; row < wide; row++) {
      for (let column = 0; column < high; column++) {
        const from = 3 * (column * wide + (wide - 1 - row));
        found.set(rgb.subarray(from, from + 3), 3 * (row * high + column));
      }
    }
    return { high: wide, wide: high, rgb: found };
  }

  const middle = (values) => Float32Array.from(values).sort()[Math.floor((values.length - 1) / 2)];

  function quantile(values, share) {
    const sorted = Float32Array.from(values).sort(), at = share * (sorted.length - 1), k = Math.floor(at);
    return sorted[k] + (at - k) * ((sorted[k + 1] ?? sorted[k]) - sorted[k]);
  }

  // The least-squares plane a + b·x + c·y through points [x, y, value]: the normal equations, solved by elimination.
  function plane(points) {
    const A = Array.from({ length: 3 }, () => [0, 0, 0, 0]);
    for (const [x, y, value] of points) {
      const row = [1, x, y, value];
      for (let i = 0; i < 3; i++) for (let j = 0; j < 4; j++) A[i][j] += row[i] * row[j];
    }
    for (let i = 0; i < 3; i++) {
      for (let k = 0; k < 3; k++) {
        if (k === i) continue;
        const share = A[k][i] / A[i][i];
        for (let j = i; j < 4; j++) A[k][j] -= share * A[i][j];
      }
    }
    return A.map((row, i) => row[3] / row[i]);
  }

  // The ground's brightness everywhere, and by how much the border differs from it, typically.
  function ground({ high, wide, grey }) {
    const place = (i, n) => (n > 1 ? (2 * i) / (n - 1) - 1 : -1), edge = Math.max(2, Math.floor(Math.min(high, wide) / 16));
    const border = [];
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < wide; column++) {
        const inside = row >= edge && row < high - edge && column >= edge && column < wide - edge;
        if (!inside) border.push([place(column, wide), place(row, high), grey[row * wide + column]]);
      }
    }
    let kept = border, fit, uneven;
    for (let k = 0; k < 3; k++) {
      fit = plane(kept);
      const off = border.map(([x, y, value]) => Math.abs(value - fit[0] - fit[1] * x - fit[2] * y));
      uneven = middle(off);
      kept = border.filter((_, i) => off[i] <= 3 * uneven + 1e-3);
    }
    return { at: (row, column) => fit[0] + fit[1] * place(column, wide) + fit[2] * place(row, high), uneven };
  }

  const whole = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)); // half goes to even, as in Python

  // [top, left, side] of the square round what stands out, of at least 28 pixels; a speck does not count.
  function boxOf(bright, high, wide, margin) {
    const ends = [[high, wide, wide, 1], [wide, high, 1, wide]].map(([lines, across, stride, step]) => {
      const enough = [];
      for (let line = 0; line < lines; line++) {
        let count = 0;
        for (let k = 0; k < across; k++) count += bright[line * stride + k * step] > 0.15;
        if (count >= 0.015 * across) enough.push(line);
      }
      return enough.length ? [enough[0], enough.at(-1) + 1] : [0, lines];
    });
    const side = Math.max(SIDE, whole(Math.max(...ends.map(([first, last]) => last - first)) * (1 + 2 * margin)));
    return [...ends.map(([first, last]) => Math.floor((first + last - side) / 2)), side];
  }

  function prepare(picture, { turn, invert, ground: off, margin }) {
    for (let k = 0; k < turn; k++) picture = turned(picture);
    const { high, wide, rgb } = picture;
    const grey = Float32Array.from({ length: high * wide }, (_, i) =>
      0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2]);
    const { at, uneven } = ground({ high, wide, grey });
    const rise = grey.map((value, i) => value - at(Math.floor(i / wide), i % wide));
    let total = 0, number = 0;
    const [down, across] = [Math.floor(high / 4), Math.floor(wide / 4)];
    for (let row = down; row < high - down; row++) {
      for (let column = across; column < wide - across; column++, number++) total += rise[row * wide + column];
    }
    const contrast = total / number, inverted = INVERT[invert] ?? contrast < 0;
    const least = Math.min(3 * uneven, 0.1) + 0.02;
    const stands = rise.map((value) => Math.max(0, (inverted ? -value : value) - least));
    const strong = Math.max(quantile(stands, 0.98), 0.02), out = stands.map((value) => Math.min(1, value / strong));
    const bright = off ? out : inverted ? grey.map((value) => 1 - value) : grey;
    const box = boxOf(out, high, wide, margin), [top, left, side] = box;
    const square = new Float32Array(side * side);
    for (let i = 0; i < side * side; i++) {
      const row = top + Math.floor(i / side), column = left + (i % side);
      if (row >= 0 && row < high && column >= 0 && column < wide) square[i] = bright[row * wide + column];
    }
    const from = (i) => Math.floor((i * side) / SIDE), end = (i) => Math.ceil(((i + 1) * side) / SIDE);
    const small = Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
      const [r, c] = [Math.floor(i / SIDE), i % SIDE];
      let sum = 0;
      for (let y = from(r); y < end(r); y++) for (let x = from(c); x < end(c); x++) sum += square[y * side + x];
      return sum / ((end(r) - from(r)) * (end(c) - from(c)));
    });
    return { picture, grey, bright, box, square, small, inverted, contrast, uneven, high, wide };
  }

  const softmax = (values) => {
    const powers = values.map((v) => Math.exp(v - Math.max(...values)));
    return powers.map((p) => p / nin.sum(powers));
  };

  return {
    own(changed) {
      const panel = nin.panel(data, {}, changed), file = nin.make("input", { type: "file", accept: "image/*" });
      let mine = null;
      file.onchange = () => {
        if (!file.files.length) return;
        mine = file.files[0];
        delete read.own;
        panel.controls.photo.add(say`your own`, "own");
        panel.controls.photo.set("own");
        changed();
      };
      const words = say`Your photograph stays on this device: the page reads it here, and sends nothing anywhere.`;
      panel.element.append(
        nin.make("label", { className: "control upload" }, say`your photo`, " ", file),
        nin.make("p", { className: "private" }, words),
      );
      return { ...panel, state: () => ({ ...panel.state(), own: mine }) };
    },

    async compute(state) {
      try {
        read[state.photo] ??= await (state.photo === "own" ? own(state.own) : given(state.photo));
      } catch (error) {
        const odd = say`This is no picture that can be read here. Take a JPEG, PNG, WebP, GIF or BMP file.`;
        return { words: error instanceof RangeError ? error.message : odd };
      }
      const steps = prepare(read[state.photo], state), maps = (await nin.network(steps.small)).at(-1);
      const votes = labels.map((_, k) => maps.subarray(49 * k, 49 * (k + 1)));
      return { steps, done: read[state.photo].done, maps: votes, shares: softmax(votes.map((v) => nin.sum(v) / 49)) };
    },

    build(root) {
      root.classList.add("your-photo");
      const parts = Array.from({ length: 7 }, () => {
        const title = nin.make("p", { className: "title" }), frame = nin.make("div", { className: "frame", hidden: true });
        const map = nin.pixels("map", frame);
        return { element: nin.make("div", { className: "part" }, title, map), title, frame, canvas: map.firstChild };
      });
      const bars = nin.bars(labels);
      const words = say`the votes: orange for it · purple against · full colour: ${data.strong} or more`;
      root.append(
        nin.make("div", { className: "steps" }, ...parts.slice(0, 5).map((p) => p.element)),
        nin.make("div", { className: "shares" }, bars),
        ...parts.slice(5).map((p) => p.element),
        nin.make("p", { className: "legend" }, words),
      );
      return (r) => {
        root.classList.toggle("none", !r.steps);
        if (!r.steps) return;
        const { picture, grey, bright, box: [top, left, side], square, small, inverted, high, wide } = r.steps;
        const said = nin.argmax(r.shares), show = (k, title, values, w, h, colour = nin.grey) => {
          nin.paint(parts[k].canvas, values, w, h, colour);
          parts[k].title.textContent = title;
        };
        show(0, say`the picture`, grey, wide, high, (_, i) => Array.from(picture.rgb.subarray(3 * i, 3 * i + 3), (v) => 255 * v));
        show(1, say`grey`, grey, wide, high);
        show(2, inverted ? say`inverted` : say`not inverted`, bright, wide, high);
        nin.frame(parts[2].frame, [top, left, side, side], wide, high);
        show(3, say`the square, ${side} px`, square, side, side);
        show(4, "28 × 28", small, 28, 28);
        show(5, say`votes for ${labels[said]}`, r.maps[said], 7, 7, nin.diverging(data.strong));
        show(6, say`${labels[said]} as it knows it`, Array.from(known.subarray(784 * said, 784 * (said + 1)), (v) => v / 255), 28, 28);
        bars.show(r.shares, { best: said, high: 1, words: r.shares.map(nin.percent) });
      };
    },

    // What was done to the picture, and what it measured of the ground.
    remarks({ steps, done }) {
      const read = done ? say` Read: ${done}.` : "";
      if (!steps.small.some(Boolean)) return say`But nothing stands out, and the network got 784 black pixels.${read}`;
      const ratio = steps.uneven / Math.max(Math.abs(steps.contrast), 1e-6), share = nin.percent(ratio);
      const warning = ratio > 0.25 ? say`, too much to be told from it` : "";
      return say`The ground varies by ${share} of what the garment stands out by${warning}.${read}`;
    },

    line(r) {
      if (!r.steps) return r.words;
      const [said, second] = r.shares.map((_, k) => k).sort((a, b) => r.shares[b] - r.shares[a]);
      const [first, next] = [said, second].map((k) => nin.percent(r.shares[k]));
      return say`${labels[said]}, ${first}; then ${labels[second]}, ${next}. ${this.remarks(r)}`;
    },
  };
});
