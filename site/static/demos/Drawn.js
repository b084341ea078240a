// A demo whose pictures were drawn beforehand, a file each: the page only chooses.
"use strict";

nin.demo("Drawn", (data) => {
  const keys = Object.keys(data.controls);
  const file = (picture) => `${nin.here}drawn/${data.name}/${picture}.webp`;

  return {
    plays: data.plays,

    compute(state) {
      const at = keys.reduce((at, key) => {
        const { values } = data.controls[key];
        return at * values.length + values.findIndex((value) => String(value) === String(state[key]));
      }, 0);
      const [picture, line] = data.frames[at];
      return { picture, line, state };
    },

    build(root) {
      const image = nin.make("img", { alt: "", width: data.wide, height: data.high });
      let wanted = null;
      root.classList.add("drawn");
      root.append(nin.make("div", { className: "pan", tabIndex: 0 }, image));
      return async ({ picture }) => {
        wanted = picture;
        const next = nin.make("img", { src: file(picture) });
        await next.decode().catch(() => {}); // so that nothing flickers; what cannot be read shows as a broken picture
        if (wanted === picture) image.src = next.src;
      };
    },

    line: ({ line }) => line,
  };
});
