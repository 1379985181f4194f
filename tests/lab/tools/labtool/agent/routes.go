package agent

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/vishvananda/netlink"
)

// routeProtocol marks our routes, as Felix marks its own; whoever cleans up finds them by it.
const routeProtocol = 80

// Tunnel is this node's end of the overlay.
type Tunnel struct {
	// Local is the node's address, Address the tunnel's own (the first of the node's blocks).
	Local, Address net.IP
	MTU            int
}

// Remote is another node's end.
type Remote struct {
	Node, Address net.IP
	MAC           net.HardwareAddr
	Blocks        []*net.IPNet
}

// macOf gives the address of a node's tunnel device: always the same one, so that a device made anew needs no news.
func macOf(node string) net.HardwareAddr {
	sum := sha256.Sum256([]byte("vxlan.calico " + node))
	return append(net.HardwareAddr{0x66}, sum[:5]...)
}

// EnsureDevice makes the VXLAN device so, and gives it. A device that differs in what cannot be changed is made anew.
func EnsureDevice(tunnel Tunnel, mac net.HardwareAddr) (netlink.Link, error) {
	underlay, err := linkOf(tunnel.Local)
	if err != nil {
		return nil, err
	}
	wanted := &netlink.Vxlan{
		LinkAttrs:    netlink.LinkAttrs{Name: vxlanDevice, MTU: tunnel.MTU, HardwareAddr: mac},
		VxlanId:      vxlanVNI,
		Port:         vxlanPort,
		VtepDevIndex: underlay.Attrs().Index,
		SrcAddr:      tunnel.Local,
	}
	link, err := netlink.LinkByName(vxlanDevice)
	if err == nil {
		have, ok := link.(*netlink.Vxlan)
		if !ok || have.VxlanId != wanted.VxlanId || have.Port != wanted.Port || !have.SrcAddr.Equal(wanted.SrcAddr) ||
			!bytes.Equal(have.HardwareAddr, mac) {
			if err := netlink.LinkDel(link); err != nil {
				return nil, fmt.Errorf("%s has other settings and cannot be deleted: %w", vxlanDevice, err)
			}
			link = nil
		}
	} else {
		link = nil
	}
	if link == nil {
		if err := netlink.LinkAdd(wanted); err != nil {
			return nil, fmt.Errorf("make %s: %w", vxlanDevice, err)
		}
		if link, err = netlink.LinkByName(vxlanDevice); err != nil {
			return nil, err
		}
	}
	if link.Attrs().MTU != tunnel.MTU {
		if err := netlink.LinkSetMTU(link, tunnel.MTU); err != nil {
			return nil, err
		}
	}
	if err := onlyAddress(link, tunnel.Address); err != nil {
		return nil, err
	}
	return link, netlink.LinkSetUp(link)
}

func linkOf(address net.IP) (netlink.Link, error) {
	addresses, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, err
	}
	for _, candidate := range addresses {
		if candidate.IP.Equal(address) {
			return netlink.LinkByIndex(candidate.LinkIndex)
		}
	}
	return nil, fmt.Errorf("no interface has the node's address %s", address)
}

func onlyAddress(link netlink.Link, address net.IP) error {
	have, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for i := range have {
		if !have[i].IP.Equal(address) {
			if err := netlink.AddrDel(link, &have[i]); err != nil {
				return err
			}
		}
	}
	return netlink.AddrReplace(link, &netlink.Addr{IPNet: single(address)})
}

func single(address net.IP) *net.IPNet { return &net.IPNet{IP: address, Mask: net.CIDRMask(32, 32)} }

// EnsureRoutes makes our routes and neighbours exactly those of these nodes: a blackhole for each own block (a pod that
// is not there must not be looked for elsewhere), and each other node's blocks through its tunnel address.
func EnsureRoutes(device netlink.Link, own []*net.IPNet, remotes []Remote) error {
	index := device.Attrs().Index
	wanted := map[string]bool{}
	for _, block := range own {
		route := &netlink.Route{Dst: block, Type: syscall.RTN_BLACKHOLE, Protocol: routeProtocol}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("blackhole %s: %w", block, err)
		}
		wanted[block.String()] = true
	}
	neighbours := map[string]bool{}
	for _, remote := range remotes {
		neighbours[remote.MAC.String()] = true
		if err := ensureNeighbour(index, remote); err != nil {
			return err
		}
		for _, block := range remote.Blocks {
			route := &netlink.Route{
				LinkIndex: index, Dst: block, Gw: remote.Address, Protocol: routeProtocol, Flags: int(netlink.FLAG_ONLINK),
			}
			if err := netlink.RouteReplace(route); err != nil {
				return fmt.Errorf("route %s via %s: %w", block, remote.Address, err)
			}
			wanted[block.String()] = true
		}
	}
	return errors.Join(dropStaleRoutes(wanted), dropStaleNeighbours(index, neighbours))
}

func ensureNeighbour(index int, remote Remote) error {
	arp := &netlink.Neigh{
		LinkIndex: index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT, IP: remote.Address, HardwareAddr: remote.MAC,
	}
	if err := netlink.NeighSet(arp); err != nil {
		return fmt.Errorf("neighbour %s: %w", remote.Address, err)
	}
	forwarding := &netlink.Neigh{
		LinkIndex: index, Family: syscall.AF_BRIDGE, State: netlink.NUD_PERMANENT, Flags: netlink.NTF_SELF,
		IP: remote.Node, HardwareAddr: remote.MAC,
	}
	if err := netlink.NeighSet(forwarding); err != nil {
		return fmt.Errorf("forwarding entry %s: %w", remote.MAC, err)
	}
	return nil
}

func dropStaleRoutes(wanted map[string]bool) error {
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Protocol: routeProtocol}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return err
	}
	for i := range routes {
		if routes[i].Dst != nil && !wanted[routes[i].Dst.String()] {
			if err := netlink.RouteDel(&routes[i]); err != nil {
				return fmt.Errorf("drop the route %s: %w", routes[i].Dst, err)
			}
		}
	}
	return nil
}

func dropStaleNeighbours(index int, wanted map[string]bool) error {
	for _, family := range []int{netlink.FAMILY_V4, syscall.AF_BRIDGE} {
		entries, err := netlink.NeighList(index, family)
		if err != nil {
			return err
		}
		for i := range entries {
			if entries[i].State&netlink.NUD_PERMANENT != 0 && len(entries[i].HardwareAddr) > 0 && !wanted[entries[i].HardwareAddr.String()] {
				if err := netlink.NeighDel(&entries[i]); err != nil && !errors.Is(err, syscall.ENOENT) {
					return err
				}
			}
		}
	}
	return nil
}
