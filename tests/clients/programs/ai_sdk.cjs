// Use `ai` with the package of a provider; print what it returned as JSON.
// Arguments: `replicate`, `luma`, `flux` or `fal`, base URL, key, prompt. With `fal-video` the base
// URL is that of the proxy to which all of fal's own calls go.

const { experimental_generateVideo: generateVideo, generateImage } = require("ai");
const { createBlackForestLabs } = require("@ai-sdk/black-forest-labs");
const { createFal } = require("@ai-sdk/fal");
const { createLuma } = require("@ai-sdk/luma");
const { createReplicate } = require("@ai-sdk/replicate");

const [provider, baseURL, key, prompt] = process.argv.slice(2);
const proxied = (url, init) =>
  String(url).startsWith("https://queue.fal.run/")
    ? fetch(baseURL, { ...init, headers: { ...init.headers, "x-fal-target-url": String(url) } })
    : fetch(url, init);
const models = {
  fal: () => createFal({ apiKey: key, baseURL }).image("fal-ai/flux/dev"),
  "fal-video": () => createFal({ apiKey: key, fetch: proxied }).video("fal-ai/veo3"),
  flux: () => createBlackForestLabs({ apiKey: key, baseURL }).image("flux-pro-1.1"),
  luma: () => createLuma({ apiKey: key, baseURL }).image("photon-1"),
  replicate: () => createReplicate({ apiToken: key, baseURL }).image("acme/picture"),
};
const model = models[provider]();
const providerOptions = {
  fal: provider === "fal-video" ? { pollIntervalMs: 50 } : {},
  blackForestLabs: { pollIntervalMillis: 50 },
  luma: { pollIntervalMillis: 50 },
};

// Its own refuses addresses of this machine.
const download = async ({ url }) => {
  const answer = await fetch(url);
  return { data: new Uint8Array(await answer.arrayBuffer()) };
};
const generate = provider === "fal-video" ? generateVideo : generateImage;
generate({ model, prompt, providerOptions, download })
  .then(({ images, videos }) => ({
    images: (images ?? videos).map((file) => ({
      media_type: file.mediaType,
      base64: file.base64,
    })),
  }))
  .catch((problem) => ({ error: problem.name, message: problem.message }))
  .then((answer) => process.stdout.write(JSON.stringify(answer)));
