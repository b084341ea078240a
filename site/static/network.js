// The shipped network in the page: its 480,394 weights, and ONNX Runtime Web to run them. All of it comes as scripts.
"use strict";

nin.network = (() => {
  let ready = null, last = Promise.resolve();

  async function begin() {
    await Promise.all([nin.load("ort.js"), nin.load("data/network.js")]);
    const { program, binary, weights, layers } = nin.given.network;
    Object.assign(ort.env.wasm, {
      numThreads: 1,
      wasmBinary: (await nin.unpack(binary)).buffer,
      wasmPaths: { mjs: URL.createObjectURL(new Blob([program], { type: "text/javascript" })) },
    });
    const session = await ort.InferenceSession.create(await nin.unpack(weights), { executionProviders: ["wasm"] });
    return async (pixels) => {
      const images = pixels.length / 784;
      const found = await session.run({ pixels: new ort.Tensor("float32", Float32Array.from(pixels), [images, 1, 28, 28]) });
      return layers.map((name) => found[name].data);
    };
  }

  // Images of 28 × 28 numbers in [0, 1], one behind the other -> the maps of the four layers; one call after the other.
  return (pixels) => {
    ready ??= begin();
    return (last = last.catch(() => {}).then(async () => (await ready)(pixels)));
  };
})();
