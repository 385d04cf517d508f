import { spawnSync } from "node:child_process";
import { join } from "node:path";

test("spec/generated is as new as the spec it is made from", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(__dirname, "generate.js"), "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
