package cni

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/plugins/pkg/ip"

	"seldon-k3s/tests/lab/tools/labtool/agent"
)

// Folders of the node, where Calico has them.
var (
	libraryFolder = "/var/lib/calico"
	// One file an address, named by it, holding whose it is: as host-local does it.
	networksFolder = "/var/lib/cni/networks"
)

// addresses are those of the node's blocks, and whose each is.
type addresses struct{ folder string }

func openAddresses(network string) (*addresses, func(), error) {
	folder := filepath.Join(networksFolder, network)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, nil, err
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		lock.Close()
		return nil, nil, err
	}
	return &addresses{folder}, func() { lock.Close() }, nil
}

// assign gives the address of an owner: the one it has, else the next free one behind the one that was given last, so
// that an address that was just let go is not used again at once.
func (m *addresses) assign(blocks agent.Blocks, owner string) (net.IP, error) {
	taken, err := m.taken()
	if err != nil {
		return nil, err
	}
	for address, holder := range taken {
		if holder == owner {
			return net.ParseIP(address), nil
		}
	}
	var all []string
	for _, text := range blocks.Ranges {
		_, block, err := net.ParseCIDR(text)
		if err != nil {
			return nil, err
		}
		for address := block.IP; block.Contains(address); address = ip.NextIP(address) {
			all = append(all, address.String())
		}
	}
	last, _ := os.ReadFile(filepath.Join(m.folder, "last_reserved_ip.0"))
	start := 0
	for i, address := range all {
		if address == string(last) {
			start = i + 1
		}
	}
	for i := range all {
		address := all[(start+i)%len(all)]
		if _, used := taken[address]; used || address == blocks.Tunnel {
			continue
		}
		if err := os.WriteFile(filepath.Join(m.folder, address), []byte(owner), 0o644); err != nil {
			return nil, err
		}
		return net.ParseIP(address), os.WriteFile(filepath.Join(m.folder, "last_reserved_ip.0"), []byte(address), 0o644)
	}
	return nil, fmt.Errorf("all %d addresses of the node's blocks %s are taken", len(all), strings.Join(blocks.Ranges, ", "))
}

func (m *addresses) release(owner string) error {
	taken, err := m.taken()
	if err != nil {
		return err
	}
	for address, holder := range taken {
		if holder == owner {
			if err := os.Remove(filepath.Join(m.folder, address)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *addresses) taken() (map[string]string, error) {
	entries, err := os.ReadDir(m.folder)
	if err != nil {
		return nil, err
	}
	taken := map[string]string{}
	for _, entry := range entries {
		if net.ParseIP(entry.Name()) == nil {
			continue
		}
		owner, err := os.ReadFile(filepath.Join(m.folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		taken[entry.Name()] = string(owner)
	}
	return taken, nil
}

func ownerOf(args *skel.CmdArgs) string { return args.ContainerID + "\n" + args.IfName }

func ipamAdd(args *skel.CmdArgs) error {
	var config types.NetConf
	if err := json.Unmarshal(args.StdinData, &config); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(libraryFolder, agent.BlocksFile))
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("the node has no block of addresses: calico-node has not run here")
	} else if err != nil {
		return err
	}
	var blocks agent.Blocks
	if err := json.Unmarshal(content, &blocks); err != nil {
		return err
	}
	m, unlock, err := openAddresses(config.Name)
	if err != nil {
		return err
	}
	defer unlock()
	address, err := m.assign(blocks, ownerOf(args))
	if err != nil {
		return err
	}
	result := &types100.Result{
		CNIVersion: types100.ImplementedSpecVersion,
		IPs:        []*types100.IPConfig{{Address: net.IPNet{IP: address.To4(), Mask: net.CIDRMask(32, 32)}}},
	}
	return types.PrintResult(result, config.CNIVersion)
}

func ipamDel(args *skel.CmdArgs) error {
	var config types.NetConf
	if err := json.Unmarshal(args.StdinData, &config); err != nil {
		return err
	}
	m, unlock, err := openAddresses(config.Name)
	if err != nil {
		return err
	}
	defer unlock()
	return m.release(ownerOf(args))
}
