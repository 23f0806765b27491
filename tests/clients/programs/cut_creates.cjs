// Create by published clients from npm whose answers are cut; print the ids as JSON.
// Arguments: a file with the address of each client, a key, how many creates of each; the prompts
// are `NAME cut 0` and so on. A create that raises is made once more by its caller. The first goes
// alone, the others some at a time. Clients that repeat a create by themselves do so without their
// pauses.

const { readFileSync } = require("node:fs");

const AT_ONCE = 8;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
const TICK_MS = 499; // of the clock by which `fetch` of Node.js measures its own limits
const [file, apiKey, ...counts] = process.argv.slice(2);
const VEO = "veo-3.1-generate-preview";

const { setTimeout: later } = globalThis;
globalThis.setTimeout = (run, ms, ...more) => {
  // Longer ones are limits.
  const isPause = ms >= SHORTEST_PAUSE_MS && ms <= LONGEST_PAUSE_MS && ms !== TICK_MS;
  return later(run, isPause ? 1 : ms, ...more);
};

function genai(kind, baseUrl) {
  const { GoogleGenAI } = require("@google/genai");
  const { OAuth2Client } = require("google-auth-library");
  const httpOptions = { baseUrl };
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: apiKey, expiry_date: Date.now() + 3_600_000 });
  const vertex = {
    vertexai: true,
    project: "emulated-project",
    location: "us-central1",
    googleAuthOptions: { authClient },
    httpOptions,
  };
  const client = new GoogleGenAI(kind === "vertex" ? vertex : { apiKey, httpOptions });
  if (kind === "interactions") {
    const asked = { model: "gemini-omni-1.2-flash", background: true };
    return async (input) => (await client.interactions.create({ ...asked, input })).id;
  }
  return async (prompt) =>
    (await client.models.generateVideos({ model: VEO, source: { prompt } })).name;
}

function openai(kind, baseURL) {
  const { default: OpenAI } = require("openai");
  const client = new OpenAI({ apiKey, baseURL });
  const ways = {
    images: async (prompt) => {
      const { data } = await client.images.generate({ model: "gpt-image-2", prompt });
      return `${prompt}: ${data.length}`;
    },
    responses: async (input) =>
      (await client.responses.create({ model: "gpt-6", input, background: true })).id,
    videos: async (prompt) => (await client.videos.create({ model: "sora-2", prompt })).id,
  };
  return ways[kind];
}

function fal(_kind, url) {
  const { createFalClient } = require("@fal-ai/client");
  const client = createFalClient({ credentials: apiKey, proxyUrl: { url, when: "always" } });
  return async (prompt) =>
    (await client.queue.submit("fal-ai/flux/dev", { input: { prompt } })).request_id;
}

function luma(_kind, baseURL) {
  const { LumaAI } = require("lumaai");
  // Its own `fetch` waits for ever for the rest of a body whose connection has ended.
  const client = new LumaAI({ authToken: apiKey, baseURL, fetch });
  return async (prompt) =>
    (await client.generations.video.create({ model: "ray-2", prompt })).id;
}

function replicate(_kind, baseUrl) {
  const Replicate = require("replicate");
  const client = new Replicate({ auth: apiKey, baseUrl });
  const model = "acme/picture";
  return async (prompt) => (await client.predictions.create({ model, input: { prompt } })).id;
}

function ai(kind, url) {
  const { aiModel, generated } = require("./ai_models.cjs");
  const model = aiModel(kind, url, apiKey);
  return async (prompt) => {
    const { images, videos } = await generated(model, kind, prompt);
    return `${prompt}: ${(images ?? videos).length}`;
  };
}

const clients = { ai, fal, genai, luma, openai, replicate };

async function created(make, prompt) {
  try {
    return await make(prompt);
  } catch {
    return make(prompt);
  }
}

async function all(name, url, count) {
  const [which, kind] = name.split(".").slice(1);
  const make = clients[which](kind, url);
  const ids = [await created(make, `${name} cut 0`)];
  for (let at = 1; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, more) => at + more);
    ids.push(...(await Promise.all(some.map((one) => created(make, `${name} cut ${one}`)))));
  }
  return ids;
}

async function main() {
  const addresses = Object.entries(JSON.parse(readFileSync(file, "utf8")));
  const told = {};
  await Promise.all(
    addresses.map(async ([name, url], at) => {
      told[name] = await all(name, url, Number(counts[at]));
    }),
  );
  process.stdout.write(JSON.stringify(told));
}

main();
