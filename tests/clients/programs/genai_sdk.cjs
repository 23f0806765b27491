// Use `@google/genai` from npm as its README does; print what it returned as JSON.
// Arguments: base URL, base URL of a proxy that loses answers, key, and a folder for a file.
// A create that breaks is made once more by its caller.

const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { GoogleGenAI } = require("@google/genai");

const LONGEST_MS = 120_000;
const CUTS = 5;
const MODEL = "veo-3.1-generate-preview";
const OMNI = "gemini-omni-1.2-flash";
const [url, losingUrl, apiKey, folder] = process.argv.slice(2);

const byKey = (baseUrl) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl } });
const byToken = (baseUrl) =>
  new GoogleGenAI({
    vertexai: true,
    project: "emulated-project",
    location: "us-central1",
    // Google's library would ask its own address for a token; this one is at hand.
    googleAuthOptions: { authClient: tokenHolder(apiKey) },
    httpOptions: { baseUrl },
  });

function tokenHolder(token) {
  const { OAuth2Client } = require("google-auth-library");
  const client = new OAuth2Client();
  client.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 });
  return client;
}

async function triedTwice(make) {
  try {
    await make();
    return 0;
  } catch {
    await make();
    return 1;
  }
}

async function untilOver(look, isOver) {
  const deadline = Date.now() + LONGEST_MS;
  for (;;) {
    const found = await look();
    if (isOver(found)) return found;
    if (Date.now() > deadline) throw new Error(`not over: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const generated = (client, prompt) =>
  client.models.generateVideos({ model: MODEL, source: { prompt }, config: { numberOfVideos: 1 } });

async function finished(client, prompt) {
  let operation = await generated(client, prompt);
  return untilOver(
    async () => (operation = await client.operations.getVideosOperation({ operation })),
    (one) => one.done,
  );
}

function shown({ name, error, response }) {
  return {
    name,
    error: error ?? null,
    uris: (response?.generatedVideos ?? []).map((one) => one.video.uri),
    filtered: response?.raiMediaFilteredCount ?? null,
    reasons: response?.raiMediaFilteredReasons ?? null,
  };
}

async function refused(make) {
  try {
    await make();
    return null;
  } catch (problem) {
    return problem.status ?? String(problem);
  }
}

async function repeated(kind, make) {
  let count = 0;
  for (let number = 0; number < CUTS; number += 1) {
    const prompt = `lost ${kind} ${String(number).padStart(3, "0")}`;
    count += await triedTwice(() => make(prompt));
  }
  return count;
}

async function videos(client, losing, kind) {
  const done = await finished(client, `a cat by ${kind}`);
  const found = {
    done: shown(done),
    filtered: shown(await finished(client, `a dog by ${kind} [scenario:filtered]`)),
    failed: shown(await finished(client, `a fox by ${kind} [scenario:failed]`)),
    refused: await refused(() => generated(client, "")),
    repeated: await repeated(kind, (prompt) => generated(losing, prompt)),
  };
  if (kind === "gemini") {
    const downloadPath = join(folder, "cat.mp4");
    await client.files.download({ file: done.response.generatedVideos[0].video, downloadPath });
    await untilOver(() => readable(downloadPath), Boolean);
    found.content = readFileSync(downloadPath).subarray(4, 8).toString();
  }
  return found;
}

function readable(path) {
  try {
    return readFileSync(path).length > 8;
  } catch {
    return false;
  }
}

async function interactions(client, losing) {
  const begun = (of, input) => of.interactions.create({ model: OMNI, input, background: true });
  const ended = (made) =>
    untilOver(
      () => client.interactions.get(made.id),
      (one) => !["queued", "in_progress"].includes(one.status),
    );
  const done = await ended(await begun(client, "a cat of omni"));
  const failed = await ended(await begun(client, "a fox of omni [scenario:failed]"));
  return {
    status: done.status,
    uri: done.output_video?.uri ?? done.steps[0].content[0].uri,
    failed: failed.status,
    repeated: await repeated("interactions", (prompt) => begun(losing, prompt)),
  };
}

(async () => {
  const found = {
    gemini: await videos(byKey(url), byKey(losingUrl), "gemini"),
    vertex: await videos(byToken(url), byToken(losingUrl), "vertex"),
    interactions: await interactions(byKey(url), byKey(losingUrl)),
  };
  console.log(JSON.stringify(found));
})().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
