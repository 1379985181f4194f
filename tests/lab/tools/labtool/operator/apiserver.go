package operator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"log"
	"math/big"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// MainAPI serves the group projectcalico.org/v3 without any resource in it: enough for the aggregator to find it
// available, and for its absence to be felt.
func MainAPI([]string) int {
	log.SetPrefix("calico-apiserver (stand-in): ")
	certificate, err := selfSigned()
	if err != nil {
		log.Print(err)
		return 1
	}
	version := fields{"groupVersion": "projectcalico.org/v3", "version": "v3"}
	group := fields{"name": "projectcalico.org", "versions": list{version}, "preferredVersion": version}
	answers := map[string]fields{
		"/apis":                      {"kind": "APIGroupList", "apiVersion": "v1", "groups": list{group}},
		"/apis/projectcalico.org":    {"kind": "APIGroup", "apiVersion": "v1", "name": "projectcalico.org", "versions": list{version}, "preferredVersion": version},
		"/apis/projectcalico.org/v3": {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "projectcalico.org/v3", "resources": list{}},
		"/readyz":                    {},
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.URL.Path]
		w.Header().Set("Content-Type", "application/json")
		if !known {
			w.WriteHeader(http.StatusNotFound)
			answer = fields{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
	server := &http.Server{
		Addr:      ":5443",
		Handler:   http.HandlerFunc(handler),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	go waitAndExit()
	log.Print(server.ListenAndServeTLS("", ""))
	return 1
}

// MainPause waits until it is told to end.
func MainPause([]string) int {
	waitAndExit()
	return 0
}

func waitAndExit() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	os.Exit(0)
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "calico-api"}, DNSNames: []string{"calico-api.calico-system.svc"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
