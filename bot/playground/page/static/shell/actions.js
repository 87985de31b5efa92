// Does what a person asks for with the mouse or the keys, by asking the server.

import { stateOf } from "../blocks/index.js";
import { entrance, isApp, row } from "./places.js";
import { rootOf } from "../app/state.js";
import { Refused } from "../app/live.js";

const NO_ANSWER = "The app did not answer within 3 seconds.";

export class Actions {
  /**
   * @param {import("../app/state.js").State} state
   * @param {{post: Function, get: Function, alert: (sentence: string) => void, confirm: Function}} ways
   */
  constructor(state, ways) {
    this.state = state;
    Object.assign(this, ways);
    /** Set by whoever edits: takes a message of the person's own into a composer. */
    this.edit = (_message) => {};
    /** Set by whoever has the boxes: puts the focus where one writes in the place that is shown. */
    this.write = () => {};
  }

  /** Ask for something; what is refused is said, and gives null. */
  async #ask(path, body) {
    try {
      return await this.post(path, body);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.alert(error.message);
      return null;
    }
  }

  get #user() {
    return this.state.ui.user;
  }

  react({ channel, ts, reactions }, name) {
    const mine = reactions?.find((reaction) => reaction.name === name)?.users.includes(this.#user);
    return this.#ask("api/react", { user: this.#user, channel, ts, name, on: !mine });
  }

  async remove({ channel, ts }) {
    const sure = await this.confirm("Delete this message?", "It is gone for everybody, at once.", "Delete");
    if (sure) await this.#ask("api/delete", { user: this.#user, channel, ts });
  }

  openThread(message) {
    this.state.set({ thread: rootOf(message) });
  }

  /** Open the thread of a message that was just sent, once it is there; `instead` of another one, too. */
  async openSent(channel, ts, { instead = false } = {}) {
    const { state } = this;
    while (!state.message(channel, ts)) await next(state);
    const { ui } = state;
    if (ui.channel === channel && ui.tab === "messages" && (instead || !ui.thread)) state.set({ thread: ts });
  }

  /** Change a setting of the playground. */
  control(part) {
    return this.#ask("api/controls", part);
  }

  inspect({ channel, ts }) {
    this.state.set({ message: { channel, ts }, inspector: true });
  }

  /** Be somebody else: in the same place where they see it, with the app in their own conversation with it. */
  become(user) {
    const { state } = this;
    const here = state.channels.get(state.ui.channel);
    const places = row(state, user);
    const wanted = isApp(state, here) ? state.direct(user) : here;
    const place = places.includes(wanted) ? wanted : entrance(state, user);
    const same = place === here;
    state.set({
      user,
      channel: place?.id ?? "",
      thread: same ? state.ui.thread : "",
      tab: isApp(state, place) ? state.ui.tab : "messages",
      message: null,
    });
  }

  go(channel, tab = "messages") {
    this.state.set({ channel, thread: "", tab });
    this.write();
  }

  close(view, all = false) {
    return this.#ask("api/close", { user: this.#user, view_id: view.id, all });
  }

  openHome() {
    return this.#ask("api/home", { user: this.#user });
  }

  /**
   * What the blocks need to know of the page. `container` is what they stand in, as the API has it; `element` gives
   * the node that holds their inputs.
   */
  context(container, element) {
    const { state } = this;
    return {
      me: state.ui.user,
      name: (id) => state.name(id),
      channelName: (id) => this.#channelName(id),
      groupName: (id) => id,
      people: () => [...state.people.values()],
      channels: () => row(state),
      fileUrl: (file) => `files/${encodeURIComponent(file.id)}/${encodeURIComponent(file.name)}`,
      openUrl: (url) => window.open(url, "_blank", "noopener,noreferrer"),
      onAction: (chosen) => this.#act(container, element(), chosen),
    };
  }

  /** As Slack has it, a channel that the person cannot see keeps its name to itself. */
  #channelName(id) {
    const channel = this.state.channels.get(id);
    return !channel || row(this.state).includes(channel) ? this.state.channelName(id) : "private-channel";
  }

  async #act(container, element, { block_id, action_id, action }) {
    const body = { user: this.#user, container, block_id, action_id, action };
    const answer = await this.post("api/act", element ? { ...body, state: stateOf(element) } : body);
    if (!answer.acked) throw new Refused(answer.error ? `${NO_ANSWER} (${answer.error})` : NO_ANSWER);
  }
}

/** Until something happens. */
const next = (state) => new Promise((happened) => state.addEventListener("change", happened, { once: true }));
