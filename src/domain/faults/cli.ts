import { Fault } from "../fault.ts";
import { redact } from "../texts/redact.ts";

export class NotACheckout extends Fault {
  readonly code = "NOT_A_CHECKOUT";
  readonly kind = "invalid";

  constructor(folder: string, why: string) {
    super(
      `${folder} is not a git checkout: ${why}. Name a folder of one, or run \`git init\` and commit there first.`,
      {
        folder,
      },
    );
  }
}

/** `choices` are names of remotes or their addresses. */
export class RemoteAmbiguous extends Fault {
  readonly code = "REMOTE_AMBIGUOUS";
  readonly kind = "invalid";

  constructor(folder: string, why: string, choices: readonly string[]) {
    const named = choices.map(redact).join(", ");
    super(
      `It is not clear which repository ${folder} belongs to: ${why} (${named}). ` +
        "Name one by its address: npx fairlead workspace add <name> <address>.",
      { folder },
    );
  }
}

/** The words of a request are empty, too many, not UTF-8, or have a NUL byte among them. */
export class RequestTextInvalid extends Fault {
  readonly code = "REQUEST_TEXT_INVALID";
  readonly kind = "invalid";
}

export class WorkspaceNotChosen extends Fault {
  readonly code = "WORKSPACE_NOT_CHOSEN";
  readonly kind = "invalid";

  constructor(known: readonly string[]) {
    const advice =
      known.length === 0
        ? "There is none yet: say --repo . in a git checkout, or add one with `fairlead workspace add`."
        : `Say --workspace with one of: ${known.join(", ")}; or --repo with the folder of a git checkout.`;
    super(`which workspace is this for? ${advice}`, { known });
  }
}

/** What was given on the command line does not fit; `problems` has a line for each thing that is wrong. */
export class GivenInvalid extends Fault {
  readonly code = "GIVEN_INVALID";
  readonly kind = "invalid";

  constructor(problems: readonly string[]) {
    super(`that can't be used: ${problems.join("; ")}. --help says what is understood.`, { problems });
  }
}

/** An ending of an environment's or a token's id that fits more than one. */
export class IdAmbiguous extends Fault {
  readonly code = "ID_AMBIGUOUS";
  readonly kind = "invalid";

  constructor(ending: string) {
    super(`more than one id ends in "${ending}": give more of its characters.`, { ending });
  }
}

export class OutputUnwritable extends Fault {
  readonly code = "OUTPUT_UNWRITABLE";
  readonly kind = "unavailable";

  constructor(why: string) {
    super(`the output could not be written: ${why}. Make room, or send it somewhere else.`);
  }
}

export class FileUnreadable extends Fault {
  readonly code = "FILE_UNREADABLE";
  readonly kind = "invalid";

  constructor(file: string, why: string) {
    super(`${file} can't be read: ${why}. Name a file of text in UTF-8, or - for standard input.`, { file, why });
  }
}
