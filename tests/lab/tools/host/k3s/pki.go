package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authorities are the cluster's certificate authorities, by their file names below tlsFolder. Every server has them all.
var authorities = []string{"server-ca", "client-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"}

// serviceKey signs service account tokens.
const serviceKey = "service.key"

// pair is a certificate and its key, in PEM.
type pair struct {
	Certificate []byte `json:"certificate"`
	Key         []byte `json:"key"`
}

// subject is what a certificate is for.
type subject struct {
	name   string
	groups []string
	// hosts are names and addresses; a certificate without any is for clients.
	hosts []string
}

const (
	authorityYears = 10
	leafDays       = 365 // K3s renews at a start when fewer than 120 days are left
)

func newAuthority(name string) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("k3s-%s@%d", filepath.Base(name), time.Now().Unix())},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(authorityYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	return encode(template, template, key, key)
}

// issue makes a certificate that serves as server and as client: etcd's gateway uses its server certificate for both.
func issue(authority pair, wanted subject) (pair, error) {
	parent, parentKey, err := authority.parse()
	if err != nil {
		return pair{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: wanted.name, Organization: wanted.groups},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 0, leafDays),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	for _, host := range wanted.hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return encode(template, parent, key, parentKey)
}

func encode(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (pair, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return pair{}, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return pair{}, err
	}
	return pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

func (p pair) parse() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certificate, _ := pem.Decode(p.Certificate)
	key, _ := pem.Decode(p.Key)
	if certificate == nil || key == nil {
		return nil, nil, fmt.Errorf("not a certificate and key in PEM")
	}
	parsed, err := x509.ParseCertificate(certificate.Bytes)
	if err != nil {
		return nil, nil, err
	}
	parsedKey, err := x509.ParseECPrivateKey(key.Bytes)
	return parsed, parsedKey, err
}

// files gives the paths of a certificate and its key.
func files(folder, name string) (string, string) {
	return filepath.Join(folder, name+".crt"), filepath.Join(folder, name+".key")
}

func (p pair) save(folder, name string) error {
	certificate, key := files(folder, name)
	if err := writeFile(certificate, p.Certificate, 0o644); err != nil {
		return err
	}
	return writeFile(key, p.Key, 0o600)
}

func loadPair(folder, name string) (pair, error) {
	certificate, key := files(folder, name)
	var p pair
	var err error
	if p.Certificate, err = os.ReadFile(certificate); err != nil {
		return p, err
	}
	p.Key, err = os.ReadFile(key)
	return p, err
}

// writeFile writes a file at once, with the folders above it.
func writeFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	_ = os.Remove(temporary)
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// newAuthorities makes everything that all servers of a cluster share.
func newAuthorities() (map[string]pair, error) {
	shared := map[string]pair{}
	for _, name := range authorities {
		authority, err := newAuthority(name)
		if err != nil {
			return nil, err
		}
		shared[name] = authority
	}
	// Kept as a certificate too, which nobody uses, so that all of them are handled alike.
	service, err := newAuthority("service")
	shared["service"] = service
	return shared, err
}

func saveAuthorities(shared map[string]pair) error {
	for name, authority := range shared {
		if err := authority.save(tlsFolder, name); err != nil {
			return err
		}
	}
	return nil
}

func loadAuthorities() (map[string]pair, error) {
	shared := map[string]pair{}
	for _, name := range append([]string{"service"}, authorities...) {
		authority, err := loadPair(tlsFolder, name)
		if err != nil {
			return nil, err
		}
		shared[name] = authority
	}
	return shared, nil
}

// serverCertificates issues what one server needs, by file name below tlsFolder, at every start: K3s does so when the
// address, the name or the SANs change, or the end is near.
func serverCertificates(shared map[string]pair, n node, network network, sans []string) error {
	service, err := addressIn(network.ServiceCIDR, 1)
	if err != nil {
		return err
	}
	hosts := append([]string{"127.0.0.1", "localhost", n.address, n.name, service, "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc." + network.ClusterDomain}, sans...)
	etcdHosts := []string{"127.0.0.1", "localhost", n.address, n.name}
	for _, one := range []struct {
		file, authority string
		subject         subject
	}{
		{"serving-kube-apiserver", "server-ca", subject{name: "kube-apiserver", hosts: hosts}},
		{"client-admin", "client-ca", subject{name: "system:admin", groups: []string{"system:masters"}}},
		{"client-supervisor", "client-ca", subject{name: "system:k3s-supervisor", groups: []string{"system:masters"}}},
		{"client-kube-apiserver", "client-ca", subject{name: "system:apiserver", groups: []string{"system:masters"}}},
		{"client-controller", "client-ca", subject{name: "system:kube-controller-manager"}},
		{"client-scheduler", "client-ca", subject{name: "system:kube-scheduler"}},
		{"client-auth-proxy", "request-header-ca", subject{name: "system:auth-proxy"}},
		{"etcd/server-client", "etcd/server-ca", subject{name: "etcd-server", hosts: etcdHosts}},
		{"etcd/client", "etcd/server-ca", subject{name: "etcd-client"}},
		{"etcd/peer-server-client", "etcd/peer-ca", subject{name: "etcd-peer", hosts: etcdHosts}},
	} {
		certificate, err := issue(shared[one.authority], one.subject)
		if err != nil {
			return err
		}
		if err := certificate.save(tlsFolder, one.file); err != nil {
			return err
		}
	}
	return nil
}
