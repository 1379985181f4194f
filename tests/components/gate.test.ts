import * as pulumi from "@pulumi/pulumi";
import { gateSubject, subjectOf } from "../../checks/subject";
import { digest } from "../../components/canonical";
import { gate } from "../../components/gate";
import { networkStack } from "../support/network-stack";
import { recordComponent } from "../support/record";

const subject = subjectOf("test", networkStack());

describe("gate", () => {
  it("runs the check by its id in the project folder, with its part of the subject on standard input", async () => {
    const recording = await recordComponent(() => {
      gate("g", { id: "calico-ready", subject }, {});
    });
    const { inputs } = recording.one("command:local:Command", "g");
    expect(Object.keys(inputs).sort()).toEqual(["addPreviousOutputInEnv", "create", "stdin", "triggers"]);
    expect(inputs["create"]).toBe("node tools/run.mjs gate calico-ready");
    expect(inputs["addPreviousOutputInEnv"]).toBe(false);
    const { stack, kubeconfig, uid, timeoutSeconds, calico } = subject;
    expect(JSON.parse(inputs["stdin"] as string)).toEqual({ stack, kubeconfig, uid, timeoutSeconds, calico });
    expect(inputs["triggers"]).toEqual([digest(gateSubject("calico-ready", subject))]);
  });

  it("leaves a gate alone when something changes that it does not look at", async () => {
    const others = { ...subject, servers: [], smokeModel: { namespace: "other", name: "other" } };
    const recording = await recordComponent(() => {
      gate("a", { id: "seldon-runtime-ready", subject }, {});
      gate("b", { id: "seldon-runtime-ready", subject: others }, {});
      gate("c", { id: "servers-ready", subject }, {});
      gate("d", { id: "servers-ready", subject: others }, {});
    });
    expect(recording.named("b").inputs).toEqual(recording.named("a").inputs);
    expect(recording.named("d").inputs["triggers"]).not.toEqual(recording.named("c").inputs["triggers"]);
  });

  it("runs again when its part of the subject or a given value changes", async () => {
    const recording = await recordComponent(() => {
      gate("a", { id: "servers-ready", subject, triggers: ["1", pulumi.output("2")] }, {});
      gate("b", { id: "servers-ready", subject: { ...subject, uid: "another" } }, {});
    });
    expect(recording.named("a").inputs["triggers"]).toEqual([digest(gateSubject("servers-ready", subject)), "1", "2"]);
    expect(recording.named("b").inputs["triggers"]).not.toContain(digest(gateSubject("servers-ready", subject)));
  });
});
