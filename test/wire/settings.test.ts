import { expect, test } from "vitest";
import { parseSettings } from "../../src/wire/settings.ts";

test("FAIRLEAD_ALLOWED_HOSTS is a list of hosts, each with an optional port", () => {
  expect(parseSettings({}).allowedHosts).toEqual([]);
  expect(parseSettings({ FAIRLEAD_ALLOWED_HOSTS: "" }).allowedHosts).toEqual([]);
  expect(
    parseSettings({ FAIRLEAD_ALLOWED_HOSTS: "Fairlead.example.com, localhost:8080 ,[::2]:1" }).allowedHosts,
  ).toEqual([
    { name: "fairlead.example.com", port: null },
    { name: "localhost", port: 8080 },
    { name: "[::2]", port: 1 },
  ]);
});

test.each(["*", "https://fairlead.example.com", "a b", "a,,b", "a:b", "user@a", "a/b", "::1"])(
  "“%s” names no hosts",
  (hosts) => {
    expect(() => parseSettings({ FAIRLEAD_ALLOWED_HOSTS: hosts })).toThrow(
      expect.objectContaining({ code: "SETTINGS_INVALID", message: expect.stringContaining("FAIRLEAD_ALLOWED_HOSTS") }),
    );
  },
);
