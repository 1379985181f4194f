package policy

import (
	"encoding/json"
	"reflect"
	"testing"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

func read[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func pod(t *testing.T, namespace, name, ip, labels string) kube.Pod {
	return read[kube.Pod](t, `{"metadata":{"namespace":"`+namespace+`","name":"`+name+`","labels":`+labels+`},
		"spec":{"nodeName":"n1","containers":[{"ports":[{"name":"http","containerPort":9000}]}]},
		"status":{"phase":"Running","podIP":"`+ip+`"}}`)
}

func TestIngressOf(t *testing.T) {
	server := pod(t, "a", "server", "10.42.1.2", `{"app":"server"}`)
	state := State{
		Pods: []kube.Pod{
			server,
			pod(t, "a", "friend", "10.42.2.3", `{"role":"client"}`),
			pod(t, "a", "stranger", "10.42.2.4", `{"role":"other"}`),
			pod(t, "b", "friend", "10.42.2.5", `{"role":"client"}`),
			pod(t, "a", "unborn", "", `{"role":"client"}`),
		},
		Namespaces: read[[]kube.Named](t, `[{"metadata":{"name":"a","labels":{"team":"a"}}},{"metadata":{"name":"b","labels":{"team":"b"}}}]`),
	}
	state.Pods[4].Metadata.Annotations = map[string]string{PodIPAnnotation: "10.42.2.6/32"}

	for name, test := range map[string]struct {
		policies string
		want     Ingress
	}{
		"no policy selects it": {
			`[{"metadata":{"namespace":"a"},"spec":{"podSelector":{"matchLabels":{"app":"else"}}}},
			  {"metadata":{"namespace":"b"},"spec":{"podSelector":{}}}]`,
			Ingress{},
		},
		"egress alone does not isolate": {
			`[{"metadata":{"namespace":"a"},"spec":{"podSelector":{},"policyTypes":["Egress"]}}]`,
			Ingress{},
		},
		"default deny": {
			`[{"metadata":{"namespace":"a"},"spec":{"podSelector":{},"policyTypes":["Ingress"]}}]`,
			Ingress{Isolated: true},
		},
		"pods of the namespace by label, the address known from the annotation too, a port by name": {
			`[{"metadata":{"namespace":"a"},"spec":{"podSelector":{"matchLabels":{"app":"server"}},
			   "ingress":[{"from":[{"podSelector":{"matchLabels":{"role":"client"}}}],"ports":[{"port":"http"}]}]}}]`,
			Ingress{true, []Allow{{From: []string{"10.42.2.3/32", "10.42.2.6/32"}, Protocol: "tcp", Port: "9000"}}},
		},
		"pods of a namespace by its label, a range of ports": {
			`[{"metadata":{"namespace":"a"},"spec":{"podSelector":{},
			   "ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"b"}}}],"ports":[{"port":80,"endPort":90,"protocol":"UDP"}]}]}}]`,
			Ingress{true, []Allow{{From: []string{"10.42.2.5/32"}, Protocol: "udp", Port: "80:90"}}},
		},
		"a block with a hole": {
			`[{"metadata":{"namespace":"a"},"spec":{"podSelector":{},
			   "ingress":[{"from":[{"ipBlock":{"cidr":"192.0.2.0/24","except":["192.0.2.7/32"]}}]}]}}]`,
			Ingress{true, []Allow{{From: []string{"192.0.2.0/24"}, Except: []string{"192.0.2.7/32"}}}},
		},
		"nobody has that label": {
			`[{"metadata":{"namespace":"a"},"spec":{"podSelector":{},
			   "ingress":[{"from":[{"podSelector":{"matchExpressions":[{"key":"role","operator":"NotIn","values":["client","other"]},{"key":"app","operator":"DoesNotExist"}]}}]}]}}]`,
			Ingress{true, []Allow{{From: []string{}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state.Policies = read[[]kube.NetworkPolicy](t, test.policies)
			if got := IngressOf(server, state); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
