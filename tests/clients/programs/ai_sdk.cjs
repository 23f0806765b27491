// Use `ai` with the packages of providers; print what it returned for each prompt as JSON.
// Arguments: the address under which http://provider.example is found, or nothing, and as JSON a
// list of {kind, url, key, isNewest, prompts}: of a model, its base URL, and whether it is of the
// newest package. With `fal-video` the URL is that of the proxy to which all of fal's own calls go.
// The newest packages download results by the `fetch` that is given them, and refuse addresses of
// this machine.

const { aiModel, generated } = require("./ai_models.cjs");

const [provider, models] = process.argv.slice(2);
const named = (url, init) =>
  fetch(String(url).replace(/^http:\/\/provider\.example/, provider), init);
const resolve = provider ? named : fetch;

async function asked(model, kind, prompt, options) {
  try {
    const { images, videos } = await generated(model, kind, prompt, options);
    return {
      images: (images ?? videos).map((file) => ({
        media_type: file.mediaType,
        base64: file.base64,
      })),
    };
  } catch (problem) {
    return { error: problem.name, message: problem.message };
  }
}

const all = ({ kind, url, key, isNewest, prompts }) => {
  const options = { isNewest, resolve };
  const model = aiModel(kind, url, key, options);
  return Promise.all(prompts.map((prompt) => asked(model, kind, prompt, options)));
};

Promise.all(JSON.parse(models).map(all)).then((told) => {
  process.stdout.write(JSON.stringify(told));
});
