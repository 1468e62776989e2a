import { expect, test } from "vitest";
import { redact } from "../../src/domain/texts/redact.ts";

test("credentials are taken out of whatever holds a URL, and nothing else is", () => {
  const said = "fatal: unable to access 'https://ada:s3cr3t@example.org/app/': and ssh://git:s3cr3t@h/x, git@h:x?";
  expect(redact(said)).toBe("fatal: unable to access 'https://example.org/app/': and ssh://git@h/x, git@h:x?");
});

test.each([
  ["https://s3cr3t@example.org/app", "https://example.org/app"],
  ["HTTPS://ada:s3cr3t@example.org/app", "HTTPS://example.org/app"],
  ["https://ada:s3@cr3t'@example.org/app", "https://example.org/app"],
  ["https://example.org/app?private_token=s3cr3t&a=s3cr3t", "https://example.org/app"],
  ["ssh://git:s3cr3t@example.org:2222/app", "ssh://git@example.org:2222/app"],
  ["ssh://git@example.org/app", "ssh://git@example.org/app"],
  ["git@example.org:app.git", "git@example.org:app.git"],
  ["file:///srv/what?.git", "file:///srv/what?.git"],
  ["/srv/ada@home/app", "/srv/ada@home/app"],
])("%s is shown as %s", (url, shown) => {
  expect(redact(url)).toBe(shown);
});
