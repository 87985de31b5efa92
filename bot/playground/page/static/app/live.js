// Connects to the server: receives each change as it happens, and posts what a person does.

const PAUSES = [500, 1000, 2000, 4000];

/** The server did not do it; the message is a sentence for people. */
export class Refused extends Error {}

/** Feed the state with all that happens, for ever: a connection that is lost is made again. */
export function connect(state) {
  let failures = 0;
  const open = () => {
    const socket = new WebSocket(new URL("live", document.baseURI.replace(/^http/, "ws")));
    socket.onmessage = ({ data }) => {
      failures = 0;
      state.apply(JSON.parse(data));
      state.setOnline(true);
    };
    socket.onclose = () => {
      state.setOnline(false);
      setTimeout(open, PAUSES[Math.min(failures++, PAUSES.length - 1)]);
    };
  };
  open();
}

/** Ask the server to do something. `body` is JSON, or a FormData where there are files. Throws Refused. */
export function post(path, body) {
  const form = body instanceof FormData;
  const headers = form ? {} : { "Content-Type": "application/json" };
  return answered(fetch(path, { method: "POST", headers, body: form ? body : JSON.stringify(body) }));
}

/** Ask the server for something; `query` are its parameters. Throws Refused. */
export function get(path, query = {}) {
  return answered(fetch(`${path}?${new URLSearchParams(query)}`));
}

async function answered(asking) {
  let answer;
  try {
    const response = await asking;
    answer = await response.json();
  } catch {
    throw new Refused("The playground does not answer. Is it still running in the terminal?");
  }
  if (answer.ok === false) throw new Refused(answer.error);
  return answer;
}
