import { type Command, Option } from "commander";
import { idsNamed } from "../actions/ids-named.ts";
import { createToken, revokeToken } from "../actions/manage-tokens.ts";
import { IdAmbiguous } from "../domain/faults/cli.ts";
import { TokenUnknown } from "../domain/faults/requests.ts";
import { type Role, roles } from "../domain/role.ts";
import { tokensEndingIn } from "../store/runs/find-ending.ts";
import { listTokens, tokenWithId } from "../store/tokens.ts";
import { tokenName } from "../wire/ids.ts";
import { newToken, viewToken } from "../wire/tokens.ts";
import { type Cli, withAssembly } from "./cli.ts";
import { parseGiven } from "./parse-given.ts";
import { plainLine } from "./screen/plain.ts";
import { makeScreen } from "./screen/screen.ts";
import { table } from "./screen/table.ts";
import { age, shortId } from "./screen/wording.ts";

const most = 1000;

export function addToken(program: Command, cli: Cli): void {
  const token = program.command("token").description("Tokens for the HTTP API.");
  token
    .command("create")
    .description("Make a token. It is shown this once and kept nowhere.")
    .argument("<name>", "whose it is: what is decided with it is decided by this name")
    .addOption(new Option("-r, --role <role>", "what it may do").choices(roles).default("request"))
    .action((name: string, options: { role: Role; json?: boolean }) => create(cli, name, options));
  token
    .command("ls")
    .description("List tokens, newest first, without their secrets.")
    .action((options: { json?: boolean }) => ls(cli, options));
  token
    .command("revoke")
    .description("Make a token good for nothing.")
    .argument("<id>", "its id, or how it ends")
    .action((id: string, options: { json?: boolean }) => revoke(cli, id, options));
}

async function create(cli: Cli, name: string, options: { role: Role; json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const given = parseGiven(newToken, { name, role: options.role });
  await withAssembly(cli.open, async ({ services }) => {
    const { row, token } = await createToken(services, given.name, given.role);
    if (screen.json) return screen.printJson({ ...viewToken(row), token });
    screen.print(token);
    screen.remark(`A token for ${plainLine(name)} to ${row.role}. Keep it now: it is not shown again.`);
  });
}

async function ls(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services }) => {
    const tokens = await listTokens(services.sql, most);
    if (screen.json) return screen.printJson({ tokens: tokens.map(viewToken) });
    if (tokens.length === 0) return screen.remark("No tokens.");
    const rows = tokens.map(({ id, name, role, createdAt, lastUsedAt, revokedAt }) => [
      shortId(id),
      plainLine(name, 40),
      role,
      age(createdAt),
      lastUsedAt === null ? "never" : `${age(lastUsedAt)} ago`,
      revokedAt === null ? "" : "revoked",
    ]);
    screen.print(table(screen, ["ID", "NAME", "ROLE", "AGE", "USED", ""], rows));
  });
}

async function revoke(cli: Cli, id: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(tokenName, id);
  await withAssembly(cli.open, async ({ services }) => {
    const [found, other] = await idsNamed(name, (ending) => tokensEndingIn(services.sql, ending));
    if (other !== undefined) throw new IdAmbiguous(id);
    const token = found === undefined ? null : await tokenWithId(services.sql, found);
    if (token === null) throw new TokenUnknown(id);
    await revokeToken(services, token.id);
    if (screen.json) return screen.printJson({ id: token.id, revoked: true });
    screen.print(`${shortId(token.id)} (${plainLine(token.name, 40)}) is revoked`);
  });
}
