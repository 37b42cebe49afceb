// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/follow"
)

// FollowProviders keeps the index's agencies current until ctx ends. Its error is about the configuration only: while there is no
// API server, the agencies stay what they were.
func FollowProviders(ctx context.Context, config *rest.Config, index *Index) error {
	client, err := follow.NewClient(config)
	if err != nil {
		return fmt.Errorf("follow service providers: %w", err)
	}
	list := cache.NewListWatchFromClient(client, "serviceproviders", "", fields.Everything())
	keeper := &providerStore{index: index, byName: map[string]Provider{}}
	reflector := cache.NewReflectorWithOptions(list, &v1alpha1.ServiceProvider{}, keeper, cache.ReflectorOptions{Name: "serviceproviders"})
	reflector.RunWithContext(ctx)
	return nil
}

// providerStore is the reflector's store: it hands the agencies to the index whenever they change.
type providerStore struct {
	index *Index

	mu     sync.Mutex
	byName map[string]Provider
}

func providerOf(obj any) (Provider, bool) {
	p, ok := obj.(*v1alpha1.ServiceProvider)
	if !ok {
		return Provider{}, false
	}
	return Provider{Name: p.Name, Namespace: p.Spec.Namespace, DisplayName: p.Spec.DisplayName}, true
}

func (s *providerStore) change(edit func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit()
	list := make([]Provider, 0, len(s.byName))
	for _, p := range s.byName {
		list = append(list, p)
	}
	s.index.SetProviders(list)
}

// Add implements cache.ReflectorStore.
func (s *providerStore) Add(obj any) error {
	if p, ok := providerOf(obj); ok {
		s.change(func() { s.byName[p.Name] = p })
	}
	return nil
}

// Update implements cache.ReflectorStore.
func (s *providerStore) Update(obj any) error { return s.Add(obj) }

// Delete implements cache.ReflectorStore.
func (s *providerStore) Delete(obj any) error {
	if p, ok := providerOf(obj); ok {
		s.change(func() { delete(s.byName, p.Name) })
	}
	return nil
}

// Replace implements cache.ReflectorStore.
func (s *providerStore) Replace(list []any, _ string) error {
	s.change(func() {
		clear(s.byName)
		for _, obj := range list {
			if p, ok := providerOf(obj); ok {
				s.byName[p.Name] = p
			}
		}
	})
	return nil
}

// Resync implements cache.ReflectorStore.
func (s *providerStore) Resync() error { return nil }
