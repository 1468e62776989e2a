import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { EnvironmentGone } from "../../domain/faults/environments.ts";
import type { EnvironmentId } from "../../domain/ids.ts";
import { mendCheckouts } from "../data-folder/mend-checkouts.ts";
import { commonDirectory } from "../git/checkout/common-directory.ts";
import { inTurn } from "../turns.ts";
import { listCheckoutFolder, readCheckoutFile, writeCheckoutFile } from "./checkout-files.ts";
import { keepCheckout, keptCheckout } from "./keep-checkout.ts";
import { listenerOf } from "./listener-of.ts";
import { recognisesMarks } from "./marks/recognises-marks.ts";
import { type Place, placeOf } from "./place.ts";
import type { Environment, EnvironmentProvider } from "./port.ts";
import { isPresent, provisionPlace } from "./provision-place.ts";
import { remainsOf } from "./remains.ts";
import { runCommand } from "./run-command.ts";
import { startProcess } from "./start-process.ts";
import { adoptProcess, forgetProcess, outputSize, readOutput, stopProcess } from "./supervised.ts";
import { quiescePlace, terminatePlace } from "./terminate-place.ts";
import { allowedVariables } from "./variables.ts";

export interface LocalOptions {
  /** Fairlead's data folder; environments are kept in `environments/` there. */
  readonly home: string;
  /** The server's own, of which an environment gets the allow-listed ones. */
  readonly variables: NodeJS.ProcessEnv;
}

/** Environments that are process trees on this machine, each with a checkout of its own. */
export function localEnvironments({ home: givenHome, variables: server }: LocalOptions): EnvironmentProvider {
  const home = resolve(givenHome);
  const variables = allowedVariables(server, dirname(process.execPath));
  const place = (id: EnvironmentId) => placeOf(home, id, variables);
  const provisions = new Map<EnvironmentId, AbortController>();

  /** One at a time for each environment, and no waiting for a provision whose outcome nobody wants any more. */
  async function end<Result>(id: EnvironmentId, work: (here: Place) => Promise<Result>): Promise<Result> {
    const here = place(id);
    provisions.get(id)?.abort(new EnvironmentGone(id));
    return await inTurn(here.root, () => work(here));
  }

  return {
    name: "local",
    async provision(request, signal) {
      const here = place(request.id);
      const ending = provisions.get(request.id) ?? new AbortController();
      provisions.set(request.id, ending);
      const either = AbortSignal.any([signal, ending.signal]);
      try {
        await inTurn(here.root, () => provisionPlace(home, here, { request, signal: either }));
      } finally {
        provisions.delete(request.id);
      }
      return localEnvironment(here);
    },
    open: (id) => localEnvironment(place(id)),
    quiesce: (id, graceMs) => end(id, (here) => quiescePlace(here, graceMs)),
    keep: (id) => end(id, (here) => keepCheckout(home, here)),
    kept: (id) => keptCheckout(home, place(id)),
    terminate: (id) => end(id, terminatePlace),
    remains: (id) => remainsOf(place(id)),
    mend: () => mendCheckouts(home),
    findsAll: recognisesMarks,
    async list() {
      const names = await readdir(`${home}/environments`).catch(() => []);
      // What a removal that was interrupted left counts as there, so that it is removed again.
      const ids = names.map((name) => /^([0-7][0-9A-HJKMNP-TV-Z]{25})(\.partial-.+)?$/.exec(name)?.[1]);
      return [...new Set(ids.filter((id) => id !== undefined))] as EnvironmentId[];
    },
  };
}

function localEnvironment(place: Place): Environment {
  return {
    id: place.id,
    checkout: place.checkout,
    stateDirectory: place.stateDirectory,
    commonDirectory: () => commonDirectory(join(place.root, "git"), join(place.checkout, ".git")),
    present: () => isPresent(place),
    start: (spec) => startProcess(place, spec),
    adopt: (name) => adoptProcess(place, name),
    read: (name, stream, offset, limit) => readOutput(place, name, { stream, offset, limit }),
    written: (name, stream) => outputSize(place, name, stream),
    stop: (name, graceMs) => stopProcess(place, name, graceMs),
    forget: (name) => forgetProcess(place, name),
    run: (argv, options) => runCommand(place, argv, options),
    readState: (name) => readCheckoutFile(place.stateDirectory, name),
    readFile: (path) => readCheckoutFile(place.checkout, path),
    writeFile: (path, text) => writeCheckoutFile(place.checkout, path, text),
    list: (path) => listCheckoutFolder(place.checkout, path),
    listener: (port) => listenerOf(place, port),
    expose: (port) => `http://localhost:${port}`,
  };
}
