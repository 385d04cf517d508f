/** The conversations in adapters.md are real: they are held again, with the example and with the reference. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import racing from "../fixtures/adapters/racing";
import { reference } from "../reference/adapter";
import type { Request } from "../spec/generated/types";
import { needs } from "../tools/needs";

const ROOT = join(__dirname, "..");
const GUIDE = readFileSync(join(__dirname, "adapters.md"), "utf8");

/** The requests and the replies in the guide's blocks of this language. A line that begins with spaces continues. */
function conversation(language: string): { requests: unknown[]; replies: unknown[] } {
  const blocks = [...GUIDE.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(([, body = ""]) => body);
  const lines = blocks.join("").replaceAll(/\n +/g, " ").trim().split("\n");
  const told = (by: string): unknown[] => lines.filter((line) => line.startsWith(by)).map((line) => JSON.parse(line.slice(1)) as unknown);
  return { requests: told(">"), replies: told("<") };
}

needs("python3")("the example answers as the guide shows, line by line", () => {
  const { requests, replies } = conversation("dialogue");
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
  const { stdout, status } = spawnSync("python3", ["fixtures/adapters/minimal.py"], { cwd: ROOT, input, encoding: "utf8" });
  const answered = stdout.trim().split("\n");
  expect(answered.map((line) => JSON.parse(line) as unknown)).toEqual(replies);
  expect(status).toBe(0);
});

test("the racing toy races as the guide shows", () => {
  const { requests, replies } = conversation("racing");
  const door = racing.door();
  expect(requests).toHaveLength(6);
  expect(requests.map((request) => door(request as Request))).toEqual(replies);
});

test("the reference steps as the guide shows", () => {
  const { requests, replies } = conversation("stepping");
  const door = reference();
  expect(replies).toHaveLength(5);
  requests.forEach((request, i) => expect(door(request as Request)).toMatchObject(replies[i] as object));
});
