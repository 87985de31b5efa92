// Keeps the state of the page: the workspace as the server reports it, change by change, and what the person looks at.

/** Root of the thread that a message stands in or opens. */
export const rootOf = (message) => message.thread_ts || message.ts;

const MOST_CALLS = 2000;
const MOST_FRAMES = 6000;

/**
 * Fires "change" (detail: the change) for each thing that happened, and "ui" (detail: the names that changed) when the
 * person looks elsewhere.
 */
export class State extends EventTarget {
  constructor() {
    super();
    this.online = false;
    this.ui = { user: "", channel: "", thread: "", message: null, tab: "messages", inspector: false };
    this.#clear();
  }

  #clear() {
    this.team = { id: "", name: "" };
    this.bot = { user_id: "", bot_id: "", app_id: "", name: "" };
    this.commands = [];
    this.people = new Map();
    this.channels = new Map();
    /** @type {Map<string, Map<string, any>>} */
    this.messages = new Map();
    this.ephemerals = new Map();
    this.statuses = new Map();
    this.views = new Map();
    this.homes = new Map();
    this.calls = [];
    this.deliveries = [];
    this.pings = [];
    this.violations = [];
    this.predictions = new Map();
    this.frames = new Map();
    this.controls = null;
  }

  /** Apply what the server sends: a hello is the whole state, anything else one change of it. */
  apply(change) {
    const take = TAKES[change.kind];
    if (!take) return; // of a newer server
    if (change.kind === "hello") this.#clear();
    take(this, change);
    this.dispatchEvent(new CustomEvent("change", { detail: change }));
  }

  /** Change what the person looks at; dispatches "ui" where something of it is new. */
  set(wanted) {
    const changed = Object.keys(wanted).filter((name) => this.ui[name] !== wanted[name]);
    if (!changed.length) return;
    Object.assign(this.ui, wanted);
    this.dispatchEvent(new CustomEvent("ui", { detail: changed }));
  }

  setOnline(online) {
    if (this.online === online) return;
    this.online = online;
    this.dispatchEvent(new CustomEvent("ui", { detail: ["online"] }));
  }

  /** Whether the page's person can see a message: one that is for somebody else alone is not there. */
  sees(message) {
    return !message.to || message.to === this.ui.user;
  }

  /** All messages of a channel that the person can see, oldest first. */
  inChannel(channel) {
    const all = [...(this.messages.get(channel)?.values() ?? [])];
    const hidden = [...(this.ephemerals.get(channel)?.values() ?? [])].filter((message) => this.sees(message));
    return hidden.length ? [...all, ...hidden].sort(byTs) : all;
  }

  /** What stands in the channel itself. */
  top(channel) {
    return this.inChannel(channel).filter((message) => !message.thread_ts || message.thread_ts === message.ts);
  }

  /** A thread's first message and its replies. */
  thread(channel, ts) {
    return this.inChannel(channel).filter((message) => rootOf(message) === ts);
  }

  message(channel, ts) {
    return this.messages.get(channel)?.get(ts) ?? this.ephemerals.get(channel)?.get(ts);
  }

  status(channel, threadTs) {
    return this.statuses.get(`${channel}:${threadTs}`) ?? "";
  }

  name(userId) {
    return this.people.get(userId)?.name ?? userId;
  }

  /** A channel's name as the person reads it: a direct message has the name of who else is in it. */
  channelName(channelId) {
    const channel = this.channels.get(channelId);
    if (!channel) return channelId;
    if (channel.kind !== "im" && channel.kind !== "mpim") return channel.name;
    const others = channel.members.filter((id) => id !== this.ui.user);
    return others.map((id) => this.name(id)).join(", ") || this.name(this.ui.user);
  }

  /** The direct message of a person with the app. */
  direct(userId) {
    const both = [userId, this.bot.user_id];
    return [...this.channels.values()].find(
      (channel) => channel.kind === "im" && both.every((id) => channel.members.includes(id)),
    );
  }
}

function byTs(one, other) {
  return one.ts < other.ts ? -1 : one.ts > other.ts ? 1 : 0;
}

function put(state, message) {
  const byChannel = message.to ? state.ephemerals : state.messages;
  if (!byChannel.has(message.channel)) byChannel.set(message.channel, new Map());
  byChannel.get(message.channel).set(message.ts, message);
}

function setStatus(state, { channel, thread_ts: threadTs, status }) {
  if (status) state.statuses.set(`${channel}:${threadTs}`, status);
  else state.statuses.delete(`${channel}:${threadTs}`);
}

function keep(list, entry, most) {
  list.push(entry);
  if (list.length > most) list.splice(0, list.length - most);
}

function addFrame(state, frame) {
  if (!state.frames.has(frame.prediction)) state.frames.set(frame.prediction, []);
  keep(state.frames.get(frame.prediction), frame, MOST_FRAMES);
}

function hello(state, told) {
  state.team = told.team;
  state.bot = told.bot;
  state.commands = told.commands;
  for (const person of told.people) state.people.set(person.id, person);
  for (const channel of told.channels) state.channels.set(channel.id, channel);
  for (const message of [...told.messages, ...told.ephemerals]) put(state, message);
  for (const status of told.statuses) setStatus(state, status);
  for (const [user, views] of Object.entries(told.views)) state.views.set(user, views);
  for (const [user, view] of Object.entries(told.homes)) state.homes.set(user, view);
  state.calls = told.calls;
  state.deliveries = told.deliveries;
  state.pings = told.pings;
  state.violations = told.violations;
  for (const prediction of told.predictions) state.predictions.set(prediction.id, prediction);
  for (const frame of told.frames) addFrame(state, frame);
  state.controls = told.controls;
}

const TAKES = {
  hello,
  message: (state, { message }) => put(state, message),
  deleted: (state, { channel, ts }) => {
    state.messages.get(channel)?.delete(ts);
    state.ephemerals.get(channel)?.delete(ts);
  },
  status: setStatus,
  channel: (state, { channel }) => state.channels.set(channel.id, channel),
  person: (state, { person }) => state.people.set(person.id, person),
  views: (state, { user, views }) => state.views.set(user, views),
  home: (state, { user, view }) => (view ? state.homes.set(user, view) : state.homes.delete(user)),
  call: (state, { call }) => keep(state.calls, call, MOST_CALLS),
  delivery: (state, { delivery }) => keep(state.deliveries, delivery, MOST_CALLS),
  ping: (state, { ping }) => state.pings.push(ping),
  violation: (state, { text }) => state.violations.push(text),
  prediction: (state, { prediction }) => state.predictions.set(prediction.id, prediction),
  frame: (state, { frame }) => addFrame(state, frame),
  controls: (state, { controls }) => {
    state.controls = controls;
  },
};
