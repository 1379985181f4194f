import { onMachine } from "../support/host";
import { type Wish, deeds, refused, rotate } from "../support/rotate";

onMachine("rotate, used wrongly", (machine) => {
  it("says what is allowed, and does nothing", () => {
    const host = machine();
    host.installK3s();
    const wrong = (what: string, action: string, wish: Wish, text: string) =>
      expect(rotate(host, what, action, wish)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(text) as string,
      });
    wrong("tokens", "do", {}, "allowed: certificates, token, encryption-key");
    wrong("token", "", {}, "allowed: check, open, do, close, give");
    wrong("token", "open", { first: "no" }, "on the first server only");
    wrong("certificates", "give", {}, "token only");
    wrong("encryption-key", "do", { role: "agent", first: "no" }, "agents have no part in it");
    wrong("certificates", "do", { name: "../x" }, "rotation: got");
    refused(rotate(host, "certificates", "do", { role: "agent", first: "no" }), "has no k3s-agent.service");
    expect(deeds(host)).toEqual([]);
  });
});
