import { Fault } from "../fault.ts";

/** A workspace or a request names an agent that there is no adapter for. */
export class AgentUnknown extends Fault {
  readonly code = "AGENT_UNKNOWN";
  readonly kind = "invalid";

  constructor(name: string, known: readonly string[]) {
    super(`There is no agent called "${name}". Choose one of: ${known.join(", ")}.`, { agent: name, known });
  }
}

/** A change names an agent that its workspace does not allow, and the requester is not an admin. */
export class AgentNotAllowed extends Fault {
  readonly code = "AGENT_NOT_ALLOWED";
  readonly kind = "forbidden";

  constructor(name: string, workspace: string, allowed: readonly string[]) {
    super(
      `the workspace "${workspace}" does not allow the agent "${name}". It allows: ${allowed.join(", ")}. Choose one of ` +
        "these, or have an admin add the other to `agents` of fairlead.workspaces.",
      { agent: name, workspace, allowed },
    );
  }
}

/** The settings of an agent don't fit; `problems` has a line for each thing that is wrong. */
export class AgentSettingsInvalid extends Fault {
  readonly code = "AGENT_SETTINGS_INVALID";
  readonly kind = "invalid";

  constructor(name: string, problems: readonly string[]) {
    super(
      `the settings of the agent "${name}" don't fit: ${problems.join("; ")}. They are the workspace's: give them when ` +
        "you add it (`fairlead workspace add --agent-settings`), or update fairlead.workspaces in psql.",
      { agent: name, problems },
    );
  }
}
