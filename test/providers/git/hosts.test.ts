import { expect, test } from "vitest";
import { reachable } from "../../../src/providers/git/hosts.ts";

const allows = (own: string, url: string, hosts: readonly string[] = []) => {
  try {
    reachable(url, { url: own, hosts }, "Its submodule lib");
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "HOST_NOT_ALLOWED" });
    return false;
  }
};

test.each([
  ["https://git.example.com/a.git", "https://git.example.com:443/b.git"],
  ["https://git.example.com:443/a.git", "https://GIT.example.com/b.git"],
  ["ssh://git@git.example.com/a.git", "ssh://git@git.example.com:22/b.git"],
  ["git@git.example.com:a.git", "ssh://git@git.example.com:22/b.git"],
  ["https://git.example.com/a.git", "ssh://git@git.example.com/b.git"],
  ["https://git.example.com/a.git", "git@git.example.com:b.git"],
  ["https://git.example.com:8443/a.git", "https://git.example.com:8443/b.git"],
])("a workspace at %s may reach %s, which is on its own host", (own, url) => {
  expect(allows(own, url)).toBe(true);
});

test.each([
  ["https://git.example.com/a.git", "https://git.example.com:8443/b.git"],
  ["https://git.example.com:8443/a.git", "https://git.example.com/b.git"],
  ["https://git.example.com/a.git", "https://git.example.com:22/b.git"],
  ["https://git.example.com/a.git", "https://git.example.com.evil.net/b.git"],
  ["https://git.example.com/a.git", "https://git.example.com@evil.net/b.git"],
])("a workspace at %s may not reach %s", (own, url) => {
  expect(allows(own, url)).toBe(false);
});

test.each([
  ["lib.example.net", "https://lib.example.net:443/b.git", true],
  ["lib.example.net:443", "https://lib.example.net/b.git", true],
  ["lib.example.net:443", "https://lib.example.net:8443/b.git", false],
])("a workspace that names the host %s, and %s: %s", (host, url, expected) => {
  expect(allows("https://git.example.com/a.git", url, [host])).toBe(expected);
});
