// The models of `ai` from npm by kind, and what generates a file by one.

const older = require("ai");
const newer = require("ai7"); // the one major that the package of MiniMax runs with

const QUEUE = "https://queue.fal.run/"; // built in

// isNewest: of the packages that the newest major has besides.
// resolve:  `fetch`, where the provider is found at another address than the one it is named by.
function aiModel(kind, baseURL, apiKey, { isNewest = false, resolve = fetch } = {}) {
  const provider = (name, factory, settings) => {
    const given = resolve === fetch ? settings : { fetch: resolve, ...settings };
    return require(isNewest ? `ai7-${name}` : `@ai-sdk/${name}`)[factory](given);
  };
  const proxied = (url, init) => {
    if (!String(url).startsWith(QUEUE)) return resolve(url, init);
    const headers = new Headers(init.headers);
    headers.set("x-fal-target-url", String(url));
    return fetch(baseURL, { ...init, headers });
  };
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
    openai: () => provider("openai", "createOpenAI", keyed).image("gpt-image-2"),
    replicate: () =>
      provider("replicate", "createReplicate", { apiToken: apiKey, baseURL }).image("acme/picture"),
  };
  return models[kind]();
}

// Its own refuses addresses of this machine.
const downloads = (resolve) => async ({ url }) => {
  const answer = await resolve(url);
  return { data: new Uint8Array(await answer.arrayBuffer()) };
};

function generated(model, kind, prompt, { isNewest = false, resolve = fetch } = {}) {
  const providerOptions = {
    alibaba: { pollIntervalMs: 50 },
    bytedance: { pollIntervalMs: 50 },
    fal: kind === "fal-video" ? { pollIntervalMs: 50 } : {},
    google: { pollIntervalMs: 50 },
    blackForestLabs: { pollIntervalMillis: 50 },
    luma: { pollIntervalMillis: 50 },
    minimax: { pollIntervalMs: 50 },
  };
  const ai = isNewest || kind === "minimax" ? newer : older;
  const isOfVideos = "maxVideosPerCall" in model;
  const generate = isOfVideos ? ai.experimental_generateVideo : ai.generateImage;
  return generate({ model, prompt, providerOptions, download: downloads(resolve) });
}

module.exports = { aiModel, generated };
