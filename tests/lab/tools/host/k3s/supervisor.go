package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// supervisor answers hosts that join: K3s serves the same on its API port, under /v1-k3s.
type supervisor struct {
	shared        map[string]pair
	network       network
	server, agent string // secrets
	// servers gives the addresses of all servers.
	servers func() []string
}

// nodeRequest is what a node needs certificates for.
type nodeRequest struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

func (s *supervisor) listen() error {
	certificate, key := files(tlsFolder, "serving-kube-apiserver")
	loaded, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cacerts", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(s.shared["server-ca"].Certificate)
	})
	mux.HandleFunc("GET /v1-k3s/config", s.allow(false, func(http.ResponseWriter, *http.Request) (any, error) { return s.network, nil }))
	mux.HandleFunc("GET /v1-k3s/apiservers", s.allow(false, func(http.ResponseWriter, *http.Request) (any, error) { return s.servers(), nil }))
	mux.HandleFunc("POST /v1-k3s/node-certificates", s.allow(false, s.nodeCertificates))
	mux.HandleFunc("GET /v1-k3s/server-bootstrap", s.allow(true, func(http.ResponseWriter, *http.Request) (any, error) { return s.shared, nil }))
	listener, err := tls.Listen("tcp", fmt.Sprintf(":%d", supervisorPort), &tls.Config{Certificates: []tls.Certificate{loaded}})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return nil
}

type handler func(http.ResponseWriter, *http.Request) (any, error)

// allow lets in who knows the server's secret and, for what agents ask, the agents' one.
func (s *supervisor) allow(serversOnly bool, handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, secret, _ := r.BasicAuth()
		if !same(secret, s.server) && (serversOnly || !same(secret, s.agent)) {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		result, err := handle(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result)
	}
}

func (s *supervisor) nodeCertificates(_ http.ResponseWriter, r *http.Request) (any, error) {
	var n nodeRequest
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		return nil, err
	}
	return nodeCertificates(s.shared, node{n.Name, n.Address})
}

// nodeCertificates issues what a node's own programs need, by K3s' file names.
func nodeCertificates(shared map[string]pair, n node) (map[string]pair, error) {
	result := map[string]pair{
		"server-ca": {Certificate: shared["server-ca"].Certificate},
		"client-ca": {Certificate: shared["client-ca"].Certificate},
	}
	for name, wanted := range map[string]subject{
		"client-kubelet":        {name: "system:node:" + n.name, groups: []string{"system:nodes"}},
		"client-kube-proxy":     {name: "system:kube-proxy"},
		"client-k3s-controller": {name: "system:k3s-controller"},
	} {
		certificate, err := issue(shared["client-ca"], wanted)
		if err != nil {
			return nil, err
		}
		result[name] = certificate
	}
	serving, err := issue(shared["server-ca"], subject{name: n.name, hosts: []string{n.name, n.address, "127.0.0.1", "localhost"}})
	result["serving-kubelet"] = serving
	return result, err
}

// hostOf takes the host out of a server URL.
func hostOf(url string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/")
	host, _, _ = strings.Cut(host, ":")
	return host
}
