// Sums up one answer in a few words.

import { duration, number, plural } from "./format.js";

const ENDS = {
  cut: "the connection to Flowise was cut",
  error: "Flowise answered with an error",
  left: "the app left before the end",
};

/** What was asked, what came and what was shown, as short sentences; each is a list of its parts. */
export function told(progress, now) {
  const { turn } = progress;
  const sentences = [
    [...first(progress), ...tokens(progress)],
    ages(progress),
    [...calls(turn), ...unseen(progress)],
    [...left(turn), ...ended(progress, now)],
  ];
  return sentences.filter((parts) => parts.length);
}

function first({ shown, turn }) {
  if (!shown.steps.length) return [];
  return [`First text after ${duration(shown.steps[0].at - turn.start)}`];
}

function tokens({ received, turn, incomplete }) {
  if (!received.tokens) return turn.prediction ? ["Flowise has sent no text yet"] : ["Flowise was not asked yet"];
  const took = received.steps.at(-1).at - received.steps[0].at;
  const said = `${plural(received.tokens, "token")}, ${plural(received.characters, "character")} in ${duration(took)}`;
  return incomplete ? [`${said}; the first of them are not kept any more`] : [said];
}

function calls({ calls: all }) {
  const failed = all.filter(({ answer }) => answer !== "ok");
  const limited = failed.filter(({ answer }) => answer === "429").length;
  const said = [plural(all.length, "call")];
  if (limited) said.push(`${number(limited)} answered 429`);
  if (failed.length > limited) said.push(`${number(failed.length - limited)} failed`);
  return said;
}

function ages({ shown }) {
  if (shown.mean === null) return [];
  return [`Text shown was ${duration(shown.mean)} old on average, ${duration(shown.worst)} at worst`];
}

/** Of the methods that a message grows by, as Slack's limits stood after the last call. */
function left({ calls: all }) {
  return ["chat.update", "chat.appendStream"].flatMap((method) => {
    const last = all.findLast((call) => call.method === method && call.most);
    return last ? [`${number(last.left)} of ${number(last.most)} ${method} left this minute`] : [];
  });
}

function unseen({ received, shown }) {
  const waiting = received.letters.length - shown.letters;
  return waiting > 0 ? [`${plural(waiting, "letter")} not shown`] : [];
}

function ended(progress, now) {
  if (progress.live(now)) return ["still growing"];
  return [ENDS[progress.turn.prediction?.ended]].filter(Boolean);
}
