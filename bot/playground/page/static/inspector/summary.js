// Knows how one answer is told in a few words.

import { duration, number, plural } from "./format.js";

const ENDS = {
  cut: "the connection to Flowise was cut",
  error: "Flowise answered with an error",
  left: "the app left before the end",
};

/** What was asked, what came and what was shown, as short sentences; each is a list of its parts. */
export function told(growth, now) {
  const { turn } = growth;
  const sentences = [
    [...first(growth), ...tokens(growth)],
    ages(growth),
    [...calls(turn), ...unseen(growth)],
    [...left(turn), ...ended(growth, now)],
  ];
  return sentences.filter((parts) => parts.length);
}

function first({ shown, turn }) {
  if (!shown.steps.length) return [];
  return [`First text after ${duration(shown.steps[0].at - turn.start)}`];
}

function tokens({ came, turn, torn }) {
  if (!came.tokens) return turn.prediction ? ["Flowise has sent no text yet"] : ["Flowise was not asked yet"];
  const took = came.steps.at(-1).at - came.steps[0].at;
  const said = `${plural(came.tokens, "token")}, ${plural(came.characters, "character")} in ${duration(took)}`;
  return torn ? [`${said}; the first of them are not kept any more`] : [said];
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

function unseen({ came, shown }) {
  const waiting = came.letters.length - shown.letters;
  return waiting > 0 ? [`${plural(waiting, "letter")} not shown`] : [];
}

function ended(growth, now) {
  if (growth.live(now)) return ["still growing"];
  return [ENDS[growth.turn.prediction?.ended]].filter(Boolean);
}
