// Use `ai` with the package of a provider; print what it returned as JSON.
// Arguments: `replicate`, `luma` or `flux`, base URL, key, prompt.

const { generateImage } = require("ai");
const { createBlackForestLabs } = require("@ai-sdk/black-forest-labs");
const { createLuma } = require("@ai-sdk/luma");
const { createReplicate } = require("@ai-sdk/replicate");

const [provider, baseURL, key, prompt] = process.argv.slice(2);
const models = {
  flux: () => createBlackForestLabs({ apiKey: key, baseURL }).image("flux-pro-1.1"),
  luma: () => createLuma({ apiKey: key, baseURL }).image("photon-1"),
  replicate: () => createReplicate({ apiToken: key, baseURL }).image("acme/picture"),
};
const model = models[provider]();
const providerOptions = {
  blackForestLabs: { pollIntervalMillis: 50 },
  luma: { pollIntervalMillis: 50 },
};

generateImage({ model, prompt, providerOptions })
  .then(({ images }) => ({
    images: images.map((image) => ({
      media_type: image.mediaType,
      base64: image.base64,
    })),
  }))
  .catch((problem) => ({ error: problem.name, message: problem.message }))
  .then((answer) => process.stdout.write(JSON.stringify(answer)));
