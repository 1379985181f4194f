package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

func inTLS(name string) string { return filepath.Join(tlsFolder, name) }

// passed turns K3s' `<component>-arg` values into flags.
func passed(s *settings, name string) []string {
	var args []string
	for _, value := range s.list(name) {
		args = append(args, "--"+strings.TrimLeft(value, "-"))
	}
	return args
}

func (srv *server) startAPIServer() error {
	args := append(srv.datastore.apiServerFlags(),
		"--advertise-address="+srv.settings.text("advertise-address", srv.node.address),
		"--allow-privileged=true",
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		fmt.Sprintf("--secure-port=%d", apiPort),
		"--bind-address=0.0.0.0",
		"--client-ca-file="+inTLS("client-ca.crt"),
		"--enable-admission-plugins=NodeRestriction",
		"--kubelet-client-certificate="+inTLS("client-kube-apiserver.crt"),
		"--kubelet-client-key="+inTLS("client-kube-apiserver.key"),
		"--kubelet-certificate-authority="+inTLS("server-ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--profiling=false",
		"--proxy-client-cert-file="+inTLS("client-auth-proxy.crt"),
		"--proxy-client-key-file="+inTLS("client-auth-proxy.key"),
		"--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-client-ca-file="+inTLS("request-header-ca.crt"),
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--service-account-issuer=https://kubernetes.default.svc."+srv.network.ClusterDomain,
		"--service-account-key-file="+inTLS("service.key"),
		"--service-account-signing-key-file="+inTLS("service.key"),
		"--service-cluster-ip-range="+srv.network.ServiceCIDR,
		"--storage-backend=etcd3",
		"--tls-cert-file="+inTLS("serving-kube-apiserver.crt"),
		"--tls-private-key-file="+inTLS("serving-kube-apiserver.key"),
	)
	return srv.children.start("kube-apiserver", component("kube-apiserver"), append(args, passed(srv.settings, "kube-apiserver-arg")...)...)
}

// startControllers starts what works on objects. With one server there is nobody to elect a leader among, and not
// electing saves seconds at every start.
func (srv *server) startControllers() error {
	elect := fmt.Sprintf("--leader-elect=%t", srv.datastore.shared())
	for _, part := range []struct {
		name, certificate, pass string
		args                    []string
	}{
		{"kube-controller-manager", "client-controller", "kube-controller-manager-arg", []string{
			"--allocate-node-cidrs=true",
			"--cluster-cidr=" + srv.network.ClusterCIDR,
			"--cluster-signing-cert-file=" + inTLS("client-ca.crt"),
			"--cluster-signing-key-file=" + inTLS("client-ca.key"),
			"--node-cidr-mask-size=24",
			"--root-ca-file=" + inTLS("server-ca.crt"),
			"--service-account-private-key-file=" + inTLS("service.key"),
			"--service-cluster-ip-range=" + srv.network.ServiceCIDR,
			"--use-service-account-credentials=true",
		}},
		{"kube-scheduler", "client-scheduler", "kube-scheduler-arg", nil},
	} {
		certificate, err := loadPair(tlsFolder, part.certificate)
		if err != nil {
			return err
		}
		config := filepath.Join(serverFolder, "cred", strings.TrimPrefix(part.name, "kube-")+".kubeconfig")
		if err := writeKubeconfig(config, srv.api.base, srv.shared["server-ca"].Certificate, certificate, 0o600); err != nil {
			return err
		}
		args := append([]string{"--kubeconfig=" + config, "--authentication-kubeconfig=" + config, "--authorization-kubeconfig=" + config,
			"--bind-address=127.0.0.1", "--profiling=false", elect}, part.args...)
		if err := srv.children.start(part.name, component(part.name), append(args, passed(srv.settings, part.pass)...)...); err != nil {
			return err
		}
	}
	return nil
}
