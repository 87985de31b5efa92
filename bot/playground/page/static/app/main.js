// Puts the page together; the parts are in shell/, blocks/ and inspector/.

import { Announcer } from "../shell/announcer.js";
import { arrive, follow as followPlace, settle } from "../shell/route.js";
import { applyTheme } from "../shell/theme.js";
import { ChannelPane } from "../shell/channel.js";
import { confirm } from "../shell/dialogs.js";
import { connect, get, post } from "./live.js";
import { Actions } from "../shell/actions.js";
import { follow as followThreads } from "../shell/newcomer.js";
import { follow as followPersona, persona } from "../shell/personas.js";
import { h } from "./dom.js";
import { Modal } from "../shell/modal.js";
import { Notices } from "../shell/notices.js";
import { Panes } from "../shell/panes.js";
import { refuseFiles } from "../shell/uploads.js";
import { arrive as enter, rendering } from "../shell/rendering.js";
import { shortcuts } from "../shell/shortcuts.js";
import { sidebar } from "../shell/sidebar.js";
import { State } from "./state.js";
import { ThreadPane } from "../shell/thread.js";
import { Unread } from "../shell/unread.js";
import { Writing } from "../shell/writing.js";

applyTheme();
const state = new State();
const notices = new Notices(state);
const actions = new Actions(state, { post, get, alert: (sentence) => notices.alert(sentence), confirm });
const panes = new Panes(state);
const announcer = new Announcer(actions);
const main = new ChannelPane(actions, panes);
const thread = new ThreadPane(actions, panes);
const unread = new Unread(state);
unread.mentions.told = ({ user, channel }) =>
  announcer.say(`${state.name(user)} mentioned you in ${state.channelName(channel)}`);

const writing = new Writing(main, thread);

function skip(text, to) {
  const press = (event) => {
    event.preventDefault(); // the address says where one is, not what has the focus
    to();
  };
  return h("a", { class: "skip", href: "#main", text, on: { click: press } });
}

const toBox = () => {
  state.set({ tab: "messages" }); // there is none beside the app's other tabs
  writing.focus();
};
const skips = [skip("Skip to the messages", () => main.element.focus()), skip("Skip to the message box", toBox)];
const workspace = panes.build(sidebar(actions, unread, panes), main.element, thread.element);
document.getElementById("app").append(...skips, notices.element, workspace, announcer.element);
new Modal(actions);

actions.write = () => enter(state, { main, thread, panes });
actions.edit = (message, inThread) => (inThread ? thread : main).composer.edit(message);
followPersona(state);
followThreads(state);
followPlace(state);
rendering(state, { main, thread, panes, get, post });
shortcuts(actions, panes, () => thread.close(), writing);
refuseFiles();

state.addEventListener("change", ({ detail }) => {
  if (detail.kind === "channel" && state.ui.channel) settle(state);
  if (detail.kind !== "hello") return;
  state.set({ user: persona(state) });
  if (state.ui.channel) settle(state);
  else arrive(state);
});
connect(state);
