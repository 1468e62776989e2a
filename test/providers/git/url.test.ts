import { expect, test } from "vitest";
import { repositoryUrl } from "../../../src/providers/git/url.ts";

test.each([
  "https://github.com/acme/app.git",
  "https://user:token@git.example.org/app",
  "http://localhost:3000/app.git",
  "ssh://git@example.org:2222/app.git",
  "git://example.org/app.git",
  "file:///srv/app.git",
  "git@github.com:acme/app.git",
  "example.org:app.git",
  "[::1]:app.git",
  "/srv/git/app",
  "/home/ada/my app",
])("%s is an address", (url) => {
  expect(repositoryUrl(url)).toBe(url);
});

test.each([
  "",
  "-oProxyCommand=touch /tmp/x",
  "--upload-pack=touch",
  "ext::sh -c touch% /tmp/x",
  "fd::17",
  "a::b",
  "git@host::x",
  "ssh://-oProxyCommand=x/app",
  "ssh://-x@host/app",
  "-x@host:app",
  "host:-x",
  "https://",
  "https://exa mple.org/x",
  "ftp://example.org/x",
  "javascript:alert(1) ",
  "../app",
  "app",
  "/srv/a\nb",
  "/srv/a\0b",
  `https://example.org/${"x".repeat(2000)}`,
])("%j is none", (url) => {
  expect(() => repositoryUrl(url)).toThrow(expect.objectContaining({ code: "REPOSITORY_URL_INVALID" }));
});

test("an address that is refused keeps its credentials to itself", () => {
  expect(() => repositoryUrl("https+x://ada:s3cr3t@example.org/app")).not.toThrow(/s3cr3t/);
  expect(() => repositoryUrl("https+x://ada:s3cr3t@example.org/app")).toThrow(/example\.org/);
});
