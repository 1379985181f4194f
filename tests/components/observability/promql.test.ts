import { seriesIn } from "../../../components/observability/promql";

describe("the series that an expression reads", () => {
  it.each<[string, string[]]>([
    ["up", ["up"]],
    ['up{job="a",namespace=~"b|c"} == 0', ["up"]],
    ["sum by (namespace, model) (rate(seldon_total[5m]))", ["seldon_total"]],
    ["sum(rate(a_total[5m])) by (le)", ["a_total"]],
    ["a / on (x, y) group_left (z) max by (x) (b)", ["a", "b"]],
    ["a and on (x) b or vector(0) unless c", ["a", "b", "c"]],
    ["histogram_quantile(0.99, sum by (le) (rate(h_bucket[$__rate_interval])))", ["h_bucket"]],
    ["a offset 15m > 1e3 and a < Inf", ["a"]],
    ['count({__name__="x"})', []],
    ['label_replace(a, "to", "$1", "from", "(.*)")', ["a"]],
    ["a > bool 0 != on () group_left () count(b)", ["a", "b"]],
    ["namespace:a:rate5m * 3 ^ 2", ["namespace:a:rate5m"]],
    ['a{text="} b {"} + sum without (x) (c{y!=`d`})', ["a", "c"]],
    ["", []],
  ])("%s", (expression, expected) => {
    expect(seriesIn(expression)).toEqual(expected);
  });

  it("refuses brackets that do not close", () => {
    expect(() => seriesIn('a{b="c"')).toThrow("unbalanced {");
    expect(() => seriesIn("sum by (x (a)")).toThrow("unbalanced (");
  });
});
