// Keeps drafts, what was begun and not sent, for each person and place, as long as the tab is open.

const KEY = "playground.drafts";
const drafts = new Map(Object.entries(JSON.parse(sessionStorage.getItem(KEY) ?? "{}")));
/** Files cannot be written down; they are kept until the page is loaded again. */
const files = new Map();

export const draftOf = (place) => ({ text: drafts.get(place) ?? "", files: files.get(place) ?? [] });

export function keepDraft(place, text, waiting) {
  if (text) drafts.set(place, text);
  else drafts.delete(place);
  files.set(place, waiting);
  sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(drafts)));
}
