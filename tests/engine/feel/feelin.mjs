// Answers FEEL questions with the reference implementation: one JSON object a line on standard
// input ({mode, expression, context}), one a line on standard output ({value} or {error}).
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { evaluate, unaryTest } = await import(pathToFileURL(process.argv[2]).href);

function plain(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : { $: String(value) };
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return { $: value.constructor?.name ?? typeof value, text: String(value) };
}

const answers = [];
for await (const line of createInterface({ input: process.stdin })) {
  const { mode, expression, context } = JSON.parse(line);
  let answer;
  try {
    const { value } = (mode === "value" ? evaluate : unaryTest)(expression, context);
    answer = { value: plain(value) };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  answers.push(JSON.stringify(answer));
}
process.stdout.write(answers.join("\n") + "\n");
