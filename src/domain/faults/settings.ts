import { Fault } from "../fault.ts";

export class SettingsInvalid extends Fault {
  readonly code = "SETTINGS_INVALID";
  readonly kind = "invalid";

  constructor(problems: readonly string[]) {
    super(`these settings can't be used: ${problems.join("; ")}. .env.example lists them all.`, { problems });
  }
}
