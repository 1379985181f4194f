import { selectorText } from "../../../rollout/pods/workload";

test("a selector as the API's query writes it", () => {
  const selector = {
    matchLabels: { app: "web", tier: "x" },
    matchExpressions: [
      { key: "a", operator: "In", values: ["1", "2"] },
      { key: "b", operator: "NotIn", values: ["3"] },
      { key: "c", operator: "Exists" },
      { key: "d", operator: "DoesNotExist" },
    ],
  };
  expect(selectorText(selector)).toBe("app=web,tier=x,a in (1,2),b notin (3),c,!d");
  expect(selectorText()).toBe("");
});
