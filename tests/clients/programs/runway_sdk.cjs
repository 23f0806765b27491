// Use `@runwayml/sdk` from npm as its README does; print what it returned as JSON.
// Arguments: base URL, key, and `all`; or a prompt behind `create` for one task until its end, or
// behind `uploads` for all and a task of an uploaded picture.

const { default: RunwayML, NotFoundError, toFile } = require("@runwayml/sdk");

const LONGEST_MS = 120_000;
const [baseURL, apiKey, task, prompt] = process.argv.slice(2);
const client = new RunwayML({ apiKey, baseURL });

async function finished(id) {
  const deadline = Date.now() + LONGEST_MS;
  for (;;) {
    const found = await client.tasks.retrieve(id);
    if (["SUCCEEDED", "FAILED", "CANCELLED"].includes(found.status)) return found;
    if (Date.now() > deadline) throw new Error(`task ${id} is still ${found.status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function uploaded() {
  const bytes = Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    ...Array(300).fill(Buffer.from(Array.from({ length: 256 }, (_, at) => at))),
  ]);
  const file = await toFile(bytes, "cat.png", { type: "image/png" });
  return (await client.uploads.createEphemeral({ file })).uri;
}

function create(promptText, promptImage = "https://pictures.example/cat.png") {
  return client.imageToVideo.create({
    model: "gen4_turbo",
    promptImage,
    promptText,
    ratio: "1280:720",
    duration: 5,
  });
}

async function told(text, picture) {
  return finished((await create(text, picture)).id);
}

async function statusOf(id) {
  try {
    await client.tasks.retrieve(id);
    return 200;
  } catch (problem) {
    if (problem instanceof NotFoundError) return problem.status;
    throw problem;
  }
}

async function wholeLife() {
  const open = await create("a bird [scenario:hold]");
  const seen = await client.tasks.retrieve(open.id);
  await client.tasks.delete(open.id);
  return {
    open: seen.status,
    done: await told("a cat"),
    failed: await told("a dog [scenario:failed]"),
    cancelled: (await finished(open.id)).status,
    missing: await statusOf("17f20503-6c24-4c16-946b-35dbbce2af2f"),
    credits: (await client.organization.retrieve()).creditBalance,
  };
}

async function main() {
  const answer = task === "create" ? await told(prompt) : await wholeLife();
  if (task === "uploads") answer.uploaded = await told(prompt, await uploaded());
  process.stdout.write(JSON.stringify(answer));
}

main().catch((problem) => {
  console.error(problem);
  process.exitCode = 1;
});
