import type { AgentUsage } from "../agents/agent.ts";
import { Fault } from "../fault.ts";

/** An environment could not be made, or could not be removed. */
export class EnvironmentFailed extends Fault {
  readonly code = "ENVIRONMENT_FAILED";
  readonly kind = "unavailable";
}

/** The environment has been terminated, is being terminated, or was never made. */
export class EnvironmentGone extends Fault {
  readonly code = "ENVIRONMENT_GONE";
  readonly kind = "conflict";

  constructor(id: string, options?: ErrorOptions) {
    super(`Environment ${id} is gone. Retry the change: it goes on from its branch elsewhere.`, { id }, options);
  }
}

/** The environment of a change, or a process in it, is gone without Fairlead's doing: a fresh environment follows. */
export class EnvironmentLost extends Fault {
  readonly code = "ENVIRONMENT_LOST";
  readonly kind = "unavailable";
  /** What its agent had cost by then. */
  readonly usage: AgentUsage | undefined;

  constructor(message: string, usage?: AgentUsage) {
    super(message);
    this.usage = usage;
  }
}

/** Where a run is to work there is no folder. */
export class FolderMissing extends Fault {
  readonly code = "FOLDER_MISSING";
  readonly kind = "invalid";

  constructor(folder: string) {
    super(`there is no folder ${folder} on the machine where steps run. Make it, or name another.`, { folder });
  }
}

export class EnvironmentIdInvalid extends Fault {
  readonly code = "ENVIRONMENT_ID_INVALID";
  readonly kind = "invalid";

  constructor(id: string) {
    super(`${JSON.stringify(id)} is no environment's id. Give a ULID: 26 characters, as \`fairlead env ls\` shows it.`);
  }
}

export class ProcessStartedBefore extends Fault {
  readonly code = "PROCESS_STARTED_BEFORE";
  readonly kind = "conflict";

  constructor(name: string) {
    super(`A process ${name} has been started here before. Adopt it, or choose a name of its own.`, { name });
  }
}

/** The starter was told no, or was declared dead by somebody who had waited for it. */
export class ProcessNotStarted extends Fault {
  readonly code = "PROCESS_NOT_STARTED";
  readonly kind = "unavailable";

  constructor(name: string, why: string, options?: ErrorOptions) {
    super(`The process ${name} could not be started: ${why}. Start it again under a new name.`, { name }, options);
  }
}

export class ProcessNameInvalid extends Fault {
  readonly code = "PROCESS_NAME_INVALID";
  readonly kind = "invalid";

  constructor(name: string) {
    super(`${JSON.stringify(name)} can't name a process. Use up to 64 lower case letters, digits and dashes.`);
  }
}

/** Something survived SIGKILL: it waits for a device, or it belongs to another user. */
export class ProcessWontEnd extends Fault {
  readonly code = "PROCESS_WONT_END";
  readonly kind = "unavailable";

  constructor(pids: readonly number[]) {
    super(`Processes ${pids.join(", ")} outlive SIGKILL. Look at them with \`ps\`, end them, then try again.`, {
      pids,
    });
  }
}

export class CommandInvalid extends Fault {
  readonly code = "COMMAND_INVALID";
  readonly kind = "invalid";

  constructor(why: string) {
    super(`This command can't be run: ${why}. Correct it in .fairlead.json or in the workspace's settings.`);
  }
}

export class CommandTimedOut extends Fault {
  readonly code = "COMMAND_TIMED_OUT";
  readonly kind = "unavailable";

  constructor(program: string, timeoutMs: number) {
    super(
      `${program} was stopped: it had not ended after ${timeoutMs / 1000} s. See why it hangs, or give it longer.`,
      {
        program,
        timeoutMs,
      },
    );
  }
}

export class PathOutsideCheckout extends Fault {
  readonly code = "PATH_OUTSIDE_CHECKOUT";
  readonly kind = "invalid";

  constructor(path: string) {
    super(`${JSON.stringify(path)} leads out of the checkout. Give a path inside it, relative to its root.`, { path });
  }
}

export class FileTooLarge extends Fault {
  readonly code = "FILE_TOO_LARGE";
  readonly kind = "invalid";

  constructor(path: string, limitBytes: number) {
    super(`${path} is larger than ${limitBytes} bytes. Read it in the checkout itself.`, { path, limitBytes });
  }
}
