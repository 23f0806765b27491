// Use videos of `openai` from npm as its README does; print what it returned as JSON.
// Arguments: base URL, key, a prompt, and one of a create whose answer is lost.

const { default: OpenAI, toFile } = require("openai");

const LONGEST_MS = 120_000;
const [baseURL, apiKey, prompt, lost] = process.argv.slice(2);
const client = new OpenAI({ apiKey, baseURL });

async function begun(text) {
  const picture = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const input_reference = await toFile(picture, "cat.png", { type: "image/png" });
  return client.videos.create({
    model: "sora-2",
    prompt: text,
    seconds: "8",
    size: "1280x720",
    input_reference,
  });
}

async function finished(text) {
  const { id } = await begun(text);
  const deadline = Date.now() + LONGEST_MS;
  for (;;) {
    const found = await client.videos.retrieve(id);
    if (!["queued", "in_progress"].includes(found.status) || Date.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function refused() {
  try {
    await client.videos.create({ model: "sora-2", prompt: "" });
    return 200;
  } catch (problem) {
    if (!(problem instanceof OpenAI.BadRequestError)) throw problem;
    return problem.status;
  }
}

async function named() {
  const bytes = Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    ...Array(300).fill(Buffer.from(Array.from({ length: 256 }, (_, at) => at))),
  ]);
  const picture = await toFile(bytes, "cat.png", { type: "image/png" });
  const file = await client.files.create({ file: picture, purpose: "vision" });
  const input_reference = { file_id: file.id };
  await client.videos.create({ model: "sora-2", prompt: `${prompt} moves`, input_reference });
  const second = await client.files.create({ file: picture, purpose: "vision" });
  const listed = await all(client.files.list({ limit: 1, order: "asc" }));
  const found = await client.files.retrieve(file.id);
  const content = Buffer.from(await (await client.files.content(file.id)).arrayBuffer());
  const deleted = await client.files.delete(file.id);
  const left = await all(client.files.list({ purpose: "vision" }));
  return {
    file,
    found,
    deleted,
    "is same": content.equals(bytes),
    listed: [listed.indexOf(file.id), listed.indexOf(second.id)],
    left: left.includes(second.id) && !left.includes(file.id),
  };
}

async function all(pages) {
  const ids = [];
  for await (const one of pages) ids.push(one.id);
  return ids;
}

async function main() {
  const done = await finished(prompt);
  const content = await client.videos.downloadContent(done.id);
  const answer = {
    done,
    content: Buffer.from(await content.arrayBuffer()).subarray(4, 8).toString(),
    failed: await finished(`${prompt} [scenario:failed]`),
    refused: await refused(),
    named: await named(),
    lost: (await begun(lost)).id,
  };
  process.stdout.write(JSON.stringify(answer));
}

main();
