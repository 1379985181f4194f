package cni

import (
	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/version"
)

// Main is the `calico` plugin, as containerd starts it.
func Main([]string) int {
	skel.PluginMainFuncs(skel.CNIFuncs{
		Add:   logged("calico", calicoAdd),
		Del:   logged("calico", calicoDel),
		Check: logged("calico", calicoCheck),
	}, version.PluginSupports(supported...), describe("calico"))
	return 0
}

// MainIPAM is the `calico-ipam` plugin, as `calico` starts it.
func MainIPAM([]string) int {
	skel.PluginMainFuncs(skel.CNIFuncs{
		Add:   logged("calico-ipam", ipamAdd),
		Del:   logged("calico-ipam", ipamDel),
		Check: nothing,
	}, version.PluginSupports(supported...), describe("calico-ipam"))
	return 0
}
