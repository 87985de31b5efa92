// Draws the selects in which one thing is chosen: options, a person, a channel.

import { h } from "../app/dom.js";
import { control } from "./controls.js";
import { atFirst, known, offer, offered } from "./options.js";
import { words } from "./text.js";

export function optionSelect(part, ref, ctx) {
  return select(part, ref, ctx, offered(part, ctx), {});
}

export function idSelect(part, ref, ctx) {
  return select(part, ref, ctx, [["", known(ref.type, atFirst(part), ctx, part.filter)]], {});
}

/** Its options would have to be asked from the app, which this page does not do. */
export function externalSelect(part, ref, ctx) {
  const first = part.initial_option ? [offer(part.initial_option, ctx)] : [];
  const note = "Its options come from the app's server; this page does not ask for them.";
  return select(part, ref, ctx, [["", first]], { disabled: true, title: note });
}

function select(part, ref, ctx, groups, props) {
  const chosen = atFirst(part);
  const hint = words(part.placeholder, ctx) || "Choose";
  const blank = h("option", { value: "", selected: !chosen.length }, hint);
  const options = groups.map(([name, offers]) => {
    const inside = offers.map((each) => option(each, chosen.includes(each.key)));
    return name ? h("optgroup", { label: name }, inside) : inside;
  });
  const label = ctx.label || hint;
  return control("select", part, ref, ctx, { class: "select", "aria-label": label, ...props }, blank, options);
}

function option({ choice, key, name, more }, selected) {
  return h(
    "option",
    { value: key, selected, dataset: { choice: JSON.stringify(choice) } },
    more ? `${name} · ${more}` : name,
  );
}
