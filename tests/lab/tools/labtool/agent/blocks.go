package agent

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"seldon-k3s/tests/lab/tools/labtool/kube"
)

const blocksPath = "/apis/crd.projectcalico.org/v1/ipamblocks"

// BlocksFile is where the agent tells the IPAM plugin which blocks are the node's; below the node's /var/lib/calico.
const BlocksFile = "stand-in-blocks.json"

// Blocks is the content of BlocksFile.
type Blocks struct {
	// Ranges to take addresses from, in this order.
	Ranges []string `json:"ranges"`
	// The tunnel's own address, which no pod may have.
	Tunnel string `json:"tunnel"`
}

// ownBlocks gives the ranges that belong to a node, in the order of their addresses, leaving out those of another pool.
func ownBlocks(blocks []kube.Block, node string) []*net.IPNet {
	var own []*net.IPNet
	for _, block := range blocks {
		if _, cidr, err := net.ParseCIDR(block.Spec.CIDR); err == nil && block.Spec.Affinity == "host:"+node {
			own = append(own, cidr)
		}
	}
	sort.Slice(own, func(i, j int) bool { return string(own[i].IP) < string(own[j].IP) })
	return own
}

// candidates gives the blocks of a pool in the order in which a node tries them: from a place that its name decides, so
// that nodes seldom want the same one.
func candidates(pool kube.IPPool, node string) ([]*net.IPNet, error) {
	_, cidr, err := net.ParseCIDR(pool.Spec.CIDR)
	if err != nil {
		return nil, err
	}
	size := pool.Spec.BlockSize
	if size == 0 {
		size = 26
	}
	ones, _ := cidr.Mask.Size()
	if size < ones || size > 30 || cidr.IP.To4() == nil {
		return nil, fmt.Errorf("pool %s: %s has no IPv4 blocks of size /%d", pool.Metadata.Name, pool.Spec.CIDR, size)
	}
	count := uint32(1) << (size - ones)
	hash := fnv.New32a()
	hash.Write([]byte(node))
	base, first := binary.BigEndian.Uint32(cidr.IP.To4()), hash.Sum32()%count
	out := make([]*net.IPNet, count)
	for i := range out {
		address := make(net.IP, 4)
		binary.BigEndian.PutUint32(address, base+((first+uint32(i))%count)<<(32-size))
		out[i] = &net.IPNet{IP: address, Mask: net.CIDRMask(size, 32)}
	}
	return out, nil
}

// claim takes one more block for a node. The name of the object is the range, so two nodes cannot both have it.
func claim(ctx context.Context, client *kube.Client, pools []kube.IPPool, node string) error {
	for _, pool := range pools {
		if pool.Spec.Disabled {
			continue
		}
		blocks, err := candidates(pool, node)
		if err != nil {
			return err
		}
		for _, block := range blocks {
			err := client.Create(ctx, blocksPath, map[string]any{
				"apiVersion": "crd.projectcalico.org/v1",
				"kind":       "IPAMBlock",
				"metadata":   map[string]any{"name": strings.NewReplacer(".", "-", "/", "-").Replace(block.String())},
				"spec": map[string]any{
					"cidr": block.String(), "affinity": "host:" + node, "strictAffinity": false,
					"allocations": []any{}, "attributes": []any{}, "unallocated": []any{}, "deleted": false,
				},
			})
			if kube.IsStatus(err, http.StatusConflict) {
				continue
			}
			if err == nil {
				log.Printf("claimed the block %s of pool %s", block, pool.Metadata.Name)
			}
			return err
		}
	}
	return errors.New("no enabled pool has a free block")
}

// writeBlocks tells the IPAM plugin.
func writeBlocks(folder string, blocks Blocks) error {
	content, err := json.Marshal(blocks)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, BlocksFile), content, 0o644)
}

// writeFile writes a whole file or nothing.
func writeFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
