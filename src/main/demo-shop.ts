import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { fairlead } from "../domain/identity.ts";

/** A small real web app: a server without dependencies, a page, and what the page calls. */
const files = {
  "package.json": `${JSON.stringify({ name: "tea-shop", private: true, scripts: { start: "node server.js" } }, null, 2)}\n`,
  "server.js": `const { createServer } = require("node:http");
const { readFileSync } = require("node:fs");

const teas = ["Assam", "Darjeeling", "Sencha"];

createServer((request, response) => {
  if (request.url === "/teas") {
    setTimeout(() => response.setHeader("content-type", "application/json").end(JSON.stringify(teas)), 800);
    return;
  }
  response.setHeader("content-type", "text/html").end(readFileSync("index.html"));
}).listen(process.env.PORT, "127.0.0.1", () => console.log("listening on " + process.env.PORT));
`,
  "index.html": `<!doctype html>
<meta charset="utf-8">
<title>Tea shop</title>
<h1>Tea shop</h1>
<ul id="teas"></ul>
<script>
  fetch("/teas").then((answer) => answer.json()).then((teas) => {
    document.querySelector("#teas").innerHTML = teas.map((tea) => "<li>" + tea + "</li>").join("");
  });
</script>
`,
} as const;

/** What the scripted agent does to it when it is asked for a loading spinner. */
export const spinnerScript = [
  { do: "say", text: "I'll show a spinner until the list of teas has come." },
  { do: "wait", ms: 700 },
  {
    do: "replace",
    path: "index.html",
    find: '<ul id="teas"></ul>',
    with: `<style>
  .spinner { width: 2rem; height: 2rem; border: 3px solid #ccc; border-top-color: #286; border-radius: 50%;
    animation: turn 1s linear infinite; }
  @keyframes turn { to { transform: rotate(1turn); } }
</style>
<div class="spinner" role="status" aria-label="Loading"></div>
<ul id="teas"></ul>`,
  },
  {
    do: "replace",
    path: "index.html",
    find: '.join("");',
    with: '.join("");\n    document.querySelector(".spinner").remove();',
  },
  { do: "wait", ms: 500 },
  { do: "say", text: "Done: the page shows a spinner, which goes when the teas are there." },
] as const;

/** A repository with the shop on `main`, and the bare remote it was pushed to; gives the remote's path. */
export async function makeShop(folder: string): Promise<string> {
  const remote = join(folder, "tea-shop.git");
  const checkout = join(folder, "tea-shop");
  const identity = ["-c", `user.name=${fairlead.name}`, "-c", `user.email=${fairlead.email}`];
  await execa("git", ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
  await mkdir(checkout);
  for (const [name, text] of Object.entries(files)) await writeFile(join(checkout, name), text);
  for (const args of [
    ["init", "--quiet", "--initial-branch=main"],
    ["remote", "add", "origin", remote],
    ["add", "--all"],
    ["commit", "--quiet", "--no-gpg-sign", "--message", "A tea shop"],
    ["push", "--quiet", "--set-upstream", "origin", "main"],
  ]) {
    await execa("git", [...identity, ...args], { cwd: checkout });
  }
  return remote;
}
