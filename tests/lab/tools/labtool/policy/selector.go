// Package policy works out which pods may reach which, from NetworkPolicies and pods. Pure: no API, no kernel.
package policy

import (
	"slices"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

// matches tells whether a label selector selects these labels. An empty selector selects everything.
func matches(selector kube.Selector, labels map[string]string) bool {
	for key, value := range selector.MatchLabels {
		if got, has := labels[key]; !has || got != value {
			return false
		}
	}
	for _, expression := range selector.MatchExpressions {
		value, has := labels[expression.Key]
		ok := false
		switch expression.Operator {
		case "In":
			ok = has && slices.Contains(expression.Values, value)
		case "NotIn":
			ok = !has || !slices.Contains(expression.Values, value)
		case "Exists":
			ok = has
		case "DoesNotExist":
			ok = !has
		}
		if !ok {
			return false
		}
	}
	return true
}
