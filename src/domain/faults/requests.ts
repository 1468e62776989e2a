import { Fault } from "../fault.ts";

export class WorkspaceUnknown extends Fault {
  readonly code = "WORKSPACE_UNKNOWN";
  readonly kind = "not_found";

  constructor(name: string, known: readonly string[]) {
    const others =
      known.length === 0 ? "There is none yet: add one with `fairlead workspace add`." : `Known: ${known.join(", ")}.`;
    super(`there is no workspace "${name}". ${others}`, { workspace: name });
  }
}

export class WorkspaceExists extends Fault {
  readonly code = "WORKSPACE_EXISTS";
  readonly kind = "conflict";

  constructor(name: string) {
    super(`there is a workspace "${name}" already. Choose another name, or use that one.`, { workspace: name });
  }
}

export class WorkspaceInUse extends Fault {
  readonly code = "WORKSPACE_IN_USE";
  readonly kind = "conflict";

  constructor(name: string) {
    super(
      `workspace "${name}" has changes, and their history is kept. It can be removed only while nothing was asked for in it.`,
      { workspace: name },
    );
  }
}

export class TargetBranchUnknown extends Fault {
  readonly code = "TARGET_BRANCH_UNKNOWN";
  readonly kind = "invalid";

  constructor(branch: string, defaultBranch: string | null) {
    const hint = defaultBranch === null ? "" : ` Leave it out for "${defaultBranch}".`;
    super(`the repository has no branch ${JSON.stringify(branch)}.${hint}`, { branch });
  }
}

export class ChangeUnknown extends Fault {
  readonly code = "CHANGE_UNKNOWN";
  readonly kind = "not_found";

  constructor(id: string) {
    super(`there is no change "${id}". \`fairlead ls\` lists them.`, { change: id });
  }
}

export class ChangeAmbiguous extends Fault {
  readonly code = "CHANGE_AMBIGUOUS";
  readonly kind = "invalid";

  constructor(ending: string) {
    super(`more than one change ends in "${ending}": give more characters of its id.`, { ending });
  }
}

export class DiffNotReady extends Fault {
  readonly code = "DIFF_NOT_READY";
  readonly kind = "conflict";

  constructor(id: string, status: string) {
    super(`change ${id} is ${status} and has pushed nothing yet: there is no diff to show.`, { change: id, status });
  }
}

export class EnvironmentUnknown extends Fault {
  readonly code = "ENVIRONMENT_UNKNOWN";
  readonly kind = "not_found";

  constructor(id: string) {
    super(`there is no environment "${id}". \`fairlead env ls\` lists those that are there.`, { environment: id });
  }
}

export class EnvironmentInUse extends Fault {
  readonly code = "ENVIRONMENT_IN_USE";
  readonly kind = "conflict";

  constructor(id: string, owner: { readonly what: "change" | "run"; readonly id: string; readonly status: string }) {
    const { what, status } = owner;
    super(`environment ${id} belongs to ${what} ${owner.id}, which is ${status}. Cancel the ${what} first.`, {
      environment: id,
      [what]: owner.id,
      status,
    });
  }
}

export class TokenUnknown extends Fault {
  readonly code = "TOKEN_UNKNOWN";
  readonly kind = "not_found";

  constructor(id: string) {
    super(`there is no token "${id}" that could be revoked. \`fairlead token ls\` lists them.`, { token: id });
  }
}
