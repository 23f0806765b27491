// Use `replicate` from npm as its README does; print what it returned as JSON.
// Arguments: base URL (with `/v1`) and key; with a prompt: one create, tried twice.

const Replicate = require("replicate");

const MODEL = "acme/picture";
const [baseUrl, auth, prompt] = process.argv.slice(2);
const client = new Replicate({ auth, baseUrl });

async function messageOf(promise) {
  try {
    await promise;
    return null;
  } catch (problem) {
    return problem.message;
  }
}

async function created() {
  const asked = { model: MODEL, input: { prompt } };
  const made = await client.predictions.create(asked).catch(() => client.predictions.create(asked));
  process.stdout.write(JSON.stringify({ id: made.id, status: made.status }));
}

async function main() {
  const made = await client.predictions.create({ model: MODEL, input: { prompt: "a cat" } });
  const done = await client.wait(made, { interval: 50 });
  const run = await client.run(MODEL, { input: { prompt: "a bird" } });
  const model = await client.models.get("acme", "picture");
  const runVersion = await client.run(`${MODEL}:${model.latest_version.id}`, {
    input: { prompt: "a fish" },
  });
  const failure = await messageOf(
    client.run(MODEL, { input: { prompt: "a dog [scenario:failed]" } }),
  );
  const held = await client.predictions.create({
    model: MODEL,
    input: { prompt: "a cow [scenario:hold]" },
  });
  await client.predictions.cancel(held.id);
  const stopped = await client.wait(held, { interval: 50 });
  const listed = await client.predictions.list();
  const secret = await client.webhooks.default.secret.get();
  const stranger = new Replicate({ auth: "wrong", baseUrl });
  process.stdout.write(
    JSON.stringify({
      id: made.id,
      first_status: made.status,
      status: done.status,
      output: done.output,
      run: run.map(String),
      run_version: runVersion.map(String),
      failure,
      stopped: { id: stopped.id, status: stopped.status },
      listed: listed.results.map((prediction) => prediction.id),
      file: (await client.files.create(Buffer.from("a picture"))).size,
      webhook_secret: secret.key,
      wrong_key: await messageOf(stranger.predictions.list()),
    }),
  );
}

(prompt ? created() : main()).catch((problem) => {
  console.error(problem);
  process.exitCode = 1;
});
