// Chooses where answers come from: a flow of the built-in Flowise, or a Flowise of the person's own.

import { h } from "../app/dom.js";
import { complaint, fresh } from "./fields.js";

/** The choice of a flow, and the form for another Flowise. `show(flowise)` brings both up to date. */
export function sourceForm(post) {
  const flow = flowChoice(post);
  const own = ownForm(post);
  return {
    element: h("div", { class: "i-source" }, flow.element, own.element),
    show(flowise) {
      flow.show(flowise);
      own.show(flowise);
    },
  };
}

function flowChoice(post) {
  const id = fresh("flow");
  const select = h("select", { id });
  const about = h("p", { class: "i-note", id: fresh("about") });
  const problem = complaint();
  select.setAttribute("aria-describedby", about.id);
  select.addEventListener("change", () =>
    problem.during(() => post("api/controls", { flowise: { flow: select.value } })),
  );
  const element = h(
    "div",
    { class: "i-field" },
    h("label", { for: id, class: "i-field-name", text: "Flow" }),
    select,
    about,
    problem.element,
  );
  return {
    element,
    show({ flow, flows, upstream }) {
      element.hidden = upstream === "yours";
      if (select.childElementCount !== flows.length) {
        select.replaceChildren(...flows.map(({ name, title }) => h("option", { value: name, text: title })));
      }
      select.value = flow;
      about.textContent = flows.find(({ name }) => name === flow)?.about ?? "";
    },
  };
}

function ownForm(post) {
  const problem = complaint();
  const url = field("Address", {
    type: "url",
    placeholder: "http://localhost:3000",
    required: true,
    spellcheck: "false",
  });
  const chatflow = field("Chatflow id", { type: "text", required: true, spellcheck: "false" });
  const key = field("API key, if it needs one", { type: "password" });
  const state = h("p", { class: "i-note" });
  const back = h("button", { type: "button", class: "i-button", text: "Back to the built-in one" });
  back.addEventListener("click", () => problem.during(() => post("api/controls", { flowise: { upstream: "local" } })));
  const form = h(
    "form",
    { autocomplete: "off", class: "i-own" },
    url.element,
    chatflow.element,
    key.element,
    problem.element,
    h("div", { class: "i-field-row" }, h("button", { class: "i-button i-button-main", text: "Use it" }), back),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = { upstream: "yours", url: url.input.value.trim(), chatflow_id: chatflow.input.value.trim() };
    if (key.input.value) wanted.api_key = key.input.value;
    const done = await problem.during(() => post("api/controls", { flowise: wanted }));
    if (done) key.input.value = ""; // it is not kept in the page
  });
  const element = h("details", { class: "i-own-flowise" }, h("summary", { text: "Your own Flowise" }), state, form);
  return { element, show: (flowise) => showOwn(flowise, { element, state, back, url, chatflow }) };
}

function showOwn({ upstream, url, chatflow_id: chatflowId, has_key: hasKey }, parts) {
  const on = upstream === "yours";
  parts.back.hidden = !on;
  parts.state.textContent = on
    ? `Questions go to ${url}${hasKey ? ", with your key" : ""}, and nowhere else.`
    : "Questions then go to the address that you give, and nowhere else. The key is not kept in this page.";
  if (!on || document.activeElement === parts.url.input || document.activeElement === parts.chatflow.input) return;
  parts.element.open = true;
  parts.url.input.value = url;
  parts.chatflow.input.value = chatflowId;
}

function field(label, props) {
  const id = fresh("own");
  const input = h("input", { ...props, id, autocomplete: "off" });
  return {
    input,
    element: h("div", { class: "i-field" }, h("label", { for: id, class: "i-field-name", text: label }), input),
  };
}
