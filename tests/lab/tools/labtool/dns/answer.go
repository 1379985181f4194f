// Package dns stands in for the cluster's DNS server: it answers for Services, and for nothing outside of the cluster.
package dns

import (
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// ttl of every answer, in seconds, as K3s' CoreDNS has it.
const ttl = 5

// Lookup gives the addresses of a Service of a namespace: its own, or those of its ready pods where it has none. The
// second result is false for a Service that does not exist.
type Lookup func(service, namespace string) ([]net.IP, bool)

// answer makes the answer to a question; nil for what is no question.
func answer(question []byte, domain string, lookup Lookup) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(question)
	if err != nil || header.Response {
		return nil
	}
	asked, err := parser.Question()
	if err != nil {
		return nil
	}
	reply := dnsmessage.Header{
		ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
	}
	addresses, code := resolve(asked.Name.String(), domain, lookup)
	reply.RCode = code
	builder := dnsmessage.NewBuilder(nil, reply)
	builder.EnableCompression()
	if builder.StartQuestions() != nil || builder.Question(asked) != nil || builder.StartAnswers() != nil {
		return nil
	}
	if asked.Type == dnsmessage.TypeA || asked.Type == dnsmessage.TypeALL {
		for _, address := range addresses {
			four := address.To4()
			if four == nil {
				continue
			}
			record := dnsmessage.AResource{}
			copy(record.A[:], four)
			head := dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET, TTL: ttl}
			if builder.AResource(head, record) != nil {
				return nil
			}
		}
	}
	out, err := builder.Finish()
	if err != nil {
		return nil
	}
	return out
}

// resolve gives the addresses of `<service>.<namespace>.svc.<domain>.`; a name outside of the domain is refused, because
// there is nobody to ask.
func resolve(name, domain string, lookup Lookup) ([]net.IP, dnsmessage.RCode) {
	rest, inside := strings.CutSuffix(strings.ToLower(name), "."+strings.ToLower(domain)+".")
	if !inside {
		return nil, dnsmessage.RCodeRefused
	}
	labels := strings.Split(rest, ".")
	if len(labels) != 3 || labels[2] != "svc" {
		return nil, dnsmessage.RCodeNameError
	}
	addresses, known := lookup(labels[0], labels[1])
	if !known {
		return nil, dnsmessage.RCodeNameError
	}
	return addresses, dnsmessage.RCodeSuccess
}
