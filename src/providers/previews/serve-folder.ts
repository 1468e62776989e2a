/** A program: `serve-folder.ts <folder> <port>`. Serves files as they stand at each request, on loopback. */
import { createServer } from "node:http";
import sirv from "sirv";
import { isHidden } from "./hidden-path.ts";

const [folder = ".", port = "0"] = process.argv.slice(2);

// A page that is not there is a 404: falling back to index.html would make every broken link look whole.
const files = sirv(folder, { dev: true });

const server = createServer((request, response) => {
  // In this mode sirv serves what begins with a dot, so a repository's .git with its remote's token, and its .env.
  if (isHidden(request.url ?? "/")) response.writeHead(404).end();
  else files(request, response);
});

// A port that is taken ends the program with an error, which is better than an app somewhere else.
server.listen(Number(port), "127.0.0.1", () => console.log(`serving ${folder} at http://127.0.0.1:${port}/`));
