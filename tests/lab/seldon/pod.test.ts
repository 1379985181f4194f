import { merged, type PodSpec, serverConfigSpec, variables } from "./pod";
import { page } from "./table";

const namesOf = ({ containers }: PodSpec) => containers.map(({ name }) => name);

test("a container of the Server changes the one of its name, and its variables come last", () => {
  const own = { containers: [{ name: "mlserver", env: variables({ MLSERVER_GRPC_PORT: "9600" }), workingDir: "/x" }] };
  const pod = merged(serverConfigSpec(), own);
  expect(namesOf(pod)).toEqual(["rclone", "agent", "mlserver"]);
  const mlserver = pod.containers[2];
  expect(mlserver).toMatchObject({ workingDir: "/x", command: ["mlserver", "start", "/mnt/agent/models"] });
  expect(mlserver?.env?.filter(({ name }) => name === "MLSERVER_GRPC_PORT").map(({ value }) => value)).toEqual([
    "9500",
    "9600",
  ]);
});

test("a container of another name is appended, and nothing changes without a podSpec", () => {
  expect(namesOf(merged(serverConfigSpec(), { containers: [{ name: "ml-server" }] }))).toEqual([
    "rclone",
    "agent",
    "mlserver",
    "ml-server",
  ]);
  expect(merged(serverConfigSpec(), undefined)).toEqual(serverConfigSpec());
});

test("a wrong verdict says in the table that it is wrong", () => {
  const row = { cause: "a | b", expected: "crashed", seconds: 2.345 };
  const text = page(
    [
      { ...row, verdict: "crashed (likely)" },
      { ...row, verdict: "nothing" },
    ],
    ["on a machine"],
  );
  expect(text.split("\n").slice(-4, -1)).toEqual([
    "| --- | --- | --- |",
    "| a \\| b | crashed (likely) | 2.3 |",
    "| a \\| b | nothing (wrong: it is crashed) | 2.3 |",
  ]);
});
