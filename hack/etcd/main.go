// SPDX-License-Identifier: Apache-2.0

// Command etcd is the key-value store of the local control plane, built from
// its Go module because no prebuilt one is needed that way.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
