import { Fault } from "../fault.ts";

export class RepositoryUrlInvalid extends Fault {
  readonly code = "REPOSITORY_URL_INVALID";
  readonly kind = "invalid";

  constructor(why: string) {
    super(
      `That is not a repository address Fairlead can use: ${why}. ` +
        "Give an https, http, ssh, git or file URL, host:path, or an absolute path.",
    );
  }
}

/** `url` and `reason` come redacted: they are shown. */
export class RepositoryUnreachable extends Fault {
  readonly code = "REPOSITORY_UNREACHABLE";
  readonly kind = "unavailable";

  constructor(url: string, reason: string) {
    const advice = adviceOn(reason, "Check the address, the network and the credentials that git uses for it.");
    super(`The repository ${url} can't be reached: ${reason}. ${advice}`, { url });
  }
}

export class RepositoryEmpty extends Fault {
  readonly code = "REPOSITORY_EMPTY";
  readonly kind = "invalid";

  constructor(url: string) {
    super(`The repository ${url} has no branch yet. Push a first commit to it, then try again.`, { url });
  }
}

export class BranchUnknown extends Fault {
  readonly code = "BRANCH_UNKNOWN";
  readonly kind = "not_found";

  constructor(branch: string, existing: readonly string[]) {
    const some = existing.slice(0, 8);
    const more = existing.length > some.length ? `, and ${existing.length - some.length} more` : "";
    super(
      `There is no branch "${branch}" on the remote. Push it, or name one that is there: ${some.join(", ")}${more}.`,
      {
        branch,
        existing: some,
      },
    );
  }
}

export class BranchNameInvalid extends Fault {
  readonly code = "BRANCH_NAME_INVALID";
  readonly kind = "invalid";

  constructor(branch: string) {
    super(
      `${JSON.stringify(branch.slice(0, 100))} is not a name git allows for a branch. ` +
        "Use letters, digits, dashes, dots and slashes, and don't begin with a dash.",
    );
  }
}

export class CommitUnknown extends Fault {
  readonly code = "COMMIT_UNKNOWN";
  readonly kind = "not_found";

  constructor(commit: string) {
    super(`The repository has no commit ${commit.slice(0, 64)}. Push the branch it is on, then try again.`, { commit });
  }
}

export class MergeRefused extends Fault {
  readonly code = "MERGE_REFUSED";
  readonly kind = "conflict";

  constructor(targetBranch: string, reason: string, advice = "Allow the push, or merge the branch by hand") {
    super(`The merge into "${targetBranch}" was refused: ${reason}. ${advice}, then retry the change.`, {
      targetBranch,
    });
  }
}

/** Somebody else pushed to a change's branch; what they pushed is never overwritten. */
export class BranchMovedOn extends Fault {
  readonly code = "BRANCH_MOVED_ON";
  readonly kind = "conflict";

  constructor(branch: string) {
    super(
      `Somebody else has pushed to "${branch}" in the meantime, so it was left as it is. ` +
        "Retry the change to go on from what is there now.",
      { branch },
    );
  }
}

export class PushRefused extends Fault {
  readonly code = "PUSH_REFUSED";
  readonly kind = "conflict";

  constructor(branch: string, reason: string) {
    super(`The remote refused the push to "${branch}": ${reason}. Change what it objects to, then retry.`, { branch });
  }
}

export class DefaultBranchKept extends Fault {
  readonly code = "DEFAULT_BRANCH_KEPT";
  readonly kind = "forbidden";

  constructor(branch: string) {
    super(`"${branch}" is the repository's default branch, and Fairlead never deletes that.`, { branch });
  }
}

/** A submodule or the LFS server of a repository is on a host that its workspace does not allow. `what` begins a sentence. */
export class HostNotAllowed extends Fault {
  readonly code = "HOST_NOT_ALLOWED";
  readonly kind = "forbidden";

  constructor(what: string, url: string, host: string | null) {
    const advice =
      host === null
        ? "Files of this machine are for workspaces whose repository is on this machine."
        : `If it is to be trusted, name the host: npx fairlead workspace add … --host ${host}, or ` +
          `update fairlead.workspaces set hosts = hosts || array['${host}'] where name = '…'.`;
    super(`${what} is at ${url}, where the workspace does not send git. ${advice}`, { url, host });
  }
}

/** The repository uses Git LFS, and git-lfs is not installed on this machine. */
export class LfsMissing extends Fault {
  readonly code = "LFS_MISSING";
  readonly kind = "unavailable";

  constructor() {
    super(
      "The repository keeps files in Git LFS, and git-lfs is not installed on this machine: a change of one of them " +
        "could not be completed. Install it (Debian: apt-get install git-lfs), then retry.",
    );
  }
}

/** The LFS server lacks objects that the branch points to: no clone can get them. */
export class LfsObjectMissing extends Fault {
  readonly code = "LFS_OBJECT_MISSING";
  readonly kind = "conflict";

  constructor(files: readonly { readonly path: string; readonly oid: string }[], reason: string) {
    const some = files.slice(0, 5).map(({ path, oid }) => `${path} (${oid.slice(0, 12)})`);
    const more = files.length > 5 ? ` and ${files.length - 5} more` : "";
    super(
      `The repository's LFS server did not give out ${some.join(", ")}${more}: ${reason}. ` +
        "Push them from a clone that has them (git lfs push --all origin), then retry.",
      { files: files.map(({ path }) => path) },
    );
  }
}

/** A submodule points to a commit that its own repository lacks: no clone can get it. */
export class SubmoduleMissing extends Fault {
  readonly code = "SUBMODULE_MISSING";
  readonly kind = "conflict";

  constructor(path: string, commit: string, url: string) {
    super(
      `The submodule ${path} points to ${commit.slice(0, 12)}, which ${url} does not have. Push that commit there, then retry.`,
      { path, commit, url },
    );
  }
}

/** A commit needs LFS objects or submodule commits that are not on their remotes, and can't be pushed: clones would be broken. */
export class PushIncomplete extends Fault {
  readonly code = "PUSH_INCOMPLETE";
  readonly kind = "conflict";

  constructor(what: readonly string[]) {
    const some = what.slice(0, 5).join("; ");
    const more = what.length > 5 ? `; and ${what.length - 5} more` : "";
    super(`It is not pushed, for clones of it would be broken: ${some}${more}. Put right what is missing, then retry.`);
  }
}

/** The agent left the checkout in a state that git itself can't work with. */
export class CheckoutBroken extends Fault {
  readonly code = "CHECKOUT_BROKEN";
  readonly kind = "internal";
  /** Whether it was the machine's fault, not the checkout's: then git may well succeed there later. */
  readonly isPassing: boolean;

  constructor(doing: string, reason: string) {
    const advice = adviceOn(reason, "Retry the change to begin with a fresh checkout.");
    super(`git could not ${doing} in the checkout: ${reason}. ${advice}`);
    this.isPassing = machinesFault.test(reason);
  }
}

/** A git command of ours on this machine failed in a way we don't know: a full disk, a damaged mirror. */
export class GitFailed extends Fault {
  readonly code = "GIT_FAILED";
  readonly kind = "internal";

  constructor(doing: string, reason: string) {
    super(`git ${doing} failed: ${reason}. Check the disk and the permissions of Fairlead's data folder, then retry.`);
  }
}

export class GitMissing extends Fault {
  readonly code = "GIT_MISSING";
  readonly kind = "unavailable";

  constructor(found: string | null) {
    const state = found === null ? "git was not found" : `git here is ${found}`;
    super(`${state}, and Fairlead needs 2.38 or later. Install it and see that it is on the PATH.`);
  }
}

/** A full disk, memory or handles that ran out, a git that is not there, was killed or is in another's way. */
const machinesFault = new RegExp(
  "no space left|quota exceeded|read-only file system|input/output error|stale file handle|cannot allocate memory|" +
    "out of memory|malloc|too many open files|resource temporarily unavailable|cannot fork|unable to create thread|" +
    "not found on the PATH|may not be executed|was killed|dubious ownership|\\.lock': File exists",
  "i",
);

function adviceOn(reason: string, otherwise: string): string {
  const isFull = /no space left|quota exceeded/i.test(reason);
  return isFull ? "Make room on the disk that has Fairlead's data folder, then retry." : otherwise;
}
