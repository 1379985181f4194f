// Package cni stands in for Calico's CNI plugins: a veth pair a pod, with a route of its own on the node.
package cni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/plugins/pkg/ip"
	"github.com/containernetworking/plugins/pkg/ipam"
	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/vishvananda/netlink"

	"seldon-k3s/tests/lab/tools/labtool/agent"
	"seldon-k3s/tests/lab/tools/labtool/kube"
	"seldon-k3s/tests/lab/tools/labtool/policy"
)

// hostMAC is the address of the host's end of every pair; a pod has it as the fixed neighbour of its gateway.
const hostMAC = "ee:ee:ee:ee:ee:ee"

// gateway is an address that nobody has; every pod's default route goes there, and the fixed neighbour answers for it.
var gateway = net.IPv4(169, 254, 1, 1)

var statusFolder = "/run/calico/" + agent.StatusFolder

type calicoConfig struct {
	types.NetConf
	MTU               int `json:"mtu"`
	ContainerSettings struct {
		AllowIPForwarding bool `json:"allow_ip_forwarding"`
	} `json:"container_settings"`
	PolicySetupTimeoutSeconds int `json:"policy_setup_timeout_seconds"`
	Kubernetes                struct {
		Kubeconfig string `json:"kubeconfig"`
	} `json:"kubernetes"`
}

type podArgs struct {
	types.CommonArgs
	K8S_POD_NAME      types.UnmarshallableString
	K8S_POD_NAMESPACE types.UnmarshallableString
}

func read(args *skel.CmdArgs) (config calicoConfig, pod podArgs, err error) {
	if err = json.Unmarshal(args.StdinData, &config); err != nil {
		return
	}
	pod.IgnoreUnknown = true
	if err = types.LoadArgs(args.Args, &pod); err != nil {
		return
	}
	// Calico's plugin refuses too, to create as well as to delete: that is what makes a half-removed Calico hold up pods.
	if _, missing := os.Stat(filepath.Join(libraryFolder, "nodename")); missing != nil {
		err = fmt.Errorf("%w: calico-node does not run on this node, or has not brought it in order yet", missing)
	}
	return
}

func calicoAdd(args *skel.CmdArgs) error {
	config, pod, err := read(args)
	if err != nil {
		return err
	}
	iface := agent.IfaceOf(string(pod.K8S_POD_NAMESPACE), string(pod.K8S_POD_NAME))
	given, err := ipam.ExecAdd(config.IPAM.Type, args.StdinData)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_ = ipam.ExecDel(config.IPAM.Type, args.StdinData)
		}
	}()
	result, err := types100.NewResultFromResult(given)
	if err != nil {
		return err
	}
	if len(result.IPs) != 1 {
		return fmt.Errorf("%s gave %d addresses, wanted 1", config.IPAM.Type, len(result.IPs))
	}
	address := result.IPs[0].Address
	if err := connect(args, iface, address, config); err != nil {
		return err
	}
	if err := annotate(config, pod, address); err != nil {
		return err
	}
	waitForRules(filepath.Join(statusFolder, iface), time.Duration(config.PolicySetupTimeoutSeconds)*time.Second)
	done = true
	result.Interfaces = []*types100.Interface{{Name: iface, Mac: hostMAC}, {Name: args.IfName, Sandbox: args.Netns}}
	result.IPs[0].Interface = types100.Int(1)
	result.DNS = config.DNS
	return types.PrintResult(result, config.CNIVersion)
}

// connect makes the pair and the routes on both ends.
func connect(args *skel.CmdArgs, iface string, address net.IPNet, config calicoConfig) error {
	if old, err := netlink.LinkByName(iface); err == nil {
		// Of a sandbox of the same pod that was not taken away in order.
		if err := netlink.LinkDel(old); err != nil {
			return err
		}
	}
	sandbox, err := ns.GetNS(args.Netns)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	if err := sandbox.Do(func(host ns.NetNS) error {
		if _, _, err := ip.SetupVethWithName(args.IfName, iface, config.MTU, "", host); err != nil {
			return err
		}
		if config.ContainerSettings.AllowIPForwarding {
			if err := ip.EnableIP4Forward(); err != nil {
				return err
			}
		}
		return configurePod(args.IfName, address)
	}); err != nil {
		return err
	}
	link, err := netlink.LinkByName(iface)
	if err != nil {
		return err
	}
	mac, _ := net.ParseMAC(hostMAC)
	if err := netlink.LinkSetHardwareAddr(link, mac); err != nil {
		return err
	}
	for _, setting := range []string{"forwarding", "proxy_arp", "route_localnet"} {
		if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+iface+"/"+setting, []byte("1"), 0o644); err != nil {
			return err
		}
	}
	return netlink.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Scope: netlink.SCOPE_LINK, Dst: &address})
}

func configurePod(name string, address net.IPNet) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.AddrReplace(link, &netlink.Addr{IPNet: &address}); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	index := link.Attrs().Index
	via := &net.IPNet{IP: gateway, Mask: net.CIDRMask(32, 32)}
	if err := netlink.RouteReplace(&netlink.Route{LinkIndex: index, Scope: netlink.SCOPE_LINK, Dst: via}); err != nil {
		return err
	}
	_, everywhere, _ := net.ParseCIDR("0.0.0.0/0")
	if err := netlink.RouteReplace(&netlink.Route{LinkIndex: index, Dst: everywhere, Gw: gateway}); err != nil {
		return err
	}
	mac, _ := net.ParseMAC(hostMAC)
	return netlink.NeighSet(&netlink.Neigh{
		LinkIndex: index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT, IP: gateway, HardwareAddr: mac,
	})
}

// annotate tells every node the pod's address before the pod runs, so that servers elsewhere let it in from its first
// packet on.
func annotate(config calicoConfig, pod podArgs, address net.IPNet) error {
	client, err := kube.FromKubeconfig(config.Kubernetes.Kubeconfig)
	if err != nil {
		return err
	}
	return client.Merge(context.Background(),
		fmt.Sprintf("/api/v1/namespaces/%s/pods/%s", pod.K8S_POD_NAMESPACE, pod.K8S_POD_NAME),
		map[string]any{"metadata": map[string]any{"annotations": map[string]string{policy.PodIPAnnotation: address.String()}}})
}

// waitForRules waits until the agent has programmed the pod's rules, or for the time that was set.
func waitForRules(file string, timeout time.Duration) {
	for end := time.Now().Add(timeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return
		}
	}
}

func calicoDel(args *skel.CmdArgs) error {
	config, _, err := read(args)
	if err != nil {
		return err
	}
	if err := ipam.ExecDel(config.IPAM.Type, args.StdinData); err != nil {
		return err
	}
	if args.Netns == "" {
		return nil
	}
	// From inside: by its name on the node the device may be that of a newer sandbox of the same pod already.
	err = ns.WithNetNSPath(args.Netns, func(ns.NetNS) error {
		err := ip.DelLinkByName(args.IfName)
		if errors.Is(err, ip.ErrLinkNotFound) {
			return nil
		}
		return err
	})
	var gone ns.NSPathNotExistErr
	if errors.As(err, &gone) {
		return nil // and the device with it
	}
	return err
}

func calicoCheck(args *skel.CmdArgs) error {
	_, pod, err := read(args)
	if err != nil {
		return err
	}
	_, err = netlink.LinkByName(agent.IfaceOf(string(pod.K8S_POD_NAMESPACE), string(pod.K8S_POD_NAME)))
	return err
}

// describe is what the plugins say of themselves.
func describe(name string) string { return name + ": the lab's stand-in for Calico's CNI plugin" }

// supported are the versions of the interface between containerd and the plugins.
var supported = []string{"0.3.0", "0.3.1", "0.4.0", "1.0.0"}

// nothing is what a CHECK of the address plugin does.
func nothing(*skel.CmdArgs) error { return nil }

// logged writes what failed where Calico's plugin writes its log.
func logged(name string, run func(*skel.CmdArgs) error) func(*skel.CmdArgs) error {
	return func(args *skel.CmdArgs) error {
		err := run(args)
		if err == nil {
			return nil
		}
		if file, open := os.OpenFile("/var/log/calico/cni/cni.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); open == nil {
			defer file.Close()
			fmt.Fprintf(file, "%s %s (stand-in) %s %s: %s\n", time.Now().UTC().Format(time.RFC3339), name,
				os.Getenv("CNI_COMMAND"), strings.ReplaceAll(args.Args, ";", " "), err)
		}
		return err
	}
}
