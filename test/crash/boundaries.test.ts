import { expect, test } from "vitest";
import { boundaries, momentsOf, nameOf, type Point } from "./matrix/boundaries.ts";
import { commandLabel, stable } from "./matrix/labels.ts";
import { readOutgoing, readyTimes, startConversation } from "./wire.ts";

test("a boundary is told once for each time it is passed, and has the same name in every run", () => {
  const passed: Point[] = [];
  const reach = boundaries(null, (point) => void passed.push(point));
  reach("before", stable("fetch 01M7YXC3F0GEV6Z0A3W1E5MC0Z"));
  reach("before", stable("fetch 01M7YXCQB6CVA81V932TPXTNWB"));
  expect(passed.map(nameOf)).toEqual(["before fetch ‹id› #1", "before fetch ‹id› #2"]);
  expect(commandLabel(["git", "-c", "a=b", "push", "/tmp/x/y", "0".repeat(40)])).toBe("git push ‹path› ‹hash›");
});

test("a moment ends where something leaves the process", () => {
  const point = (phase: "before" | "after", label: string): Point => ({ phase, label, occurrence: 1 });
  const passed = [
    point("before", "sql a"),
    point("after", "sql a"),
    point("before", "environment.run git add"),
    point("before", "process git add"),
    point("after", "process git add"),
  ];
  expect(momentsOf(passed).map((moment) => moment.length)).toEqual([1, 3, 1]);
});

test("statements are told apart at the wire, also those that are sent together or in pieces", () => {
  const conversation = startConversation();
  const bytes = Buffer.concat([
    Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]),
    message("P", "s1\0select $1\0"),
    message("B", "\0s1\0"),
    message("E", "\0"),
    message("S", ""),
    message("Q", "listen x\0"),
  ]);
  const found = [
    ...readOutgoing(conversation, bytes.subarray(0, 30)),
    ...readOutgoing(conversation, bytes.subarray(30)),
  ];
  expect(found.map(({ sql }) => sql)).toEqual(["select $1", "listen x"]);
  const answer = Buffer.concat([message("Z", "I"), message("D", "row"), message("Z", "I")]);
  expect(readyTimes(conversation, answer.subarray(0, 9)) + readyTimes(conversation, answer.subarray(9))).toBe(2);
  expect(conversation.unanswered).toEqual(["", "select $1", "listen x"]);
});

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}
