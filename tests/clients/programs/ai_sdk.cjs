// Use `ai` with `@ai-sdk/replicate` or `@ai-sdk/luma`; print what it returned as JSON.
// Arguments: `replicate` or `luma`, base URL, key, prompt.

const { generateImage } = require("ai");
const { createLuma } = require("@ai-sdk/luma");
const { createReplicate } = require("@ai-sdk/replicate");

const [provider, baseURL, key, prompt] = process.argv.slice(2);
const model =
  provider === "luma"
    ? createLuma({ apiKey: key, baseURL }).image("photon-1")
    : createReplicate({ apiToken: key, baseURL }).image("acme/picture");
const providerOptions = { luma: { pollIntervalMillis: 50 } };

generateImage({ model, prompt, providerOptions })
  .then(({ images }) => ({
    images: images.map((image) => ({
      media_type: image.mediaType,
      base64: image.base64,
    })),
  }))
  .catch((problem) => ({ error: problem.name, message: problem.message }))
  .then((answer) => process.stdout.write(JSON.stringify(answer)));
