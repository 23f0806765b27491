// Use `lumaai` from npm as its README does; print what it returned as JSON.
// Arguments: base URL, key, and `all`, or `create` and a prompt for one generation until its end.

const { LumaAI, NotFoundError } = require("lumaai");

const LONGEST_MS = 120_000;
const [baseURL, authToken, task, prompt] = process.argv.slice(2);
const client = new LumaAI({ authToken, baseURL });

async function finished(id) {
  const deadline = Date.now() + LONGEST_MS;
  for (;;) {
    const generation = await client.generations.get(id);
    if (["completed", "failed"].includes(generation.state)) return generation;
    if (Date.now() > deadline) throw new Error(`generation ${id} is still ${generation.state}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function statusAfterDelete(id) {
  try {
    await client.generations.get(id);
    return 200;
  } catch (problem) {
    if (problem instanceof NotFoundError) return problem.status;
    throw problem;
  }
}

async function wholeLife() {
  const made = await client.generations.video.create({ model: "ray-2", prompt: "a cat" });
  const done = await finished(made.id);
  const bad = await client.generations.video.create({
    model: "ray-2",
    prompt: "a dog [scenario:failed]",
  });
  const failed = await finished(bad.id);
  const listed = await client.generations.list({ limit: 5, offset: 0 });
  await client.generations.delete(bad.id);
  return {
    made,
    done,
    failed,
    credits: (await client.credits.get()).credit_balance,
      concepts: await client.generations.concepts.list(),
      listed: listed.generations.map((generation) => generation.id),
    after_delete: await statusAfterDelete(bad.id),
  };
}

async function once() {
  const made = await client.generations.video.create({ model: "ray-2", prompt });
  return finished(made.id);
}

async function main() {
  const answer = task === "create" ? await once() : await wholeLife();
  process.stdout.write(JSON.stringify(answer));
}

main().catch((problem) => {
  console.error(problem);
  process.exitCode = 1;
});
