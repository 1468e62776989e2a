import type { ChangeId } from "../../domain/ids.ts";
import { allowsSshAgent } from "../../store/workspaces.ts";
import type { Services } from "../services.ts";

/** The variable by which a process of a change uses the server's SSH agent, where the change's workspace allows that. */
export async function sshAgentVariables(
  { sql, sshAgent }: Pick<Services, "sql" | "sshAgent">,
  changeId: ChangeId | null,
): Promise<Record<string, string>> {
  if (sshAgent === null || changeId === null || !(await allowsSshAgent(sql, changeId))) return {};
  return { SSH_AUTH_SOCK: sshAgent };
}

/**
 * The same for a command step. Outside of any change it works in a person's own folder and does what that person or an
 * admin has written, so it may reach remotes as they do: the plans that come with Fairlead push.
 */
export async function sshAgentOfCommand(
  services: Services,
  { changeId }: { readonly changeId: ChangeId | null },
): Promise<Record<string, string>> {
  if (changeId !== null) return await sshAgentVariables(services, changeId);
  return services.sshAgent === null ? {} : { SSH_AUTH_SOCK: services.sshAgent };
}
