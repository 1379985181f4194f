import { declaredFlows } from "../../../checks/policy/declared";
import { subjectOf } from "../../../checks/subject";
import { seldonStack } from "../../support/seldon-stack";

const flows = (...sections: Parameters<typeof seldonStack>) =>
  declaredFlows(subjectOf("test", seldonStack(...sections)));
const show = ({ from, to, port }: ReturnType<typeof flows>[number]): string =>
  `${from.endpoint} ${to.endpoint}:${port}`;

it("has what must be open and what must be shut, between components that run", () => {
  const all = flows();
  const open = all.filter(({ allowed }) => allowed).map(show);
  expect(open).toEqual(expect.arrayContaining(["operator scheduler:9004", "envoy server:9001", "server envoy:9000"]));
  const shut = all.filter(({ allowed }) => !allowed).map(show);
  expect(shut).toEqual(expect.arrayContaining(["envoy server:5572", "scheduler server:9001"]));
  expect(open.filter((one) => shut.includes(one))).toEqual([]);
  expect(all.map(show).join(" ")).not.toContain("hodometer");
});

it("is nothing without policies", () => {
  expect(flows({ policies: { enabled: false } })).toEqual([]);
});
