// Puts the page together; the parts are in shell/, blocks/ and inspector/.

import { Announcer } from "../shell/announcer.js";
import { arrive, follow as followPlace, settle } from "../shell/route.js";
import { applyTheme } from "../shell/theme.js";
import { ChannelPane } from "../shell/channel.js";
import { confirm } from "../shell/dialogs.js";
import { connect, get, post } from "./live.js";
import { Actions } from "../shell/actions.js";
import { follow as followPersona, persona } from "../shell/personas.js";
import { h } from "./dom.js";
import { Modal } from "../shell/modal.js";
import { Notices } from "../shell/notices.js";
import { Panes } from "../shell/panes.js";
import { refuseFiles } from "../shell/uploads.js";
import { rendering } from "../shell/rendering.js";
import { shortcuts } from "../shell/shortcuts.js";
import { sidebar } from "../shell/sidebar.js";
import { State } from "./state.js";
import { ThreadPane } from "../shell/thread.js";
import { Unread } from "../shell/unread.js";

applyTheme();
const state = new State();
const notices = new Notices(state);
const actions = new Actions(state, { post, get, alert: (sentence) => notices.alert(sentence), confirm });
const panes = new Panes(state);
const announcer = new Announcer(actions);
const main = new ChannelPane(actions, panes);
const thread = new ThreadPane(actions, panes);
const unread = new Unread(state);

const skip = h("a", { class: "skip", href: "#main", text: "Skip to the messages" });
skip.addEventListener("click", (event) => {
  event.preventDefault(); // the address says where one is, not what has the focus
  main.element.focus();
});
const workspace = panes.build(sidebar(actions, unread, panes), main.element, thread.element);
document.getElementById("app").append(skip, notices.element, workspace, announcer.element);
new Modal(actions);

actions.edit = (message, inThread) => (inThread ? thread : main).composer.edit(message);
followPersona(state);
followPlace(state);
rendering(state, { main, thread, panes, get, post });
shortcuts(actions, panes, () => thread.close());
refuseFiles();

state.addEventListener("change", ({ detail }) => {
  if (detail.kind === "channel" && state.ui.channel) settle(state);
  if (detail.kind !== "hello") return;
  state.set({ user: persona(state) });
  if (state.ui.channel) settle(state);
  else arrive(state);
});
connect(state);
