// The models of `ai` from npm by kind, and what generates a file by one.

const older = require("ai");
const newer = require("ai7"); // the one major that the package of MiniMax runs with

const provider = (name, factory, settings) => require(`@ai-sdk/${name}`)[factory](settings);

function aiModel(kind, baseURL, apiKey) {
  const proxied = (url, init) =>
    String(url).startsWith("https://queue.fal.run/")
      ? fetch(baseURL, { ...init, headers: { ...init.headers, "x-fal-target-url": String(url) } })
      : fetch(url, init);
  const keyed = { apiKey, baseURL };
  const models = {
    alibaba: () =>
      provider("alibaba", "createAlibaba", { apiKey, videoBaseURL: baseURL }).video("wan2.5-t2v"),
    bytedance: () =>
      provider("bytedance", "createByteDance", keyed).video("seedance-1-5-pro-251215"),
    fal: () => provider("fal", "createFal", keyed).image("fal-ai/flux/dev"),
    "fal-video": () =>
      provider("fal", "createFal", { apiKey, fetch: proxied }).video("fal-ai/veo3"),
    flux: () =>
      provider("black-forest-labs", "createBlackForestLabs", keyed).image("flux-pro-1.1"),
    google: () =>
      provider("google", "createGoogleGenerativeAI", keyed).video("veo-3.1-generate-preview"),
    luma: () => provider("luma", "createLuma", keyed).image("photon-1"),
    minimax: () =>
      provider("minimax", "createMiniMax", { apiKey, videoBaseURL: baseURL }).video("MiniMax-H3"),
    replicate: () =>
      provider("replicate", "createReplicate", { apiToken: apiKey, baseURL }).image("acme/picture"),
  };
  return models[kind]();
}

// Its own refuses addresses of this machine.
const download = async ({ url }) => {
  const answer = await fetch(url);
  return { data: new Uint8Array(await answer.arrayBuffer()) };
};

function generated(model, kind, prompt) {
  const providerOptions = {
    alibaba: { pollIntervalMs: 50 },
    bytedance: { pollIntervalMs: 50 },
    fal: kind === "fal-video" ? { pollIntervalMs: 50 } : {},
    google: { pollIntervalMs: 50 },
    blackForestLabs: { pollIntervalMillis: 50 },
    luma: { pollIntervalMillis: 50 },
    minimax: { pollIntervalMs: 50 },
  };
  const ai = kind === "minimax" ? newer : older;
  const isOfVideos = "maxVideosPerCall" in model;
  const generate = isOfVideos ? ai.experimental_generateVideo : ai.generateImage;
  return generate({ model, prompt, providerOptions, download });
}

module.exports = { aiModel, generated };
