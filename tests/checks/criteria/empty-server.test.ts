import { EmptyServerReader } from "../../../checks/criteria/empty-server";

/** Lines as Seldon Core 2.10.2 logs them, with the kubelet's time stamp in front. */
const at = (minute: number): string => `2026-11-22T16:${String(minute).padStart(2, "0")}:00.123456789Z`;
const line = (minute: number, level: string, msg: string, fields = ""): string =>
  `${at(minute)} time="2026-11-22T16:00:00Z" level=${level} msg="${msg}" ${fields}`;
const empty = (minute: number, model: string) =>
  line(
    minute,
    "warning",
    `Empty server for ${model}:1 so ignoring event`,
    "Name=SchedulerServer func=updateServerModelStatus",
  );
const scaleUp = (minute: number, model: string) =>
  line(
    minute,
    "warning",
    `Empty server for ${model} so ignoring scale up request`,
    "Name=SimpleScheduler func=serverScaleUp",
  );
const sending = (minute: number, model: string) =>
  line(minute, "info", `Sending load model request for ${model}`, "Name=AgentServer func=Sync");
const loaded = (minute: number, model: string, state = "Loaded") =>
  line(minute, "info", `Updating state for model ${model} to ${state}`, "Name=AgentServer func=AgentEvent");
const debug = (minute: number, model: string) =>
  line(
    minute,
    "debug",
    "Scheduled model onto server",
    `Name=SimpleScheduler func=findAndUpdateToServers model=${model} server=mlserver`,
  );

function open(lines: readonly string[], since?: string): string[] {
  const reader = new EmptyServerReader(since === undefined ? undefined : new Date(since));
  for (const one of lines) reader.push(one);
  return reader.result().flatMap(({ model, followedBy }) => (followedBy === undefined ? [model] : []));
}

describe("EmptyServerReader", () => {
  it.each<[string, string[], string[]]>([
    ["no such line", [sending(1, "a")], []],
    ["never scheduled", [empty(1, "a")], ["a"]],
    ["asked to scale up, never scheduled", [scaleUp(1, "a")], ["a"]],
    ["followed by the request to load", [empty(1, "a"), sending(2, "a")], []],
    ["followed by the agent's report", [scaleUp(1, "a"), loaded(2, "a")], []],
    ["followed by Envoy's", [empty(1, "a"), loaded(2, "a", "Available")], []],
    ["followed by the scheduler's own debug line", [empty(1, "a"), debug(2, "a")], []],
    ["scheduled only before", [sending(1, "a"), empty(2, "a")], ["a"]],
    ["scheduled, then lost again", [empty(1, "a"), sending(2, "a"), empty(3, "a")], ["a"]],
    ["lost twice, scheduled once", [empty(1, "a"), empty(2, "a"), sending(3, "a")], []],
    ["another model scheduled", [empty(1, "a"), sending(2, "b")], ["a"]],
    ["a model whose name begins alike", [empty(1, "iris"), sending(2, "iris2"), debug(3, "iris-2")], ["iris"]],
    ["a failed load is no scheduling", [empty(1, "a"), loaded(2, "a", "LoadFailed")], ["a"]],
    [
      "an update that failed is no scheduling",
      [empty(1, "a"), line(2, "info", "Failed Updating state for model a")],
      ["a"],
    ],
    ["several models", [empty(1, "a"), empty(1, "b"), sending(2, "b"), empty(3, "c")], ["a", "c"]],
    ["the unrelated gRPC error", [line(1, "error", "Empty server name passed")], []],
  ])("%s", (_, lines, expected) => {
    expect(open(lines)).toEqual(expected);
  });

  it("does not count what came before the deployment started", () => {
    const lines = [empty(1, "old"), empty(5, "new")];
    expect(open(lines)).toEqual(["old", "new"]);
    expect(open(lines, "2026-11-22T16:03:00Z")).toEqual(["new"]);
  });

  it("reads a log without the kubelet's stamps", () => {
    expect(open([empty(1, "a").slice(at(1).length + 1)])).toEqual(["a"]);
  });

  it("keeps count, time and both lines as evidence", () => {
    const reader = new EmptyServerReader();
    for (const one of [empty(1, "a"), empty(2, "a"), sending(3, "a")]) reader.push(one);
    expect(reader.result()).toEqual([
      {
        model: "a",
        count: 2,
        at: at(2),
        line: empty(2, "a").slice(at(2).length + 1),
        followedBy: sending(3, "a").slice(at(3).length + 1),
      },
    ]);
  });
});
