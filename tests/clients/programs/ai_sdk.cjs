// Use `ai` with the package of a provider; print what it returned for each prompt as JSON.
// Arguments: a kind of model, base URL, key, prompts. With `fal-video` the base URL is that
// of the proxy to which all of fal's own calls go.

const { aiModel, generated } = require("./ai_models.cjs");

const [kind, baseURL, apiKey, ...prompts] = process.argv.slice(2);
const model = aiModel(kind, baseURL, apiKey);

const asked = (prompt) =>
  generated(model, kind, prompt)
    .then(({ images, videos }) => ({
      images: (images ?? videos).map((file) => ({
        media_type: file.mediaType,
        base64: file.base64,
      })),
    }))
    .catch((problem) => ({ error: problem.name, message: problem.message }));

Promise.all(prompts.map(asked)).then((told) => process.stdout.write(JSON.stringify(told)));
