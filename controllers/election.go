// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Times of an election: a leader that ends by itself hands over at once, one that is killed is replaced within Lease. They save
// time, not records: two leaders at once write each record once all the same.
const (
	Lease = 5 * time.Second
	Renew = 3 * time.Second
	Retry = time.Second
)

// Lock is what replicas of the controller compete for. It writes no Events: that would need one more right for what the lease says
// itself.
func Lock(config *rest.Config, name string) (resourcelock.Interface, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("name of this replica: %w", err)
	}
	identity := resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())}
	lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, v1alpha1.SystemNamespace, name, identity, config, Renew)
	if err != nil {
		return nil, fmt.Errorf("make lease: %w", err)
	}
	return lock, nil
}
