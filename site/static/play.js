// The demos of the course in a page, without a kernel. Each demo is a file in demos/, its numbers one in data/, and its
// words one in data/en/ or data/zh/; all come as scripts, since a page that is read from a disk may not fetch anything.
"use strict";

const nin = (() => {
  const here = document.currentScript.src.replace(/[^/]*$/, "");
  const language = document.documentElement.lang.slice(0, 2);
  const given = {}, demos = {}, loading = {};

  function load(path) {
    return (loading[path] ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: here + path, onload: done, onerror: () => failed(new Error(`${path} is missing`)) });
      document.head.append(script);
    }));
  }

  // What a page needs of a demo, or of what all demos share: its numbers, and its words in the page's language.
  const loadData = (name) => Promise.all([load(`data/${name}.js`), load(`data/${language}/${name}.js`)]);

  // The tag of a template: says it in the page's language. The English, "{0} of {1}", is the key to the translation.
  function say(pieces, ...values) {
    const { words, tidy } = given.shared, english = pieces.reduce((text, piece, k) => `${text}{${k - 1}}${piece}`);
    const key = english.replace(/\s+/g, " "); // a long one is broken over lines
    const text = (words[key] ?? key).replace(/\{(\d+)=?\}/g, (_, k) => values[k]);
    if (!/\p{Script=Han}/u.test(text)) return text;
    return tidy.reduce((found, [odd, good]) => found.replace(new RegExp(odd, "g"), good), text);
  }

  // ---- numbers -----------------------------------------------------------------------------------------------------

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const floats = (text) => new Float32Array(bytes(text).buffer);
  // What was packed with gzip, in base64.
  async function unpack(text) {
    const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
  const argmax = (values) => values.reduce((best, v, k) => (v > values[best] ? k : best), 0);
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  // Python's f"{x:.1f}" and f"{x:,}": half goes to even where it is exact, and thousands have commas.
  function fixed(x, digits = 0) {
    const text = Math.abs(x).toFixed(digits), scaled = Math.abs(x) * 10 ** digits;
    const tie = scaled % 1 === 0.5 && scaled < 2 ** 50;
    const size = tie ? ((Math.floor(scaled) + (Math.floor(scaled) % 2)) / 10 ** digits).toFixed(digits) : text;
    return (x < 0 || Object.is(x, -0) ? "-" : "") + size;
  }
  const thousands = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  const percent = (x) => fixed(100 * x) + "%";

  // ---- elements ----------------------------------------------------------------------------------------------------

  function make(tag, props = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  }

  // values, high × wide of them, as pixels; colour(v) is [r, g, b] or [r, g, b, alpha].
  function paint(canvas, values, wide, high, colour) {
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const picture = new ImageData(wide, high);
    for (let i = 0; i < wide * high; i++) {
      const [r, g, b, alpha = 255] = colour(values[i], i);
      picture.data.set([r, g, b, alpha], 4 * i);
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  const place = (x) => Math.min(255, Math.max(0, Math.floor(x * 256)));
  const table = (name) => (x) => {
    const at = 3 * place(x);
    return given.shared[name].subarray(at, at + 3);
  };
  const grey = (x) => Array(3).fill(place(x));
  // from −strong (purple) over 0 (white) to strong (orange)
  const diverging = (strong) => (v) => table("diverging")((v + strong) / (2 * strong));
  const magma = (high) => (v) => table("magma")(v / high);

  const pixels = (name, ...more) => make("div", { className: `pixels ${name}` }, make("canvas"), ...more);

  // A frame round (top, left, high, wide) cells of a picture that has `down` × `across`, or none.
  function frame(element, region, across, down) {
    element.hidden = !region;
    if (!region) return;
    const [top, left, high, wide] = region;
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(element.style, {
      top: share(top, down), left: share(left, across), height: share(high, down), width: share(wide, across),
    });
  }

  // Bars to the right of their names, below zero to the left; `before` as an outline, if it is given.
  function bars(names) {
    const rows = names.map((name) => {
      const [now, then, value] = ["now", "then", "value"].map((className) => make("span", { className }));
      const track = make("span", { className: "track" }, then, now, make("span", { className: "zero" }));
      return { row: make("div", { className: "bar" }, make("span", { className: "name" }, name), track, value), now, then, value };
    });
    const element = make("div", { className: "bars" }, ...rows.map((r) => r.row));
    element.show = (values, { before = null, best = -1, words = [], low = null, high = null } = {}) => {
      const all = [...values, ...(before ?? [])];
      const from = low ?? Math.min(0, ...all), to = high ?? Math.max(0, ...all);
      const span = to - from || 1, share = (x) => `${(100 * x) / span}%`;
      element.style.setProperty("--zero", share(-from));
      rows.forEach(({ row, now, then, value }, k) => {
        row.classList.toggle("best", k === best);
        for (const [bar, x] of [[now, values[k]], [then, before?.[k] ?? 0]]) {
          Object.assign(bar.style, { left: share(Math.min(x, 0) - from), width: share(Math.abs(x)) });
        }
        then.hidden = !before;
        value.textContent = words[k] ?? "";
      });
    };
    return element;
  }

  // ---- controls: each has an element, a value, and calls `changed` --------------------------------------------------

  let ids = 0;
  function labelled(text, ...inside) {
    const id = `nin-${++ids}`;
    inside[0].id = id;
    return make("div", { className: "control" }, make("label", { htmlFor: id }, text), ...inside);
  }

  // How wide a text is, in letters: a Chinese one counts twice.
  const letters = (text) => text.length + (text.match(/\p{Script=Han}/gu) ?? []).length;
  const shownNumber = (value, step) => fixed(value, (String(step).split(".")[1] ?? "").length).replace("-", "−");

  const makers = {
    range(about, changed) {
      const input = make("input", { type: "range", min: about.min, max: about.max, step: about.step });
      const output = make("output");
      const show = () => (output.textContent = shownNumber(+input.value, about.step));
      input.oninput = () => (show(), changed());
      return {
        element: labelled(about.text, input, output),
        get: () => +input.value,
        set: (value) => ((input.value = value), show()),
        limit: (max) => ((input.max = max), show()),
        next: () => ((input.value = +input.value < +input.max ? +input.value + +about.step : about.min), show()),
      };
    },
    choice(about, changed) {
      const options = about.names.map((name, k) => make("option", { value: k }, name));
      const input = make("select", { onchange: changed }, ...options), element = labelled(about.text, input);
      element.classList.toggle("long", Math.max(...about.names.map(letters)) > 24);
      return {
        element,
        get: () => about.values[input.value],
        set: (value) => (input.value = about.values.findIndex((v) => String(v) === String(value))),
        add(name, value) {
          if (about.values.includes(value)) return;
          about.values.push(value);
          input.append(make("option", { value: about.values.length - 1 }, name));
        },
      };
    },
    steps(about, changed) {
      const control = makers.range({ text: about.text, min: 0, max: about.values.length - 1, step: 1 }, () => (show(), changed()));
      const output = control.element.querySelector("output"), input = control.element.querySelector("input");
      const show = () => {
        output.textContent = about.names[control.get()];
        input.setAttribute("aria-valuetext", output.textContent);
      };
      return {
        element: control.element,
        get: () => about.values[control.get()],
        set: (value) => (control.set(about.values.indexOf(value)), show()),
        next: () => (control.next(), show()),
      };
    },
    check(about, changed) {
      const input = make("input", { type: "checkbox", onchange: changed });
      return {
        element: make("label", { className: "control check" }, input, " ", about.text),
        get: () => input.checked,
        set: (value) => (input.checked = value),
      };
    },
    span(about, changed) {
      const ends = [say`${about.text}, from`, say`${about.text}, to`].map((name) =>
        make("input", { type: "range", min: about.min, max: about.max, "aria-label": name }));
      const output = make("output");
      const value = () => ends.map((input) => +input.value).sort((a, b) => a - b);
      const show = () => (output.textContent = value().join("–"));
      ends.forEach((input) => (input.oninput = () => (show(), changed())));
      return {
        element: labelled(about.text, make("span", { className: "span" }, ...ends), output),
        get: value,
        set: (pair) => (ends.forEach((input, k) => (input.value = pair[k])), show()),
      };
    },
  };

  // ---- a demo in its place ------------------------------------------------------------------------------------------

  // The controls that a demo's own widgets describe, with a key that plays one of them.
  function panel(data, demo, changed) {
    const controls = {};
    for (const [key, about] of Object.entries(data.controls)) {
      controls[key] = makers[about.kind](about, () => (demo.touched?.(key, controls), changed()));
    }
    const elements = Object.values(controls).map((control) => control.element);
    if (demo.plays) elements.push(player(controls[demo.plays], changed));
    return {
      controls,
      element: make("div", { className: "controls" }, ...elements),
      state: () => Object.fromEntries(Object.entries(controls).map(([key, control]) => [key, control.get()])),
      reset() {
        for (const [key, about] of Object.entries(data.controls)) controls[key].set(about.value);
        changed();
      },
      limit: (limits) => Object.entries(limits).forEach(([key, most]) => controls[key].limit(most)),
      follow: (values) => Object.entries(values).forEach(([key, value]) => controls[key].set(value)),
    };
  }

  function player(control, changed) {
    let clock = null;
    const stop = () => {
      clearInterval(clock);
      clock = null;
      button.textContent = say`▶ Play`;
    };
    const button = make("button", { type: "button" });
    button.onclick = () => {
      if (clock) return stop();
      button.textContent = say`❚❚ Pause`;
      clock = setInterval(() => (control.next(), changed()), 250);
    };
    stop();
    return button;
  }

  async function start(root) {
    const name = root.dataset.demo;
    await loadData(name);
    const data = given[name], engine = data.engine ?? name;
    await load(`demos/${engine}.js`);
    if (root.dataset.megabytes) await load("network.js");
    const demo = demos[engine](data);
    await demo.ready?.();
    const picture = make("div", { className: "picture", role: "img" });
    const line = make("p", { className: "line", "aria-live": "polite" });
    const draw = demo.build(picture);
    let waiting = false;
    const later = () => {
      if (!waiting) requestAnimationFrame(() => ((waiting = false), update()));
      waiting = true;
    };
    const controls = (demo.own ?? ((changed) => panel(data, demo, changed)))(later);
    async function update() {
      const result = await demo.compute(controls.state());
      if (demo.limits) controls.limit(demo.limits(result));
      if (demo.follow) controls.follow(demo.follow(result));
      draw(result);
      line.textContent = demo.line(result);
      picture.setAttribute("aria-label", `${data.title}: ${line.textContent}`);
    }
    const again = make("button", { type: "button", className: "again", onclick: controls.reset }, say`As it was`);
    controls.element.append(again);
    controls.reset();
    await update();
    const head = make("p", { className: "try" }, make("b", {}, data.title), " " + data.try);
    root.replaceChildren(head, controls.element, picture, line);
    if (data.note) root.append(make("p", { className: "how" }, data.note));
    root.classList.add("plays");
  }

  // Excerpts of what the search finds have to be fetched.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // An answer repeats what was bet.
  function repeat(said) {
    const before = (box) => box.compareDocumentPosition(said) & Node.DOCUMENT_POSITION_FOLLOWING;
    const box = [...document.querySelectorAll(".nin-bet input")].findLast(before);
    box.addEventListener("input", async () => {
      await loadData("shared");
      const value = box.value.trim();
      said.textContent = value ? say`You said: ${value}.` : "";
    });
  }

  // The other language opens at the same heading or cell, counted from the end: a Chinese chapter begins with one cell
  // more. And the search there has the same words.
  function keepPlace() {
    const places = [...document.querySelectorAll("article :is(h1, h2, .cell)")];
    const [, left] = location.hash.match(/^#left-(\d+)$/) ?? [];
    if (left) {
      places.at(-left).scrollIntoView();
      history.replaceState(null, "", location.pathname); // to reload is not to be moved again
    }
    const link = document.querySelector(".nin-language");
    link.addEventListener("click", () => {
      const above = places.findLastIndex((place) => place.getBoundingClientRect().top < 100);
      link.search = location.search;
      link.hash = above > 0 ? `left-${places.length - above}` : "";
    });
  }

  async function startAll() {
    keepPlace();
    document.querySelectorAll(".nin-said").forEach(repeat);
    const roots = document.querySelectorAll(".nin-demo");
    if (roots.length) await loadData("shared");
    for (const root of roots) {
      const begin = () => start(root).catch((error) => console.error(error));
      if (root.dataset.megabytes) askFirst(root, begin);
      else begin();
    }
  }

  // A demo with the network in it is fetched when it is wanted.
  function askFirst(root, begin) {
    const megabytes = root.dataset.megabytes;
    const words = say`Play: fetches the network first, ${megabytes} MB`;
    const button = make("button", { type: "button", className: "begin" }, words);
    button.onclick = () => {
      Object.assign(button, { disabled: true, textContent: say`Fetching the network …` });
      begin();
    };
    root.prepend(button);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();

  return {
    here, demos,
    demo: (name, maker) => (demos[name] = maker),
    panel, unpack,
    give(name, data) {
      for (const key of ["diverging", "magma"]) if (key in data) data[key] = bytes(data[key]);
      given[name] = { ...given[name], ...data };
    },
    given, load, loadData, say, bytes, floats, argmax, sum, fixed, thousands, percent,
    make, paint, pixels, frame, bars, grey, diverging, magma,
  };
})();
