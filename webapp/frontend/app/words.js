// The few words that only scripts say, in the language of the page: Vietnamese unless English.
export function say(vietnamese, english) {
  return document.documentElement.lang.startsWith("en") ? english : vietnamese;
}
