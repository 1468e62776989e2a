import { expect, test } from "vitest";
import { allowedVariables } from "../../../src/providers/environments/variables.ts";

test("only what is on the list is passed on", () => {
  const server = {
    HOME: "/home/a",
    LC_ALL: "C",
    SECRET: "x",
    FAIRLEAD_TOKEN: "x",
    PGPASSWORD: "x",
    CI: "1",
    SSH_AUTH_SOCK: "/run/user/1000/agent",
    SSH_AGENT_PID: "1",
    XDG_RUNTIME_DIR: "/run/user/1000",
    DBUS_SESSION_BUS_ADDRESS: "unix:path=/run/user/1000/bus",
    DOCKER_HOST: "unix:///run/docker.sock",
    KUBECONFIG: "/home/a/kube",
    GNUPGHOME: "/home/a/gnupg",
    PATH: "/bin",
  };
  expect(allowedVariables(server, "/opt/node")).toEqual({ HOME: "/home/a", LC_ALL: "C", PATH: "/bin:/opt/node" });
});

test("the path loses what npm put before it, and ends with the server's own node", () => {
  const path =
    "/app/node_modules/.bin:/node_modules/.bin:/x/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin::/usr/bin";
  expect(allowedVariables({ PATH: path }, "/opt/node").PATH).toBe("/usr/bin:/opt/node");
  expect(allowedVariables({}, "/opt/node").PATH).toBe("/usr/local/bin:/usr/bin:/bin:/opt/node");
});
