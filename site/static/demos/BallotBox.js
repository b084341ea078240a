// The ballot box, as nin_course/demos/ballot_box.py: 49 cells vote on each of ten classes, and some are not counted.
"use strict";

nin.demo("BallotBox", (data) => {
  const { say } = nin, { labels } = nin.given.shared;
  const images = nin.bytes(data.images), maps = nin.floats(data.maps);
  const CELLS = 49, within = (i, [low, high]) => i >= low && i <= high;

  return {
    compute({ image, rows, columns, outside }) {
      const counted = Array.from({ length: CELLS }, (_, i) =>
        (within(Math.floor(i / 7), rows) && within(i % 7, columns)) !== outside);
      const mine = labels.map((_, k) => maps.subarray((10 * image + k) * CELLS, (10 * image + k + 1) * CELLS));
      return {
        number: image,
        label: data.truth[image],
        image: Array.from(images.subarray(784 * image, 784 * (image + 1)), (v) => v / 255),
        maps: mine,
        counted,
        all: mine.map((map) => nin.sum(map) / CELLS),
        logits: mine.map((map) => nin.sum(map.map((vote, i) => vote * counted[i])) / CELLS),
      };
    },

    build(root) {
      const shade = nin.make("canvas", { className: "over" });
      const garment = nin.pixels("garment", shade), title = nin.make("p", { className: "title" });
      const ballots = labels.map((name) => nin.pixels("ballot"));
      const named = ballots.map((b, k) => nin.make("figure", {}, nin.make("figcaption", {}, labels[k]), b));
      const count = nin.bars(labels), counted = nin.make("p", { className: "title" }, say`votes counted (outline: all)`);
      const words = say`orange: votes for the class · purple: against it · full colour: ${data.strong} or more ·
        blue: the answer`;
      root.classList.add("ballot-box");
      root.append(
        nin.make("div", { className: "truth" }, title, garment),
        nin.make("div", { className: "ballots" }, ...named),
        nin.make("div", { className: "count" }, counted, count),
        nin.make("p", { className: "legend" }, words),
      );
      return (result) => {
        const said = nin.argmax(result.logits);
        title.textContent = say`in truth: ${labels[result.label]}`;
        nin.paint(garment.firstChild, result.image, 28, 28, nin.grey);
        nin.paint(shade, result.counted, 7, 7, (yes) => [207, 207, 207, yes ? 0 : 184]);
        const colour = nin.diverging(data.strong);
        ballots.forEach((ballot, k) => {
          nin.paint(ballot.firstChild, result.maps[k], 7, 7, (v, i) => (result.counted[i] ? colour(v) : [207, 207, 207]));
          named[k].classList.toggle("answer", k === said);
        });
        count.show(result.logits, { before: result.all, best: said });
      };
    },

    line({ number, counted, all, logits }) {
      const said = nin.argmax(logits), first = nin.argmax(all);
      const change = said === first ? say`as with all 49` : say`with all 49 it is: ${labels[first]}`;
      const cells = nin.sum(counted.map(Number));
      return say`Image ${number}: ${cells} of 49 cells counted. The answer is: ${labels[said]} (${change}).`;
    },
  };
});
