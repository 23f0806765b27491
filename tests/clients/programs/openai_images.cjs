// Use pictures and responses of `openai` from npm as its README does; print what came.
// Arguments: base URL, key, a prompt.

const { default: OpenAI, toFile } = require("openai");

const LONGEST_MS = 120_000;
const MODEL = "gpt-image-2.5-sunburst";
const [baseURL, apiKey, prompt] = process.argv.slice(2);
const client = new OpenAI({ apiKey, baseURL });

const head = (text) => Buffer.from(text ?? "", "base64").subarray(1, 4).toString();

async function created() {
  const made = await client.images.generate({ model: MODEL, prompt, size: "1024x1024", n: 1 });
  return { heads: made.data.map((one) => head(one.b64_json)), usage: made.usage };
}

async function streamed() {
  const asked = { model: MODEL, prompt: `${prompt} by and by`, stream: true, partial_images: 1 };
  const found = [];
  for await (const event of await client.images.generate(asked)) {
    found.push([event.type, head(event.b64_json)]);
  }
  return found;
}

async function failure(scenario, more = {}) {
  try {
    const said = { model: MODEL, prompt: `${prompt} [scenario:${scenario}]`, ...more };
    const made = await client.images.generate(said);
    if (more.stream) for await (const _ of made);
    return null;
  } catch (problem) {
    if (!(problem instanceof OpenAI.APIError)) throw problem;
    return [problem.constructor.name, problem.code];
  }
}

async function ended(ask, isOpen) {
  const deadline = Date.now() + LONGEST_MS;
  for (;;) {
    const found = await ask();
    if (!isOpen(found.status) || Date.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function responded(input) {
  const tools = [{ type: "image_generation" }];
  const made = await client.responses.create({ model: "gpt-6", input, background: true, tools });
  const isOpen = (status) => ["queued", "in_progress"].includes(status);
  return ended(() => client.responses.retrieve(made.id), isOpen);
}

async function wholeLife() {
  const image = await toFile(Buffer.from("\x89PNG", "latin1"), "cat.png", { type: "image/png" });
  const edited = await client.images.edit({ model: MODEL, prompt: `${prompt} in a hat`, image });
  const done = await responded(prompt);
  return {
    created: await created(),
    streamed: await streamed(),
    edited: head(edited.data[0].b64_json),
    failures: {
      refused: await failure("refused"),
      cut_late: await failure("cut_late"),
      stream: await failure("failed", { stream: true }),
    },
    response: [done.status, head(done.output[0].result)],
    failed: (await responded(`${prompt} [scenario:failed]`)).error.code,
  };
}

async function main() {
  process.stdout.write(JSON.stringify(await wholeLife()));
}

main();
