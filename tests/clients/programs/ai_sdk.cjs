// Use `ai` with the package of a provider; print what it returned for each prompt as JSON.
// Arguments: a kind of `models` below, base URL, key, prompts. With `fal-video` the base URL is that
// of the proxy to which all of fal's own calls go.

const { experimental_generateVideo: generateVideo, generateImage } = require("ai");

const [kind, baseURL, apiKey, ...prompts] = process.argv.slice(2);
const proxied = (url, init) =>
  String(url).startsWith("https://queue.fal.run/")
    ? fetch(baseURL, { ...init, headers: { ...init.headers, "x-fal-target-url": String(url) } })
    : fetch(url, init);
const provider = (name, factory, settings) => require(`@ai-sdk/${name}`)[factory](settings);
const models = {
  alibaba: () =>
    provider("alibaba", "createAlibaba", { apiKey, videoBaseURL: baseURL }).video("wan2.5-t2v"),
  bytedance: () =>
    provider("bytedance", "createByteDance", { apiKey, baseURL }).video("seedance-1-5-pro-251215"),
  fal: () => provider("fal", "createFal", { apiKey, baseURL }).image("fal-ai/flux/dev"),
  "fal-video": () => provider("fal", "createFal", { apiKey, fetch: proxied }).video("fal-ai/veo3"),
  flux: () =>
    provider("black-forest-labs", "createBlackForestLabs", { apiKey, baseURL }).image(
      "flux-pro-1.1",
    ),
  google: () =>
    provider("google", "createGoogleGenerativeAI", { apiKey, baseURL }).video(
      "veo-3.1-generate-preview",
    ),
  luma: () => provider("luma", "createLuma", { apiKey, baseURL }).image("photon-1"),
  replicate: () =>
    provider("replicate", "createReplicate", { apiToken: apiKey, baseURL }).image("acme/picture"),
};
const model = models[kind]();
const providerOptions = {
  alibaba: { pollIntervalMs: 50 },
  bytedance: { pollIntervalMs: 50 },
  fal: kind === "fal-video" ? { pollIntervalMs: 50 } : {},
  google: { pollIntervalMs: 50 },
  blackForestLabs: { pollIntervalMillis: 50 },
  luma: { pollIntervalMillis: 50 },
};

// Its own refuses addresses of this machine.
const download = async ({ url }) => {
  const answer = await fetch(url);
  return { data: new Uint8Array(await answer.arrayBuffer()) };
};
const generate = "maxVideosPerCall" in model ? generateVideo : generateImage;

const asked = (prompt) =>
  generate({ model, prompt, providerOptions, download })
    .then(({ images, videos }) => ({
      images: (images ?? videos).map((file) => ({
        media_type: file.mediaType,
        base64: file.base64,
      })),
    }))
    .catch((problem) => ({ error: problem.name, message: problem.message }));

Promise.all(prompts.map(asked)).then((told) => process.stdout.write(JSON.stringify(told)));
