import { labels, token } from "../../components/component";

it("writes type tokens as package:index:Noun", () => {
  expect(token("Calico")).toBe("seldon-k3s:index:Calico");
});

it("adds own labels to the shared one", () => {
  expect(labels()).toEqual({ "app.kubernetes.io/managed-by": "seldon-k3s" });
  expect(labels({ a: "b" })).toEqual({ "app.kubernetes.io/managed-by": "seldon-k3s", a: "b" });
});
