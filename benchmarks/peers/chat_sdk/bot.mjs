// Runs the bot that the Chat SDK's documentation leads to: a mention's answer is posted as a stream, over Socket Mode.
//
// NATIVE_STREAMING=false makes its adapter post and edit instead, at the SDK's own pace. All else is as it comes.
import { createSlackAdapter } from "@chat-adapter/slack";
import { createMemoryState } from "@chat-adapter/state-memory";
import { Chat } from "chat";

const { FLOWISE_URL, FLOWISE_CHATFLOW_ID, NATIVE_STREAMING } = process.env;

async function* tokens(question) {
  const response = await fetch(`${FLOWISE_URL}/api/v1/prediction/${FLOWISE_CHATFLOW_ID}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ question, streaming: true }),
  });
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines.filter((line) => line.startsWith("data:"))) {
      const frame = JSON.parse(line.slice("data:".length));
      if (frame.event === "token") yield frame.data;
    }
  }
}

// The tokens, and where Slack's Web API is, the adapter takes from the environment.
const bot = new Chat({
  userName: "flowise",
  adapters: { slack: createSlackAdapter({ mode: "socket", nativeStreaming: NATIVE_STREAMING !== "false" }) },
  state: createMemoryState(),
});

bot.onNewMention(async (thread, message) => {
  await thread.post(tokens(message.text));
});

process.on("SIGTERM", () => bot.shutdown().finally(() => process.exit(0)));
await bot.initialize();
