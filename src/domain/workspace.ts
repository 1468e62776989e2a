import type { BlueprintSettings } from "./blueprints/blueprint.ts";
import type { WorkspaceName } from "./ids.ts";

export type AgentSettings = Readonly<Record<string, unknown>>;

/** A registered repository and its settings. */
export interface Workspace {
  readonly name: WorkspaceName;
  readonly repositoryUrl: string;
  /** Null until it has been asked of the remote. */
  readonly defaultBranch: string | null;
  readonly provider: string;
  readonly agent: string;
  readonly agentSettings: AgentSettings;
  /** Further agents that its changes may name, each with its settings. */
  readonly agents: Readonly<Record<string, AgentSettings>>;
  readonly blueprint: BlueprintSettings;
  /** The plan that does the work of its changes; null: one agent does. */
  readonly planId: string | null;
  /** Hosts, besides its repository's own, on which submodules and LFS objects may be. */
  readonly hosts: readonly string[];
  /** Whether agents, setup commands and previews of its changes may use the server's SSH agent. */
  readonly sshAgent: boolean;
  readonly maxActiveChanges: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
