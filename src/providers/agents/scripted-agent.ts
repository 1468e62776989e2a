/** The scripted agent's process: reads its order from standard input and does it in the current folder. */
import { text } from "node:stream/consumers";
import { scriptOrder } from "../../wire/agents/agent-script.ts";
import { doStep } from "./scripted-steps.ts";

const { steps } = scriptOrder.parse(JSON.parse(await text(process.stdin)));

try {
  for (const step of steps) await doStep(process.cwd(), step);
  print({ type: "end" });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
