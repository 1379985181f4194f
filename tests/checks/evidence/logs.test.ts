import { LogKeeper } from "../../../checks/evidence/logs";

const kept = (lines: readonly string[]) => {
  const keeper = new LogKeeper();
  for (const line of lines) keeper.push(line);
  return keeper.result();
};

it("keeps the last four lines of a phrase and the last five of all, in their order", () => {
  const lines = [
    ...Array.from(
      { length: 10 },
      (_, index) => `2026-11-23T01:00:0${index}Z level=error msg="Scheduler not ready" n=${index}`,
    ),
    ...Array.from({ length: 20 }, (_, index) => `noise ${index}`),
  ];
  const result = kept(lines);
  expect(result.map(({ text }) => text)).toEqual([
    ...[6, 7, 8, 9].map((index) => `level=error msg="Scheduler not ready" n=${index}`),
    ...[15, 16, 17, 18, 19].map((index) => `noise ${index}`),
  ]);
  expect(result[0]).toMatchObject({ at: "2026-11-23T01:00:06Z", phrases: ["agent-no-scheduler"] });
});

it("cuts long lines and hides credentials, and still knows the phrase", () => {
  const [line] = kept([`msg="Scheduler not ready" url=http://a:b@c ${"x".repeat(5000)}`]);
  expect(line!.text).toHaveLength(400 - "a:b@".length + "[secret]@".length);
  expect(line!.text).not.toContain("a:b");
  expect(line!.phrases).toEqual(["agent-no-scheduler"]);
});

it("has nothing of an empty log", () => expect(kept(["", " "])).toEqual([]));
