import { dockerConfigJson } from "../../../components/calico/pull-secret";
import { SECRET_PLACEHOLDER } from "../../../config/stack-file";

describe("dockerConfigJson", () => {
  it("passes on what docker login writes", () => {
    const content = '{"auths":{"registry.example.com":{"auth":"dXNlcjpwYXNz"}}}';
    expect(dockerConfigJson(content)).toBe(content);
  });

  it("gives a plan, which has no secret, something that the API server would take", () => {
    expect(dockerConfigJson(SECRET_PLACEHOLDER)).toBe('{"auths":{}}');
  });

  it.each(["hunter2", "", "null", "[]", '{"auths":[]}', '{"registry.example.com":{"auth":"hunter2"}}'])(
    "refuses %j and shows nothing of it",
    (content) => {
      const refusal = (): string => {
        try {
          return dockerConfigJson(content);
        } catch (error) {
          return error instanceof Error ? error.message : "";
        }
      };
      expect(refusal()).toMatch(/^calicoPullSecret: is no content .+; allowed: .+; fix: .+$/);
      expect(refusal()).not.toContain("hunter2");
    },
  );
});
