// Use `@fal-ai/client` from npm as its README does; print what it returned as JSON.
// Arguments: URL of the proxy and a key.

const { createFalClient } = require("@fal-ai/client");

const [url, key] = process.argv.slice(2);
const MODEL = "fal-ai/flux/dev";
const client = (credentials) =>
  createFalClient({ credentials, proxyUrl: { url, when: "always" } });

async function everything(fal) {
  const updates = [];
  const subscribed = await fal.subscribe(MODEL, {
    input: { prompt: "a cat", num_images: 2 },
    logs: true,
    pollInterval: 50,
    onQueueUpdate: (update) => updates.push(update.status),
  });
  const video = "fal-ai/pika/v2.2/text-to-video";
  const { request_id: requestId } = await fal.queue.submit(video, {
    input: { prompt: "a cat [scenario:hold]" },
    priority: "low",
    startTimeout: 30,
  });
  await fal.queue.cancel(video, { requestId });
  const cancelled = await fal.queue.subscribeToStatus(video, {
    requestId,
    pollInterval: 50,
  });
  return {
    subscribed,
    updates,
    cancelled: cancelled.error,
    run: (await fal.run("fal-ai/veo3", { input: { prompt: "a fish" } })).data,
  };
}

const failure = (fal, text) =>
  fal
    .subscribe(MODEL, { input: { prompt: text }, pollInterval: 50 })
    .then(() => null)
    .catch(({ name, status, message, body }) => ({ name, status, message, body }));

async function main() {
  const fal = client(key);
  const answer = await everything(fal);
  answer.failed = await failure(fal, "a cat [scenario:failed]");
  answer.wrong_key = await failure(client("wrong"), "a cat");
  return answer;
}

main().then((answer) => process.stdout.write(JSON.stringify(answer)));
