import { writeFile } from "node:fs/promises";
import { errorsPage } from "./errors-page.ts";
import { statesPage } from "./states-page.ts";

/** `npm run docs`: the pages of docs/ that are printed from the code. test/tidy.test.ts tells when they are out of date. */
const docs = new URL("../docs/", import.meta.url);
await writeFile(new URL("states.md", docs), statesPage());
await writeFile(new URL("errors.md", docs), await errorsPage());
