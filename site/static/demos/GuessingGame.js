// You against Fashion-MNIST, as nin_course/demos/guessing_game.py: twelve images, ten buttons, as many rounds as you like.
"use strict";

nin.demo("GuessingGame", (data) => {
  const { say } = nin, { labels } = nin.given.shared;
  const images = nin.bytes(data.images), ROUND = data.truth[0].length;

  return {
    own(changed) {
      let state = { round: 0, guesses: [] };
      const set = (next) => ((state = next), changed());
      const buttons = labels.map((name, k) =>
        nin.make("button", { type: "button", onclick: () => set({ ...state, guesses: [...state.guesses, k].slice(0, ROUND) }) }, name));
      const next = () => set({ round: (state.round + 1) % data.truth.length, guesses: [] });
      const again = nin.make("button", { type: "button", className: "again", onclick: next }, say`New round`);
      return {
        element: nin.make("div", { className: "guesses" }, ...buttons, again),
        state: () => state,
        reset: () => set({ round: 0, guesses: [] }),
      };
    },

    compute({ round, guesses }) {
      const truth = data.truth[round], right = guesses.map((g, k) => g === truth[k]);
      const image = (k) => Array.from(images.subarray(784 * (ROUND * round + k), 784 * (ROUND * round + k + 1)), (v) => v / 255);
      return {
        images: truth.map((_, k) => image(k)), truth, guesses, right,
        score: right.length ? nin.sum(right.map(Number)) / right.length : null,
        over: right.length === ROUND,
      };
    },

    build(root) {
      root.classList.add("guessing-game");
      const title = nin.make("p", { className: "title" }), large = nin.pixels("large");
      const small = data.truth[0].map(() => ({ title: nin.make("figcaption"), map: nin.pixels("one") }));
      root.append(
        nin.make("div", { className: "now" }, title, large),
        nin.make("div", { className: "done" }, ...small.map((s) => nin.make("figure", {}, s.map, s.title))),
      );
      return (r) => {
        const n = r.right.length, shown = Math.min(n, ROUND - 1);
        nin.paint(large.firstChild, r.images[shown], 28, 28, nin.grey);
        title.textContent = r.over
          ? say`You said ${labels[r.guesses[shown]]}`
          : say`Image ${n + 1} of ${ROUND}: what is it?`;
        small.forEach(({ title, map }, k) => {
          const done = k < n;
          nin.paint(map.firstChild, r.images[k], 28, 28, done ? nin.grey : () => [128, 128, 128, 40]);
          title.textContent = done ? (r.right[k] ? "✓ " : "✗ ") + labels[r.truth[k]] : `${k + 1}`;
          map.parentElement.className = done ? (r.right[k] ? "right" : "wrong") : "";
        });
      };
    },

    line(r) {
      const n = r.right.length, good = nin.sum(r.right.map(Number));
      if (r.over) {
        return say`${good} of ${ROUND}, that is ${nin.fixed(r.score, 3)}. People without training in fashion:
          ${data.human} on 1,000 images. With twelve images, one image more or less is 0.083.`;
      }
      if (!n) return say`Twelve images, ten buttons.`;
      const word = r.right[n - 1] ? say`Right` : say`Not quite`;
      return say`${word}: it was ${labels[r.truth[n - 1]]}. ${good} of ${n} so far.`;
    },
  };
});
