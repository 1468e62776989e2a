import type { Command } from "../../domain/blueprints/blueprint.ts";
import { fillPort } from "../../domain/blueprints/command.ts";
import type { Change } from "../../domain/change.ts";
import type { ProcessSpec } from "../../providers/environments/port.ts";
import type { Services } from "../services.ts";
import { sshAgentVariables } from "./ssh-agent.ts";

/** How a change's app is started for people to look at. */
export async function previewSpec(
  services: Services,
  change: Change,
  { start, port, name }: { readonly start: Command; readonly port: number; readonly name: string },
): Promise<ProcessSpec> {
  const allowed = await sshAgentVariables(services, change.id);
  return { name, argv: fillPort(start, port), variables: { PORT: String(port), HOST: "127.0.0.1", ...allowed } };
}
