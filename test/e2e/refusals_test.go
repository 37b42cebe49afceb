// SPDX-License-Identifier: Apache-2.0

package e2e_test

import "testing"

func (w *walk) refuse(t *testing.T) {}
func (w *walk) status(t *testing.T) {}
func (w *walk) quiet(t *testing.T)  {}
func (w *walk) outage(t *testing.T) {}
func (w *walk) again(t *testing.T)  {}
