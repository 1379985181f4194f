package dns

import (
	"net"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestAnswer(t *testing.T) {
	lookup := func(service, namespace string) ([]net.IP, bool) {
		switch service + "." + namespace {
		case "kubernetes.default":
			return []net.IP{net.ParseIP("10.43.0.1")}, true
		case "headless.a":
			return []net.IP{net.ParseIP("10.42.1.2"), net.ParseIP("10.42.2.3")}, true
		case "empty.a":
			return nil, true
		}
		return nil, false
	}
	for name, test := range map[string]struct {
		kind      dnsmessage.Type
		code      dnsmessage.RCode
		addresses []string
	}{
		"kubernetes.default.svc.cluster.local.": {dnsmessage.TypeA, dnsmessage.RCodeSuccess, []string{"10.43.0.1"}},
		"Kubernetes.Default.svc.Cluster.Local.": {dnsmessage.TypeAAAA, dnsmessage.RCodeSuccess, nil},
		"headless.a.svc.cluster.local.":         {dnsmessage.TypeA, dnsmessage.RCodeSuccess, []string{"10.42.1.2", "10.42.2.3"}},
		"empty.a.svc.cluster.local.":            {dnsmessage.TypeA, dnsmessage.RCodeSuccess, nil},
		"nobody.a.svc.cluster.local.":           {dnsmessage.TypeA, dnsmessage.RCodeNameError, nil},
		"a.svc.cluster.local.":                  {dnsmessage.TypeA, dnsmessage.RCodeNameError, nil},
		"example.org.":                          {dnsmessage.TypeA, dnsmessage.RCodeRefused, nil},
	} {
		question := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
			Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: test.kind, Class: dnsmessage.ClassINET}},
		}
		packed, err := question.Pack()
		if err != nil {
			t.Fatal(err)
		}
		var reply dnsmessage.Message
		if err := reply.Unpack(answer(packed, "cluster.local", lookup)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, record := range reply.Answers {
			address := record.Body.(*dnsmessage.AResource).A
			got = append(got, net.IP(address[:]).String())
		}
		if reply.ID != 7 || reply.RCode != test.code || len(got) != len(test.addresses) {
			t.Errorf("%s: got %v %v, want %v %v", name, reply.RCode, got, test.code, test.addresses)
		}
		for i := range got {
			if got[i] != test.addresses[i] {
				t.Errorf("%s: got %v, want %v", name, got, test.addresses)
			}
		}
		if answer(packed[:5], "cluster.local", lookup) != nil {
			t.Error("half a question was answered")
		}
	}
}
