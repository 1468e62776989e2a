import { expect, test } from "vitest";
import { retryUnreachable } from "../../src/actions/retry-unreachable.ts";
import { RepositoryUnreachable } from "../../src/domain/faults/git.ts";
import { makeLog } from "../../src/main/log.ts";

const never = new AbortController().signal;
const log = makeLog("silent");
const yes = async () => true;
const gone = () => new RepositoryUnreachable("https://forge.example/shop.git", "no route to host");

test("work that can't reach the remote is done again until it can", async () => {
  let tries = 0;
  const work = async () => {
    tries += 1;
    if (tries < 3) throw gone();
    return "done";
  };
  expect(await retryUnreachable({ log, late: never, stopping: never, stillWanted: yes }, work)).toBe("done");
  expect(tries).toBe(3);
});

test("when time is up, what it throws says why the remote could not be reached, also where a try was cut off", async () => {
  const late = AbortSignal.timeout(1_500);
  let tries = 0;
  const hangsAtLast = async () => {
    tries += 1;
    if (tries === 1) throw gone();
    await new Promise((_, reject) => late.addEventListener("abort", () => reject(late.reason)));
  };
  const waiting = retryUnreachable({ log, late, stopping: never, stillWanted: yes }, hangsAtLast);
  await expect(waiting).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
  expect(tries).toBe(2);
});

test("any other failure is one at once", async () => {
  let tries = 0;
  const work = async () => {
    tries += 1;
    throw new Error("conflict");
  };
  await expect(retryUnreachable({ log, late: never, stopping: never, stillWanted: yes }, work)).rejects.toThrow(
    "conflict",
  );
  expect(tries).toBe(1);
});

test("a worker that is asked to stop doesn't wait, and neither does one whose change has moved on", async () => {
  const stopping = new AbortController();
  const work = () => Promise.reject(gone());
  const stopped = retryUnreachable({ log, late: never, stopping: stopping.signal, stillWanted: yes }, work);
  setImmediate(() => stopping.abort(new Error("asked to stop"))); // it has failed once by then, and waits
  await expect(stopped).rejects.toThrow("asked to stop");
  const unwanted = retryUnreachable({ log, late: never, stopping: never, stillWanted: async () => false }, work);
  await expect(unwanted).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
});
